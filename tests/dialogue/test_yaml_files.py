"""YAML as Rasa reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.dialogue.yaml_files import place, read_yaml
from chatbot.errors import ProjectError


def read(folder: Path, text: str) -> dict[str, object]:
    (folder / "a.yml").write_text(text, "utf-8")
    return dict(read_yaml(folder / "a.yml"))


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "y", "n", "12:30", "1:2:3", "2026-08-01", "1_000", "0x1F", "0b1"]
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(tmp_path: Path, word: str) -> None:
    assert read(tmp_path, f"a: {word}") == {"a": word}
    assert read(tmp_path, f"{word}: 1") == {word: 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3), ("0012", 12),
        ("1.5", 1.5), ("-.5", -0.5), ("1e3", 1000.0), ("3.", 3.0), ("'12'", "12"), ("1.2.3", "1.2.3"), ("+65", 65),
        ("[yes, 1]", ["yes", 1]),
    ],
)  # fmt: skip
def test_truth_values_and_numbers_are_what_they_are(tmp_path: Path, text: str, value: object) -> None:
    assert read(tmp_path, f"a: {text}") == {"a": value}


def test_every_mapping_knows_its_line_and_those_of_its_keys(tmp_path: Path) -> None:
    found = read(tmp_path, "a:\n- b: 1\n\n- c: 2\n  d:\n    e: 3\n")
    items = found["a"]
    assert isinstance(items, list)
    assert [place(item) for item in items] == ["a.yml line 2", "a.yml line 4"]
    assert place(items[1]["d"]) == "a.yml line 6"
    assert place(items[1], key="d") == "a.yml line 5"
    assert (place("no mapping"), place({}, "elsewhere")) == ("", "elsewhere")


def test_anchors_and_merges_are_followed(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x {b: 1}\nc: {<<: *x, d: 2}\ne: *x") == {
        "a": {"b": 1},
        "c": {"b": 1, "d": 2},
        "e": {"b": 1},
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1\nb: 2", "a.yml line 2: is no YAML: expected ',' or ']', but got ':'."),
        ("a: {b: }}", "a.yml line 1: is no YAML: expected <block end>, but found '}'."),
        ("a: !!python/object:os.system {}", "a.yml line 1: is no YAML: could not determine a constructor"),
        ("- a", "a.yml: a mapping is expected, got list."),
        ("[" * 5000, "a.yml: is no YAML: "),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ProjectError) as refusal:
        read(tmp_path, text)
    assert str(refusal.value).startswith(sentence)
    assert read(tmp_path, "") == read(tmp_path, "# nothing") == {}
