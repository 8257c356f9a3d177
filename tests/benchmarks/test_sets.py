"""What is measured on: folders are read whole or refused by name, and thinned ones keep something of everything."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from chatbot.benchmarks import intent_sets, knowledge_sets
from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.intent_sets import IntentSet, folder_sets, intent_set, learnable
from chatbot.benchmarks.knowledge_sets import Ask, in_context, knowledge_set
from chatbot.benchmarks.thinning import LEAST, thinned
from training_data.examples import Example
from training_data.nlu import NluData

TRAIN = "text,label\noù est mon colis,suivi\nje veux un remboursement,retour\n"
TEST = "text,label\nmon colis svp,suivi\nquel temps fait-il,oos\n"
KB = "id,question,answer\na,Où est mon colis ?,En route.\nb|1,Combien coûte l'envoi ?,Cinq euros.\n"
QUERIES = "query,gold_id\nmon colis,a\nprix,b|1\n"


def folder(at: Path, **files: str) -> Path:
    at.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (at / f"{name}.csv").write_text(text, "utf-8")
    return at


# --- thinning --------------------------------------------------------------------------------------------------------

LABELS = ["large"] * 700 + ["middle"] * 290 + ["small"] * 8 + ["single"] * 2


def test_thinning_keeps_every_label_with_its_share() -> None:
    kept = Counter(thinned(LABELS, LABELS, 100))
    assert kept.total() == 100
    assert kept["single"] == 2
    assert kept["small"] == LEAST
    assert kept["large"] == pytest.approx(2.4 * kept["middle"], rel=0.1)


def test_thinning_takes_the_same_rows_in_their_order_each_time() -> None:
    rows = range(len(LABELS))
    kept = thinned(rows, LABELS, 100)
    assert kept == thinned(rows, LABELS, 100) == tuple(sorted(kept))


def test_a_set_that_is_small_enough_is_not_thinned() -> None:
    assert thinned([3, 1, 2], ["a", "b", "a"], 3) == (3, 1, 2)


def test_no_label_is_lost_even_if_there_are_more_labels_than_rows_wanted() -> None:
    labels = [f"intent {n % 30}" for n in range(300)]
    assert len(set(thinned(labels, labels, 10))) == 30


def test_the_quick_form_says_how_many_rows_there_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intent_sets, "SMALL", 20)
    monkeypatch.setattr(intent_sets, "A_LABEL", 5)
    monkeypatch.setattr(intent_sets, "TEST_ROWS", 10)
    rows = [Example(f"text {n}", f"intent {n % 4}", "en", "") for n in range(100)]
    small = intent_sets.quick(intent_set("set", NluData(examples=tuple(rows)), rows))
    assert (len(small.taught.examples), small.taught_there) == (20, 100)
    assert Counter(example.intent for example in small.taught.examples) == {f"intent {n}": 5 for n in range(4)}
    assert (len(small.asked), small.asked_there) == (10, 100)


# --- intents ---------------------------------------------------------------------------------------------------------


def test_a_folder_in_any_language_is_read_whole(tmp_path: Path) -> None:
    [french] = folder_sets(folder(tmp_path / "colis", train=TRAIN, test=TEST, dev="not,read\n"))
    assert french == IntentSet(
        "colis",
        NluData(
            examples=(
                Example("où est mon colis", "suivi", "en", "train.csv:2"),
                Example("je veux un remboursement", "retour", "en", "train.csv:3"),
            )
        ),
        (
            Example("mon colis svp", "suivi", "en", "test.csv:2"),
            Example("quel temps fait-il", "oos", "en", "test.csv:3"),
        ),
        2,
        2,
    )


def test_each_few_shot_file_is_a_set_of_its_own_against_the_same_test(tmp_path: Path) -> None:
    sets = folder_sets(folder(tmp_path / "colis", train=TRAIN, test=TEST, fewshot10=TRAIN, fewshot5=TRAIN))
    assert [each.name for each in sets] == ["colis", "colis fewshot5", "colis fewshot10"]
    assert len({each.asked for each in sets}) == 1


def test_a_column_of_another_language_is_no_fault(tmp_path: Path) -> None:
    rows = "text,label,language\nsuivre,suivi,fr\nrendre,retour,fr\n"
    assert len(folder_sets(folder(tmp_path, train=rows, test=rows))) == 1


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"train": TRAIN}, "test.csv missing (text,label); it holds train.csv."),
        ({}, "train.csv and test.csv missing (text,label); it is empty."),
        ({"train": "utterance,intent\na,b\n", "test": TEST}, "column text, label is missing; the header is 'utterance"),
        ({"train": TRAIN, "test": "text,label\n,suivi\nbonjour,\n"}, "line 2: text is empty; line 3: label is empty."),
        ({"train": "text,label\n", "test": TEST}, "train.csv: has a header and no rows below it."),
        ({"train": "text,label\na,b\nc,b\n", "test": TEST}, "have 1 label(s); at least two are needed."),
        ({"train": TRAIN, "test": "text,label\na,b\n"}, "the 1 test rows have no label of the training rows."),
        ({"train": TRAIN, "test": TEST, "fewshot5": "text\na\n"}, "fewshot5.csv line 1: column label is missing"),
    ],
)
def test_a_bad_folder_is_refused_by_what_is_wrong_with_it(tmp_path: Path, files: dict[str, str], told: str) -> None:
    with pytest.raises(BenchmarkError) as refused:
        folder_sets(folder(tmp_path, **files))
    assert told in str(refused.value)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    for read in (folder_sets, knowledge_set):
        with pytest.raises(BenchmarkError, match="is no folder"):
            read(tmp_path / "nowhere")


def test_of_the_public_sets_those_are_taken_that_can_be_trained(tmp_path: Path) -> None:
    folder(tmp_path / "b", train=TRAIN, test=TEST)
    folder(tmp_path / "a", test=TEST)
    folder(tmp_path / "c", kb=KB, queries=QUERIES)
    assert [each.name for each in intent_sets.public_sets(tmp_path)] == ["b"]
    assert [each.name for each in knowledge_sets.public_sets(tmp_path)] == ["c"]


def test_the_shop_is_judged_by_questions_that_it_does_not_learn_from() -> None:
    shop = intent_sets.shop_set()
    assert {example.language for example in shop.asked} == {"en", "zh"}
    assert not {example.text for example in shop.asked} & {example.text for example in shop.taught.examples}


# --- retrieval -------------------------------------------------------------------------------------------------------


def test_gold_ids_are_joined_by_a_bar_and_an_id_may_have_one(tmp_path: Path) -> None:
    queries = "query,gold_id\nmon colis,a\nprix,b|1\nles deux,a|c\nrien,\n"
    kb = KB + "c,Et vous ?,Bien.\n"
    found = knowledge_set(folder(tmp_path / "faq", kb=kb, queries=queries))
    [asked] = found.asked
    assert asked.asks == (
        Ask("mon colis", frozenset({"a"})),
        Ask("prix", frozenset({"b|1"})),
        Ask("les deux", frozenset({"a", "c"})),
    )
    assert asked.language is None
    assert {pair.language for pair in found.pairs.values()} == {""}


def test_similar_questions_are_read_and_what_is_too_long_is_cut(tmp_path: Path) -> None:
    kb = f'id,question,answer,similar_questions,similar_1\na,{"q" * 900},{"a" * 9000},"one\ntwo",three\n'
    [pair] = knowledge_set(folder(tmp_path, kb=kb, queries="query,gold_id\nq,a\n")).pairs.values()
    assert (len(pair.question), len(pair.answer), pair.similar) == (500, 8000, ("one", "two", "three"))


def test_a_query_with_context_is_asked_a_second_time_with_the_turns_before_it(tmp_path: Path) -> None:
    queries = "query,gold_id,context\nits address?,a,user: hi ||| system: The Grand Hotel: yes ||| user: good\n"
    alone, within = knowledge_set(folder(tmp_path / "faq", kb=KB, queries=queries)).asked
    assert [ask.text for ask in alone.asks] == ["its address?"]
    assert [ask.text for ask in within.asks] == ["its address? The Grand Hotel: yes good"]
    assert in_context("hello", "") == "hello"


@pytest.mark.parametrize(
    ("kb", "queries", "told"),
    [
        ("question,answer\nq,a\n", QUERIES, "kb.csv line 1: column id is missing; the header is 'question,answer'"),
        (KB, "text,gold_id\nq,a\n", "queries.csv line 1: column query is missing; the header is 'text,gold_id'"),
        (KB, "query,gold_id\nq,z\n", "line 2: gold_id 'z' is not in kb.csv."),
        (KB, "query,gold_id\n,a\n", "line 2: query is empty."),
        (KB, "query,gold_id\nq,\n", "has no query with a gold_id"),
        (KB + "a,Encore ?,Oui.\n", QUERIES, "line 4: id 'a' is there twice."),
        (KB + "d,Encore ?,\n", QUERIES, "line 4: answer is empty."),
        ("id,question,answer\n", QUERIES, "has a header and no pairs below it."),
    ],
)
def test_a_bad_knowledge_base_is_refused_by_line(tmp_path: Path, kb: str, queries: str, told: str) -> None:
    with pytest.raises(BenchmarkError) as refused:
        knowledge_set(folder(tmp_path, kb=kb, queries=queries))
    assert told in str(refused.value)


def test_a_thinned_knowledge_base_keeps_what_answers_a_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge_sets, "PAIRS", 10)
    kb = "id,question,answer\n" + "".join(f"{n},question {n},answer\n" for n in range(100))
    whole = knowledge_set(folder(tmp_path, kb=kb, queries="query,gold_id\nq,77\nq,78|79\n"))
    small = knowledge_sets.quick(whole)
    assert (len(small.pairs), small.pairs_there) == (10, 100)
    assert {"77", "78", "79"} <= small.pairs.keys()
    assert small == knowledge_sets.quick(whole)


def test_every_question_of_the_shops_judge_has_its_pair() -> None:
    shop = knowledge_sets.shop_set()
    assert [group.language for group in shop.asked] == ["en", "zh"]
    assert all(ask.gold for group in shop.asked for ask in group.asks)


def test_a_label_of_one_text_is_not_learned() -> None:
    rows = [Example(text, label, "en", "") for text, label in (("a", "x"), ("b", "x"), ("c", "y"), ("C", "y"))]
    assert learnable(NluData(examples=tuple(rows))).examples == tuple(rows[:2])
