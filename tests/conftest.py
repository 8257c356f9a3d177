"""What tests of several packages need: base models and a small trained model, each made once."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from chatbot.encoder import ByLanguage, OnnxEncoder
from tests.running import trained_home
from tests.samples import EXAMPLES, write_small_bert

# In the background of a shell it is ignored, and a process that a test starts and stops would not stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the built-in base models are converted to."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def english(home: Path) -> Path:
    from chatbot.training.base_models import checkpoint

    return checkpoint("english", home)


@pytest.fixture(scope="session")
def multilingual(home: Path) -> Path:
    from chatbot.training.base_models import checkpoint

    return checkpoint("multilingual", home)


@pytest.fixture(scope="session")
def multilingual_full(home: Path) -> Path:
    from chatbot.training.base_models import checkpoint

    return checkpoint("multilingual-full", home)


@pytest.fixture(scope="session")
def small_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT with chance for weights, for what does not depend on quality."""
    return write_small_bert(tmp_path_factory.mktemp("bert") / "small_bert")


@pytest.fixture(scope="session")
def sentences(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sentence encoder: `english`, as it is."""
    from chatbot.training.sentence import make_sentence_encoder

    output = tmp_path_factory.mktemp("encoders") / "english"
    make_sentence_encoder("english", home, [example.text for example in EXAMPLES], output)
    return output


@pytest.fixture(scope="session")
def reads(sentences: Path) -> ByLanguage:
    """The sentence encoders as wiring makes them where both languages name `english`."""
    encoder = OnnxEncoder(sentences)
    return ByLanguage({"en": encoder, "zh": encoder})


@pytest.fixture(scope="session")
def tiny_model(home: Path, reads: ByLanguage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained for seconds on the English base: it tells the intents of the samples apart."""
    from chatbot.training.finetune import Options
    from chatbot.training.train import train
    from chatbot.understanding.masking import Masker

    patterns = {"order_number": [r"MM-\d+"]}
    output = tmp_path_factory.mktemp("models") / "tiny"
    options = Options(epochs=4, batch=4, seed=7)
    train(EXAMPLES, Masker(patterns).masked, patterns, "english", reads, home, output, options, lambda *_: None)
    return output


@pytest.fixture(scope="session")
def few_model(home: Path, reads: ByLanguage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of four examples an intent: too few to tune an encoder, so it is made in a second."""
    from chatbot.training.finetune import Options
    from chatbot.training.train import train

    output = tmp_path_factory.mktemp("models") / "few"
    few = [example for number, example in enumerate(EXAMPLES) if number % 10 < 4]
    train(few, str.strip, {}, "english", reads, home, output, Options(seed=7), lambda *_: None)
    return output


@pytest.fixture(scope="session")
def shop_home() -> Path:
    """The demo assistant, really trained (minutes, the first time). Read only: to write, take `copied(...)`."""
    return trained_home()
