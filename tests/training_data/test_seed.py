"""The demo shop's own data: how much there is of it, and that the judge has not been seen in training."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

import knowledge_base
import training_data
from chatbot.project import load_project
from knowledge_base.importing import read_pairs
from knowledge_base.text import normalise_question
from training_data.examples import OUT_OF_SCOPE, Example, csv_rows, language_of, read_csv
from training_data.logs import Turn, read_logs
from training_data.nlu import read_nlu
from training_data.reading import read_data

ROOT = Path(training_data.__file__).parent
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@pytest.fixture(scope="module")
def intents() -> set[str]:
    return set(load_project(None).domain.intents)


def wanted(intents: set[str]) -> set[tuple[str, str]]:
    return {(intent, language) for intent in intents for language in ("en", "zh")}


@pytest.fixture(scope="module")
def taught() -> tuple[Example, ...]:
    return read_data([ROOT / "seed"]).examples


@pytest.fixture(scope="module")
def heldout() -> list[Example]:
    return read_csv(ROOT / "heldout" / "intents.csv")


@pytest.fixture(scope="module")
def dialogues() -> dict[str, list[Turn]]:
    found: dict[str, list[Turn]] = defaultdict(list)
    for turn in read_logs(ROOT / "seed" / "logs" / "shop.jsonl"):
        found[turn.conversation_id].append(turn)
    return found


def test_there_are_at_least_thirty_two_intents(intents: set[str]) -> None:
    assert len(intents - OUT_OF_SCOPE) >= 32
    assert "out_of_scope" in intents


def test_every_intent_has_twenty_five_phrasings_in_each_language(
    taught: tuple[Example, ...], intents: set[str]
) -> None:
    texts = {(example.intent, example.language, normalise_question(example.text)) for example in taught}
    counts = Counter((intent, language) for intent, language, _ in texts)
    assert {key: counts[key] for key in wanted(intents) if counts[key] < 25} == {}


def test_out_of_scope_has_a_hundred_and_twenty_messages_in_each_language(taught: tuple[Example, ...]) -> None:
    counts = Counter(example.language for example in taught if example.intent == "out_of_scope")
    assert {language: count for language, count in counts.items() if count < 120} == {}


def test_entities_are_marked(taught: tuple[Example, ...]) -> None:
    marked = Counter(entity.name for example in taught for entity in example.entities)
    assert set(marked) == {"order_number", "email", "number", "product"}
    assert marked["product"] > 200


def test_no_phrasing_teaches_two_intents(taught: tuple[Example, ...]) -> None:
    intents: dict[str, set[str]] = defaultdict(set)
    for example in taught:
        intents[normalise_question(example.text)].add(example.intent)
    assert {text: names for text, names in intents.items() if len(names) > 1} == {}


def test_no_phrasing_is_listed_twice() -> None:
    for name in ("nlu_en.yml", "nlu_zh.yml"):
        texts = Counter(normalise_question(example.text) for example in read_nlu(ROOT / "seed" / name).examples)
        assert [text for text, count in texts.items() if count > 1] == []


def test_there_are_three_hundred_dialogues_of_two_sides_half_in_each_language(
    dialogues: dict[str, list[Turn]],
) -> None:
    assert len(dialogues) >= 300
    spoken = Counter(language_of(" ".join(t.text for t in turns)) for turns in dialogues.values())
    assert abs(spoken["en"] - spoken["zh"]) <= 0.1 * len(dialogues)
    for name, turns in dialogues.items():
        assert 4 <= len(turns) <= 14, name
        assert {turn.speaker for turn in turns} > {"customer"}, name


def test_the_dialogues_span_twelve_weeks_without_a_gap(dialogues: dict[str, list[Turn]]) -> None:
    weeks = Counter((turns[0].at - datetime(2026, 8, 31, tzinfo=UTC)).days // 7 for turns in dialogues.values())
    assert sorted(weeks) == list(range(12))
    assert min(weeks.values()) >= 15


def test_dialogues_end_well_and_badly_and_some_are_handed_to_a_person(dialogues: dict[str, list[Turn]]) -> None:
    ends = Counter(turns[-1].resolved for turns in dialogues.values())
    assert min(ends[True], ends[False], ends[None]) >= 15
    assert sum(any(turn.speaker == "agent" for turn in turns) for turns in dialogues.values()) >= 60
    switched = [t for t in dialogues.values() if len({language_of(x.text) for x in t if x.speaker == "customer"}) == 2]
    assert len(switched) >= 12


def test_the_judge_has_ten_questions_per_intent_and_language(heldout: list[Example], intents: set[str]) -> None:
    counts = Counter((example.intent, example.language) for example in heldout)
    assert set(counts) == wanted(intents)
    least = {key: 150 if key[0] in OUT_OF_SCOPE else 10 for key in counts}
    assert {key: count for key, count in counts.items() if count < least[key]} == {}


def test_the_judge_was_never_seen_in_training(taught: tuple[Example, ...], heldout: list[Example]) -> None:
    seen = {normalise_question(example.text) for example in taught}
    judged = [normalise_question(example.text) or example.text for example in heldout]
    assert [text for text in judged if text in seen] == []
    assert len(judged) == len(set(judged))


def test_the_judge_of_retrieval_asks_for_stored_questions_in_words_that_are_not_stored() -> None:
    pairs = [
        pair
        for path in sorted((Path(knowledge_base.__file__).parent / "seed").glob("*.csv"))
        for pair in read_pairs(path)
    ]
    stored = {(pair.language, pair.question) for pair in pairs}
    phrasings = {normalise_question(text) for pair in pairs for text in (pair.question, *pair.similar)}
    rows = [row for _, row in csv_rows(ROOT / "heldout" / "retrieval.csv", ("text", "question", "language"))]
    counts = Counter(row["language"] for row in rows if row["question"])
    assert min(counts["en"], counts["zh"]) >= 200
    # an empty question is one that no stored pair answers
    assert [row for row in rows if row["question"] and (row["language"], row["question"]) not in stored] == []
    assert [row["text"] for row in rows if normalise_question(row["text"]) in phrasings] == []


def test_the_order_numbers_of_the_seed_are_found_by_its_own_regex(taught: tuple[Example, ...]) -> None:
    assert set(read_data([ROOT / "seed"]).regexes) == {"order_number"}


def test_a_hundred_and_fifty_pairs_in_each_language_have_two_to_six_similar_questions() -> None:
    for language in ("en", "zh"):
        pairs = read_pairs(Path(knowledge_base.__file__).parent / "seed" / f"{language}.csv")
        assert len(pairs) >= 150
        assert [pair.question for pair in pairs if not 2 <= len(pair.similar) <= 6] == []
        assert all(pair.category and pair.language == language for pair in pairs)
        assert sum(pair.valid_until is not None for pair in pairs) >= 3


def test_both_languages_have_the_same_pairs_with_the_same_numbers() -> None:
    seeds = Path(knowledge_base.__file__).parent / "seed"
    english, chinese = read_pairs(seeds / "en.csv"), read_pairs(seeds / "zh.csv")
    assert len(english) == len(chinese)
    for one, other in zip(english, chinese, strict=True):
        assert (one.valid_from, one.valid_until) == (other.valid_from, other.valid_until), one.question
        assert digits(one.answer) == digits(other.answer), f"{one.question} / {other.question}"


def digits(answer: str) -> set[str]:
    """The numbers of an answer in digits; names of months count as their numbers."""
    for number, month in enumerate(MONTHS, start=1):
        answer = re.sub(rf"\b{month}\b", f"{number}", answer)
    return set(re.findall(r"\d+", answer.replace(",", "")))
