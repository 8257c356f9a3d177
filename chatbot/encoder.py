"""Text in, vectors out: onnxruntime and tokenizers. The only inference code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from chatbot.errors import ModelError
from chatbot.models.folder import ENCODER_FILES, check, read_card
from training_data.examples import language_of

Floats = NDArray[np.float32]
BATCH = 32
"""Texts a batch: beyond this a batch of short questions gains nothing on a CPU."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the graph says of n texts. vectors: shape (n, dim), L2-normalised. logits: shape (n, labels) or (n, 0)."""

    vectors: Floats
    logits: Floats


class OnnxEncoder:
    """One graph with its tokenizer. Safe to call from several threads."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """threads: that one call may use. Raises ModelError if the folder is incomplete or damaged."""
        check(folder, ENCODER_FILES)
        self.card = read_card(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads cost tens of milliseconds as soon as anything else runs on the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self.session = onnxruntime.InferenceSession(
                str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise ModelError(f"{folder}: cannot be loaded ({error}). Train again: chatbot train") from error
        self.tokenizer.encode_special_tokens = True  # a literal "</s>" that a customer writes is text, no control token
        self.tokenizer.enable_truncation(self.card.max_length)
        self.tokenizer.no_padding()
        self.outputs = [output.name for output in self.session.get_outputs()]
        widths = {output.name: output.shape[-1] for output in self.session.get_outputs()}
        if widths.get("sentence_embedding") != self.card.dim:
            raise ModelError(
                f"{folder}: encoder.onnx gives {widths}; a sentence_embedding of {self.card.dim} numbers "
                "is needed, says encoder.json. Train again: chatbot train"
            )
        self.labels = int(widths.get("logits", 0))
        """How many logits the graph gives; 0 for a sentence encoder."""

    @property
    def name(self) -> str:
        """Name and version of the weights."""
        return self.card.name

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return self.card.dim

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32, shape (len(texts), dim), each row L2-normalised, in the order of the texts."""
        return self.run(texts).vectors

    def run(self, texts: Sequence[str]) -> Encoded:
        """Vectors and logits of the texts, computed in batches of similar length."""
        tokens = self.tokenizer.encode_batch([self.card.prefix + text for text in texts])
        vectors = np.zeros((len(texts), self.dim), np.float32)
        logits = np.zeros((len(texts), self.labels), np.float32)
        for batch in by_length(tokens):
            answer = dict(zip(self.outputs, self.session.run(None, self.feed([tokens[i] for i in batch])), strict=True))
            vectors[batch] = answer["sentence_embedding"]
            if self.labels:
                logits[batch] = answer["logits"]
        return Encoded(vectors, logits)

    def feed(self, tokens: Sequence[Encoding]) -> dict[str, NDArray[np.int64]]:
        """Token ids and attention mask, int64, shape (batch, longest), padded with 0 (the mask hides it)."""
        longest = max(len(one.ids) for one in tokens)
        ids = np.zeros((len(tokens), longest), np.int64)
        mask = np.zeros((len(tokens), longest), np.int64)
        for row, one in enumerate(tokens):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
        return {"input_ids": ids, "attention_mask": mask}


class ByLanguage:
    """An encoder for each language behind the interface of one: a text goes to that of its language.

    Two encoders' vectors share no meaning, and unit vectors of two spaces are nearly orthogonal: a question in one
    language is far from every phrasing in the other. Shorter vectors are padded with zeros.
    """

    def __init__(self, encoders: Mapping[str, OnnxEncoder]) -> None:
        """encoders: 'en' and 'zh' to an encoder each; the same one twice is asked once."""
        self.encoders = encoders
        self.different = list(dict.fromkeys(encoders.values()))

    @property
    def name(self) -> str:
        """The names of all weights."""
        return "+".join(encoder.name for encoder in self.different)

    @property
    def dim(self) -> int:
        """Length of the longest vector."""
        return max(encoder.dim for encoder in self.different)

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32, shape (len(texts), dim), each row L2-normalised, in the order of the texts."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for encoder in self.different:
            mine = [place for place, text in enumerate(texts) if self.encoders[language_of(text)] is encoder]
            if mine:
                vectors[mine, : encoder.dim] = encoder.encode([texts[place] for place in mine])
        return vectors


def by_length(tokens: Sequence[Encoding]) -> Iterator[list[int]]:
    """Indices in batches, longest first, so that a batch pads little."""
    order = sorted(range(len(tokens)), key=lambda index: -len(tokens[index].ids))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]
