"""YAML as Rasa reads it: version 1.2, in which `yes` and `12:30` are texts, with the line of every mapping."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from chatbot.errors import ProjectError


class Lined(dict[str, Any]):
    """A mapping that knows where it begins: file, and line from 1; and the lines of its keys."""

    file: str = ""
    line: int = 0
    lines: Mapping[str, int] = {}


class Loader(yaml.SafeLoader):
    """PyYAML's, with the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema)."""

    file = ""


Loader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0].rpartition(":")[2] in ("null", "merge", "value")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for tag, pattern, beginnings in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), list(beginnings))


def lined(loader: Loader, node: yaml.MappingNode) -> Iterator[Lined]:
    """A mapping with its place. In two steps, as one may hold itself."""
    found = Lined()
    found.file, found.line = loader.file, node.start_mark.line + 1
    yield found
    found.lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    found.update({str(key): value for key, value in loader.construct_mapping(node).items()})


Loader.add_constructor("tag:yaml.org,2002:map", lined)
Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(str(node.value)))


def read_yaml(path: Path) -> Mapping[str, Any]:
    """A YAML mapping; empty for an empty file. Raises ProjectError naming file and line."""
    try:
        loader = Loader(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProjectError(f"{path}: cannot be read ({error}).") from error
    loader.file = path.name
    try:
        value = loader.get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise ProjectError(f"{path.name}{line}: is no YAML: {getattr(error, 'problem', None) or error}.") from error
    finally:
        loader.dispose()
    if value is None:
        return Lined()
    if not isinstance(value, dict):
        raise ProjectError(f"{path.name}: a mapping is expected, got {type(value).__name__}.")
    return value


def place(value: object, otherwise: str = "", key: str = "") -> str:
    """`domain.yml line 12` for a mapping, or for one of its keys; for anything else what is given."""
    if not isinstance(value, Lined) or not value.line:
        return otherwise
    return f"{value.file} line {value.lines.get(key, value.line)}"
