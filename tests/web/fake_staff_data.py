"""What the console's stand-in server begins with: made-up questions, templates and unanswered messages."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

ENGLISH: tuple[tuple[str, str, str, list[str]], ...] = (
    (
        "How much does parcel delivery cost?",
        "Parcel delivery costs **S$6**. From an order value of S$80 it is free.",
        "Delivery",
        ["what's the shipping fee", "Is shipping free if I spend enough?", "delivry charges for small items"],
    ),
    (
        "How long does a parcel take to arrive?",
        "Parcels arrive within 2-4 working days after you order.",
        "Delivery",
        ["normal shipping time", "how many days for small stuff to reach me"],
    ),
    (
        "Do you offer express delivery?",
        "Yes, for parcels: order before 14:00 and it arrives on the next working day for S$12.",
        "Delivery",
        ["next day delivery possible?"],
    ),
    (
        "What can't be returned?",
        "Cut fabric, opened mattresses and things made to measure.\n\n- See [our terms](https://shop.example/terms)\n"
        "- Or ask a colleague",
        "Returns",
        ["are there things I cannot send back"],
    ),
    (
        "How do I clean an oak table?",
        "With a damp cloth; dry it afterwards. Oil it twice a year.",
        "Care",
        ["oak table care", "water stains on my table"],
    ),
    ("Do your lamps come with a bulb?", "Yes, with an LED bulb of 2700 K.", "Products", ["is the bulb included"]),
)
CHINESE: tuple[tuple[str, str, str, list[str]], ...] = (
    ("包裹的运费是多少？", "包裹运费 6 新元，订单满 80 新元免运费。", "配送", ["邮费多少", "满多少免运"]),
    ("包裹一般几天能到？", "包裹下单后 2-4 个工作日送达。", "配送", ["今天买床单，大概什么时候能收到？"]),
    ("哪些商品不能退？", "裁剪过的布料、拆封的床垫和定制商品。", "退换货", ["什么东西不能退"]),
    ("实木桌怎么保养？", "用微湿的布擦拭后擦干，每年上两次木蜡油。", "保养", ["桌子上有水渍怎么办"]),
)
ITEMS = ("sofa", "rug", "linen sheet", "wool blanket", "rattan chair", "brass lamp", "ceramic vase", "cork mat")
PLACES = ("the living room", "the bedroom", "a balcony", "a bathroom", "a child's room", "a hallway")


def pairs() -> list[Json]:
    """Enough for two pages of fifty. #4 is due for review, #9 a draft, #6 withdrawn."""
    written = [(*row, "en") for row in ENGLISH] + [(*row, "zh") for row in CHINESE]
    written += [
        (f"Is a {item} suitable for {place}?", f"Yes, a {item} is fine in {place}.", "Products", [], "en")
        for place in PLACES
        for item in ITEMS
    ]
    made = [
        pair(number, question, answer, category, similar, language)
        for number, (question, answer, category, similar, language) in enumerate(written, 1)
    ]
    made[3] |= {"review_by": "2024-11-01", "owner": "mei", "source_url": "https://shop.example/terms"}
    made[4] |= {"review_by": "2031-05-20", "owner": "ana"}
    made[5] |= {"state": "withdrawn"}
    made[8] |= {"state": "draft"}
    return made


def pair(number: int, question: str, answer: str, category: str, similar: list[str], language: str) -> Json:
    return {
        "id": number,
        "question": question,
        "answer": answer,
        "similar": similar,
        "category": category,
        "language": language,
        "valid_from": None,
        "valid_until": None,
        "source_url": "",
        "state": "published",
        "review_by": None,
        "owner": "",
        "revision": 1,
        "updated_at": f"2024-11-{1 + number % 20:02}T09:{number % 60:02}:00Z",
        "updated_by": "ana" if number % 3 else "mei",
    }


def templates() -> list[Json]:
    return [
        template(
            "utter_greet",
            (
                "Hello, and welcome to Maple & Moss! What can I do for you?",
                [("Where is my order?", "/order_status"), ("Return something", "/return_item")],
                "en",
            ),
            ("您好，欢迎来到枫苔家居！请问有什么可以帮您？", [("我的订单到哪了？", "/order_status")], "zh"),
        ),
        template(
            "utter_goodbye",
            ("Goodbye, and thank you for stopping by. Come back any time.", [], "en"),
            ("再见，感谢您的光临，欢迎随时再来。", [], "zh"),
        ),
        template(
            "utter_ticket_opened",
            ("I have opened ticket {ticket} for you. A colleague will answer between 9:00 and 21:00.", [], "en"),
            ("我已经为您开了工单 {ticket}，人工客服会在 9:00 到 21:00 答复您。", [], "zh"),
        ),
    ]


def template(name: str, *variants: tuple[str, list[tuple[str, str]], str]) -> Json:
    return {
        "name": name,
        "variants": [
            {
                "text": text,
                "buttons": [{"title": title, "payload": payload} for title, payload in buttons],
                "image": "",
                "conditions": {"language": language},
            }
            for text, buttons, language in variants
        ],
        "revision": 0,
        "edited": False,
        "updated_at": None,
        "updated_by": None,
        "unfit": [],
    }


UNANSWERED: tuple[tuple[str, int, str, list[str], Json | None], ...] = (
    (
        "assembly",
        14,
        "en",
        [
            "Can somebody assemble the wardrobe for me?",
            "do you build up furniture at home",
            "assembly service for a bed frame?",
            "my order [order] needs assembly, who does that",
            "Who puts the shelf together?",
            "Is assembly included in the price of the wardrobe",
        ],
        {"pair_id": 3, "question": "Do you offer express delivery?", "score": 0.41},
    ),
    ("gift", 6, "en", ["Do you gift wrap?", "can I send this as a present with a card", "wrapping paper"], None),
    ("fapiao", 5, "zh", ["可以开增值税专用发票吗？", "发票抬头写错了能改吗", "电子发票在哪里下载"], None),
    ("weather", 2, "en", ["what's the weather like in Paris", "will it rain tomorrow"], None),
)


def groups() -> dict[str, Json]:
    return {key: group(key, customers, language, texts, near) for key, customers, language, texts, near in UNANSWERED}


def group(key: str, customers: int, language: str, texts: list[str], suggestion: Json | None) -> Json:
    turns = [
        {
            "id": 100 + number,
            "at": f"2024-11-{20 - number:02}T1{number}:05:00Z",
            "text": text,
            "language": language,
            "route": "fallback" if number % 3 else "clarify",
            "intent": "faq",
            "confidence": 0.31 + number / 50,
            "rating": -1 if number == 1 else 0,
            "why": "fallback",
        }
        for number, text in enumerate(texts)
    ]
    return {
        "key": key,
        "customers": customers,
        "language": language,
        "turns": turns,
        "suggestion": suggestion,
        "handled": None,
        "answered": None,
    }
