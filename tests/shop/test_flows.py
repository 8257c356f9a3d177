"""Every flow of the shop as a customer lives it, in both languages: on its own rules, forms, actions and database."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from chatbot.conversations.sealing import Seal, secret
from chatbot.handoff.tickets import Tickets
from chatbot.messages import Message, State
from chatbot.reply.template import Speaker
from chatbot.shop.orders import Orders, opened
from chatbot.shop.records import now
from tests.fakes import SmallDesk


def friday() -> str:
    """The Friday among the days that are offered."""
    day = now().date() + timedelta(days=2)
    while day.weekday() != 4:
        day += timedelta(days=1)
    return day.isoformat()


def steps(desk: SmallDesk, text: str, conversation: str = "c1") -> list[str]:
    """What the assistant does."""
    return [step.name or step.kind for step in desk.say(text, conversation).steps]


def last(desk: SmallDesk, *texts: str, conversation: str = "c1") -> str:
    """What is said to the last of several messages."""
    return [desk.say(text, conversation).text for text in texts][-1]


def words(desk: SmallDesk, response: str, language: str = "en", **values: str) -> str:
    """A response, filled in."""
    return Speaker(desk.policy.domain).say(response, State("c", "zh" if language == "zh" else "en"), **values).text


def state_of(number: str) -> str:
    """The state of an order in the database."""
    with closing(opened()) as orders, orders.connections.reading() as db:
        order = orders.read(db, number)
        assert order is not None
        return order.state


def filled(desk: SmallDesk, conversation: str = "c1") -> dict[str, object]:
    """The slots that hold something."""
    return {name: value for name, value in desk.conversations.state(conversation).slots.items() if value is not None}


FLOWS = [
    ("en", "where is my order | 100235 | 4821", "utter_order_packing", "100235", "packing"),
    ("zh", "我的订单 | 100235 | mei.tan@example.com", "utter_order_packing", "100235", "packing"),
    ("en", "cancel it please | 100235 | 4821 | yes", "utter_cancelled", "100235", "cancelled"),
    ("zh", "取消 | 100235 | mei.tan@example.com | /affirm", "utter_cancelled", "100235", "cancelled"),
    ("en", "cancel 100235, I am mei.tan@example.com | yes", "utter_cancelled", "100235", "cancelled"),
    ("en", "/cancel_order | 100235 | 4821 | /affirm", "utter_cancelled", "100235", "cancelled"),
    ("en", "I send it back | 100301 | 7710 | too dark | yes", "utter_return_registered_parcel", "100301", "returned"),
    ("zh", "退货 | 100301 | 7710 | /deny | 好的", "utter_return_registered_parcel", "100301", "returned"),
    ("en", "I send it back | 100420 9012 | wobbly | yes", "utter_return_registered_furniture", "100420", "returned"),
    ("en", "exchange | 100420 | 9012 | a smoked one | yes", "utter_exchange_registered", "100420", "exchanged"),
    ("zh", "换货 | 100420 | 9012 | 要烟熏色的 | 好的", "utter_exchange_registered", "100420", "exchanged"),
    (
        "en",
        "new address | 100415 | 9012 | 12 Tampines Street 4, 529123 | yes",
        "utter_address_changed",
        "100415",
        "packing",
    ),
    (
        "zh",
        "改地址 | 100415 | 9012 | 淡滨尼 4 街 12 号，邮编 529123 | 好的",
        "utter_address_changed",
        "100415",
        "packing",
    ),
    ("en", "another day | 100410 | 3368 | Friday | evening | yes", "utter_appointment_moved", "100410", "on_its_way"),
    ("zh", "改时间 | 100410 | 3368 | 星期五晚上 | 好的", "utter_appointment_moved", "100410", "on_its_way"),
    ("en", "my refund | 100305 | 7710", "utter_refund_arrived", "100305", "returned"),
    ("zh", "退款 | 100342 | 0135", "utter_refund_paid", "100342", "cancelled"),
]
"""Language, what the customer says, the last response, the order, and its state afterwards."""


@pytest.mark.parametrize(("language", "said", "response", "number", "state"), FLOWS)
def test_a_flow_goes_to_its_end_and_leaves_no_slot_behind(
    flows: SmallDesk, language: str, said: str, response: str, number: str, state: str
) -> None:
    reply = [flows.say(text) for text in said.split(" | ")][-1]
    start = words(flows, response, language, number=number).partition("{")[0].split("(")[0].split("（")[0]
    assert reply.utterances[-1].text.startswith(start)
    assert reply.language == language
    assert state_of(number) == state
    after = flows.conversations.state("c1")
    assert (after.active_form, filled(flows)) == ("", {})


@pytest.mark.parametrize(
    ("said", "response"),
    [
        (["cancel", "100234", "4821"], "utter_cancel_on_its_way"),
        (["取消", "100301", "7710"], "utter_cancel_delivered"),
        (["I send it back", "100288 1144"], "utter_return_too_late"),
        (["退货", "100377", "0135"], "utter_return_never"),
        (["exchange", "100235", "4821"], "utter_exchange_packing"),
        (["new address", "100234", "4821"], "utter_address_on_its_way"),
        (["改时间", "100350", "6650"], "utter_appointment_parcel"),
        (["another day", "100355", "5578"], "utter_appointment_too_late"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_more_is_asked(
    flows: SmallDesk, said: Sequence[str], response: str
) -> None:
    reply = [flows.say(text) for text in said][-1]
    place = words(flows, response, reply.language, number="{number}")
    assert reply.utterances[-1].text.startswith(place.partition("\\{number}")[0].partition("{number}")[0])
    assert [step.kind for step in reply.steps][-2:] == ["form", "action"]
    assert filled(flows) == {}
    assert reply.utterances[-1].buttons


@pytest.mark.parametrize(("begin", "language"), [("cancel", "en"), ("取消", "zh")])
@pytest.mark.parametrize("proof", ["0000", "j.koh@example.org"])
@pytest.mark.parametrize("number", ["100235", "999999"])
def test_a_refused_proof_asks_for_both_again_and_tells_nothing(
    flows: SmallDesk, begin: str, language: str, proof: str, number: str
) -> None:
    refused = last(flows, begin, number, proof)
    assert refused == "\n".join(words(flows, name, language) for name in ("utter_not_proved", "utter_ask_order_number"))
    assert filled(flows) == {}
    assert last(flows, "100235", "4821").startswith(words(flows, "utter_ask_cancel_order_form_confirm", language)[:7])
    assert state_of("100235") == "packing"


def test_wrong_proofs_of_all_forms_count_together(flows: SmallDesk) -> None:
    for attempt, begin in enumerate(("cancel", "exchange", "new address", "my refund", "order")):
        last(flows, begin, "100235", f"{1000 + attempt}", conversation=f"thief-{attempt}")
    assert last(flows, "order", "100235", "4821", conversation="owner") == words(flows, "utter_order_not_found")


# --- in the middle of a form ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "question", "answer"),
    [("cancel", "How much does delivery cost?", "S$8; free"), ("取消", "运费是多少？", "8 新元。")],
)
def test_a_question_is_answered_and_the_form_goes_on(flows: SmallDesk, begin: str, question: str, answer: str) -> None:
    asked = last(flows, begin, "100235 4821").splitlines()[-1]
    said = last(flows, question)
    assert said.startswith(answer)
    assert said.endswith(asked)
    last(flows, "/affirm")
    assert state_of("100235") == "cancelled"


@pytest.mark.parametrize("begin", ["cancel", "取消"])
def test_a_corrected_number_is_confirmed_anew(flows: SmallDesk, begin: str) -> None:
    last(flows, begin, "100411 3368")
    assert "100411" in last(flows, "/cancel_order")
    wrong = last(flows, "no, 100415")  # somebody else's
    assert wrong.startswith((words(flows, "utter_not_proved"), words(flows, "utter_not_proved", "zh")))
    assert "100235" in last(flows, "100235 4821")
    last(flows, "/affirm")
    assert (state_of("100235"), state_of("100411")) == ("cancelled", "packing")


def test_a_number_is_corrected_while_something_else_is_asked(flows: SmallDesk) -> None:
    last(flows, "I send it back", "100301 7710")
    assert last(flows, "sorry, it's 100420").startswith(words(flows, "utter_not_proved"))
    assert last(flows, "100420 9012") == words(flows, "utter_ask_reason")
    assert "return of order 100420" in last(flows, "I ordered 100301 by mistake, and this one wobbles terribly")


@pytest.mark.parametrize(
    ("begin", "stop", "response"),
    [
        ("cancel", "never mind", "utter_form_left"),
        ("取消", "算了", "utter_form_left"),
        ("order", "never mind", "utter_form_left"),
        ("exchange", "bye", "utter_goodbye"),
    ],
)
def test_a_form_is_left_when_the_customer_does_not_want_it(
    flows: SmallDesk, begin: str, stop: str, response: str
) -> None:
    assert steps(flows, begin)[-1].endswith("_form")
    flows.say("100235")
    left = flows.say(stop)
    assert [step.name for step in left.steps] == ["action_leave_form"]
    assert left.text == words(flows, response, left.language)
    assert filled(flows) == {}
    assert flows.conversations.state("c1").active_form == ""


@pytest.mark.parametrize(
    "said",
    [
        ["cancel", "100235 4821", "no, keep it"],
        ["取消", "100235 4821", "不，保留"],
        ["new address", "100235 4821", "12 Tampines Street 4, 529123", "/deny"],
        ["I complain", "Nobody came, three times in a row", "/deny", "mei@example.com", "/deny"],
    ],
)
def test_a_no_to_the_last_question_changes_nothing(flows: SmallDesk, said: Sequence[str]) -> None:
    reply = [flows.say(text) for text in said][-1]
    assert reply.text == words(flows, "utter_nothing_changed", reply.language)
    assert state_of("100235") == "packing"
    assert filled(flows) == {}


@pytest.mark.parametrize(
    "said",
    [
        ["I complain", "Stop!"],
        ["投诉", "不弄了"],
        ["new address", "100415 9012", "forget it"],
        ["exchange", "100420 9012", "nvm"],
    ],
)
def test_a_word_that_means_stop_is_no_answer_in_own_words(flows: SmallDesk, said: Sequence[str]) -> None:
    reply = [flows.say(text) for text in said][-1]
    assert reply.text == words(flows, "utter_nothing_changed", reply.language)
    assert (flows.conversations.state("c1").active_form, filled(flows)) == ("", {})


@pytest.mark.parametrize(
    ("said", "person"),
    [
        (["cancel"], "a person please, it is about 100235"),
        (["取消", "100235"], "人工客服"),
        (["cancel", "100235 4821"], "/talk_to_person"),
        (["I send it back", "100301 7710"], "I want to talk to a person"),
        (["new address", "100415 9012"], "let me talk to a person"),
        (["another day", "100410 3368"], "a person please"),
        (["I complain"], "I want to talk to a person about this sofa at once"),
    ],
)
def test_a_person_is_always_there_and_the_form_is_left(
    flows: SmallDesk, tmp_path: Path, said: Sequence[str], person: str
) -> None:
    last(flows, *said)
    assert steps(flows, person) == ["action_open_ticket"]
    with closing(Tickets(tmp_path / "conversations.db")) as tickets:
        [ticket] = tickets.of("c1")
    assert filled(flows) == {"ticket": ticket.id}
    assert flows.conversations.state("c1").active_form == ""


def test_another_wish_takes_the_place_of_the_form(flows: SmallDesk) -> None:
    last(flows, "cancel", "100301")
    assert steps(flows, "I would rather send it back") == ["utter_return_item", "return_form"]
    assert last(flows, "7710") == words(flows, "utter_ask_reason")


# --- what the forms accept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("12 Tampines Street 4", "utter_invalid_address"),
        ("529123", "utter_invalid_address"),
        ("10 Jurong Island Highway, 627890", "utter_invalid_address_island"),
        ("裕廊岛大道 10 号，邮编 627890", "utter_invalid_address_island"),
    ],
)
def test_an_address_that_we_cannot_deliver_to_is_asked_for_again(flows: SmallDesk, address: str, reason: str) -> None:
    last(flows, "new address", "100415 9012")
    reply = flows.say(address)
    assert reply.utterances[0].text == words(flows, reason, reply.language)
    assert reply.utterances[1].text == words(flows, "utter_ask_address", reply.language)
    assert "100415" in last(flows, "12 Tampines Street 4 #05-12 Singapore 529123")


def test_the_free_appointments_are_offered_on_buttons_and_another_day_can_still_be_chosen(flows: SmallDesk) -> None:
    last(flows, "another day", "100410")
    reply = flows.say("3368")
    assert len(reply.utterances[0].buttons) == 6
    assert f"Friday {friday()}" in [button.title for button in reply.utterances[0].buttons]
    assert last(flows, "on Sunday").startswith(words(flows, "utter_invalid_delivery_day"))
    assert last(flows, "Monday").endswith("9-12, 12-15, 15-18, 18-21.")
    assert last(flows, "midnight").startswith(words(flows, "utter_invalid_delivery_slot"))
    assert f"to {friday()}, 15-18?" in last(flows, "rather Friday, 15-18")


def test_a_day_in_the_wish_is_no_proof(flows: SmallDesk) -> None:
    assert last(flows, "another day for order 100410: 2026-12-04").endswith(words(flows, "utter_ask_contact"))


def test_a_complaint_is_taken_down_with_a_ticket(flows: SmallDesk, tmp_path: Path) -> None:
    assert last(flows, "I complain", "bad").startswith(words(flows, "utter_invalid_description"))
    last(flows, "The team came three times and broke the door", "100235")
    assert last(flows, "4821").startswith(words(flows, "utter_invalid_complaint_contact"))
    said = last(flows, "mei.tan@example.com", "yes")
    with closing(Tickets(tmp_path / "conversations.db")) as tickets:
        [ticket] = tickets.of("c1")
    assert (ticket.topic, ticket.id in said) == ("complaint", True)
    with closing(Orders(tmp_path / "orders.db", Seal(secret(tmp_path)))) as orders, orders.connections.reading() as db:
        sealed = db.execute("SELECT sealed FROM requests WHERE kind = 'complaint'").fetchone()[0]
    assert orders.seal.open(sealed) == {
        "description": "The team came three times and broke the door",
        "contact": "mei.tan@example.com",
        "order": "100235",
    }


# --- once -------------------------------------------------------------------------------------------------------------


def test_a_turn_that_is_tried_again_changes_the_order_once(flows: SmallDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is changed before the turn is written; a turn that fails in between is tried again by the page."""
    last(flows, "cancel", "100235 4821")
    with monkeypatch.context() as broken:
        broken.setattr(flows.conversations, "masked", lambda text: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                flows.say("yes", message_id="again")
    assert flows.assistant.answer(Message("c1", "yes", "again")).text.startswith("Done: order 100235")
    with closing(opened()) as orders, orders.connections.reading() as db:
        assert db.execute("SELECT count(*) FROM requests").fetchone()[0] == 1


def test_two_conversations_that_confirm_at_once_change_the_order_once(flows: SmallDesk) -> None:
    for conversation in ("c1", "c2"):
        last(flows, "cancel", "100235 4821", conversation=conversation)
    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(lambda name: flows.say("/affirm", name, f"at-once-{name}").text, ("c1", "c2")))
    assert [text.partition(" (")[0] for text in said] == ["Done: order 100235", "Order 100235"]
    with closing(opened()) as orders, orders.connections.reading() as db:
        assert db.execute("SELECT count(*) FROM requests").fetchone()[0] == 1


# --- a restart, and what is left --------------------------------------------------------------------------------------


def test_a_form_goes_on_after_a_restart(flows: SmallDesk, tmp_path: Path) -> None:
    last(flows, "取消", "100235 4821")
    again = SmallDesk(tmp_path)
    assert again.say("/affirm", message_id="after").text.startswith("办好了：订单 100235")
    again.close()


def test_no_file_holds_an_address_or_a_telephone_number_in_clear(flows: SmallDesk, tmp_path: Path) -> None:
    address = "12 Tampines Street 4 #05-12, 529123"
    last(flows, "new address", "100415", "+65 8455 9012", address, "yes")
    last(flows, "I complain", f"Nothing came to {address}", "/deny", "8455 9012", "yes", conversation="c2")
    for forgotten in (False, True):
        if forgotten:
            assert flows.conversations.forget(timedelta(seconds=-1))
        written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        for secret_words in ("Tampines", "529123", "8455 9012", "84559012", "ravi.n@example.com", "Nothing came"):
            assert secret_words.encode() not in written, secret_words


# --- stock ------------------------------------------------------------------------------------------------------------


def test_stock_is_told_of_a_product_that_is_named(flows: SmallDesk) -> None:
    assert last(flows, "is the oak dining table in stock?").startswith(
        "oak dining table (S$980): 6 in stock online, 1 in the showroom"
    )
    assert last(flows, "推拉门衣柜有货吗？").startswith("推拉门衣柜（870 新元）：目前网店有 3 件")
    assert last(flows, "is the cast-iron pan in stock").startswith("cast-iron pan (S$68) is sold out")
    assert last(flows, "are cottons in stock") == words(flows, "utter_check_stock")
    assert last(flows, '/check_stock{"product": "reading lamp"}').startswith("reading lamp (S$79): 23")
