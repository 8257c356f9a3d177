"""Text in, vectors out: onnxruntime and tokenizers. The only inference code."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from chatbot.errors import ModelError
from chatbot.models.folder import ENCODER_FILES, check, read_card
from chatbot.places import Places
from training_data.examples import language_of

Floats = NDArray[np.float32]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
TOKENS = "token_embeddings"
"""The graph's output with a vector for each token, where it has one."""
PLACES = Places(CORES)
"""So many graphs of this process compute at once: more would only take each other's time."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the graph says of n texts. vectors: shape (n, dim), L2-normalised. logits: shape (n, labels) or (n, 0)."""

    vectors: Floats
    logits: Floats


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """What the graph says of the tokens of one text.

    offsets: places in the text, shape (n, 2); of a special token 0, 0. vectors: the last hidden states, shape (n, dim).
    """

    offsets: NDArray[np.int64]
    vectors: Floats


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
        self.many = ThreadPoolExecutor(CORES, thread_name_prefix="encoder")
        self.labels = int(widths.get("logits", 0))
        """How many logits the graph gives; 0 for a sentence encoder."""
        self.gives_tokens = TOKENS in widths
        """Whether the graph tells the vector of each token, too: of a model with learned entities it does."""

    @property
    def name(self) -> str:
        """Name and version of the weights."""
        return self.card.name

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return self.card.dim

    def has_word(self, word: str) -> bool:
        """Whether the vocabulary has the word whole: the language does, then."""
        return len(self.tokenizer.encode(word, add_special_tokens=False).ids) == 1

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32, shape (len(texts), dim), each row L2-normalised, in the order of the texts."""
        return self.run(texts).vectors

    def run(self, texts: Sequence[str]) -> Encoded:
        """Vectors and logits of the texts. Each is computed alone, several at once where there are several places.

        A graph in 8 bits scales its numbers by the largest in the whole batch, padding included (onnxruntime issue
        10111): in a batch, what a customer is told would depend on who else writes, by 0.03 of a cosine.
        """
        tokens = self.tokenizer.encode_batch([self.card.prefix + text for text in texts])
        rows = list(self.many.map(self.one, tokens)) if len(tokens) > 1 else [self.one(each) for each in tokens]
        vectors = np.array([row[0] for row in rows], np.float32).reshape(len(rows), self.dim)
        logits = np.array([row[1] for row in rows], np.float32).reshape(len(rows), self.labels)
        return Encoded(vectors, logits)

    def one(self, tokens: Encoding) -> tuple[Floats, Floats]:
        """Vector and logits of one text; shapes (dim,) and (labels,)."""
        answer = self.answer(tokens)
        return answer["sentence_embedding"][0], answer["logits"][0] if self.labels else np.zeros(0, np.float32)

    def with_tokens(self, text: str) -> tuple[Floats, TokenVectors]:
        """Logits of one text, shape (1, labels), and the vectors of its tokens, from the same pass."""
        tokens = self.tokenizer.encode(self.card.prefix + text)
        answer = self.answer(tokens)
        offsets = np.array(tokens.offsets, np.int64).reshape(-1, 2) - len(self.card.prefix)
        return answer["logits"], TokenVectors(np.maximum(offsets, 0), answer[TOKENS][0])

    def answer(self, tokens: Encoding) -> dict[str, Floats]:
        """The graph's outputs for one text, by name."""
        with PLACES.one():
            return dict(zip(self.outputs, self.session.run(None, self.feed(tokens)), strict=True))

    def feed(self, tokens: Encoding) -> dict[str, NDArray[np.int64]]:
        """Token ids and attention mask, int64, shape (1, length)."""
        ids = np.array([tokens.ids], np.int64)
        return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


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

    def place(self, text: str) -> int:
        """The number of the encoder that reads the text."""
        return self.different.index(self.encoders[language_of(text)])

    def has_word(self, word: str) -> bool:
        """Whether the vocabulary of the encoder that reads the word has it whole."""
        return self.encoders[language_of(word)].has_word(word)

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32, shape (len(texts), dim), each row L2-normalised, in the order of the texts."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for encoder in self.different:
            mine = [place for place, text in enumerate(texts) if self.encoders[language_of(text)] is encoder]
            if mine:
                vectors[mine, : encoder.dim] = encoder.encode([texts[place] for place in mine])
        return vectors
