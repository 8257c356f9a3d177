"""Order status as a customer lives it: on the shop's own rules, responses and actions."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from chatbot.handoff.tickets import Tickets
from chatbot.messages import FormActive, SlotSet, State
from chatbot.shop.records import now
from tests.fakes import SmallDesk

SEED = json.loads(resources.files("chatbot.shop").joinpath("orders.json").read_text("utf-8"))
ORDER = SEED["orders"][0]


def day_of(order: dict[str, Any]) -> str:
    """The day of an order of the seed: counted from the first day of the database."""
    return (now().date() + timedelta(days=order["day"])).isoformat()


ON_ITS_WAY = f"Order 100234 (oak dining table) is on its way and should be with you on {day_of(ORDER)}."
ASKS_NUMBER = "I'll look that up. What is your order number? It has six digits and is in your confirmation e-mail."
ASKS_PROOF = (
    "Thank you. So that only you can see this order: which e-mail address was it placed with, or what are the last "
    "four digits of your phone number?"
)
NOT_FOUND = (
    "I can't find an order with that number and that e-mail address or phone number. Please check both and ask again, "
    "or let a colleague look."
)


def texts(desk: SmallDesk, *messages: str, conversation_id: str = "c1") -> list[str]:
    return [desk.say(message, conversation_id).text for message in messages]


def test_the_orders_of_the_tests_are_those_of_the_shop() -> None:
    assert (ORDER["number"], ORDER["email"], ORDER["phone"]) == ("100234", "mei.tan@example.com", "+65 8123 4821")


def test_a_number_alone_asks_for_proof_and_tells_nothing(desk: SmallDesk) -> None:
    assert texts(desk, "Where is my order?", "100234") == [ASKS_NUMBER, ASKS_PROOF]
    assert texts(desk, "Where is my order 100234?", "100234", conversation_id="c2")[0] == ASKS_PROOF


@pytest.mark.parametrize(
    "proof",
    ["mei.tan@example.com", "MEI.TAN@Example.com", "it's mei.tan @ example.com", "4821", "8123 4821", "+65 8123-4821"],
)
def test_the_right_proof_tells_the_state(desk: SmallDesk, proof: str) -> None:
    assert texts(desk, "Where is my order?", "100234", proof) == [ASKS_NUMBER, ASKS_PROOF, ON_ITS_WAY]


def test_all_in_one_message_is_answered_at_once(desk: SmallDesk) -> None:
    assert texts(desk, "Where is my order 100234? I am mei.tan@example.com") == [ON_ITS_WAY]


@pytest.mark.parametrize(
    ("number", "proof"),
    [
        ("100234", "j.koh@example.org"),  # another customer's
        ("100234", "mei.tan@example.org"),
        ("100234", "xmei.tan@example.com"),
        ("100234", "4820"),
        ("100234", "7710"),
        ("100234", "48210"),
        ("999999", "mei.tan@example.com"),
        ("999999", "4821"),
    ],
)
def test_a_wrong_proof_and_an_unknown_number_get_the_same_words(desk: SmallDesk, number: str, proof: str) -> None:
    assert texts(desk, "Where is my order?", number, proof)[2] == NOT_FOUND
    first, *_ = desk.conversations.history("c1")[2].reply.utterances
    assert [button.payload for button in first.buttons] == ["/order_status", "/talk_to_person"]


def test_after_the_answer_nothing_is_kept_and_the_next_order_is_asked_for(desk: SmallDesk) -> None:
    texts(desk, "Where is my order 100234? I am mei.tan@example.com")
    assert dict(desk.conversations.state("c1").slots) == {"order_number": None, "contact": None}
    assert texts(desk, "and my other order?") == [ASKS_NUMBER]


def test_a_number_can_be_corrected(desk: SmallDesk) -> None:
    assert texts(desk, "my order please", "100999", "sorry, 100234", "4821") == [
        ASKS_NUMBER,
        ASKS_PROOF,
        ASKS_PROOF,
        ON_ITS_WAY,
    ]


def test_a_question_in_between_is_answered_and_the_form_asks_again(desk: SmallDesk) -> None:
    assert texts(desk, "my order please", "How much does delivery cost?", "100234, 4821") == [
        ASKS_NUMBER,
        f"S$8; free from S$80.\nCall +65 6123 4567.\n{ASKS_NUMBER}",
        ON_ITS_WAY,
    ]


def test_after_three_questions_in_vain_a_person_is_offered_and_the_form_is_over(desk: SmallDesk) -> None:
    again = (
        "I didn't see an order number in that. It has six digits, like 100234. "
        "If you don't have it, a colleague can help."
    )
    gives_up = (
        "I don't know the answer to that, and I won't guess. Could you put it another way? Or a colleague can help you."
    )
    said = texts(desk, "my order please", "I lost the order number", "no idea", "no idea at all", "hello")
    assert said[:4] == [ASKS_NUMBER, again, again, gives_up]
    assert said[4].startswith("Hello, and welcome")
    assert ASKS_NUMBER not in said[4]


def test_in_chinese_from_beginning_to_end(desk: SmallDesk) -> None:
    assert texts(desk, "我的订单到哪了？", "100234", "mei.tan@example.com") == [
        "我来帮您查。请告诉我订单号，是六位数字，在您的确认邮件里。",
        "谢谢。为了确认是您本人的订单，请提供下单时的邮箱，或者手机号的后四位。",
        f"订单 100234（橡木餐桌）已经在路上，预计 {day_of(ORDER)} 送达。",
    ]


@pytest.mark.parametrize("order", SEED["orders"], ids=lambda order: order["number"])
@pytest.mark.parametrize("word", ["order", "订单"])
def test_every_order_of_the_shop_can_be_told(desk: SmallDesk, order: dict[str, Any], word: str) -> None:
    number, language = order["number"], "en" if word == "order" else "zh"
    names = [product["names"][language][0] for product in SEED["products"] if product["sku"] in order["items"]]
    said = desk.say(f"{word} {number} {order['email']}").text
    assert number in said
    assert all(name in said for name in names)
    assert day_of(order) in said


# --- a person is wanted -----------------------------------------------------------------------------------------------


def test_who_wants_a_person_gets_a_ticket(desk: SmallDesk, tmp_path: Path) -> None:
    reply = desk.say("a person please")
    tickets = Tickets(tmp_path / "conversations.db")
    [ticket] = tickets.of("c1")
    tickets.close()
    assert (ticket.turn, ticket.topic) == (1, "talk_to_person")
    assert reply.text.startswith(f"I have opened ticket {ticket.id} for you.")
    assert desk.conversations.state("c1").slots == {"ticket": ticket.id}


def test_a_ticket_names_the_conversation_of_the_rest_channel(desk: SmallDesk, tmp_path: Path) -> None:
    for name in ("rest:c1", "c1"):
        assert desk.say("a person please", name).text.startswith("I have opened ticket")
    tickets = Tickets(tmp_path / "conversations.db")
    assert [len(tickets.of(name)) for name in ("rest:c1", "c1")] == [1, 1]
    tickets.close()


def opened_tickets(home: Path) -> int:
    tickets = Tickets(home / "conversations.db")
    count = len(tickets.of("c1"))
    tickets.close()
    return count


def test_a_ticket_is_opened_once_however_often_the_turn_is_tried(
    desk: SmallDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ticket is written before the turn is; a turn that fails in between is tried again by the customer's page."""
    with monkeypatch.context() as broken:
        broken.setattr(desk.conversations, "masked", lambda text: 1 / 0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                desk.say("a person please", message_id="m1")
    assert opened_tickets(tmp_path) == 1
    first = desk.say("a person please", message_id="m1")
    assert desk.say("a person please", message_id="m1").utterances == first.utterances
    assert opened_tickets(tmp_path) == 1
    desk.say("a person please", message_id="m2")
    assert opened_tickets(tmp_path) == 2


def test_whoever_comes_back_after_raw_text_was_forgotten_gets_a_new_ticket(desk: SmallDesk, tmp_path: Path) -> None:
    old = desk.say("a person please").text
    desk.conversations.forget(timedelta(seconds=-1))
    assert desk.say("a person please").text != old
    assert opened_tickets(tmp_path) == 2


def test_whoever_wants_a_person_is_not_asked_on_by_a_form(desk: SmallDesk) -> None:
    desk.say("my order please")
    reply = desk.say("/talk_to_person")
    assert [(step.kind, step.name) for step in reply.steps] == [("action", "action_open_ticket")]
    assert desk.conversations.state("c1").active_form == ""
    assert desk.events[-2:] == [SlotSet("ticket", reply.text.split("ticket ")[1][:8]), FormActive("")]


# --- events -----------------------------------------------------------------------------------------------------------


def test_replaying_the_events_of_a_conversation_gives_the_same_state(desk: SmallDesk) -> None:
    """What is stored is what the events make; nothing changes the state beside them."""
    texts(desk, "hello", "my order please", "How much does delivery cost?", "what?", "100234", "人工", "weather", "hmm")
    texts(desk, "订单", "100234", "mei.tan@example.com", "订单 100301", "a person please", "/order_status")
    replayed = State("c1").after(*desk.events)
    stored = desk.conversations.state("c1")
    assert (replayed.turn, replayed.active_form, replayed.asked) == (14, "order_status_form", 1)
    fields = ("language", "turn", "slots", "active_form", "requested_slot", "asked", "held_by")
    assert {name: getattr(stored, name) for name in fields} == {name: getattr(replayed, name) for name in fields}
    assert replayed.taken
    assert (stored.taken, stored.fresh, stored.followup) == ((), {}, "")


def test_every_step_of_every_reply_says_why(desk: SmallDesk) -> None:
    for text in (
        "hello",
        "my order please",
        "what?",
        "100234",
        "weather",
        "hmm",
        "How much does delivery cost?",
        "",
        "👍",
    ):
        reply = desk.say(text)
        assert reply.steps
        assert all(step.reason for step in reply.steps)
        assert reply.utterances


def test_four_digits_cannot_be_found_by_trying(desk: SmallDesk) -> None:
    for attempt in range(5):
        assert desk.say(f"Where is my order 100234? {1000 + attempt}", f"thief-{attempt}").text == NOT_FOUND
    assert desk.say("Where is my order 100234? 4821", "owner").text == NOT_FOUND
    other = desk.say("Where is my order 100235? 4821", "owner-2").text
    assert other.startswith("Order 100235 (linen curtains) is being packed.")
