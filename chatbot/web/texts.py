"""Every text of the customer's page, in English and Chinese, and which of the two a browser asks for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chatbot.messages import Language

LIMIT = 2000  # characters a customer may send at once; the page counts them as Python does, by code points

TAGS: Mapping[Language, str] = MappingProxyType({"en": "en", "zh": "zh-CN"})  # BCP 47, for <html lang>

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "title": "{shop} – Customer service",
        "description": "Chat with the customer service of {shop}.",
        "shop": "{shop}",
        "status": "Automatic assistant",
        "status_more": " · a person is one click away",
        "status_person": "A person is with you",
        "greeting": (
            "Hello! I am the automatic assistant of {shop}. Ask me in your own words, in English or Chinese. "
            "If I don't know the answer I will say so, and you can talk to a person at any time."
        ),
        "starters": "People often ask",
        "you": "You:",
        "assistant": "Assistant",
        "team": "Our team",
        "conversation": "Conversation",
        "language": "Language",
        "new_conversation": "New conversation",
        "new_question": "Start a new conversation?",
        "new_explained": "The messages shown here will no longer be visible to you.",
        "new_yes": "Start new",
        "new_no": "Keep this one",
        "talk_to_person": "Talk to a person",
        "message": "Your message",
        "placeholder": "Write a message…",
        "send": "Send",
        "keys": "Enter sends · Shift + Enter starts a new line",
        "typing": "Writing an answer…",
        "slow": "Still working on it…",
        "related": "Related questions",
        "choices": "Answers to choose from",
        "source": "Source",
        "picture": "Picture",
        "new_tab": "(opens in a new tab)",
        "helped": "This helped",
        "not_helped": "This did not help",
        "thanks": "Thank you for telling us.",
        "not_rated": "Your rating could not be saved. Please try again.",
        "silent": "A person from our team is reading along and will answer here.",
        "failed": "Sorry, something went wrong on our side and your message was not answered.",
        "retry": "Try again",
        "refused": "Sorry, this message could not be accepted. Please write it in other words.",
        "too_long": "Sorry, a message can have at most {limit} characters. Please shorten it or send it in parts.",
        "too_fast": "You are writing faster than we can answer. Please wait a moment, then try again.",
        "count": "{count} of {limit} characters",
        "not_opened": "Sorry, this conversation could not be loaded just now.",
        "reload": "Reload the page",
        "no_script": "This chat needs JavaScript. Please switch it on and reload the page.",
    }
)

CHINESE: Mapping[str, str] = MappingProxyType(
    {
        "title": "{shop} – 在线客服",
        "description": "与{shop}在线客服聊天。",
        "shop": "{shop}",
        "status": "智能客服",
        "status_more": " · 随时可转人工",
        "status_person": "人工客服正在为您服务",
        "greeting": (
            "您好！我是{shop}的智能客服。请直接用您自己的话提问，中文、英文都可以。"
            "不知道的我会如实告诉您，您也可以随时转人工。"
        ),
        "starters": "大家常问",
        "you": "您：",
        "assistant": "智能客服",
        "team": "人工客服",
        "conversation": "对话",
        "language": "语言",
        "new_conversation": "新对话",
        "new_question": "开始新的对话？",
        "new_explained": "开始后，您将无法再看到当前的消息。",
        "new_yes": "开始新对话",
        "new_no": "保留当前对话",
        "talk_to_person": "转人工客服",
        "message": "您的消息",
        "placeholder": "请输入您的问题…",
        "send": "发送",
        "keys": "Enter 发送 · Shift + Enter 换行",
        "typing": "正在回复…",
        "slow": "还在处理中，请稍候…",
        "related": "相关问题",
        "choices": "可选的回答",
        "source": "来源",
        "picture": "图片",
        "new_tab": "（在新标签页中打开）",
        "helped": "有帮助",
        "not_helped": "没有帮助",
        "thanks": "感谢您的反馈。",
        "not_rated": "评价未能保存，请再试一次。",
        "silent": "人工客服正在查看，将在这里回复您。",
        "failed": "抱歉，我们这边出了点问题，您的消息没有得到回复。",
        "retry": "重试",
        "refused": "抱歉，无法接收这条消息，请换一种说法。",
        "too_long": "抱歉，一条消息最多 {limit} 个字符，请缩短或分几次发送。",
        "too_fast": "您发送得太快了，请稍等片刻再试。",
        "count": "{count} / {limit} 个字符",
        "not_opened": "抱歉，暂时无法加载这段对话。",
        "reload": "重新加载页面",
        "no_script": "本聊天需要 JavaScript，请启用后重新加载页面。",
    }
)

TEXTS: Mapping[Language, Mapping[str, str]] = MappingProxyType({"en": ENGLISH, "zh": CHINESE})


def page_texts(shop_name: Mapping[Language, str]) -> dict[Language, dict[str, str]]:
    """All texts with the shop's name and the limit filled in; {count} stays for the page to fill in."""
    return {
        language: {
            key: text.replace("{shop}", shop_name[language]).replace("{limit}", f"{LIMIT:,}")
            for key, text in texts.items()
        }
        for language, texts in TEXTS.items()
    }


def preferred_language(accept_language: str) -> Language:
    """The page's language for an Accept-Language header (RFC 9110, 12.5.4): the better-liked of zh and en, else en."""
    liking: dict[str, float] = {}
    for item in accept_language.lower().split(","):
        tag, _, quality = item.partition(";q=")
        try:
            liked = float(quality) if quality else 1.0
        except ValueError:
            continue
        primary = tag.strip().split("-")[0]
        liking[primary] = max(liked, liking.get(primary, 0.0))
    return "zh" if liking.get("zh", 0.0) > liking.get("en", 0.0) else "en"
