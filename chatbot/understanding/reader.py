"""What the linear reader and the nearest examples stand on, as it lies in the model folder beside the encoder."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from chatbot.errors import ModelError
from chatbot.models.folder import AGAIN, read_json, write_json
from chatbot.understanding.linear import Linear
from chatbot.understanding.neighbours import Neighbour, Neighbours
from chatbot.understanding.ngrams import Floats, Ngrams, Sparse

SHOWN = 3


class Sentences(Protocol):
    """The sentence encoders, which training leaves as they are."""

    @property
    def name(self) -> str:
        """Name and version of the weights."""
        ...

    def place(self, text: str) -> int:
        """The number of the encoder that reads the text; vectors of two encoders have nothing in common."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32, shape (len(texts), dim), each row L2-normalised."""
        ...


@dataclass(frozen=True, slots=True)
class Examples:
    """Training texts as the reader keeps them. intents, places, ngrams: of each. vectors: shape (n, dim)."""

    texts: Sequence[str]
    intents: Sequence[str]
    places: NDArray[np.int64]
    vectors: Floats
    ngrams: Sequence[Sparse]


class Reader:
    """Linear reader and nearest examples over the same vectors and n-grams. Safe to call from several threads."""

    def __init__(self, sentences: str, ngrams: Ngrams, linear: Linear, examples: Examples) -> None:
        """sentences: the name of the encoders. examples: those with an intent in scope."""
        self.sentences, self.ngrams, self.linear, self.examples = sentences, ngrams, linear, examples
        size = len(ngrams.vocabulary)
        self.neighbours = Neighbours(
            examples.texts, examples.intents, examples.places, examples.vectors, examples.ngrams, size
        )

    def read(self, texts: Sequence[str], places: Sequence[int], vectors: Floats) -> tuple[Floats, Floats]:
        """The linear reader's logits, shape (n, labels), and the nearness of each text, shape (n,)."""
        found = [self.ngrams.sparse(text) for text in texts]
        near = [
            self.neighbours.nearness(place, vector, each)
            for place, vector, each in zip(places, vectors, found, strict=True)
        ]
        return self.linear.logits(places, vectors, found), np.array(near, np.float32)

    def nearest(self, text: str, place: int, vector: Floats) -> list[Neighbour]:
        """The examples that are most like the text."""
        return self.neighbours.nearest(place, vector, self.ngrams.sparse(text), SHOWN)

    def carried(self, text: str, label: int) -> list[tuple[str, float]]:
        """The words and pieces of the text that spoke loudest for the label, with their weight, the loudest first."""
        found = self.ngrams.sparse(text)
        weights = self.linear.carried(found, label)
        loudest = [at for at in np.argsort(-weights)[:SHOWN] if weights[at] > 0]
        return [(self.ngrams.vocabulary[found.ids[at]].removeprefix("~"), float(weights[at])) for at in loudest]

    def save(self, folder: Path) -> None:
        """Writes reader.json and reader.safetensors."""
        examples = self.examples
        write_json(
            folder / "reader.json",
            {
                "sentences": self.sentences,
                "vocabulary": list(self.ngrams.vocabulary),
                "texts": list(examples.texts),
                "intents": list(examples.intents),
            },
        )
        save_file(
            {
                "rarity": self.ngrams.rarity,
                "by_ngram": np.ascontiguousarray(self.linear.by_ngram),
                "by_vector": np.ascontiguousarray(self.linear.by_vector),
                "bias": self.linear.bias,
                "places": np.asarray(examples.places, np.int64),
                "vectors": np.ascontiguousarray(examples.vectors.astype(np.float16)),
                "bounds": np.cumsum([0, *(len(each.ids) for each in examples.ngrams)]).astype(np.int64),
                "ids": np.concatenate([each.ids for each in examples.ngrams]),
                "values": np.concatenate([each.values for each in examples.ngrams]),
            },
            folder / "reader.safetensors",
        )


def read_reader(folder: Path) -> Reader:
    """The reader of a model folder. Raises ModelError if its files are damaged or of another version."""
    about, path = read_json(folder / "reader.json"), folder / "reader.safetensors"
    try:
        have = load_file(path)
        bounds = have["bounds"]
        ngrams = [
            Sparse(have["ids"][start:end], have["values"][start:end]) for start, end in itertools.pairwise(bounds)
        ]
        check_lengths(about, have)
        return Reader(
            about["sentences"],
            Ngrams(about["vocabulary"], have["rarity"]),
            Linear(have["by_ngram"], have["by_vector"], have["bias"]),
            Examples(about["texts"], about["intents"], have["places"], have["vectors"].astype(np.float32), ngrams),
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read, or does not fit reader.json ({error!r}). {AGAIN}") from error


def check_lengths(about: Mapping[str, Any], have: Mapping[str, Any]) -> None:
    """Raises ValueError if the two files are not of one model."""
    known = (len(about["vocabulary"]), len(about["texts"]), len(about["intents"]))
    if known != (len(have["by_ngram"]), len(have["vectors"]), len(have["places"])):
        raise ValueError(f"{known} n-grams, texts, intents in reader.json")
