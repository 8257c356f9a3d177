"""A torch network out as an ONNX graph, checked against torch, and in 8 bits where that costs nothing."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from chatbot.encoder import TOKENS, Floats, OnnxEncoder
from chatbot.errors import TrainingError
from chatbot.models.folder import EncoderCard, write_card
from chatbot.training.network import Network, TextReader, apply

TOLERANCE = 1e-3
"""Largest difference of one number between the fp32 graph and torch: rounding, not another function."""
LOSS = 0.01
COSINE = 0.985
"""The 8-bit graph is served if it loses at most a point of accuracy on the checked texts (half a point of 500 is two
texts, and chance; the linear reader beside it makes up for most), and its vectors keep a
mean cosine of 0.985 to the exact ones; else the fp32 graph is."""
CREST = 50.0
"""Largest absolute activation in standard deviations: above it, 8 bits a tensor leave nothing for the ordinary values.
Such matrix products stay in fp32 (Dettmers et al. 2022, "LLM.int8()", on outlier features)."""
PROBES = 32


@dataclass(frozen=True, slots=True)
class Parity:
    """How the graph compares with torch on the checked texts.

    max_difference: of any number of the fp32 graph. int8_*: share of texts with the same label, accuracy lost, mean
    cosine. kept_exact: matrix products that stay in fp32 beside the 8-bit ones. precision: of what is served.
    """

    texts: int
    max_difference: float
    int8_agreement: float
    int8_loss: float
    int8_cosine: float
    kept_exact: int
    precision: str

    def as_json(self) -> Mapping[str, object]:
        """For metrics.json."""
        return asdict(self)


def export(
    network: Network,
    reader: TextReader,
    card: EncoderCard,
    folder: Path,
    texts: Sequence[str],
    targets: Sequence[int] = (),
    with_tokens: bool = False,
) -> Parity:
    """Writes encoder.onnx, tokenizer.json and encoder.json into the folder.

    texts: what the graph is checked on; targets: their labels, or none for a sentence encoder (no logits then).
    with_tokens: whether the graph of a classifier tells the vector of each token, too.
    Raises TrainingError if the graph computes something else than torch.
    """
    network = network.cpu().eval()
    reader.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    write_card(folder, card)
    graph, full, small = folder / "encoder.onnx", folder / "fp32.part", folder / "int8.part"
    told = WithTokens(network) if with_tokens else network
    to_onnx(told if targets else VectorsOnly(network), reader, full, with_logits=bool(targets))
    _, vectors, logits = apply(network, reader, texts)
    wanted = (vectors.numpy(), logits.numpy() if targets else np.zeros((len(texts), 0), np.float32))
    full.rename(graph)
    exact = answers(folder, texts)
    difference = max(float(np.abs(have - want).max(initial=0)) for have, want in zip(exact, wanted, strict=True))
    if not difference <= TOLERANCE:
        raise TrainingError(
            f"The exported graph differs from torch by {difference:.2g} (allowed {TOLERANCE}). Not used."
        )
    kept = outliers(folder, texts[:PROBES])
    graph.rename(full)
    to_int8(full, small, kept)
    small.rename(graph)
    rough = answers(folder, texts)
    cosine = float((rough[0] * exact[0]).sum(1).mean())
    agreement = float((rough[1].argmax(1) == exact[1].argmax(1)).mean()) if targets else 1.0
    loss = accuracy(exact[1], targets) - accuracy(rough[1], targets) if targets else 0.0
    keeps = loss <= LOSS and cosine >= COSINE
    if not keeps:
        full.replace(graph)
    full.unlink(missing_ok=True)
    return Parity(len(texts), difference, agreement, loss, cosine, len(kept), "int8" if keeps else "fp32")


def accuracy(logits: Floats, targets: Sequence[int]) -> float:
    """Share of rows whose highest logit is the target's."""
    return float((logits.argmax(1) == np.array(targets)).mean())


class VectorsOnly(torch.nn.Module):
    """The network without its head, for a sentence encoder."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """sentence_embedding alone."""
        vectors: torch.Tensor = self.network(input_ids, attention_mask)[0]
        return vectors


class WithTokens(torch.nn.Module):
    """The network with the last hidden states, from which it computes the rest, as a third output."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """sentence_embedding, logits and token_embeddings, shape (batch, length, dim)."""
        hidden = self.network.hidden(input_ids, attention_mask)
        return *self.network.read(self.network.mean_of(hidden, attention_mask)), hidden


def to_onnx(network: torch.nn.Module, reader: TextReader, path: Path, with_logits: bool) -> None:
    """Any batch size, any length. The exporter's own chatter is kept from the terminal; its errors are not."""
    tokens = reader(["where is my order", "hello"], torch.device("cpu"))
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=512)
    shape = {0: batch, 1: length}
    outputs = ["sentence_embedding", "logits"] if with_logits else ["sentence_embedding"]
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (tokens.input_ids, tokens.attention_mask),
            path,
            input_names=["input_ids", "attention_mask"],
            output_names=[*outputs, TOKENS] if isinstance(network, WithTokens) else outputs,
            dynamic_shapes={"input_ids": shape, "attention_mask": shape},
            external_data=False,
            verbose=False,
        )


def outliers(folder: Path, texts: Sequence[str]) -> list[str]:
    """The matrix products of the folder's graph whose inputs are too uneven for 8 bits, by name."""
    import onnx
    import onnxruntime

    encoder = OnnxEncoder(folder)
    model = onnx.load(folder / "encoder.onnx")
    weights = {value.name for value in model.graph.initializer}
    products = [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in weights]
    inputs = list(dict.fromkeys(node.input[0] for node in products))
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in inputs)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    crests = dict.fromkeys(inputs, 0.0)
    for text in texts:
        feed = encoder.feed(encoder.tokenizer.encode(encoder.card.prefix + text))
        for name, value in zip(inputs, session.run(inputs, feed), strict=True):
            crests[name] += float(np.abs(value).max() / value.std()) / len(texts)
    return [node.name for node in products if crests[node.input[0]] > CREST]


def to_int8(source: Path, target: Path, kept: Sequence[str]) -> None:
    """Dynamic quantisation: weights of the products and the embedding rows in 8 bits, activations at run time."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises a pre-processing step that is for static quantisation
    try:
        quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=list(kept))
    finally:
        root.setLevel(level)


def answers(folder: Path, texts: Sequence[str]) -> tuple[Floats, Floats]:
    """What the serving code makes of the texts with the graph as it lies in the folder."""
    encoded = OnnxEncoder(folder).run(texts)
    return encoded.vectors, encoded.logits
