"""A small assistant in memory: every kind of reply the page has to show, the same for the same words."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import FastAPI

from chatbot.messages import Button, Exchange, Language, Message, Reply, Step, StepKind, Utterance
from chatbot.web.limits import PublicLimits, Rate

PERSON = "/talk_to_person"


def said(text: str, *buttons: tuple[str, str]) -> Utterance:
    return Utterance(text, tuple(Button(*button) for button in buttons))


def stored(text: str, category: str, pair_id: int, source: str, *related: str) -> Utterance:
    return Utterance(text, tuple(Button(question, question) for question in related), "", pair_id, category, source)


DELIVERY = "Standard delivery takes two to four working days.\nDelivery is free from $60; below that it costs $4.90."
RETURNS = "You can return anything unused within 30 days, free of charge."

ANSWERS: tuple[tuple[str, StepKind, tuple[Utterance, ...]], ...] = (
    (
        r"^(hello|hi)\b",
        "template",
        (
            said(
                "Hello! What can I do for you?",
                ("Track my order", "/track_order"),
                ("Return something", "/return_item"),
            ),
        ),
    ),
    (r"^/track_order$", "form", (said("Gladly. What is your order number? It begins with MM, like MM-10023."),)),
    (r"^/return_item$", "template", (said("Which order is it about?"),)),
    (r"abroad", "retrieval", (stored("Not yet: we deliver within the country only.", "Delivery", 14, ""),)),
    (
        r"deliver|shipping",
        "retrieval",
        (
            stored(
                DELIVERY,
                "Delivery",
                12,
                "https://shop.example/delivery",
                "Do you deliver abroad?",
                "How do I return it?",
            ),
        ),
    ),
    (r"return", "retrieval", (stored(RETURNS, "Returns", 27, "https://shop.example/returns"),)),
    (
        r"lamp",
        "clarify",
        (
            said(
                "Did you mean one of these?",
                ("How do I change the bulb of a lamp?", "/bulb"),
                ("Do your lamps come with a bulb?", "/included"),
                ("Something else", "/other"),
            ),
        ),
    ),
    (
        r"配送|多久",
        "retrieval",
        (
            stored(
                "一般二到四个工作日送达。\n满 299 元免运费，不足则收 15 元。",
                "配送",
                112,
                "https://shop.example/zh/delivery",
                "可以送到港澳台吗？",
                "收到后怎么退货？",
            ),
        ),
    ),
    (
        r"你好|您好",
        "template",
        (said("您好！请问有什么可以帮您？", ("查询订单", "/track_order_zh"), ("我要退货", "/return_zh")),),
    ),
    (r"two bubbles", "template", (said("First of two."), said("Second, see https://shop.example/a?b=1&c=2."))),
    (r"bad link", "retrieval", (stored("An answer with a bad address.", "Odd", 66, "javascript:alert(1)"),)),
    (r"slow", "template", (said("That took a moment."),)),
)
FALLBACK: dict[Language, Utterance] = {
    "en": said("I am sorry, I don't know that. A person can help.", ("Talk to a person", PERSON)),
    "zh": said("抱歉，这个我不知道，可以请人工客服帮您。", ("转人工客服", PERSON)),
}


PLENTY = Rate(1_000_000, 1_000_000)


def limited(app: FastAPI, **limits: Any) -> FastAPI:
    """The web app with other limits for the public: as a rule none that a test could come to."""
    limiting = next(one for one in app.user_middleware if one.cls is PublicLimits)
    limiting.kwargs.update({"requests": PLENTY, "messages": PLENTY, "of_conversation": PLENTY, **limits})
    return app


class FakeChat:
    """broken: answer() raises for words with "fail". delay: seconds that "slow" takes. asked: what came in."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.exchanges: dict[str, list[Exchange]] = {}
        self.asked: list[Message] = []
        self.rated: list[tuple[str, str, int]] = []
        self.held: set[str] = set()
        self.broken = True
        self.delay = 0.6

    def answer(self, message: Message) -> Reply:
        self.asked.append(message)
        for exchange in self.history(message.conversation_id):
            if exchange.message_id == message.message_id:
                return exchange.reply
        reply = self._reply(message)
        self._keep(message.conversation_id, Exchange(message.message_id, message.text, reply))
        return reply

    def history(self, conversation_id: str) -> Sequence[Exchange]:
        return tuple(self.exchanges.get(conversation_id, ()))

    def rate(self, conversation_id: str, message_id: str, rating: int) -> None:
        self.rated.append((conversation_id, message_id, rating))
        kept = self.exchanges[conversation_id]
        kept[:] = [replace(one, rating=rating) if one.message_id == message_id else one for one in kept]

    def person_writes(self, conversation_id: str, text: str) -> None:
        """What a member of staff says, between the customer's messages."""
        reply = Reply(conversation_id, "staff", "en", (said(text),), (Step("human", "held"),))
        self._keep(conversation_id, Exchange(f"staff-{len(self.history(conversation_id))}", "", reply))

    def _keep(self, conversation_id: str, exchange: Exchange) -> None:
        self.exchanges.setdefault(conversation_id, []).append(exchange)

    def _reply(self, message: Message) -> Reply:
        text, language = message.text, "zh" if re.search(r"[\u4e00-\u9fff]", message.text) else "en"
        kind: StepKind = "fallback"
        utterances: tuple[Utterance, ...] = (FALLBACK["zh" if language == "zh" else "en"],)
        if "fail" in text and self.broken:
            raise RuntimeError("the model fell over at /srv/secret/path")
        if "slow" in text:
            time.sleep(self.delay)
        if message.conversation_id in self.held:
            kind, utterances = "human", ()
        elif text == PERSON:
            self.held.add(message.conversation_id)
            kind, utterances = "template", (said("I have asked a person to join. Please stay here for a moment."),)
        elif text.startswith("say "):
            kind, utterances = "retrieval", (stored(text[4:], "Echo <b>es</b>", 99, "", "<i>Related</i>"),)
        else:
            for pattern, its_kind, its_utterances in ANSWERS:
                if re.search(pattern, text, re.IGNORECASE):
                    kind, utterances = its_kind, its_utterances
                    break
        spoken: Language = "zh" if language == "zh" else "en"
        return Reply(message.conversation_id, message.message_id, spoken, utterances, (Step(kind, "fake"),))
