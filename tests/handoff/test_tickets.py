from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatbot.handoff.tickets import Tickets


@pytest.fixture
def tickets(tmp_path: Path) -> Iterator[Tickets]:
    tickets = Tickets(tmp_path / "conversations.db")
    yield tickets
    tickets.close()


def test_a_ticket_holds_what_was_asked_for_and_a_number_to_read_out(tickets: Tickets) -> None:
    ticket = tickets.open("c1", 3, "talk_to_person")
    assert (ticket.conversation_id, ticket.turn, ticket.topic, ticket.state) == ("c1", 3, "talk_to_person", "open")
    assert re.fullmatch(r"T-[2-9A-HJ-NP-Z]{6}", ticket.id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", ticket.at)
    assert tickets.of("c1") == [ticket]
    assert tickets.of("c2") == []


def test_a_turn_that_is_tried_again_gets_the_ticket_it_opened_before(tickets: Tickets) -> None:
    first = tickets.open("c1", 3, "talk_to_person")
    assert [tickets.open("c1", 3, "complaint") for _ in range(3)] == [first] * 3
    assert tickets.of("c1") == [first]


def test_another_turn_and_another_conversation_get_tickets_of_their_own(tickets: Tickets) -> None:
    opened = [tickets.open("c1", 3, "a"), tickets.open("c1", 4, "a"), tickets.open("c2", 3, "a")]
    assert len({ticket.id for ticket in opened}) == 3
    assert sorted(tickets.of("c1"), key=lambda ticket: ticket.turn) == opened[:2]


def test_eight_threads_that_open_at_once_get_one_ticket(tickets: Tickets) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = set(threads.map(lambda _: tickets.open("c1", 1, "a"), range(8)))
    assert opened == set(tickets.of("c1"))
    assert len(opened) == 1


def test_tickets_are_there_after_reopening(tickets: Tickets, tmp_path: Path) -> None:
    ticket = tickets.open("c1", 1, "a")
    reopened = Tickets(tmp_path / "conversations.db")
    assert reopened.of("c1") == [ticket]
    reopened.close()
