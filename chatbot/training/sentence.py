"""The sentence encoder for retrieval: a base model as it is, less the mean of some texts, as an ONNX graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

from chatbot.errors import TrainingError
from chatbot.files import written_beside
from chatbot.models.folder import EncoderCard, write_json
from chatbot.models.registry import fingerprint_of
from chatbot.training.base_models import checkpoint, description
from chatbot.training.export import export
from chatbot.training.network import Network, TextReader, apply, load_encoder

MAX_LENGTH = 128
MEAN_OF = 512
"""Texts whose mean is taken away; with more, its direction no longer changes, and the first start takes longer."""


def make_sentence_encoder(base_model: str, home: Path, texts: Sequence[str], output: Path) -> None:
    """Writes the encoder's folder, whole or not at all; does nothing if it is there already.

    texts: questions of the kind that will be asked; the mean vector of some of them is taken away from every other, and
    100 of them check the graph. Raises BaseModelError for the base model, TrainingError if there are no texts or the
    graph is not torch's function.
    """
    if output.exists():
        return
    if not texts:
        raise TrainingError(
            "The sentence encoder needs some texts of the kind that will be asked. Add pairs or examples."
        )
    base = checkpoint(base_model, home)
    about = description(base)
    reader = TextReader(base, about.prefix, min(MAX_LENGTH, about.max_length))
    encoder = load_encoder(base)
    network = Network(encoder, encoder.config.hidden_size, 1)
    some = texts[:: math.ceil(len(texts) / MEAN_OF)]
    pooled, _, _ = apply(network, reader, some)
    network.start_from(pooled, torch.zeros(len(some), dtype=torch.int64))
    fingerprint = fingerprint_of(list(some))
    card = EncoderCard(
        f"sentences-{about.sha256[:8]}-{fingerprint[:8]}", pooled.shape[1], about.prefix, reader.max_length
    )
    with written_beside(output) as folder:
        parity = export(network, reader, card, folder, texts[:: max(1, len(texts) // 100)])
        provenance = {
            "base_model": asdict(about),
            "mean_of": {"texts": len(some), "fingerprint": fingerprint},
            "parity": parity.as_json(),
            "code": version("frontdesk"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_json(folder / "provenance.json", provenance)
