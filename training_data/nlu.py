"""Rasa's NLU training data in YAML, format 3.1.

Format: https://rasa.com/docs/rasa/nlu-training-data
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from training_data.examples import Annotation, Example, TrainingDataError, decoded, language_of

ANNOTATED = re.compile(r"\[(?P<text>[^\]]+)\](?:\((?P<name>[^)]+)\)|(?P<json>\{[^}]+\}))")


@dataclass(frozen=True, slots=True)
class NluData:
    """What one or more NLU files hold.

    regexes, lookups: entity name to patterns, to values. synonyms: wording to value.
    """

    examples: tuple[Example, ...] = ()
    regexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lookups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    synonyms: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: NluData) -> NluData:
        return NluData(
            self.examples + other.examples,
            joined(self.regexes, other.regexes),
            joined(self.lookups, other.lookups),
            {**self.synonyms, **other.synonyms},
        )

    @property
    def meanings(self) -> dict[str, str]:
        """Every wording that stands for another value: the synonyms, and what annotations say by "value"."""
        marked = {
            example.text[mark.start : mark.end]: mark.value
            for example in self.examples
            for mark in example.entities
            if mark.value != example.text[mark.start : mark.end]
        }
        return {**marked, **self.synonyms}


def joined(one: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Both tables in one, the values of a common name after one another."""
    return {name: one.get(name, ()) + other.get(name, ()) for name in {**one, **other}}


def read_nlu(path: Path) -> NluData:
    """The NLU data of one YAML file; empty if the file has no `nlu` key (a domain or rules file).

    Raises TrainingDataError with file and line for broken YAML or an item that is not Rasa's.
    """
    try:
        root = yaml.compose(decoded(path), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise TrainingDataError(f"{path.name}{line}: is no YAML: {getattr(error, 'problem', error)}.") from error
    if not isinstance(root, yaml.MappingNode):
        raise TrainingDataError(f"{path.name} line 1: a mapping with the key 'nlu' is expected.")
    items = mapping(root).get("nlu")
    if items is None:
        return NluData()
    if not isinstance(items, yaml.SequenceNode):
        raise TrainingDataError(f"{path.name} line {items.start_mark.line + 1}: 'nlu' must be a list of intents.")
    total = NluData()
    for item in items.value:
        total += read_item(item, path)
    return total


def mapping(node: Any) -> dict[str, Any]:
    """A YAML mapping's keys with their nodes (nodes keep their line numbers)."""
    return {key.value: value for key, value in node.value}


def read_item(item: Any, path: Path) -> NluData:
    """One item of the `nlu` list: an intent, a synonym, a regex or a lookup table."""
    line = item.start_mark.line + 1
    if not isinstance(item, yaml.MappingNode):
        raise TrainingDataError(f"{path.name} line {line}: an item needs 'intent', 'synonym', 'regex' or 'lookup'.")
    keys = mapping(item)
    kind = next((kind for kind in ("intent", "synonym", "regex", "lookup") if kind in keys), None)
    if kind is None or "examples" not in keys:
        raise TrainingDataError(
            f"{path.name} line {line}: keys are {', '.join(keys)}; needed are 'examples' and one of "
            "intent, synonym, regex, lookup."
        )
    name, rows = scalar(keys[kind], path), example_lines(keys["examples"], path)
    texts = tuple(text for _, text in rows)
    if kind == "synonym":
        return NluData(synonyms=dict.fromkeys(texts, name))
    if kind == "regex":
        return NluData(regexes={name: texts})
    if kind == "lookup":
        return NluData(lookups={name: texts})
    return NluData(examples=tuple(annotated(text, name, f"{path.name}:{at}", path, at) for at, text in rows))


def scalar(node: Any, path: Path) -> str:
    """The text of a node. Raises TrainingDataError if it is none."""
    if not isinstance(node, yaml.ScalarNode):
        line = node.start_mark.line + 1
        raise TrainingDataError(f"{path.name} line {line}: a text is expected, a list or a mapping was found.")
    return str(node.value)


def example_lines(node: Any, path: Path) -> list[tuple[int, str]]:
    """Line number and text of each example, from a `|` block of `- ` lines or from a list of `text:` items."""
    if isinstance(node, yaml.SequenceNode):
        listed = [mapping(row).get("text", row) if isinstance(row, yaml.MappingNode) else row for row in node.value]
        return [(row.start_mark.line + 1, re.sub(r"^- ", "", scalar(row, path).strip()).strip()) for row in listed]
    scalar(node, path)
    first = node.start_mark.line + (2 if node.style in ("|", ">") else 1)
    rows = []
    for offset, raw in enumerate(str(node.value).split("\n")):
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        if not text.startswith("-"):
            raise TrainingDataError(f"{path.name} line {first + offset}: '{text[:40]}' must begin with '- '.")
        if text[1:].strip():
            rows.append((first + offset, text[1:].strip()))
    return rows


def annotated(text: str, intent: str, source: str, path: Path, line: int) -> Example:
    """An example with its entity marks taken out of the text and kept beside it."""
    plain, entities, position = "", [], 0
    for match in ANNOTATED.finditer(text):
        plain += text[position : match.start()]
        position = match.end()
        entities.append(marked(match, len(plain), path, line))
        plain += match["text"]
    plain += text[position:]
    return Example(plain, intent, language_of(plain), source, entities=tuple(entities))


def marked(match: re.Match[str], start: int, path: Path, line: int) -> Annotation:
    """What one mark says; start: its place in the plain text.

    Both ways of writing it: `[6](size)` or `[six](size:6)`, and `[six]{"entity": "size", "value": "6", "role": "new"}`.
    """
    shown = match["text"]
    end = start + len(shown)
    if not match["json"]:
        name, _, value = match["name"].partition(":")
        return Annotation(name, value or shown, start, end)
    try:
        keys = json.loads(match["json"])
        name = str(keys["entity"])
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingDataError(f"{path.name} line {line}: {match['json']} needs a JSON key 'entity'.") from error
    role, group = str(keys.get("role") or ""), str(keys.get("group") or "")
    return Annotation(name, str(keys.get("value", shown)), start, end, role, group)
