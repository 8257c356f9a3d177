"""Learns the entities that examples mark and no pattern, list or built-in recogniser finds: the token classifier.

It is a multinomial regression over each word's features and its vector of the fine-tuned encoder, as the graph that
serves tells it: what 8 bits change is learned with. The encoder itself is left as it is.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from chatbot.encoder import OnnxEncoder
from chatbot.messages import Entity
from chatbot.understanding.aligning import aligned
from chatbot.understanding.entities import EntityFinder, Tables
from chatbot.understanding.entities_builtin import BuiltInEntities
from chatbot.understanding.entities_lookup import Lookup
from chatbot.understanding.masking import Masker
from chatbot.understanding.ngrams import Floats
from chatbot.understanding.tagging import Kind, Span, Tagged, Tagger, TagWeights, features_of, spans_of, vectors_of
from chatbot.understanding.text import normalised
from knowledge_base.text import simplified
from training_data.examples import Annotation, Example

FEWEST = 3
"""Marks of a kind below which nothing is learned of it."""
FEW_OTHERS = 200
"""Examples without entities that are read beside those with some: as many as those, or so many if they are fewer."""
MOST_MARKED = 2000
"""Examples with entities that are read: more cost time and teach little."""
FOLDS = 5
BY_FEATURE, BY_VECTOR = 0.1, 100.0
"""Ridge of the features' weights, and of those of the vectors, which are not sparse and say much together."""
FEW_MARKED = 300
"""Texts with entities: of fewer, each is told twice more, by its words alone and by their neighbours alone. With 14 of
a help desk F1 went from 0.50 to 0.70; with the shop's 900, words told alone cost four points of precision."""
OWN = ("w=", "b=", "e=", "s=")
"""The features of a word itself."""
MOST_ROUNDS = 60
THRESHOLDS = tuple(np.round(np.arange(0.5, 0.95, 0.05), 2).tolist())
"""Of an entity's least sure word; the lowest of those with the best F1 is taken."""


@dataclass(frozen=True, slots=True)
class Text:
    """An example as the encoder reads it, masked. marks: its entities, by place in this text. group: as of Example."""

    text: str
    marks: tuple[tuple[Span, Kind], ...]
    group: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What there is to learn. kinds: in order of the alphabet; none where nothing needs learning."""

    kinds: tuple[Kind, ...]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text. features: names of each. vectors: shape (words, dim). labels: shape (words,)."""

    spans: Sequence[Span]
    features: Sequence[Sequence[str]]
    vectors: Floats
    labels: NDArray[np.int64]


def lesson_of(examples: Sequence[Example], masker: Masker, tables: Tables, seed: int) -> Lesson:
    """The entities that must be learned, and the texts to learn them from.

    An example without a mark teaches that there is none, if its file marks others of its intent, or if it holds no
    wording that is marked anywhere.
    """
    names = {mark.name for one in examples for mark in one.entities}
    kinds = kinds_of(examples, EntityFinder(masker, tables, BuiltInEntities(names)))
    if not kinds:
        return Lesson((), ())
    texts = [read(one, masker, kinds) for one in examples]
    marking = {(file_of(one), one.intent) for one, text in zip(examples, texts, strict=True) if text.marks}
    wordings = Lookup({"": [text.text[start:end] for text in texts for (start, end), _ in text.marks]})
    marked = [text for text in texts if text.marks]
    others = [
        text
        for one, text in zip(examples, texts, strict=True)
        if not text.marks and ((file_of(one), one.intent) in marking or not any(wordings.entities(text.text)))
    ]
    chance = random.Random(seed)
    some = chance.sample(marked, min(len(marked), MOST_MARKED))
    some += chance.sample(others, min(len(others), max(FEW_OTHERS, len(some))))
    return Lesson(kinds, tuple({text.text: text for text in some if text.text}.values()))


def kinds_of(examples: Iterable[Example], finder: EntityFinder) -> tuple[Kind, ...]:
    """The kinds with FEWEST marks or more, of the names of which the finder misses FEWEST marks or more.

    A mark with a role or a group is missed: the finder tells none.
    """
    counts: Counter[Kind] = Counter()
    missed: Counter[str] = Counter()
    for example in examples:
        found = finder.find(normalised(example.text)) if example.entities else ()
        for mark in example.entities:
            counts[Kind(mark.name, mark.role, mark.group)] += 1
            missed[mark.name] += bool(mark.role or mark.group or not is_found(mark, within(mark, example.text), found))
    enough = [kind for kind, count in counts.items() if count >= FEWEST and missed[kind.name] >= FEWEST]
    return tuple(sorted(enough, key=lambda kind: (kind.name, kind.role, kind.group)))


def within(mark: Annotation, written: str) -> Span:
    """The place of a mark in the normalised text: what stands before it may have become shorter or longer."""
    start = len(normalised(f"{written[: mark.start]}.")) - 1
    return start, start + len(normalised(written[mark.start : mark.end]))


def is_found(mark: Annotation, span: Span, found: Iterable[Entity]) -> bool:
    """Whether an entity of the mark's name is at its place."""
    return any(entity.name == mark.name and (entity.start, entity.end) == span for entity in found)


def file_of(example: Example) -> str:
    """The file that the example stands in."""
    return example.source.rpartition(":")[0]


def read(example: Example, masker: Masker, kinds: Sequence[Kind]) -> Text:
    """The example as the encoder reads it, with its marks of these kinds."""
    masked = masker.read(normalised(example.text))
    text = simplified(masked.text)
    marks = []
    for mark in example.entities:
        kind, span = Kind(mark.name, mark.role, mark.group), within(mark, example.text)
        for alignment in (masked.alignment, aligned(masked.text, text)):
            span = alignment.turned.before(*span)
        if kind in kinds:
            marks.append((span, kind))
    return Text(text, tuple(marks), example.group or text)


def words_of(text: Text, kinds: Sequence[Kind], encoder: OnnxEncoder | None) -> Words:
    """The words of a text with their labels. encoder: gives their vectors, where there is one."""
    spans = spans_of(text.text)
    labels = np.zeros(len(spans), np.int64)
    for (start, end), kind in text.marks:
        inside = [at for at, span in enumerate(spans) if span[0] < end and span[1] > start]
        labels[inside] = 2 + 2 * kinds.index(kind)
        labels[inside[:1]] -= 1
    vectors = vectors_of(spans, encoder.with_tokens(text.text)[1]) if encoder else np.zeros((len(spans), 0), np.float32)
    return Words(spans, features_of(text.text, spans), vectors, labels)


def learned(lesson: Lesson, encoder: OnnxEncoder | None, seed: int) -> tuple[Tagger, Mapping[str, Any]]:
    """The tagger of a lesson's texts, and its quality on texts that it had not learned, for metrics.json.

    Of an encoder, the intents of these texts are known to it already; their entities are not.
    """
    texts = [words_of(text, lesson.kinds, encoder) for text in lesson.texts]
    folds = folds_of([text.group for text in lesson.texts], seed)
    found: list[list[Tagged]] = [[] for _ in texts]
    for fold in range(FOLDS):
        part = fitted([texts[at] for at in range(len(texts)) if folds[at] != fold], lesson.kinds, 0.0)
        for at in np.flatnonzero(folds == fold):
            found[at] = decoded(part, texts[at])
    wanted = [gold(text) for text in lesson.texts]
    threshold = max(THRESHOLDS, key=lambda limit: (f1(*counted(wanted, sure(found, limit))), -limit))
    return fitted(texts, lesson.kinds, threshold), judged(lesson, wanted, sure(found, threshold), threshold)


def decoded(tagger: Tagger, text: Words) -> list[Tagged]:
    """All that a tagger finds in a text."""
    return tagger.decoded(text.spans, tagger.shares_of(text.features, text.vectors)) if text.spans else []


def folds_of(groups: Sequence[str], seed: int) -> NDArray[np.int64]:
    """A fold for each text; those of one group have the same."""
    order = sorted(set(groups))
    random.Random(seed).shuffle(order)
    fold = {group: at % FOLDS for at, group in enumerate(order)}
    return np.array([fold[group] for group in groups], np.int64)


# --- fitting ----------------------------------------------------------------------------------------------------------


def fitted(texts: Sequence[Words], kinds: Sequence[Kind], threshold: float) -> Tagger:
    """The tagger of some texts: the weights with the least cross-entropy and ridge (L-BFGS)."""
    if sum(bool(text.labels.any()) for text in texts) < FEW_MARKED:
        texts = [*texts, *(half(text, own) for text in texts for own in (True, False))]
    features = vocabulary(texts)
    rows = matrix(texts, features)
    vectors = np.concatenate([text.vectors for text in texts])
    targets = np.concatenate([text.labels for text in texts])
    # A few numbers of an encoder's hidden states are a hundred times the others, and would outweigh them.
    centre, spread = vectors.mean(0), vectors.std(0) + np.float32(1e-6)
    vectors = (vectors - centre) / spread
    labels, known, dim = 1 + 2 * len(kinds), len(features), vectors.shape[1]
    truth = np.eye(labels)[targets]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(known + dim + 1, labels)
        by_feature, by_vector = weights[:known], weights[known:-1]
        logits = rows @ by_feature + vectors @ by_vector.astype(np.float32) + weights[-1]
        logits -= logits.max(1, keepdims=True)
        shares = np.exp(logits)
        totals = shares.sum(1, keepdims=True)
        ridge = BY_FEATURE * (by_feature**2).sum() + BY_VECTOR * (by_vector**2).sum()
        error = float((np.log(totals)[:, 0] - (logits * truth).sum(1)).sum() + ridge / 2)
        slope = shares / totals - truth
        down = [rows.T @ slope + BY_FEATURE * by_feature, vectors.T @ slope.astype(np.float32) + BY_VECTOR * by_vector]
        return error, np.concatenate([*down, slope.sum(0, keepdims=True)]).ravel()

    start = np.zeros((known + dim + 1) * labels)
    with threadpool_limits(1):  # several threads only wait for each other over matrices of three columns
        best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MOST_ROUNDS}).x
    weights = best.reshape(known + dim + 1, labels)
    by_vector = weights[known:-1] / spread[:, None]
    parts = (weights[:known], by_vector, weights[-1] - centre @ by_vector)
    return Tagger(kinds, features, TagWeights(*(part.astype(np.float32) for part in parts)), threshold)


def half(text: Words, own: bool) -> Words:
    """The text with each word told by itself, or by its neighbours: either is learned to be enough."""
    return replace(text, features=[[name for name in names if (name[:2] in OWN) == own] for names in text.features])


def vocabulary(texts: Sequence[Words]) -> list[str]:
    """The features that are learned: words, and whatever is there twice, in order of the alphabet."""
    counts = Counter(name for text in texts for names in text.features for name in names)
    return sorted(name for name, count in counts.items() if count > 1 or name.startswith("w="))


def matrix(texts: Sequence[Words], features: Sequence[str]) -> csr_matrix:
    """The words as rows, shape (words, features)."""
    place = {name: at for at, name in enumerate(features)}
    found = [[place[name] for name in names if name in place] for text in texts for names in text.features]
    bounds = np.cumsum([0, *map(len, found)])
    ids = np.fromiter((at for row in found for at in row), np.int64, int(bounds[-1]))
    return csr_matrix((np.ones(len(ids)), ids, bounds), shape=(len(found), len(features)))


# --- judging ----------------------------------------------------------------------------------------------------------

Found = set[tuple[Span, Kind]]


def gold(text: Text) -> Found:
    """The marks of a text, at the borders of its words."""
    spans, found = spans_of(text.text), set()
    for (start, end), kind in text.marks:
        inside = [span for span in spans if span[0] < end and span[1] > start]
        if inside:
            found.add(((inside[0][0], inside[-1][1]), kind))
    return found


def sure(found: Sequence[Sequence[Tagged]], threshold: float) -> list[Found]:
    """What is found of each text with this threshold."""
    return [{((e.start, e.end), e.kind) for e in each if e.confidence >= threshold} for each in found]


def counted(wanted: Sequence[Found], found: Sequence[Found]) -> tuple[int, int, int]:
    """How many were found and right, found, and to be found."""
    pairs = list(zip(wanted, found, strict=True))
    return sum(len(one & other) for one, other in pairs), sum(map(len, found)), sum(map(len, wanted))


def f1(right: int, found: int, wanted: int) -> float:
    """Harmonic mean of precision and recall, at place and kind exactly; 0 where nothing is right."""
    return 2 * right / max(1, found + wanted)


def judged(lesson: Lesson, wanted: Sequence[Found], found: Sequence[Found], threshold: float) -> dict[str, Any]:
    """The quality for metrics.json: of all, and of each kind."""

    def scores(kinds: Iterable[Kind]) -> dict[str, float]:
        some = frozenset(kinds)
        right, told, there = counted(
            [{each for each in one if each[1] in some} for one in wanted],
            [{each for each in one if each[1] in some} for one in found],
        )
        return {
            "precision": right / max(1, told),
            "recall": right / max(1, there),
            "f1": f1(right, told, there),
            "support": there,
        }

    return {
        "texts": len(lesson.texts),
        "folds": FOLDS,
        "threshold": threshold,
        **scores(lesson.kinds),
        "per_entity": {called(kind): scores((kind,)) for kind in lesson.kinds},
    }


def called(kind: Kind) -> str:
    """A kind in one word: name, role and group."""
    return ".".join(part for part in (kind.name, kind.role, kind.group) if part)
