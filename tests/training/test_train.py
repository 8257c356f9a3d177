"""Training: what the folder holds, and that nothing half is ever left."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from chatbot.encoder import ByLanguage
from chatbot.errors import BaseModelError, TrainingError
from chatbot.models.folder import ENCODER_FILES, MODEL_FILES, read_card, read_json, read_labels
from chatbot.models.thresholds import BUDGET, read_thresholds
from chatbot.training.base_models import checkpoint
from chatbot.training.finetune import Options
from chatbot.training.network import Network
from chatbot.training.train import train
from chatbot.understanding.intents import IntentClassifier
from tests.fakes import HashingEncoder
from tests.samples import EXAMPLES, POSITIONS, TEXTS
from training_data.examples import Example, language_of

FAST = Options(epochs=1, seed=3)
PICTURES = ("confusion.png", "reliability.png")
SHA256 = re.compile(r"[0-9a-f]{64}")


def told(*_: object) -> None:
    """Nobody looks at the progress."""


def read(folder: Path, name: str) -> dict[str, Any]:
    return dict(read_json(folder / name))


class TwoSpaces(HashingEncoder):
    """Sentence encoders of two languages: their vectors have nothing in common."""

    def place(self, text: str) -> int:
        return int(language_of(text) == "zh")


def small_train(
    base: Path | str,
    output: Path,
    options: Options = FAST,
    progress: Any = told,
    examples: Sequence[Example] = EXAMPLES,
) -> Mapping[str, Any]:
    return train(examples, str.strip, {}, str(base), TwoSpaces(), output.parent, output, options, progress)


@pytest.fixture(scope="module")
def twice(small_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models of the same data and seed."""
    root = tmp_path_factory.mktemp("twice")
    for name in ("one", "two"):
        small_train(small_bert, root / name)
    return root / "one", root / "two"


# --- the folder ------------------------------------------------------------------------------------------------------


def test_the_folder_holds_every_file_and_nothing_else(tiny_model: Path) -> None:
    every = [*MODEL_FILES, *ENCODER_FILES, *PICTURES]
    assert sorted(file.name for file in tiny_model.iterdir()) == sorted(every)
    assert [path.name for path in tiny_model.parent.iterdir()] == [tiny_model.name]


def test_the_served_graph_says_what_torch_said(tiny_model: Path) -> None:
    parity = read(tiny_model, "metrics.json")["parity"]
    assert parity["max_difference"] <= 1e-3
    assert parity["precision"] in ("int8", "fp32")


def test_some_examples_teach_the_intents(tiny_model: Path, reads: ByLanguage) -> None:
    classifier = IntentClassifier(tiny_model, reads)
    guesses = {text: classifier.classify(classifier.masker.masked(text))[0].name for text in (
        "where is my package", "i would like a refund", "at what time do you open", "tell me a funny joke"
    )}  # fmt: skip
    assert guesses == {
        "where is my package": "track_order",
        "i would like a refund": "refund",
        "at what time do you open": "opening_hours",
        "tell me a funny joke": "out_of_scope",
    }


def test_metrics_tell_each_intent_and_who_is_taken_for_whom(tiny_model: Path) -> None:
    judged = read(tiny_model, "metrics.json")["validation"]
    assert set(judged["per_intent"]) == set(TEXTS)
    assert all(set(score) == {"precision", "recall", "f1", "support"} for score in judged["per_intent"].values())
    assert all(0 <= score[key] <= 1 for score in judged["per_intent"].values() for key in ("precision", "recall", "f1"))
    names, rows = judged["confusion"]
    assert judged["examples"] == len(EXAMPLES)  # each was held out once
    assert names == sorted(TEXTS)
    assert [sum(row) for row in rows] == [judged["per_intent"][name]["support"] for name in names]
    assert sum(map(sum, rows)) == judged["examples"]
    assert sum(rows[i][i] for i in range(len(names))) / judged["examples"] == judged["accuracy"]


@pytest.mark.parametrize("name", PICTURES)
def test_the_judgement_is_in_pictures_too(tiny_model: Path, name: str) -> None:
    picture = (tiny_model / name).read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert b"IEND" in picture[-12:]


def test_provenance_tells_data_base_code_seed_and_time(tiny_model: Path, home: Path, reads: ByLanguage) -> None:
    about = read(tiny_model, "provenance.json")
    base = read(checkpoint("english", home), "frontdesk.json")
    assert SHA256.fullmatch(about["data"].pop("fingerprint"))
    assert about["data"] == {"training": 40, "held_out": 40, "rounds": 3}
    assert about["base_model"] == base
    assert about["sentences"] == reads.name
    assert about["chosen"] == {"epochs": 4, "learning_rate": 1e-4}
    assert base["sha256"].startswith("53aa5117")
    assert about["code"] == version("frontdesk")
    assert about["options"]["seed"] == 7
    assert about["options"]["epochs"] == 4
    assert datetime.fromisoformat(about["finished"]).utcoffset() is not None
    assert about["seconds"] > 0


def test_labels_are_in_the_order_of_the_logits_with_their_calibration(tiny_model: Path) -> None:
    labels = read_labels(tiny_model)
    assert (labels.intents, labels.tuned) == (tuple(sorted(TEXTS)), True)
    assert 0.2 <= labels.calibration.tuned <= 5.0
    assert 0.2 <= labels.calibration.linear <= 5.0


def test_thresholds_stand_on_every_example_and_on_the_usual_budget(tiny_model: Path) -> None:
    found = read_thresholds(tiny_model)
    assert (found.band.trials, len(found.trials.scores), found.band.budget) == (40, 40, BUDGET)
    assert sum(found.trials.inside) == 30
    assert not found.band.certified  # forty messages are too few to be sure
    assert found.band.needed > 50
    assert 0 < found.band.clarify <= found.band.answer <= 1


def test_the_patterns_of_masking_go_with_the_model(tiny_model: Path, reads: ByLanguage) -> None:
    assert read(tiny_model, "masking.json") == {"patterns": {"order_number": [r"MM-\d+"]}}
    assert IntentClassifier(tiny_model, reads).masker.masked("is MM-10023 on its way") == "is [order] on its way"


def test_the_same_seed_and_data_give_the_same_model(twice: tuple[Path, Path]) -> None:
    one, two = twice
    for name in (*MODEL_FILES, *ENCODER_FILES):
        if name == "provenance.json":
            continue
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    first, second = read(one, "provenance.json"), read(two, "provenance.json")
    assert first["data"] == second["data"]
    assert first["options"] == second["options"]


def test_other_data_have_another_fingerprint(twice: tuple[Path, Path], tiny_model: Path) -> None:
    # the small model's texts are the same words, but unmasked
    one = read(twice[0], "provenance.json")["data"]["fingerprint"]
    assert one != read(tiny_model, "provenance.json")["data"]["fingerprint"]


def test_a_base_model_in_a_folder_is_described_by_its_own_weights(twice: tuple[Path, Path], small_bert: Path) -> None:
    about = read(twice[0], "provenance.json")["base_model"]
    assert about["base_model"] == small_bert.name
    assert SHA256.fullmatch(about["sha256"])


def test_a_text_longer_than_the_base_model_reads_is_cut(twice: tuple[Path, Path]) -> None:
    assert read_card(twice[0]).max_length == POSITIONS
    assert len(IntentClassifier(twice[0], TwoSpaces()).classify("where is my order " * 100)) == len(TEXTS)


# --- how it goes by the size of the data ------------------------------------------------------------------------------


def few(each: int, intents: int = 4) -> list[Example]:
    """So many examples of each intent."""
    some = sorted(TEXTS)[:intents]
    return [example for number, example in enumerate(EXAMPLES) if number % 10 < each and example.intent in some]


@pytest.mark.parametrize(("each", "intents"), [(2, 3), (3, 3), (5, 4), (7, 4)])
def test_a_model_of_few_examples_has_no_encoder_of_its_own_and_needs_no_base_model(
    tmp_path: Path, each: int, intents: int
) -> None:
    metrics = small_train("no such model", tmp_path / "models" / "few", examples=few(each, intents))
    folder = tmp_path / "models" / "few"
    assert sorted(file.name for file in folder.iterdir()) == sorted([*MODEL_FILES, *PICTURES])
    assert read_labels(folder).tuned is False
    assert (metrics["parity"], metrics["best_epoch"]) == (None, 0)
    about = read(folder, "provenance.json")
    assert (about["base_model"], about["chosen"]) == (None, None)
    classifier = IntentClassifier(folder, TwoSpaces())
    assert {intent.name for intent in classifier.classify("where is my parcel")} == set(sorted(TEXTS)[:intents])


def test_a_model_of_few_examples_tells_the_intents_apart(few_model: Path, reads: ByLanguage) -> None:
    classifier = IntentClassifier(few_model, reads)
    texts = ("where is my package", "i would like a refund", "opening times please", "please tell a joke")
    assert [classifier.classify(text)[0].name for text in texts] == [
        "track_order",
        "refund",
        "opening_hours",
        "out_of_scope",
    ]


def test_of_much_data_a_part_is_set_aside_and_the_graph_that_serves_is_judged_on_it(
    small_bert: Path, tmp_path: Path
) -> None:
    ends = [f"{one} {other}" for one, other in product(("", "please", "now", "hello", "ok", "hm"), "abcdefg")]
    many = [
        Example(f"{text} {end}", intent, "en", "test")
        for intent, texts in TEXTS.items()
        for text in texts
        for end in ends
    ]
    metrics = small_train(small_bert, tmp_path / "models" / "many", examples=many)
    about, labels = read(tmp_path / "models" / "many", "provenance.json"), read_labels(tmp_path / "models" / "many")
    assert len(many) == 1680
    assert (about["data"]["training"], about["data"]["held_out"], about["data"]["rounds"]) == (1344, 336, 1)
    assert metrics["validation"]["examples"] == read_thresholds(tmp_path / "models" / "many").band.trials == 336
    assert metrics["parity"]["texts"] == 336
    assert (labels.intents, labels.tuned) == (tuple(sorted(TEXTS)), True)


def test_a_language_of_which_a_fold_has_no_example_does_not_stop_the_training(tmp_path: Path) -> None:
    chinese = [Example(text, "refund", "zh", "test", "one talk") for text in ("我要退款", "退款什么时候到")]
    small_train("none", tmp_path / "models" / "model", examples=[*few(4), *chinese])
    classifier = IntentClassifier(tmp_path / "models" / "model", TwoSpaces())
    assert classifier.classify("退款")[0].name == "refund"


def test_a_model_of_one_language_reads_another_by_words_alone_and_finds_nothing_near(tmp_path: Path) -> None:
    small_train("none", tmp_path / "models" / "model", examples=few(4))
    why = IntentClassifier(tmp_path / "models" / "model", TwoSpaces()).why("我要退款 refund")
    assert next(intent.name for intent in why.intents if intent.name != "out_of_scope") == "refund"
    assert why.nearest == ()


def test_without_a_label_out_of_scope_what_an_unknown_intent_is_has_no_right_answer(tmp_path: Path) -> None:
    """Of seven intents some are left out of each round; their messages are tried as ones that nothing answers."""
    words = ("parcel", "refund", "hours", "invoice", "voucher", "password", "size")
    ways = ("where is the {}", "my {} please", "{} question", "about {}", "the {} is wrong", "no {} yet")
    rows = [Example(way.format(word), word, "en", "test") for word in words for way in ways]
    small_train("none", tmp_path / "models" / "model", examples=rows)
    trials = read_thresholds(tmp_path / "models" / "model").trials
    assert len(trials.inside) == len(rows)
    assert 0 < trials.inside.count(False) < len(rows) / 3
    assert not any(right for right, inside in zip(trials.right, trials.inside, strict=True) if not inside)


# --- nothing half ----------------------------------------------------------------------------------------------------


def test_an_existing_output_is_refused_and_stays(small_bert: Path, tmp_path: Path) -> None:
    output = tmp_path / "model"
    output.mkdir()
    (output / "mine.txt").write_text("keep")
    with pytest.raises(TrainingError, match="exists already"):
        small_train(small_bert, output)
    assert [file.name for file in output.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "where", ["base model", "sentence vectors", "round 2, words", "round 3, epoch 1 of 1", "epoch 1 of 1", "export"]
)
def test_stopping_at_any_stage_leaves_nothing(small_bert: Path, tmp_path: Path, where: str) -> None:
    def stop(stage: str, *_: float) -> None:
        if stage == where:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_train(small_bert, tmp_path / "models" / "model", progress=stop)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_place_that_cannot_be_written_is_told_before_the_work(small_bert: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    stages: list[str] = []
    with pytest.raises(OSError, match="file"):
        small_train(small_bert, tmp_path / "file" / "model", progress=lambda stage, *_: stages.append(stage))
    assert stages == []


def test_progress_goes_from_the_base_model_to_done(small_bert: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float, float]] = []

    def stop_at_export(stage: str, share: float, left: float) -> None:
        told.append((stage, share, left))
        if stage == "export":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_train(small_bert, tmp_path / "model", Options(epochs=2, batch=8), stop_at_export)
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "base model",
        "sentence vectors",
        *(f"round {number}, {stage}" for number in (1, 2, 3) for stage in ("words", "epoch 1 of 2", "epoch 2 of 2")),
        "words",
        "epoch 1 of 2",
        "epoch 2 of 2",
        "export",
    ]
    shares = [share for stage, share, _ in told if stage.startswith("epoch")]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert all(left >= 0 for _, _, left in told)


@pytest.mark.parametrize("broken", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_base_model_is_told_in_a_sentence(small_bert: Path, tmp_path: Path, broken: str) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for file in small_bert.iterdir():
        (base / file.name).write_bytes(file.read_bytes()[:100] if file.name == broken else file.read_bytes())
    with pytest.raises(BaseModelError, match="cannot be"):
        small_train(base, tmp_path / "model")


@pytest.mark.parametrize(("epochs", "chance"), [(3, 0.0), (4, 0.1)])
def test_data_that_is_read_often_keeps_dropout(
    small_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epochs: int, chance: float
) -> None:
    seen: list[set[float]] = []

    def looked_at(network: Network, *_: object) -> int:
        seen.append({module.p for module in network.encoder.modules() if isinstance(module, torch.nn.Dropout)})
        raise KeyboardInterrupt

    monkeypatch.setattr("chatbot.training.train.fit", looked_at)
    with pytest.raises(KeyboardInterrupt):
        small_train(small_bert, tmp_path / "model", Options(epochs=epochs))
    assert seen == [{chance}]
