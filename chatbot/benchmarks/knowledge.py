"""The knowledge base as staff live in it: from saving to being answered, importing, and the list of all pairs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from chatbot.benchmarks import speed
from chatbot.benchmarks.apart import apart
from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.figures import Percentiles, percentiles
from chatbot.benchmarks.homes import copied_home
from chatbot.settings import Settings

if TYPE_CHECKING:
    from knowledge_base.search import KnowledgeBase

SAVES = 40
LOOK_AGAIN = 0.002
"""Seconds between two looks for what was saved."""
PATIENCE = 10.0
"""Seconds after which what was saved counts as lost."""
LISTED = 100_000
PAGE = 50
SEARCHES = ("", "ba", "zidu", "bafi dogu")
"""Of the list: nothing, two letters, a part of a word, two words that are hardly ever side by side."""


@dataclass(frozen=True, slots=True)
class Saving:
    """saved_ms: until the store has acknowledged a pair; answered_ms: from there until another wording finds it by
    meaning, in a process that follows the store as a server does."""

    saves: int
    saved_ms: Percentiles
    answered_ms: Percentiles


@dataclass(frozen=True, slots=True)
class Listing:
    """Of so many pairs. list_ms: a page in every order, both ways, with each of SEARCHES, first and last pages."""

    pairs: int
    import_seconds: float
    pairs_per_second: int
    list_ms: Percentiles
    list_max_ms: float


def measure(settings: Settings, tell: Callable[[str], None]) -> dict[str, Any]:
    """All three as JSON. Raises BenchmarkError if the home has no sentence encoders yet."""
    from chatbot.wiring import is_set_up

    if not is_set_up(settings):
        raise BenchmarkError(f"{settings.home} has no trained assistant yet. Run: chatbot setup")
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as place:
        tell(f"{SAVES} pairs saved and asked for")
        saving = apart(saved, copied_home(settings.home, Path(place) / "home"))
        tell("search by size")
        sizes = speed.measure(True)
        tell(f"a list of {LISTED:,} pairs")
        listing = apart(listed, Path(place) / "list")
    return {
        "saving": asdict(saving),
        "speed": [one.as_json() for one in sizes],
        "listing": asdict(listing),
    }


def saved(home: Path) -> Saving:
    """Saves through a connection of its own, as another process would, and asks until the pair is found."""
    from chatbot.settings import load_settings
    from chatbot.wiring import Knowledge
    from knowledge_base.pairs import Pair
    from knowledge_base.store import PairStore

    knowledge, staff = Knowledge(load_settings(home=home)), PairStore(home / "knowledge.db")
    knowledge.index.refresh()
    knowledge.index.watch()
    saving, answering = [], []
    try:
        for number in range(SAVES):
            began = time.perf_counter()
            pair = staff.add(
                Pair(f"May I bring {number} llamas into the showroom?", "Llamas wait outside.", language="en")
            )
            stored = time.perf_counter()
            found = until_found(knowledge.base, f"are {number} llamas let in at your place", pair.id)
            saving.append(1000 * (stored - began))
            answering.append(1000 * (found - stored))
    finally:
        staff.close()
        knowledge.close()
    return Saving(SAVES, percentiles(saving), percentiles(answering))


def until_found(base: KnowledgeBase, text: str, pair_id: int) -> float:
    """When the pair was first found by its meaning. Raises BenchmarkError after PATIENCE."""
    give_up = time.perf_counter() + PATIENCE
    while time.perf_counter() < give_up:
        if any(hit.pair.id == pair_id and hit.dense > 0 for hit in base.search(text, "en", k=SAVES)):
            return time.perf_counter()
        time.sleep(LOOK_AGAIN)
    raise BenchmarkError(f"A pair that was saved was not found within {PATIENCE:.0f} s.")


def listed(folder: Path) -> Listing:
    """Imports made-up pairs of one phrasing each, and reads the console's list of them."""
    from knowledge_base.listing import Filters, Sort
    from knowledge_base.store import PairStore

    pairs = [replace(pair, similar=()) for pair in speed.made_up_pairs(LISTED)]
    store = PairStore(folder / "knowledge.db")
    try:
        began = time.perf_counter()
        store.import_pairs("made up", pairs, on_duplicate="keep")
        taken = time.perf_counter() - began
        times = []
        for order, down, search in product(get_args(Sort), (False, True), SEARCHES):
            for offset in (0, LISTED - PAGE):
                asked = time.perf_counter()
                store.page(Filters(search), order, down, PAGE, offset)
                times.append(1000 * (time.perf_counter() - asked))
    finally:
        store.close()
    return Listing(LISTED, round(taken, 1), round(LISTED / taken), percentiles(times), round(max(times), 1))
