"""Which examples are learned from and which are held out: by conversation, and never by row."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from chatbot.errors import TrainingError
from training_data.examples import OUT_OF_SCOPE, Example

FEW_A_LABEL = 8
"""Examples of a middling intent: with fewer, tuning the encoder gains nothing over the linear reader (five an intent:
0.811 with it, 0.806 without; ten: 0.876 and 0.867) and takes a hundred times as long."""
FOLDED = 1500
"""Examples in all: fewer are all learned from, and calibrated in three folds; of more, some are set aside."""
FOLDS = 3
SET_ASIDE, MOST_ASIDE = 400, 2000
"""Examples that are set aside at least, if that is no more than a fifth of all, and at most: a budget of 3 % takes
about 300 answered ones to certify."""
LEFT_OUT = 6
"""Every sixth intent is not learned in a fold: its messages show what the readers make of something unknown."""


@dataclass(frozen=True, slots=True)
class Round:
    """Places of the examples that are learned from, and of those held out. unknown: intents not learned."""

    learned: tuple[int, ...]
    held: tuple[int, ...]
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a set of examples is learned. tuned: whether the encoder is fine-tuned.

    rounds: one, whose model is served; or several for calibration, after which a model of all examples is served.
    """

    tuned: bool
    rounds: tuple[Round, ...]

    @property
    def held(self) -> tuple[int, ...]:
        """Places of all examples held out, round by round."""
        return tuple(place for each in self.rounds for place in each.held)

    @property
    def folded(self) -> bool:
        """Whether the served model learns from all examples."""
        return len(self.rounds) > 1


def planned(rows: Sequence[Example], validation: float, seed: int) -> Plan:
    """The plan by the size of the data. validation: share that is set aside of much data.

    Raises TrainingError if nothing can be set aside, or no example has an intent in scope.
    """
    counts = Counter(row.intent for row in rows if row.intent not in OUT_OF_SCOPE)
    if not counts:
        raise TrainingError("All examples are out of scope. Add examples of what the assistant is to answer.")
    tuned = median(counts.values()) >= FEW_A_LABEL
    if len(rows) < FOLDED:
        return Plan(tuned, folds(rows, seed))
    share = min(max(validation, min(0.2, SET_ASIDE / len(rows))), MOST_ASIDE / len(rows))
    return Plan(tuned, (split(rows, share, seed),))


def usable(examples: Sequence[Example], masked: Callable[[str], str]) -> list[Example]:
    """The examples with masked texts, each text once; a text under two intents goes by the first.

    Raises TrainingError if fewer than two intents or fewer than two examples of an intent are left.
    """
    rows: dict[str, Example] = {}
    for example in examples:
        text = masked(example.text)
        if text:
            rows.setdefault(
                text.casefold(), Example(text, example.intent, example.language, example.source, example.group)
            )
    counts = Counter(row.intent for row in rows.values())
    if len(counts) < 2:
        raise TrainingError(
            f"{len(rows)} examples of {len(counts)} intent(s) were read; at least two intents are needed."
        )
    short = [intent for intent, count in counts.items() if count < 2]
    if short:
        raise TrainingError(
            f"Intent {', '.join(short)} has one example only; at least two are needed, fifteen are good."
        )
    return list(rows.values())


def groups_of(rows: Sequence[Example], seed: int) -> list[list[int]]:
    """Places of the examples, those of one conversation together, in an order of chance."""
    groups: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(row.group or f"row {place}", []).append(place)
    order = sorted(groups)
    random.Random(seed).shuffle(order)
    return [groups[name] for name in order]


def split(rows: Sequence[Example], share: float, seed: int) -> Round:
    """One round, with about the same share of each intent held out.

    An intent keeps at least one example to learn from. Raises TrainingError if nothing is left to hold out.
    """
    left = Counter(row.intent for row in rows)
    wanted = {intent: max(1, round(count * share)) for intent, count in left.items()}
    learned: list[int] = []
    held: list[int] = []
    for group in groups_of(rows, seed):
        have = Counter(rows[place].intent for place in group)
        if all(wanted[intent] >= count and left[intent] - count >= 1 for intent, count in have.items()):
            held += group
            for intent, count in have.items():
                wanted[intent] -= count
                left[intent] -= count
        else:
            learned += group
    if not held:
        raise TrainingError(
            f"None of the {len(groups_of(rows, seed))} conversations can be set aside to validate on: each is too "
            "large a part of an intent's examples. Add conversations, or single examples."
        )
    return Round(tuple(learned), tuple(held))


def folds(rows: Sequence[Example], seed: int) -> tuple[Round, ...]:
    """FOLDS rounds: each example is held out once, with about the same share of each intent in every round.

    In each, some intents are not learned at all: another sixth of them in every round. An intent whose examples are
    all held out is not learned either. One round, if that would leave a round with fewer than two intents.
    """
    counts: list[Counter[str]] = [Counter() for _ in range(FOLDS)]
    fold_of: dict[int, int] = {}
    for group in sorted(groups_of(rows, seed), key=len, reverse=True):
        have = Counter(rows[place].intent for place in group)
        best = min(range(FOLDS), key=lambda fold: (sum(counts[fold][i] for i in have), sum(counts[fold].values())))
        counts[best].update(have)
        fold_of.update(dict.fromkeys(group, best))
    intents = sorted({row.intent for row in rows} - OUT_OF_SCOPE)
    random.Random(seed).shuffle(intents)
    rounds = []
    for fold in range(FOLDS):
        unknown = set(intents[fold::LEFT_OUT]) if len(intents) >= LEFT_OUT else set()
        learned = tuple(p for p, row in enumerate(rows) if fold_of[p] != fold and row.intent not in unknown)
        unknown |= {row.intent for row in rows} - {rows[place].intent for place in learned}
        held = tuple(place for place in range(len(rows)) if fold_of[place] == fold)
        rounds.append(Round(learned, held, frozenset(unknown)))
    if any(len({rows[place].intent for place in each.learned} - OUT_OF_SCOPE) < 2 for each in rounds):
        return (split(rows, 1 / FOLDS, seed),)
    return tuple(rounds)
