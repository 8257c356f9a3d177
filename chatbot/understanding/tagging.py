"""Learned entities: each word of a message gets a label, from its neighbours and from the intent encoder's own pass.

Labels are in BIO (Ramshaw and Marcus 1995): a word begins an entity, goes on with one, or is outside. A word's vector
is the mean of the encoder's last hidden states over its tokens, so that "armchair" is found where "sofa" was learned;
a model of few examples has no encoder of its own, and its tagger sees words and pieces of words alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from chatbot.encoder import TokenVectors
from chatbot.errors import ModelError
from chatbot.models.folder import AGAIN, read_json, write_json
from chatbot.understanding.aligning import Alignment
from chatbot.understanding.confidence import softmax
from chatbot.understanding.entities import Tables
from chatbot.understanding.ngrams import Floats

FILE, WEIGHTS = "entities.json", "entities.safetensors"
WORD = re.compile(r"\[\w+\]|[\u3400-\u9fff\uf900-\ufaff]|[^\W\d_\u3400-\u9fff\uf900-\ufaff]+|\d+|[^\w\s]|_")
"""A mask, a Chinese character, a word, a number, or a sign."""
MOST_WORDS = 200
"""Of a message; the encoder reads about as many."""
IMPOSSIBLE = -1e9
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a word may be labelled as: an entity, as one of several by its role and group."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    role: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A learned entity in the text that the encoder read. confidence: of its least sure word."""

    kind: Kind
    start: int
    end: int
    confidence: float

    def before(self, alignment: Alignment) -> Tagged:
        """The same in the text as it was."""
        start, end = alignment.before(self.start, self.end)
        return replace(self, start=start, end=end)


@dataclass(frozen=True, slots=True)
class TagWeights:
    """Columns are the labels: outside, then for each kind its beginning and its going on.

    by_feature: shape (features, labels). by_vector: shape (dim, labels); dim is 0 without an encoder. bias: (labels,).
    """

    by_feature: Floats
    by_vector: Floats
    bias: Floats


class Tagger:
    """The token classifier. Safe to call from several threads."""

    def __init__(self, kinds: Sequence[Kind], features: Sequence[str], weights: TagWeights, threshold: float) -> None:
        """threshold: an entity with a less sure word is none."""
        self.kinds, self.features, self.weights, self.threshold = tuple(kinds), tuple(features), weights, threshold
        self.place = {name: place for place, name in enumerate(self.features)}
        self.allowed = transitions(len(self.kinds))

    @property
    def dim(self) -> int:
        """Length of the vectors that it needs of the encoder's tokens; 0 for none."""
        return len(self.weights.by_vector)

    def tag(self, text: str, tokens: TokenVectors | None) -> tuple[Tagged, ...]:
        """The entities of a text, sure enough, by place. tokens: what the encoder made of the same text."""
        spans = spans_of(text)
        if not spans:
            return ()
        found = self.decoded(spans, self.shares(text, spans, tokens))
        return tuple(each for each in found if each.confidence >= self.threshold)

    def shares(self, text: str, spans: Sequence[Span], tokens: TokenVectors | None) -> Floats:
        """Probability of each label for each word; shape (words, labels)."""
        vectors = np.zeros((len(spans), self.dim), np.float32)
        if self.dim and tokens is not None:
            vectors = vectors_of(spans, tokens)
        return self.shares_of(features_of(text, spans), vectors)

    def shares_of(self, features: Sequence[Sequence[str]], vectors: Floats) -> Floats:
        """The same of features of each word, and vectors, shape (words, dim)."""
        logits = vectors @ self.weights.by_vector + self.weights.bias
        for row, names in enumerate(features):
            places = [place for name in names if (place := self.place.get(name)) is not None]
            logits[row] += self.weights.by_feature[places].sum(0)
        return softmax(logits)

    def decoded(self, spans: Sequence[Span], shares: Floats) -> list[Tagged]:
        """The likeliest labels in which nothing goes on that has not begun (Viterbi 1967), as entities."""
        labels, found = best_path(np.log(shares + 1e-12), self.allowed), list[Tagged]()
        sure = shares[np.arange(len(labels)), labels]
        for place, label in enumerate(labels):
            if label == 0:
                continue
            if label % 2:  # begins
                found.append(Tagged(self.kinds[label // 2], *spans[place], float(sure[place])))
            else:
                last = found.pop()
                found.append(Tagged(last.kind, last.start, spans[place][1], min(last.confidence, float(sure[place]))))
        return found


def spans_of(text: str) -> list[Span]:
    """The words of a text, by place."""
    return [match.span() for match in WORD.finditer(text)][:MOST_WORDS]


def features_of(text: str, spans: Sequence[Span]) -> list[list[str]]:
    """Of each word: itself, its beginning and end, its form, and its neighbours."""
    words = ["<", "<", *(shown(text[start:end]) for start, end in spans), ">", ">"]
    found = []
    for at, (start, end) in enumerate(spans, start=2):
        one, two, word, four, five = words[at - 2 : at + 3]
        found.append(
            [
                f"w={word}",
                f"b={word[:3]}",
                f"e={word[-3:]}",
                f"s={form(text[start:end])}",
                f"-1={two}",
                f"+1={four}",
                f"-2={one}",
                f"+2={five}",
                f"-1w={two} {word}",
                f"w+1={word} {four}",
                f"-2-1={one} {two}",
                f"-1+1={two} {four}",
            ]
        )
    return found


def shown(word: str) -> str:
    """A word as its features name it: in small letters, any number of so many digits the same."""
    return "0" * len(word) if word.isdigit() else word.casefold()


def form(word: str) -> str:
    """Whether the word is a number, a sign, Chinese, in capitals, begins with one, or none of these."""
    if word.isdigit():
        return "digits"
    if not word[0].isalpha():
        return "sign"
    return "capitals" if word.isupper() else "capital" if word[0].isupper() else "small"


def vectors_of(spans: Sequence[Span], tokens: TokenVectors) -> Floats:
    """The mean of the vectors of each word's tokens, 0 where it has none; shape (words, dim)."""
    starts, ends = np.array(spans, np.int64).reshape(-1, 2).T
    within = (tokens.offsets[None, :, 0] < ends[:, None]) & (tokens.offsets[None, :, 1] > starts[:, None])
    share = within / np.maximum(within.sum(1, keepdims=True), 1)
    vectors: Floats = (share @ tokens.vectors).astype(np.float32)
    return vectors


def transitions(kinds: int) -> Floats:
    """0 where a label may follow another, IMPOSSIBLE where not; shape (labels + 1, labels), the last row the start."""
    labels = 1 + 2 * kinds
    allowed = np.zeros((labels + 1, labels), np.float32)
    for inside in range(2, labels, 2):
        allowed[:, inside] = IMPOSSIBLE
        allowed[[inside - 1, inside], inside] = 0
    return allowed


def best_path(scores: Floats, allowed: Floats) -> list[int]:
    """The labels with the highest sum of scores; scores: log-probabilities, shape (words, labels), at least one row."""
    best, came = scores[0] + allowed[-1], list[NDArray[np.int64]]()
    for row in scores[1:]:
        ways = best[:, None] + allowed[:-1]
        came.append(ways.argmax(0))
        best = ways.max(0) + row
    path = [int(best.argmax())]
    for before in reversed(came):
        path.append(int(before[path[-1]]))
    return path[::-1]


# --- the folder -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaggerCard:
    """What entities.json says of the tagger."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    kinds: tuple[Kind, ...]
    features: tuple[str, ...]
    threshold: Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class EntitiesCard:
    """entities.json: the tables, and the tagger where one was learned."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    lookups: dict[str, tuple[str, ...]]
    synonyms: dict[str, str]
    tagger: TaggerCard | None = None


def write_entities(folder: Path, tables: Tables, tagger: Tagger | None) -> None:
    """Writes entities.json, and entities.safetensors beside it if there is a tagger; nothing where there is nothing."""
    if not (tables.lookups or tables.synonyms or tagger):
        return
    about = TaggerCard(tagger.kinds, tagger.features, tagger.threshold) if tagger else None
    lookups = {name: tuple(values) for name, values in tables.lookups.items()}
    write_json(folder / FILE, asdict(EntitiesCard(lookups, dict(tables.synonyms), about)))
    if tagger:
        weights = {name: np.ascontiguousarray(value) for name, value in asdict(tagger.weights).items()}
        save_file(weights, folder / WEIGHTS)


def read_entities(folder: Path) -> tuple[Tables, Tagger | None]:
    """Tables and tagger of a model folder; nothing for one that has none. Raises ModelError if a file is damaged."""
    path = folder / FILE
    if not path.exists():
        return Tables(), None
    try:
        card = TypeAdapter(EntitiesCard).validate_python(read_json(path))
        return Tables(card.lookups, card.synonyms), tagger_of(card.tagger, folder / WEIGHTS)
    except (OSError, SafetensorError, ValidationError, KeyError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read, or does not fit {WEIGHTS} ({error!r}). {AGAIN}") from error


def tagger_of(card: TaggerCard | None, path: Path) -> Tagger | None:
    """The tagger with its weights. Raises ValueError if they are of another."""
    if card is None:
        return None
    have = load_file(path)
    weights = TagWeights(have["by_feature"], have["by_vector"], have["bias"])
    labels = 1 + 2 * len(card.kinds)
    if weights.by_feature.shape != (len(card.features), labels) or weights.bias.shape != (labels,):
        raise ValueError(f"{len(card.features)} features and {labels} labels in {FILE}")
    return Tagger(card.kinds, card.features, weights, card.threshold)
