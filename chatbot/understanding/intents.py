"""The intent classifier: a model folder behind one method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chatbot.encoder import OnnxEncoder
from chatbot.errors import ModelError, ProjectError
from chatbot.messages import Intent
from chatbot.models.folder import CLASSIFIER_FILES, check_model, read_json, read_labels
from chatbot.understanding.aligning import aligned
from chatbot.understanding.confidence import Reading, confidences
from chatbot.understanding.masking import Masker
from chatbot.understanding.neighbours import Neighbour
from chatbot.understanding.ngrams import Floats
from chatbot.understanding.reader import Sentences, read_reader
from chatbot.understanding.tagging import Tagged, read_entities
from chatbot.understanding.text import says_nothing
from knowledge_base.text import simplified
from training_data.examples import OUT_OF_SCOPE

LIKELIEST = 3


@dataclass(frozen=True, slots=True)
class Why:
    """The text that was read; its likeliest intents; the nearest examples, and the words and pieces that spoke for the
    first."""

    text: str
    intents: tuple[Intent, ...]
    nearest: tuple[Neighbour, ...]
    carried: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Understood:
    """What one pass says of a masked text: all intents, best first; and the learned entities, by place."""

    intents: tuple[Intent, ...]
    entities: tuple[Tagged, ...] = ()


class IntentClassifier:
    """What a model folder says of texts. Safe to call from several threads.

    The folder holds a fine-tuned encoder only where there were examples enough to tune one.
    """

    def __init__(self, folder: Path, sentences: Sentences, threads: int = 1) -> None:
        """Raises ModelError if the folder is incomplete or damaged, or was trained with other sentence encoders."""
        check_model(folder, CLASSIFIER_FILES)
        self.version, self.sentences = folder.name, sentences
        self.labels = read_labels(folder)
        self.inside = inside(self.labels.intents)
        self.reader = read_reader(folder)
        if self.reader.sentences != sentences.name:
            raise ModelError(
                f"{folder}: was trained with the sentence encoders {self.reader.sentences}; the settings name "
                f"{sentences.name}. Train again: chatbot train"
            )
        self.encoder = OnnxEncoder(folder, threads) if self.labels.tuned else None
        known, told = len(self.labels.intents), len(self.reader.linear.bias)
        if told != known or (self.encoder is not None and self.encoder.labels != known):
            raise ModelError(
                f"{folder}: labels.json names {known} intents, the graph tells "
                f"{self.encoder.labels if self.encoder else told} apart. Train again: chatbot train"
            )
        self.masker = read_masker(folder)
        self.tables, self.tagger = read_entities(folder)
        if self.tagger and self.tagger.dim not in (0, self.encoder.dim if self.encoder and self.gives_tokens else 0):
            raise ModelError(f"{folder}: the graph does not tell what entities.json needs. Train again: chatbot train")
        self.known = frozenset(text.casefold() for text in self.reader.examples.texts)

    @property
    def gives_tokens(self) -> bool:
        """Whether the encoder's pass tells the vectors of tokens."""
        return self.encoder is not None and self.encoder.gives_tokens

    def read(
        self, masked: Sequence[str], vectors: Callable[[], Floats] | None = None, tuned: Floats | None = None
    ) -> Reading:
        """The raw scores of masked texts. vectors: gives their sentence vectors, where they are computed already.

        tuned: the encoder's logits, where they are computed already.
        """
        texts = [simplified(text) for text in masked]
        if self.encoder and tuned is None:
            tuned = self.encoder.run(texts).logits
        found = vectors() if vectors else self.sentences.encode(texts)
        linear, nearness = self.reader.read(texts, [self.sentences.place(text) for text in texts], found)
        return Reading(tuned, linear, nearness)

    def confidences(
        self, masked: Sequence[str], vectors: Callable[[], Floats] | None = None, tuned: Floats | None = None
    ) -> Floats:
        """Confidence in each label for masked texts; shape (n, len(labels.intents)), rows sum to at most 1.

        A text that says nothing is understood only if it is one of the examples, as "y" may be, or one that is said
        again and again, as 对 in 对对对: else its row is 0.
        """
        certain = confidences(self.read(masked, vectors, tuned), self.labels.calibration, self.inside)
        certain[[says_nothing(text) and not self.is_known(text.casefold()) for text in masked]] = 0.0
        return certain

    def is_known(self, text: str) -> bool:
        """Whether a text, or the one or two letters that it begins with, is an example."""
        said = "".join(char for char in text if char.isalnum())
        return not self.known.isdisjoint({text, said[:1], said[:2]})

    def classify(
        self, masked: str, vectors: Callable[[], Floats] | None = None, tuned: Floats | None = None
    ) -> tuple[Intent, ...]:
        """All intents, best first. vectors: gives the sentence vector, shape (1, dim); asked for late."""
        shares = self.confidences([masked], vectors, tuned)[0]
        return tuple(Intent(self.labels.intents[i], float(shares[i])) for i in np.argsort(-shares, kind="stable"))

    def understood(self, masked: str, vectors: Callable[[], Floats] | None = None) -> Understood:
        """Intents and learned entities of a masked text, its places in it; the encoder reads it once for both."""
        if self.tagger is None:
            return Understood(self.classify(masked, vectors))
        text = simplified(masked)
        tuned, tokens = self.encoder.with_tokens(text) if self.encoder and self.gives_tokens else (None, None)
        back = aligned(masked, text)
        found = tuple(each.before(back) for each in self.tagger.tag(text, tokens))
        return Understood(self.classify(masked, vectors, tuned), found)

    def why(self, masked: str) -> Why:
        """What stands behind the likeliest intents of a masked text."""
        text, intents = simplified(masked), self.classify(masked)[:LIKELIEST]
        nearest = self.reader.nearest(text, self.sentences.place(text), self.sentences.encode([text])[0])
        carried = self.reader.carried(text, self.labels.intents.index(intents[0].name))
        return Why(text, intents, tuple(nearest), tuple(carried))


def inside(intents: Sequence[str]) -> tuple[int, ...]:
    """The places of the intents that are in scope."""
    return tuple(place for place, name in enumerate(intents) if name not in OUT_OF_SCOPE)


def read_masker(folder: Path) -> Masker:
    """The folder's masking.json. Raises ModelError if it does not hold patterns that can be compiled."""
    path = folder / "masking.json"
    try:
        return Masker(read_json(path)["patterns"])
    except (KeyError, TypeError, AttributeError, ProjectError) as error:
        raise ModelError(f"{path}: holds no patterns ({error!r}). Train again: chatbot train") from error
