from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from training_data.examples import Example, TrainingDataError
from training_data.logs import Turn, labelled, read_logs

ROW: dict[str, Any] = {
    "conversation_id": "c1",
    "turn": 1,
    "at": "2026-08-03T02:14:05Z",
    "speaker": "customer",
    "text": "where is it",
}
TURN = Turn("c1", 1, datetime(2026, 8, 3, 2, 14, 5, tzinfo=UTC), "customer", "where is it", source="log.jsonl:1")


def jsonl(folder: Path, *rows: dict[str, Any] | str, name: str = "log.jsonl") -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / name).write_text("\n".join(lines) + "\n", "utf-8", newline="")
    return folder / name


def refusal_of(path: Path) -> str:
    with pytest.raises(TrainingDataError) as refusal:
        read_logs(path)
    return str(refusal.value)


def test_jsonl_is_read_turn_by_turn(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path,
        ROW,
        "",
        {
            **ROW,
            "turn": 2,
            "at": "2026-08-03T10:14:05+08:00",
            "speaker": "bot",
            "text": "一行\u2028两行\x85",
            "more": 1,
        },
        {**ROW, "turn": "3", "at": "2026-08-03", "intent": "order", "resolved": 1, "rating": -1},
        {**ROW, "resolved": False, "rating": "5", "intent": None},
    )
    assert read_logs(path) == [
        TURN,
        Turn("c1", 2, TURN.at, "bot", "一行\u2028两行\x85", source="log.jsonl:3"),
        Turn(
            "c1",
            3,
            datetime(2026, 8, 3, tzinfo=UTC),
            "customer",
            "where is it",
            "order",
            resolved=True,
            rating=-1,
            source="log.jsonl:4",
        ),
        Turn("c1", 1, TURN.at, "customer", "where is it", resolved=False, rating=5, source="log.jsonl:5"),
    ]


def test_csv_with_the_same_columns_is_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "conversation_id,turn,at,speaker,text,intent,resolved,rating\r\n"
        'c1,1,2026-08-03T02:14:05Z,customer,"where, is it",,,\r\n'
        "c1,2,2026-08-03T02:14:05,agent,here,order,0,1\r\n",
        newline="",
    )
    assert read_logs(path) == [
        Turn("c1", 1, TURN.at, "customer", "where, is it", source="log.csv:2"),
        Turn("c1", 2, TURN.at, "agent", "here", "order", resolved=False, rating=1, source="log.csv:3"),
    ]


def test_lines_that_end_as_on_windows_are_read(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(json.dumps(ROW).encode() + b"\r\n\r\n")
    assert read_logs(tmp_path / "log.jsonl") == [TURN]


def test_a_log_in_gb18030_is_read(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(json.dumps({**ROW, "text": "我的订单"}, ensure_ascii=False).encode("gb18030"))
    assert read_logs(tmp_path / "log.jsonl")[0].text == "我的订单"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"text": " "}, "text is empty; every turn needs conversation_id, turn, at, speaker, text."),
        (
            {"at": None, "speaker": ""},
            "at, speaker is empty; every turn needs conversation_id, turn, at, speaker, text.",
        ),
        ({"speaker": "shop"}, "speaker is 'shop', allowed are customer, bot, agent."),
        ({"speaker": ["bot"]}, "speaker is '['bot']', allowed are customer, bot, agent."),
        ({"turn": "one"}, "turn is 'one', a whole number is needed."),
        ({"turn": 1.5}, "turn is '1.5', a whole number is needed."),
        ({"turn": float("inf")}, "turn is 'inf', a whole number is needed."),
        ({"turn": [1]}, "turn is '[1]', a whole number is needed."),
        ({"resolved": "yes"}, "resolved is 'yes', a whole number is needed."),
        ({"resolved": 7}, "resolved is '7', allowed are 0 and 1."),
        ({"rating": 4.5}, "rating is '4.5', a whole number is needed."),
        ({"at": "yesterday"}, "at is 'yesterday', ISO 8601 is needed, as 2026-08-03T02:14:05Z."),
        (
            {"at": "0001-01-01T00:00+14:00"},
            "at is '0001-01-01T00:00+14:00', ISO 8601 is needed, as 2026-08-03T02:14:05Z.",
        ),
    ],
)
def test_a_bad_value_is_told_by_line_and_column(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    assert refusal_of(jsonl(tmp_path, ROW, "", {**ROW, **changes})) == f"log.jsonl line 3: {problem}"


def test_turn_zero_is_a_turn(tmp_path: Path) -> None:
    assert read_logs(jsonl(tmp_path, {**ROW, "turn": 0}))[0].turn == 0


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{broken", "is no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))."),
        ("[1, 2]", "a JSON object is expected, got list."),
        ("3", "a JSON object is expected, got int."),
    ],
)
def test_a_line_that_is_no_object_is_told_by_its_number(tmp_path: Path, line: str, problem: str) -> None:
    assert refusal_of(jsonl(tmp_path, ROW, line)) == f"log.jsonl line 2: {problem}"


def test_a_csv_without_a_column_is_told(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("conversation_id,turn,at,text\nc1,1,2026-01-01,hi\n")
    assert refusal_of(tmp_path / "log.csv") == (
        "log.csv line 1: column speaker is missing; the header is 'conversation_id,turn,at,text'."
    )


def test_what_customers_said_and_somebody_labelled_becomes_examples_of_their_conversation(tmp_path: Path) -> None:
    turns = read_logs(
        jsonl(
            tmp_path,
            {**ROW, "intent": "order"},
            {**ROW, "speaker": "bot", "intent": "order"},
            {**ROW, "speaker": "agent", "intent": "order"},
            {**ROW, "conversation_id": "c2", "text": "退款", "intent": "refund"},
            ROW,
        )
    )
    assert labelled(turns) == [
        Example("where is it", "order", "en", "log.jsonl:1", group="c1"),
        Example("退款", "refund", "zh", "log.jsonl:4", group="c2"),
    ]
