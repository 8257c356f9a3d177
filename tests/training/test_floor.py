"""The floor: words alone tell apart what words tell apart, in both languages."""

from __future__ import annotations

import pytest

from chatbot.errors import TrainingError
from chatbot.training.floor import floor_report
from chatbot.understanding.ngrams import words
from training_data.examples import Example
from training_data.nlu import NluData

TAUGHT = {
    "parcel": ["where is my parcel", "track my parcel 100234", "我的包裹到哪了", "查一下包裹"],
    "money": ["I want my money back", "when is my money refunded", "什么时候退款", "我要退款"],
}


def example(text: str, intent: str) -> Example:
    return Example(text, intent, "zh" if text > "一" else "en", "test")


def data() -> NluData:
    rows = tuple(example(text, intent) for intent, texts in TAUGHT.items() for text in texts)
    return NluData(rows, regexes={"order_number": (r"\b\d{6}\b",)})


def test_words_alone_tell_two_intents_apart() -> None:
    asked = [example("any news of the parcel", "parcel"), example("退款几天到", "money"), example("my money", "parcel")]
    judged = floor_report(data(), asked)
    assert judged.overall.accuracy == pytest.approx(2 / 3)
    assert judged.per_language["zh"].accuracy == 1.0
    assert judged.confusion == (("money", "parcel"), ((1, 0), (1, 1)))


def test_texts_are_masked_as_in_serving() -> None:
    """Otherwise a number that was seen with an intent would decide."""
    with_number = floor_report(data(), [example("money 100234", "money")])
    assert with_number.overall.accuracy == 1.0
    assert with_number == floor_report(data(), [example("money 100999", "money")])


def test_words_are_words_and_pairs_of_them() -> None:
    assert words("where is it") == ["where", "is", "it", "where is", "is it"]
    assert words("退款吗") == ["退款", "款吗", "退款 款吗"]


def test_labels_that_nobody_taught_are_told() -> None:
    with pytest.raises(TrainingError, match="None of the 1 examples has a label of the model"):
        floor_report(data(), [example("hm", "weather")])
