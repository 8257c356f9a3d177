"""A CHATBOT_HOME for a measurement, so that the installation's own is only read."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from chatbot.settings import AUTO, Settings, load_settings
from training_data.examples import language_of

SHARED = ("models", "encoders")


def fresh_home(folder: Path, base_models: Path) -> Path:
    """A home without models and pairs. base_models: where built-in base models are converted to, once for all homes."""
    folder.mkdir(parents=True, exist_ok=True)
    base_models.mkdir(parents=True, exist_ok=True)
    (folder / "base_models").symlink_to(base_models.resolve(), target_is_directory=True)
    return folder


def settings_for(home: Path, texts: Iterable[str]) -> Settings:
    """Settings by the language of the texts: the product's own where some are Chinese, else one encoder for all.

    The product serves English and Chinese with an encoder each; of data in another language, the trainer chooses.
    """
    if any(language_of(text) == "zh" for text in texts):
        return load_settings(home=home, base_model=AUTO)
    return load_settings(home=home, base_model=AUTO, sentence_encoder_en=AUTO, sentence_encoder_zh=AUTO)


def copied_home(home: Path, to: Path) -> Path:
    """A home that answers as the other does: the same models, a copy of pairs and index, and no conversations."""
    to.mkdir(parents=True)
    for name in SHARED:
        (to / name).symlink_to((home / name).resolve(), target_is_directory=True)
    if (home / "index").is_dir():
        shutil.copytree(home / "index", to / "index", ignore=shutil.ignore_patterns("*.db*"))
    with (  # not a copy of the file: what was written last may still lie in the journal beside it
        contextlib.closing(sqlite3.connect(home / "knowledge.db")) as pairs,
        contextlib.closing(sqlite3.connect(to / "knowledge.db")) as copy,
    ):
        pairs.backup(copy)
    return to
