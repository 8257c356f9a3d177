"""The report that draws the data: real vectors, real pictures, and a wrong label that must be found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chatbot.checking import gather
from chatbot.checking.doubts import Doubt, Judged, doubts, judge
from chatbot.checking.report import draw, neighbours, spread
from chatbot.encoder import OnnxEncoder
from chatbot.project import load_project
from chatbot.settings import Settings
from tests.checking.conftest import Files
from training_data.examples import Example

PARCEL = ["where is my parcel", "has my package shipped", "track my delivery please", "when will the box arrive",
          "is the courier on his way with my order", "parcel still not here"]  # fmt: skip
MONEY = ["give me my money back", "when do I get the refund", "refund for the broken cup", "I want to be paid back",
         "the refund has not reached my card", "how long until my cash is returned"]  # fmt: skip


def examples(texts: list[str], intent: str) -> list[Example]:
    return [Example(text, intent, "en", f"nlu.yml:{line}") for line, text in enumerate(texts, start=1)]


def test_a_wrong_label_is_found_by_meaning(sentences: Path) -> None:
    given = [*examples(PARCEL, "parcel"), *examples(MONEY, "money")]
    given[2] = replace(given[2], text="please refund me", source="nlu.yml:99")
    judged = judge("en", given, OnnxEncoder(sentences).encode)
    assert judged.labels == ("money", "parcel")
    assert judged.shares.shape == (12, 2)
    found = doubts(judged)
    assert (found[0].where, found[0].label, found[0].read_as) == ("nlu.yml:99", "parcel", "money")
    assert found[0].confidence < 0.5


def test_labels_with_too_few_examples_are_named_and_left_out(sentences: Path) -> None:
    given = [*examples(PARCEL, "parcel"), *examples(MONEY, "money"), *examples(["hi", "hello"], "greet")]
    judged = judge("en", given, OnnxEncoder(sentences).encode)
    assert judged.too_few == ("greet",)
    assert {example.intent for example in judged.examples} == {"parcel", "money"}


@pytest.mark.parametrize("given", [[], examples(PARCEL, "parcel"), examples(["hi"], "greet")])
def test_nothing_can_be_judged_with_fewer_than_two_labels(given: list[Example]) -> None:
    judged = judge("en", given, lambda texts: np.zeros((len(texts), 4), np.float32))
    assert (judged.examples, judged.labels, doubts(judged)) == ((), (), [])


def test_a_conversation_is_never_on_both_sides() -> None:
    """All of one conversation share a vector of their own: a model that had seen one of them would know the others."""
    given = [
        Example(f"{label} {group} {turn}", label, "en", "log:1", group=f"{label}{group}")
        for label in "ab"
        for group in range(5)
        for turn in range(4)
    ]

    def embed(texts: list[str]) -> NDArray[np.float32]:
        places = [(ord(text[0]) - ord("a")) * 5 + int(text.split()[1]) for text in texts]
        return np.eye(10, dtype=np.float32)[places]

    judged = judge("en", given, embed)
    assert np.abs(judged.shares - 0.5).max() < 0.2


def test_the_share_of_each_label_and_the_nearest_neighbours() -> None:
    given = tuple(
        Example(text, label, "en", text) for text, label in [("1", "a"), ("2", "a"), ("3", "b"), ("4", "oos")]
    )
    shares = np.array([[0.8, 0.2, 0.0], [0.6, 0.4, 0.0], [0.1, 0.9, 0.0], [0.5, 0.4, 0.1]])
    judged = Judged("en", given, ("a", "b", "oos"), shares, ())
    assert spread(judged) == pytest.approx(np.array([[0.7, 0.3, 0.0], [0.1, 0.9, 0.0], [0.5, 0.4, 0.1]]))
    [only] = neighbours(judged)
    assert (only.one, only.other, only.text, only.where) == ("a", "b", "2", "2")
    assert only.share == pytest.approx(0.2)


def test_the_page_holds_pictures_and_tables_and_runs_nothing_that_a_customer_wrote(
    files: Files, sentences: Path, tmp_path: Path
) -> None:
    nasty = "<script>alert(1)</script> & my refund"
    lines = "".join(f"      - {text}\n" for text in [*MONEY, nasty])
    files.add("data/nlu.yml", f"  - intent: faq\n    examples: |\n{lines}")
    lines = "".join(f"      - {text}\n" for text in [*PARCEL[1:], "refund my money now"])
    files.add("data/nlu.yml", f"  - intent: order\n    examples: |\n{lines}")
    home = tmp_path / "home"
    (home / "encoders").mkdir(parents=True)
    (home / "encoders" / "english").symlink_to(sentences)
    settings = Settings(home=home, sentence_encoder_en="english", sentence_encoder_zh="english")
    project = load_project(files.folder)
    page = draw(project, gather(project), settings, [], tmp_path / "report", lambda *_: None)
    text = page.read_text("utf-8")
    assert sorted(path.name for path in page.parent.iterdir()) == ["nearness_en.svg", "report.html", "sizes.svg"]
    assert text.count("<svg") == 2
    assert "No faults." in text
    assert "refund my money now" in text  # labelled order, read as faq
    assert "<script>" not in text
    assert "greet (en), greet (zh)" in text  # too few to judge
    assert "<td>examples written down</td><td>18</td><td>1</td>" in text
    again = draw(project, gather(project), settings, [], tmp_path / "again", lambda *_: None)
    assert again.read_bytes() == page.read_bytes()


def test_a_doubt_says_where(sentences: Path) -> None:
    judged = Judged(
        "en",
        tuple(examples(PARCEL, "a") + examples(MONEY, "b")),
        ("a", "b"),
        np.array([[0.9, 0.1]] * 5 + [[0.05, 0.95]] + [[0.1, 0.9]] * 6),
        (),
    )
    assert doubts(judged) == [Doubt("nlu.yml:6", "parcel still not here", "a", "b", 0.05)]
