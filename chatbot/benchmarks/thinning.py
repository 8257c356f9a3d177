"""Fewer rows of the same kind: the same ones each time, and something of everything."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from chatbot.benchmarks.provenance import SEED

Row = TypeVar("Row")
LEAST = 5
"""Rows that a label keeps before others get their share: an intent of fewer can hardly be learned."""


def thinned(rows: Sequence[Row], labels: Sequence[str], most: int) -> tuple[Row, ...]:
    """At most `most` rows, in their order, each label with its share of them; more only if there are more labels.

    labels: of the rows. Every label keeps a row, then up to LEAST, then each row's turn comes by the share of its
    label's rows that were taken before it. Chance is seeded, and the same for the same labels.
    """
    if len(rows) <= most:
        return tuple(rows)
    places = defaultdict(list)
    for place, label in enumerate(labels):
        places[label].append(place)
    chance = random.Random(SEED)
    turns = []
    for label in sorted(places):
        own = places[label]
        chance.shuffle(own)
        turns += [((nth > 0) + (nth >= LEAST), (nth + 0.5) / len(own), place) for nth, place in enumerate(own)]
    kept = sorted(turns)[: max(most, len(places))]
    return tuple(rows[place] for place in sorted(place for _, _, place in kept))


def few_of_each(rows: Sequence[Row], labels: Sequence[str], most: int) -> tuple[Row, ...]:
    """At most `most` rows of each label, in their order; the same ones each time."""
    places = defaultdict(list)
    for place, label in enumerate(labels):
        places[label].append(place)
    chance = random.Random(SEED)
    kept = {place for label in sorted(places) for place in chance.sample(places[label], min(most, len(places[label])))}
    return tuple(row for place, row in enumerate(rows) if place in kept)
