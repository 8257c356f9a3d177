"""Orders in their database: who may see one, what may be done with it and when, once however often it is tried."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from chatbot.conversations.sealing import Seal
from chatbot.shop.allowed import is_late, last_day
from chatbot.shop.changing import change, complain, refund, refused, status
from chatbot.shop.offers import TEAMS, meant_day, meant_slot, offered
from chatbot.shop.orders import NOT_FOUND, TRIES, WINDOW, Asked, Orders
from chatbot.shop.records import SINGAPORE, Answer, Change, Order

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SINGAPORE)
"""A Monday; the days of the seed are counted from it."""
MEI, RAVI, KOH = "mei.tan@example.com", "9012", "j.koh@example.org"


class Clock:
    """The time in the shop, as the test sets it."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def orders(tmp_path: Path, clock: Clock) -> Iterator[Orders]:
    found = Orders(tmp_path / "orders.db", Seal("a secret"), clock)
    yield found
    found.close()


def asks(number: str, contact: str, turn: int = 1, conversation: str = "c1") -> Asked:
    return Asked(conversation, turn, number, contact)


def order(orders: Orders, number: str) -> Order:
    with orders.connections.reading() as db:
        found = orders.read(db, number)
    assert found is not None
    return found


def stock(orders: Orders, sku: str) -> int:
    return next(product.online for product in orders.products() if product.sku == sku)


# --- who may see an order ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("contact", [MEI, "MEI.TAN@Example.com", "mei.tan @ example.com", "4821", "+65 8123-4821"])
def test_the_owner_is_shown_the_order(orders: Orders, contact: str) -> None:
    said = status(orders, asks("100234", contact), "en")
    assert said == Answer(
        "utter_order_on_its_way",
        {"number": "100234", "item": "oak dining table", "date": "2026-12-03", "slot": "15-18"},
    )
    assert status(orders, asks("100234", contact), "zh").values["item"] == "橡木餐桌"


@pytest.mark.parametrize("kind", ["cancel", "return", "exchange", "address", "appointment"])
@pytest.mark.parametrize(
    ("number", "contact"), [("100235", KOH), ("100235", "4820"), ("100235", ""), ("999999", MEI), ("999999", "4821")]
)
def test_an_unknown_number_and_a_wrong_proof_are_answered_alike(
    orders: Orders, kind: Change, number: str, contact: str
) -> None:
    asked = asks(number, contact)
    assert status(orders, asked, "en") == refund(orders, asked, "en") == NOT_FOUND
    assert refused(orders, kind, asked, "en") == change(orders, kind, asked, "en", {}) == NOT_FOUND
    assert order(orders, "100235").state == "packing"


def test_after_five_wrong_proofs_nothing_proves_anything_for_an_hour(orders: Orders, clock: Clock) -> None:
    for attempt in range(TRIES):
        assert status(orders, asks("100234", f"{1000 + attempt}", conversation=f"thief-{attempt}"), "en") == NOT_FOUND
    assert status(orders, asks("100234", "4821", conversation="owner"), "en") == NOT_FOUND
    assert status(orders, asks("100235", "4821", conversation="owner"), "en").response == "utter_order_packing"
    clock.time += WINDOW + timedelta(seconds=1)
    assert status(orders, asks("100234", "4821", conversation="owner"), "en").response == "utter_order_on_its_way"


def test_a_turn_that_is_tried_again_is_one_wrong_proof(orders: Orders) -> None:
    for _ in range(2 * TRIES):
        assert status(orders, asks("100234", "0000"), "en") == NOT_FOUND
    assert status(orders, asks("100234", "4821", turn=2), "en").response == "utter_order_on_its_way"


def guess(home: Path, attempt: int) -> None:
    store = Orders(home / "orders.db", Seal("a secret"), Clock())
    status(store, asks("100234", f"{1000 + attempt}", conversation=f"thief-{attempt}"), "en")
    store.close()


def test_several_processes_make_one_database_and_count_wrong_proofs_together(tmp_path: Path) -> None:
    spawned = multiprocessing.get_context("spawn")
    processes = [spawned.Process(target=guess, args=(tmp_path, attempt)) for attempt in range(TRIES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * TRIES
    store = Orders(tmp_path / "orders.db", Seal("a secret"), Clock())
    assert status(store, asks("100234", "4821", conversation="owner"), "en") == NOT_FOUND
    with store.connections.reading() as db:
        assert db.execute("SELECT count(*) FROM orders").fetchone()[0] == 20
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    store.close()


def test_what_tells_who_somebody_is_lies_sealed(orders: Orders, tmp_path: Path) -> None:
    words = {"address": "12 Tampines Street 4 #05-12 Singapore 529123"}
    assert change(orders, "address", asks("100235", MEI), "en", words).done
    complain(orders, asks("", "8123 4821", 2), {"description": "Nobody came, thrice"}, "T-AAAAAA")
    with orders.connections.reading() as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (MEI, "8123 4821", "Tampines", "529123", "Nobody came"):
        assert secret.encode() not in written, secret
    with orders.connections.reading() as db:
        sealed = db.execute("SELECT sealed FROM orders WHERE number = '100235'").fetchone()[0]
    assert orders.seal.open(sealed)["address"] == words["address"]


# --- what may be done, and when ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "number", "contact", "response"),
    [
        ("cancel", "100234", MEI, "utter_cancel_on_its_way"),
        ("cancel", "100301", KOH, "utter_cancel_delivered"),
        ("cancel", "100342", "0135", "utter_order_cancelled"),
        ("cancel", "100305", KOH, "utter_order_returned"),
        ("cancel", "100360", "5578", "utter_order_exchanged"),
        ("address", "100234", MEI, "utter_address_on_its_way"),
        ("address", "100301", KOH, "utter_address_delivered"),
        ("address", "100342", "0135", "utter_order_cancelled"),
        ("return", "100235", MEI, "utter_return_packing"),
        ("return", "100234", MEI, "utter_return_on_its_way"),
        ("return", "100288", "1144", "utter_return_too_late"),
        ("return", "100377", "0135", "utter_return_never"),
        ("return", "100305", KOH, "utter_order_returned"),
        ("exchange", "100235", MEI, "utter_exchange_packing"),
        ("exchange", "100234", MEI, "utter_exchange_on_its_way"),
        ("exchange", "100288", "1144", "utter_return_too_late"),
        ("exchange", "100377", "0135", "utter_return_never"),
        ("exchange", "100360", "5578", "utter_order_exchanged"),
        ("appointment", "100235", MEI, "utter_appointment_packing"),
        ("appointment", "100301", KOH, "utter_appointment_delivered"),
        ("appointment", "100350", "6650", "utter_appointment_parcel"),
        ("appointment", "100355", "5578", "utter_appointment_too_late"),
        ("appointment", "100342", "0135", "utter_order_cancelled"),
    ],
)
def test_what_is_not_allowed_is_refused_and_changes_nothing(
    orders: Orders, kind: Change, number: str, contact: str, response: str
) -> None:
    before, asked = order(orders, number), asks(number, contact)
    words = {"delivery_day": "2026-11-27", "delivery_slot": "9-12", "address": "1 Any Street 529123"}
    for language in ("en", "zh"):
        said = refused(orders, kind, asked, language)
        assert isinstance(said, Answer)
        assert said == change(orders, kind, asked, language, words)
        assert (said.response, said.values["number"], said.done) == (response, number, False)
    assert order(orders, number) == before


def test_an_order_that_is_being_packed_is_cancelled_and_its_items_are_in_stock_again(orders: Orders) -> None:
    before = stock(orders, "curtains")
    said = change(orders, "cancel", asks("100235", MEI), "en", {})
    assert (said.response, said.done) == ("utter_cancelled", True)
    after = order(orders, "100235")
    assert (after.state, after.day) == ("cancelled", NOON.date())
    assert stock(orders, "curtains") == before + 2
    assert refund(orders, asks("100235", MEI, 2), "en") == Answer(
        "utter_refund_cancelled",
        {"number": "100235", "item": "linen curtains", "date": "2026-11-23", "amount": 330, "asked": "2026-11-23"},
    )


@pytest.mark.parametrize(
    ("number", "contact", "response", "amount"),
    [
        ("100301", KOH, "utter_return_registered_parcel", 79),
        ("100420", RAVI, "utter_return_registered_furniture", 560 - 45),
        ("100290", "1144", "utter_return_registered_furniture", 690 - 45),  # a mattress, slept on for 45 nights
    ],
)
def test_what_was_delivered_is_returned(orders: Orders, number: str, contact: str, response: str, amount: int) -> None:
    said = change(orders, "return", asks(number, contact), "en", {"reason": "too dark"})
    assert (said.response, order(orders, number).state) == (response, "returned")
    waiting = refund(orders, asks(number, contact, 2), "zh")
    assert (waiting.response, waiting.values["amount"]) == ("utter_refund_waiting", amount)


def test_what_was_delivered_is_exchanged_and_then_neither_returned_nor_exchanged_again(orders: Orders) -> None:
    said = change(orders, "exchange", asks("100420", RAVI), "en", {"wish": "a smoked one"})
    assert (said.response, order(orders, "100420").state) == ("utter_exchange_registered", "exchanged")
    for turn, kind in enumerate(("exchange", "return", "cancel", "address", "appointment"), 2):
        answer = change(orders, kind, asks("100420", RAVI, turn), "en", {})  # type: ignore[arg-type]
        assert answer.response == "utter_order_exchanged"


def test_a_delivery_is_moved_to_a_free_slot_and_only_there(orders: Orders) -> None:
    asked = asks("100410", "3368")
    gone = change(orders, "appointment", asked, "en", {"delivery_day": "2026-11-29", "delivery_slot": "9-12"})
    assert (gone.response, gone.done) == ("utter_appointment_gone", False)  # a Sunday
    moved = change(orders, "appointment", asked, "en", {"delivery_day": "2026-11-27", "delivery_slot": "18-21"})
    assert moved.response == "utter_appointment_moved"
    assert (moved.values["date"], moved.values["slot"]) == ("2026-11-27", "18-21")
    after = order(orders, "100410")
    assert (after.day, after.slot) == (date(2026, 11, 27), "18-21")


@pytest.mark.parametrize(
    ("number", "contact", "response"),
    [
        ("100235", MEI, "utter_refund_none"),
        ("100342", "0135", "utter_refund_paid"),
        ("100305", KOH, "utter_refund_arrived"),
        ("100308", "6650", "utter_refund_late"),
    ],
)
def test_a_refund_is_told_as_far_as_it_is(orders: Orders, number: str, contact: str, response: str) -> None:
    assert refund(orders, asks(number, contact), "en").response == response


def test_presents_can_be_returned_until_the_end_of_january(orders: Orders) -> None:
    lamp = order(orders, "100301")
    assert last_day(lamp) == lamp.day + timedelta(days=30)
    present = replace(lamp, ordered=date(2026, 11, 16), day=date(2026, 11, 20))
    assert last_day(present) == date(2027, 1, 31)
    assert last_day(replace(present, ordered=date(2026, 12, 24), day=date(2027, 1, 10))) == date(2027, 2, 9)


def test_a_refund_is_late_after_seven_working_days(orders: Orders) -> None:
    friday = date(2026, 11, 20)
    assert not is_late(friday, date(2026, 12, 1))
    assert is_late(friday, date(2026, 12, 2))


# --- once -------------------------------------------------------------------------------------------------------------


def test_the_same_turn_again_changes_nothing_more_and_is_answered_alike(orders: Orders) -> None:
    before = stock(orders, "curtains")
    answers = [change(orders, "cancel", asks("100235", MEI), "en", {}) for _ in range(3)]
    assert answers == [answers[0]] * 3
    assert (answers[0].response, stock(orders, "curtains")) == ("utter_cancelled", before + 2)


def test_the_number_of_a_turn_alone_shows_nobody_what_was_done_in_it(orders: Orders) -> None:
    """Ids of conversations may meet: whoever calls over REST chooses one."""
    assert change(orders, "cancel", asks("100235", MEI), "en", {}).done
    assert change(orders, "cancel", asks("100235", KOH), "en", {}) == NOT_FOUND
    other = change(orders, "cancel", asks("100415", RAVI), "en", {})
    assert (other.response, other.values["number"], order(orders, "100415").state) == (
        "utter_cancelled", "100415", "cancelled",
    )  # fmt: skip


def test_guesses_under_one_number_of_a_turn_count_one_by_one(orders: Orders) -> None:
    for attempt in range(TRIES):
        assert status(orders, asks("100234", f"{1000 + attempt}"), "en") == NOT_FOUND
    assert status(orders, asks("100234", "4821", turn=2), "en") == NOT_FOUND


def together(work: Callable[[int], Answer], times: int) -> list[str]:
    """The responses, sorted, of as many threads at once."""
    with ThreadPoolExecutor(times) as pool:
        return sorted(answer.response for answer in pool.map(work, range(times)))


def test_two_messages_at_once_change_an_order_once(orders: Orders) -> None:
    before = stock(orders, "curtains")
    said = together(lambda n: change(orders, "cancel", asks("100235", MEI, n, f"c{n}"), "en", {}), 4)
    assert said == ["utter_cancelled", *["utter_order_cancelled"] * 3]
    assert stock(orders, "curtains") == before + 2


def test_a_cancellation_and_a_new_address_at_once_do_not_both_win(orders: Orders) -> None:
    def work(n: int) -> Answer:
        kinds: tuple[Change, Change] = ("cancel", "address")
        return change(orders, kinds[n % 2], asks("100415", RAVI, n), "en", {"address": "1 Any Street 529123"})

    said = together(work, 2)
    assert said in (["utter_address_changed", "utter_cancelled"], ["utter_cancelled", "utter_order_cancelled"])
    assert order(orders, "100415").state == "cancelled"


def test_a_change_that_fails_half_way_has_not_happened(orders: Orders) -> None:
    with orders.connections.writing() as db:
        db.execute("CREATE TRIGGER broken BEFORE UPDATE ON products BEGIN SELECT RAISE(ABORT, 'disk'); END")
    with pytest.raises(Exception, match="disk"):
        change(orders, "cancel", asks("100235", MEI), "en", {})
    assert (order(orders, "100235").state, order(orders, "100235").refund) == ("packing", None)


def test_a_complaint_needs_no_proof_and_tells_nothing_of_an_order(orders: Orders) -> None:
    words = {"description": "Nobody came"}
    said = [complain(orders, asks(number, KOH, 3), words, "T-AAAAAA") for number in ("100235", "999999", "100235")]
    assert said == [Answer("utter_complaint_taken", {"ticket": "T-AAAAAA"}, done=True)] * 3
    with orders.connections.reading() as db:
        rows = db.execute("SELECT kind, number, sealed FROM requests").fetchall()
        assert db.execute("SELECT count(*) FROM wrong_proofs").fetchone()[0] == 0
    assert [(kind, number, orders.seal.open(sealed)) for kind, number, sealed in rows] == [
        ("complaint", "", {"description": "Nobody came", "contact": KOH, "order": order})
        for order in ("100235", "999999")
    ]


# --- appointments -----------------------------------------------------------------------------------------------------


def free(orders: Orders) -> dict[date, tuple[str, ...]]:
    with orders.connections.reading() as db:
        return offered(db, orders.at())


def test_six_days_without_a_sunday_are_offered_from_the_day_after_tomorrow(orders: Orders, clock: Clock) -> None:
    assert [day.day for day in free(orders)] == [25, 26, 27, 28, 30, 1]
    clock.time = datetime(2027, 2, 2, 9, 0, tzinfo=SINGAPORE)
    assert [day.day for day in free(orders)] == [4, 9, 10, 11, 12, 13]  # closed over Lunar New Year


def test_a_full_slot_is_not_offered(orders: Orders) -> None:
    with orders.connections.writing() as db:
        taken = "UPDATE orders SET state = 'on_its_way', day = '2026-11-27', slot = '9-12' WHERE number IN (?, ?, ?)"
        db.execute(taken, ["100234", "100410", "100355"])
    assert TEAMS == 3
    assert free(orders)[date(2026, 11, 27)] == ("12-15", "15-18", "18-21")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Friday please", 27),
        ("fri", 27),
        ("2026-11-27", 27),
        ("27 November, 15-18", 27),
        ("Nov 27th", 27),
        ("27/11", 27),
        ("星期五", 27),
        ("周五下午", 27),
        ("11月27日", 27),
        ("Wednesday 2026-11-25", 25),
        ("1 December", 1),
        ("Monday", 30),
        ("Sunday", None),
        ("tomorrow", None),
        ("Friday or Saturday", None),
        ("2027-11-27", None),
        ("order 100227", None),
    ],
)
def test_the_day_that_a_customer_means(orders: Orders, text: str, day: int | None) -> None:
    found = meant_day(text, list(free(orders)))
    assert (found and found.day) == day


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("15-18", "15-18"),
        ("Friday 2026-11-27 9-12", "9-12"),
        ("from 9:00 to 12:00", "9-12"),
        ("in the evening", "18-21"),
        ("晚上", "18-21"),
        ("15点到18点", "15-18"),
        ("周五下午", "15-18"),
        ("morning or evening", None),
        ("any time", None),
        ("2026-11-27", None),
    ],
)
def test_the_slot_that_a_customer_means(text: str, slot: str | None) -> None:
    assert meant_slot(text, ("9-12", "12-15", "15-18", "18-21")) == slot


def test_the_database_refuses_stock_below_nothing(orders: Orders, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "orders.db") as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE products SET online = -1")
    db.close()
