"""Examples and a base model, small enough to train on in a test."""

from __future__ import annotations

import string
from pathlib import Path

from training_data.examples import Example

TEXTS = {
    "opening_hours": (
        "when do you open",
        "what are your opening hours",
        "are you open on sunday",
        "what time do you close",
        "opening times at christmas",
        "is the store open now",
        "until when are you open today",
        "store hours",
        "do you open on holidays",
        "when is the shop closed",
    ),
    "out_of_scope": (
        "tell me a joke",
        "who won the football match",
        "what is the capital of france",
        "how do i cook rice",
        "will it rain tomorrow",
        "write me a poem",
        "what is two plus two",
        "play some music",
        "who is the president",
        "translate hello into spanish",
    ),
    "refund": (
        "i want my money back",
        "how do i get a refund",
        "refund me please",
        "when will i be refunded",
        "give me back my money",
        "the refund has not arrived",
        "return my payment",
        "reimburse me",
        "can i have a refund for the lamp",
        "money back for the broken chair",
    ),
    "track_order": (
        "where is my parcel",
        "track my order",
        "has my package been shipped",
        "when will my delivery arrive",
        "my parcel is late",
        "order status please",
        "is my order MM-10023 on its way",
        "what happened to my shipment",
        "find my package",
        "delivery tracking link",
    ),
}
EXAMPLES = tuple(
    Example(text, intent, "en", f"samples.py:{number}")
    for intent, texts in TEXTS.items()
    for number, text in enumerate(texts)
)
WORDS = ("where", "is", "my", "order", "money", "back", "refund", "open", "the", "parcel", "when", "do", "you")
POSITIONS = 64
"""The longest text of the small BERT, in tokens."""


def write_small_bert(folder: Path) -> Path:
    """A BERT of two layers, 32 wide, with chance for weights, as `save_pretrained` writes it."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast, logging

    logging.disable_progress_bar()
    characters = string.ascii_lowercase + string.digits
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *"?!.[]</>-", *WORDS]
    vocabulary += [f"##{character}" for character in characters]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=POSITIONS,
        )
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def write_csv(path: Path) -> Path:
    """The examples as CSV `text,label`."""
    path.write_text("text,label\n" + "".join(f"{example.text},{example.intent}\n" for example in EXAMPLES), "utf-8")
    return path
