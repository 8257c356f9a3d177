"""The stored questions asked of the search, each with itself left out: what fits its weight and its thresholds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from knowledge_base.pairs import Hit, Phrasing
from knowledge_base.search import KnowledgeBase
from knowledge_base.store import Wanted
from knowledge_base.text import language_of, normalise_question

Progress = Callable[[int, int], None]  # questions asked, and to ask in all

MOST = 2000  # questions: a share of 3 % is then known to within 0.8 % (95 %), and asking them takes half a minute
_BATCH = 32  # questions between two reports of progress: one call of the encoder


@dataclass(frozen=True, slots=True)
class Trial:
    """One stored question, and what the search said to it. pair_id: the pair that it is a phrasing of."""

    text: str
    language: str
    pair_id: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    """A phrasing to be asked. same: ids of its pair's phrasings of equal normalised text, whole: of all its pair's."""

    phrasing: Phrasing
    same: tuple[int, ...]
    whole: tuple[int, ...]

    @property
    def language(self) -> str:
        return self.phrasing.language or language_of(self.phrasing.text)


LeftOut = Callable[[_Question], tuple[int, ...]]


def own_trials(base: KnowledgeBase, most: int = MOST, progress: Progress | None = None, k: int = 5) -> list[Trial]:
    """The served phrasings of pairs that have at least two, each asked with itself left out; at most k hits each.

    Its pair can be found by its other phrasings only, as for a customer whose wording nobody has saved. Left out are
    phrasings that another pair has too: for these there is no one right pair. If there are more than `most`, those
    asked are spread evenly over them, the same ones each time.
    """
    return _trials(base, lambda question: question.same, most, progress, k)


def absent_trials(base: KnowledgeBase, most: int = MOST, progress: Progress | None = None, k: int = 5) -> list[Trial]:
    """The same questions, each asked with its whole pair left out: nothing stored answers it, so every hit is wrong."""
    return _trials(base, lambda question: question.whole, most, progress, k)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a customer asked, and the pair that somebody confirmed as its answer; pair_id 0: none answers it."""

    text: str
    language: str
    pair_id: int


def confirmed_trials(
    base: KnowledgeBase, questions: Sequence[Confirmed], progress: Progress | None = None, k: int = 5
) -> list[Trial]:
    """The search asked these questions."""
    trials = []
    for done, question in enumerate(questions, start=1):
        hits = base.search(question.text, question.language, k=k)
        trials.append(Trial(question.text, question.language, question.pair_id, tuple(hits)))
        if progress and done % _BATCH == 0:
            progress(done, len(questions))
    return trials


def _trials(base: KnowledgeBase, left_out: LeftOut, most: int, progress: Progress | None, k: int) -> list[Trial]:
    questions = _spread(_questions(base), most)
    trials: list[Trial] = []
    for start in range(0, len(questions), _BATCH):
        trials.extend(_asked(base, questions[start : start + _BATCH], left_out, k))
        if progress:
            progress(len(trials), len(questions))
    return trials


def _asked(base: KnowledgeBase, questions: Sequence[_Question], left_out: LeftOut, k: int) -> list[Trial]:
    vectors = base.index.encode([question.phrasing.text for question in questions])
    trials = []
    for question, vector in zip(questions, vectors, strict=True):
        text, language = question.phrasing.text, question.language
        hits = base.search(text, language, k=k, vector=vector, without=left_out(question))
        trials.append(Trial(text, language, question.phrasing.pair_id, tuple(hits)))
    return trials


def _questions(base: KnowledgeBase) -> list[_Question]:
    """The questions with one right pair that can be found without them, by phrasing id."""
    pairs: dict[int, list[tuple[Phrasing, str]]] = defaultdict(list)
    owners: dict[str, set[int]] = defaultdict(set)
    for phrasing in _served(base):
        form = normalise_question(phrasing.text)
        pairs[phrasing.pair_id].append((phrasing, form))
        owners[form].add(phrasing.pair_id)
    questions = [
        _Question(phrasing, tuple(other.id for other, its in pair if its == form), tuple(other.id for other, _ in pair))
        for pair in pairs.values()
        for phrasing, form in pair
        if len(owners[form]) == 1
    ]
    findable = [question for question in questions if len(question.whole) > len(question.same)]
    return sorted(findable, key=lambda question: question.phrasing.id)


def _served(base: KnowledgeBase) -> list[Phrasing]:
    """The phrasings that a search may find today."""
    phrasings = base.store.phrasings()
    served = base.store.served_phrasings([phrasing.id for phrasing in phrasings], Wanted(base.today()))
    return [phrasing for phrasing in phrasings if phrasing.id in served]


def _spread(questions: Sequence[_Question], most: int) -> list[_Question]:
    count = min(most, len(questions))
    return [questions[place * len(questions) // count] for place in range(count)]
