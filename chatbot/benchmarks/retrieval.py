"""Retrieval: pairs are stored, embedded, calibrated and searched as in serving, in a process and a home of their own.

Weight and thresholds are fitted to the stored questions alone; no query is looked at before it is asked.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.benchmarks.apart import apart
from chatbot.benchmarks.figures import DEPTH, Percentiles, Ranking, at_budget, percentiles, place_of, ranking
from chatbot.benchmarks.homes import fresh_home, settings_for
from chatbot.benchmarks.knowledge_sets import Asks, KnowledgeSet
from chatbot.benchmarks.memory import peak_mb
from chatbot.benchmarks.provenance import SEED
from chatbot.settings import Settings

if TYPE_CHECKING:
    from chatbot.understanding.pairs import PairCalibration
    from knowledge_base.pairs import Hit, Pair
    from knowledge_base.search import KnowledgeBase

WARMING_UP = 20
"""Queries before the clock runs: the first ones open files."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of the queries of one set. pairs_there: before thinning. query_ms: the encoder's time is in it.

    weight: of meaning in the score, as fitted. coverage_at_budget: share of the queries that are answered at the fitted
    threshold; error_at_budget: wrong answers among these, 0 if there are none; certified: whether the stored questions
    were enough to certify the budget. encoder_seconds: making the sentence encoders. index_seconds: storing and
    embedding all pairs on all cores. calibration_seconds: fitting weight and threshold.
    peak_rss_mb: of the process that searched, as in serving; build_peak_rss_mb: of the one that made the encoders, with
    torch, and embedded.
    """

    set: str
    language: str | None
    pairs: int
    pairs_there: int
    phrasings: int
    queries: int
    seed: int
    ranked: Ranking
    query_ms: Percentiles
    weight: float
    coverage_at_budget: float
    error_at_budget: float
    certified: bool
    encoder_seconds: float
    index_seconds: float
    calibration_seconds: float
    build_peak_rss_mb: float | None
    peak_rss_mb: float | None

    def as_json(self) -> dict[str, Any]:
        """The ranking's figures stand at the top, and the query's times as query_p50_ms and so on."""
        whole = asdict(self)
        ranked = {name: round(share, 4) for name, share in whole.pop("ranked").items()}
        times = {f"query_{name}_ms": value for name, value in whole.pop("query_ms").items()}
        return {"set": whole.pop("set"), **ranked, **times, **whole}


@dataclass(frozen=True, slots=True)
class Made:
    """A knowledge base that is ready in its home. ids: those of the file, by the store's."""

    settings: Settings
    ids: Mapping[int, str]
    phrasings: int
    calibration: PairCalibration
    encoder_seconds: float
    index_seconds: float
    calibration_seconds: float
    build_peak_rss_mb: float | None


def measure(sets: Sequence[KnowledgeSet], base_models: Path, tell: Callable[[str], None]) -> list[Result]:
    """A result for each group of queries of each set. One process builds, another searches: as in real life."""
    found = []
    for each in sets:
        tell(f"{each.name}: {len(each.pairs)} pairs, {sum(len(group.asks) for group in each.asked)} queries")
        with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as place:
            home = fresh_home(Path(place), base_models)
            found += apart(searched, each, apart(built, each.pairs, home))
    return found


def built(pairs: Mapping[str, Pair], home: Path) -> Made:
    """Encoders, pairs, index and calibration, in the home. Pairs that share a question are all kept."""
    from chatbot.models.thresholds import BUDGET
    from chatbot.setting_up import calibrate_search, encoders_for
    from chatbot.showing import Bar
    from chatbot.wiring import Knowledge

    texts = [text for pair in pairs.values() for text in (pair.question, *pair.similar)]
    settings = settings_for(home, texts)
    with Bar() as bar:
        began = time.perf_counter()
        encoders_for(settings, texts, bar)
        encoded = time.perf_counter()
        knowledge = Knowledge(settings)
        try:
            stored = knowledge.store.add_many(pairs.values(), on_duplicate="keep")
            knowledge.index.refresh(lambda done, total: bar("knowledge base", done / max(1, total), 0.0))
            knowledge.index.fold()
        finally:
            knowledge.close()
        indexed = time.perf_counter()
        calibration = calibrate_search(settings, (), BUDGET, bar)
    ids = {pair.id: id_ for pair, id_ in zip(stored, pairs, strict=True)}  # they are stored in order
    return Made(
        settings=settings,
        ids=ids,
        phrasings=len(texts),
        calibration=calibration,
        encoder_seconds=round(encoded - began, 1),
        index_seconds=round(indexed - encoded, 1),
        calibration_seconds=round(time.perf_counter() - indexed, 1),
        build_peak_rss_mb=peak_mb(),
    )


def searched(each: KnowledgeSet, made: Made) -> list[Result]:
    """Asks as serving does, with the settings' threads and the fitted weight."""
    from chatbot.wiring import Knowledge

    knowledge = Knowledge(made.settings)
    try:
        knowledge.index.refresh()
        knowledge.base.weight = made.calibration.weight
        return [result(each, group, knowledge.base, made) for group in each.asked]
    finally:
        knowledge.close()


def result(each: KnowledgeSet, group: Asks, base: KnowledgeBase, made: Made) -> Result:
    """The figures of one group of queries."""
    for ask in group.asks[:WARMING_UP]:
        base.search(ask.text, group.language, k=DEPTH)
    places, milliseconds, sure = [], [], []
    for ask in group.asks:
        began = time.perf_counter()
        hits = base.search(ask.text, group.language, k=DEPTH)
        milliseconds.append(1000 * (time.perf_counter() - began))
        places.append(place_of([made.ids[hit.pair.id] for hit in hits], ask.gold))
        sure.append(answered(hits, made.calibration))
    budget = at_budget(sure, places)
    return Result(
        set=group.name,
        language=group.language,
        pairs=len(each.pairs),
        pairs_there=each.pairs_there,
        phrasings=made.phrasings,
        queries=len(group.asks),
        seed=SEED,
        ranked=ranking(places),
        query_ms=percentiles(milliseconds),
        weight=made.calibration.weight,
        coverage_at_budget=budget.coverage,
        error_at_budget=budget.error,
        certified=made.calibration.band.certified,
        encoder_seconds=made.encoder_seconds,
        index_seconds=made.index_seconds,
        calibration_seconds=made.calibration_seconds,
        build_peak_rss_mb=made.build_peak_rss_mb,
        peak_rss_mb=peak_mb(),
    )


def answered(hits: Sequence[Hit], calibration: PairCalibration) -> bool:
    """Whether the first hit would be told to the customer: its confidence, as serving sees it, is at the threshold."""
    from chatbot.understanding.pairs import confident
    from chatbot.understanding.understand import NEAREST

    seen = confident(hits[:NEAREST], calibration.weights, calibration.bias)
    return bool(seen) and seen[0].score >= calibration.band.answer
