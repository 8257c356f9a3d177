"""What retrieval is measured on: a folder with kb.csv and queries.csv, and the shop's pairs with their judge."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.intent_sets import contents
from chatbot.benchmarks.provenance import SEED
from knowledge_base.checking import MAX_ANSWER, MAX_QUESTION, MAX_SIMILAR, checked
from knowledge_base.errors import InvalidPair
from knowledge_base.pairs import Pair
from training_data.examples import TrainingDataError, csv_rows
from training_data.questions import asks_pairs, read_questions

PAIRS = 2000
"""At most so many of a knowledge base in the quick form; those that answer a query are among them."""
NEEDED = ("kb.csv", "queries.csv")
TURNS_BEFORE = 2
"""Turns that are asked together with a query: the entity that "the address of that hotel" means was named in them."""
SHOWN = 5  # faults in a message
_SIMILAR = re.compile(r"similar_\d+")


@dataclass(frozen=True, slots=True)
class Ask:
    """A customer's text, and the ids of the pairs of which any answers it."""

    text: str
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asks:
    """Queries that are judged together. language: that the search is limited to; None: to none."""

    name: str
    language: str | None
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class KnowledgeSet:
    """pairs: by the id that the file gives them. pairs_there: how many there were before thinning."""

    name: str
    pairs: Mapping[str, Pair]
    asked: tuple[Asks, ...]
    pairs_there: int


def quick(whole: KnowledgeSet) -> KnowledgeSet:
    """The set with at most PAIRS pairs, those that answer a query among them; with fewer pairs search is easier."""
    if len(whole.pairs) <= PAIRS:
        return whole
    gold = {id_ for group in whole.asked for ask in group.asks for id_ in ask.gold}
    others = [id_ for id_ in whole.pairs if id_ not in gold]
    kept = gold | set(random.Random(SEED).sample(others, max(0, PAIRS - len(gold))))
    return replace(whole, pairs={id_: pair for id_, pair in whole.pairs.items() if id_ in kept})


def knowledge_set(folder: Path) -> KnowledgeSet:
    """The set of a folder: kb.csv (`id,question,answer`) and queries.csv (`query,gold_id`, ids joined by a bar).

    kb.csv may have `similar_questions` (one a line) or `similar_1`, `similar_2`, ... Pairs are stored as of every
    language and searched without a filter, so that any language will do. A query without gold id is left out. Where
    queries.csv has a column `context` (turns parted by |||), the queries are asked a second time with it.
    Raises BenchmarkError naming the file that is missing, the columns that were got, or the lines that are wrong.
    """
    if not folder.is_dir():
        raise BenchmarkError(f"{folder}: is no folder. Name one that has {' and '.join(NEEDED)}.")
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        raise BenchmarkError(f"{folder}: {' and '.join(missing)} missing; {contents(folder)}.")
    pairs, name = pairs_in(folder / "kb.csv"), folder.resolve().name
    rows = queries_in(folder / "queries.csv", pairs)
    asked = [Asks(name, None, tuple(Ask(text, gold) for text, gold, _ in rows))]
    if any(context for _, _, context in rows):
        with_it = tuple(Ask(in_context(text, context), gold) for text, gold, context in rows)
        asked.append(Asks(f"{name}, with {TURNS_BEFORE} turns before", None, with_it))
    return KnowledgeSet(name, pairs, tuple(asked), len(pairs))


def pairs_in(path: Path) -> dict[str, Pair]:
    """The pairs of kb.csv by id. What is longer than the store takes is cut: the rest would not be embedded anyway."""
    pairs: dict[str, Pair] = {}
    faults = []
    for line, row in rows_of(path, ("id", "question", "answer")):
        id_ = row["id"].strip()
        try:
            pair = checked(pair_of(row))
        except InvalidPair as error:
            faults.append(f"line {line}: {error}")
            continue
        if not id_ or id_ in pairs:
            faults.append(f"line {line}: id '{id_}' is there twice." if id_ else f"line {line}: id is empty.")
        pairs[id_] = pair
    refuse(path, faults)
    if not pairs:
        raise BenchmarkError(f"{path}: has a header and no pairs below it.")
    return pairs


def pair_of(row: Mapping[str, str]) -> Pair:
    """A row of kb.csv as a pair of every language."""
    similar = row.get("similar_questions", "").splitlines()
    similar += [cell for column, cell in row.items() if _SIMILAR.fullmatch(column)]
    wordings = [" ".join(text.split())[:MAX_QUESTION] for text in (row["question"], *similar)]
    return Pair(wordings[0], row["answer"].strip()[:MAX_ANSWER], tuple(wordings[1:][:MAX_SIMILAR]))


def queries_in(path: Path, pairs: Mapping[str, Pair]) -> list[tuple[str, frozenset[str], str]]:
    """Text, gold ids and context of each row that has gold ids."""
    found, faults = [], []
    for line, row in rows_of(path, ("query", "gold_id")):
        text, gold = row["query"].strip(), gold_ids(row["gold_id"], pairs)
        if not text:
            faults.append(f"line {line}: query is empty.")
        if unknown := sorted(gold - pairs.keys()):
            faults.append(f"line {line}: gold_id '{unknown[0]}' is not in kb.csv.")
        if gold:
            found.append((text, gold, row.get("context", "")))
    refuse(path, faults)
    if not found:
        raise BenchmarkError(f"{path}: has no query with a gold_id.")
    return found


def gold_ids(cell: str, pairs: Mapping[str, Pair]) -> frozenset[str]:
    """The ids in a cell, joined by a bar; a cell that is an id as it stands is that one, whatever bars it has."""
    if cell.strip() in pairs:
        return frozenset({cell.strip()})
    return frozenset(id_ for part in cell.split("|") if (id_ := part.strip()))


def in_context(text: str, context: str) -> str:
    """The query, then the last turns before it without their speakers. First what is asked: an encoder reads no end."""
    before = [turn.partition(":")[2].strip() or turn.strip() for turn in context.split("|||")]
    return " ".join([text, *before[-TURNS_BEFORE:]]).strip()


def rows_of(path: Path, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """As csv_rows; the error names the folder too."""
    try:
        return list(csv_rows(path, columns))
    except TrainingDataError as error:
        raise BenchmarkError(f"{path.parent}: {error}") from error


def refuse(path: Path, faults: Sequence[str]) -> None:
    """Raises BenchmarkError if there are faults, naming the first ones."""
    if faults:
        more = f" And {len(faults) - SHOWN} more." if len(faults) > SHOWN else ""
        raise BenchmarkError(f"{path}: {' '.join(faults[:SHOWN])}{more} Nothing was measured.")


def public_sets(shared: Path) -> list[KnowledgeSet]:
    """The sets of all folders in `shared` that have kb.csv and queries.csv."""
    found = sorted(folder for folder in shared.iterdir() if all((folder / name).is_file() for name in NEEDED))
    return [knowledge_set(folder) for folder in found]


def shop_set() -> KnowledgeSet:
    """The demo shop's pairs, and its judge in each language, searched as a customer of that language does."""
    from chatbot.project import load_project
    from chatbot.setting_up import all_pairs

    shop = load_project(None)
    pairs = {str(number): pair for number, pair in enumerate(all_pairs(shop))}
    by_question = defaultdict(set)
    for id_, pair in pairs.items():
        by_question[pair.question].add(id_)
    judged = [each for path in shop.heldout if asks_pairs(path) for each in read_questions(path) if each.question]
    asked = [
        Asks(
            f"shop, {language}",
            language,
            tuple(
                Ask(each.text, frozenset(by_question[each.question])) for each in judged if each.language == language
            ),
        )
        for language in sorted({each.language for each in judged})
    ]
    return KnowledgeSet("shop", pairs, tuple(asked), len(pairs))
