"""The words of the page /api, in English and Chinese, and what each route is for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chatbot.messages import Language

TEXTS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "title": "Frontdesk's HTTP API",
            "version": "Version",
            "tokens": "It speaks Rasa's protocols. A token is shown as ?token=... or Authorization: Bearer ...",
            "guarded": "Token:",
            "example": "Example",
            "routes": "Routes",
            "parameters": "Parameters",
            "body": "Body (JSON)",
            "answer": "Answer",
            "array": "An array, one element each:",
            "table": "Fields",
            "name": "Name",
            "type": "Type",
            "meaning": "Meaning",
            "optional": "optional",
            "token": "Token of the API (CHATBOT_API_TOKEN)",
            "show": "Show",
            "wrong": "That is not the token.",
        },
        "zh": {
            "title": "Frontdesk 的 HTTP 接口",
            "version": "版本",
            "tokens": "遵循 Rasa 的协议。令牌通过 ?token=... 或 Authorization: Bearer ... 提供。",
            "guarded": "令牌：",
            "example": "示例",
            "routes": "接口",
            "parameters": "参数",
            "body": "请求正文（JSON）",
            "answer": "响应",
            "array": "数组，其中每个元素：",
            "table": "字段",
            "name": "名称",
            "type": "类型",
            "meaning": "含义",
            "optional": "可省略",
            "token": "接口令牌（CHATBOT_API_TOKEN）",
            "show": "查看",
            "wrong": "令牌不正确。",
        },
    }
)

PURPOSES: Mapping[str, Mapping[Language, str]] = MappingProxyType(
    {
        "/webhooks/rest/": {
            "en": "Says that the REST channel is there.",
            "zh": "检查 REST 通道是否可用。",
        },
        "/webhooks/rest/webhook": {
            "en": "Answers a customer's message: Rasa's REST channel, for a front end of your own. A button's payload "
            "counts where the bot offered it in that conversation, or where CHATBOT_OPEN_PAYLOADS lists it.",
            "zh": "回复客户的消息：即 Rasa 的 REST 通道，供您自己的前端使用。只有机器人在该对话中给出过的按钮，或列在 "
            "CHATBOT_OPEN_PAYLOADS 中的内容，才会作为按钮处理。",
        },
        "/model/parse": {
            "en": "Says what a text is taken for, and what it names, outside of any conversation.",
            "zh": "说明一段文本被理解为什么意图、包含哪些实体，与任何对话无关。",
        },
        "/conversations/{conversation_id}/tracker": {
            "en": "Says what is remembered of a conversation, by its sender or, on the chat page, by its id: in clear "
            "while it lives, masked afterwards.",
            "zh": "查看一段对话的状态：按发送者，或按聊天页面的对话编号。对话有效期内为原文，之后为脱敏内容。",
        },
        "/version": {
            "en": "Says which version serves, and the oldest one whose models it reads.",
            "zh": "当前版本，以及可读取其模型的最早版本。",
        },
        "/status": {
            "en": "Says that the server is up, and which model and index answer; with the token as Rasa says it too.",
            "zh": "服务是否正常，以及使用中的模型和索引；提供令牌时同时给出 Rasa 的字段。",
        },
    }
)

API, CHANNEL = "CHATBOT_API_TOKEN", "CHATBOT_REST_TOKEN"
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "/webhooks/rest/webhook": CHANNEL,
        "/model/parse": API,
        "/conversations/{conversation_id}/tracker": API,
        "/status": API,
    }
)
"""Which setting holds the token of a route."""
