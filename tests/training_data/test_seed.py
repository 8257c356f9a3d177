"""The demo shop's own data: how much there is of it, and that the judge has not been seen in training."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

import knowledge_base
import training_data
from knowledge_base.importing import read_pairs
from knowledge_base.text import normalise_question
from training_data.examples import Example, csv_rows, language_of, read_csv
from training_data.logs import Turn, read_logs
from training_data.nlu import read_nlu
from training_data.reading import read_data

ROOT = Path(training_data.__file__).parent
INTENTS = {
    "greet",
    "goodbye",
    "thank_you",
    "bot_challenge",
    "talk_to_person",
    "order_status",
    "cancel_order",
    "return_item",
    "refund_status",
    "change_address",
    "complaint",
    "faq",
    "out_of_scope",
}


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


def test_every_intent_has_fifteen_phrasings_in_each_language() -> None:
    for name in ("nlu_en.yml", "nlu_zh.yml"):
        counts = Counter(example.intent for example in read_nlu(ROOT / "seed" / name).examples)
        assert set(counts) == INTENTS
        assert {intent: count for intent, count in counts.items() if count < 15} == {}


def test_no_phrasing_teaches_two_intents(taught: tuple[Example, ...]) -> None:
    intents: dict[str, set[str]] = defaultdict(set)
    for example in taught:
        intents[normalise_question(example.text)].add(example.intent)
    assert {text: names for text, names in intents.items() if len(names) > 1} == {}


def test_no_phrasing_is_listed_twice() -> None:
    for name in ("nlu_en.yml", "nlu_zh.yml"):
        texts = Counter(normalise_question(example.text) for example in read_nlu(ROOT / "seed" / name).examples)
        assert [text for text, count in texts.items() if count > 1] == []


def test_there_are_sixty_dialogues_whose_turns_follow_one_another(dialogues: dict[str, list[Turn]]) -> None:
    assert len(dialogues) >= 60
    for name, turns in dialogues.items():
        assert [turn.turn for turn in turns] == list(range(1, len(turns) + 1)), name
        assert turns == sorted(turns, key=lambda turn: turn.at), name
        assert {turn.speaker for turn in turns} >= {"customer", "bot"}, name


def test_dialogues_are_in_both_languages_and_know_no_other_intents(dialogues: dict[str, list[Turn]]) -> None:
    turns = [turn for group in dialogues.values() for turn in group]
    assert {turn.intent for turn in turns} - {""} <= INTENTS
    customers = Counter(language_of(turn.text) for turn in turns if turn.speaker == "customer")
    assert min(customers["en"], customers["zh"]) >= 60


def test_the_judge_has_four_questions_per_intent_and_language(heldout: list[Example]) -> None:
    counts = Counter((example.intent, example.language) for example in heldout)
    wanted = {(intent, language) for intent in INTENTS for language in ("en", "zh")}
    assert set(counts) == wanted
    assert {key: count for key, count in counts.items() if count < 4} == {}


def test_the_judge_was_never_seen_in_training(taught: tuple[Example, ...], heldout: list[Example]) -> None:
    seen = {normalise_question(example.text) for example in taught}
    judged = [normalise_question(example.text) for example in heldout]
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
    assert rows
    # an empty question is one that no stored pair answers
    assert [row for row in rows if row["question"] and (row["language"], row["question"]) not in stored] == []
    assert [row["text"] for row in rows if normalise_question(row["text"]) in phrasings] == []


def test_the_order_numbers_of_the_seed_are_found_by_its_own_regex(taught: tuple[Example, ...]) -> None:
    assert set(read_data([ROOT / "seed"]).regexes) == {"order_number"}
