"""The intent classifier: a model folder behind one method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chatbot.encoder import Floats, OnnxEncoder
from chatbot.errors import ModelError, ProjectError
from chatbot.messages import Intent
from chatbot.models.folder import CLASSIFIER_FILES, check, read_json, read_labels
from chatbot.understanding.masking import Masker


class IntentClassifier:
    """What a model folder says of texts. Safe to call from several threads."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Raises ModelError if the folder is incomplete or damaged."""
        check(folder, CLASSIFIER_FILES)
        self.version = folder.name
        self.labels = read_labels(folder)
        self.encoder = OnnxEncoder(folder, threads)
        if len(self.labels.intents) != self.encoder.labels:
            raise ModelError(
                f"{folder}: labels.json names {len(self.labels.intents)} intents, encoder.onnx tells "
                f"{self.encoder.labels} apart. Train again: chatbot train"
            )
        self.masker = read_masker(folder)

    def probabilities(self, masked: Sequence[str]) -> Floats:
        """Calibrated probabilities of the labels for masked texts; shape (len(masked), len(labels.intents))."""
        return softmax(self.encoder.run(masked).logits / self.labels.temperature)

    def classify(self, masked: str) -> tuple[Intent, ...]:
        """All intents, best first."""
        shares = self.probabilities([masked])[0]
        return tuple(Intent(self.labels.intents[i], float(shares[i])) for i in np.argsort(-shares))


def softmax(logits: Floats) -> Floats:
    """Probabilities a row; shape (n, labels)."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def read_masker(folder: Path) -> Masker:
    """The folder's masking.json. Raises ModelError if it does not hold patterns that can be compiled."""
    path = folder / "masking.json"
    try:
        return Masker(read_json(path)["patterns"])
    except (KeyError, TypeError, AttributeError, ProjectError) as error:
        raise ModelError(f"{path}: holds no patterns ({error!r}). Train again: chatbot train") from error
