"""Test stories, from Rasa's end-to-end format: what a customer says, what the assistant must do.

Format: https://rasa.com/docs/rasa/testing-your-assistant
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatbot.dialogue.yaml_files import Lined, read_yaml
from chatbot.errors import ProjectError
from chatbot.messages import Entity, Slot
from training_data.nlu import annotated

PREFIX = "test_"
"""What names of files with test stories begin with, as in Rasa."""
YAML = (".yml", ".yaml")
MARKDOWN = (".md", ".markdown")
ANY = "\1any"
"""Of a slot that a story names without a value: that it has one."""
KEYS = {"user", "intent", "entities", "action", "active_loop", "form", "slot_was_set"}
OF_ENTITY = ("role", "group", "value")
NO_TEST: Mapping[str, str] = {
    "or": "a test is one way through: write each choice as a story of its own",
    "checkpoint": "a test is one way through: write all of it in one story",
    "bot": "name the action that says it, as `action: utter_...`",
}
"""Steps that stories may have and tests may not, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The customer says something. text: '' where only the intent is told. entities: as the story marks them."""

    line: int
    intent: str
    text: str = ""
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The assistant must do this now. action: a response, a form, an action, or `action_listen`."""

    line: int
    action: str


@dataclass(frozen=True, slots=True)
class Loop:
    """A form is active from here on; '' for none."""

    line: int
    form: str


@dataclass(frozen=True, slots=True)
class Filled:
    """Slots have these values from here on."""

    line: int
    values: Mapping[str, Slot] = field(default_factory=dict)


StoryStep = Heard | Done | Loop | Filled


@dataclass(frozen=True, slots=True)
class TestStory:
    """One conversation as it must go. line: where it begins, from 1."""

    __test__ = False  # for pytest, which takes any Test* for a test

    title: str
    file: Path
    line: int
    steps: tuple[StoryStep, ...]


def read_test_stories(places: Sequence[Path]) -> list[TestStory]:
    """The stories of files, and of all `test_*.yml` of folders, in order of their names.

    Raises ProjectError if there is none, or for what a test cannot say, by file and line.
    """
    found = [story for place in places for file in files_of(place) for story in read_file(file)]
    if not found:
        named = ", ".join(map(str, places))
        raise ProjectError(f"{named}: no test story. Write some under `stories:` into a file {PREFIX}....yml there.")
    return found


def files_of(place: Path) -> list[Path]:
    """A file itself; of a folder those that hold test stories. Raises ProjectError for Rasa 1's Markdown."""
    if not place.exists():
        raise ProjectError(f"{place}: does not exist. Name files with test stories, or folders of such files.")
    inside = sorted(place.rglob("*")) if place.is_dir() else [place]
    for file in inside:
        if file.suffix in MARKDOWN and (file == place or "conversation_tests" in file.name):
            raise ProjectError(
                f"{file}: test stories in Rasa 1's Markdown are not supported. Write them as YAML (Rasa 2 does so "
                "with `rasa data convert core`), or name the files that are YAML."
            )
    if not place.is_dir():
        return inside
    return [file for file in inside if file.suffix in YAML and file.name.startswith(PREFIX)]


def read_file(file: Path) -> Iterator[TestStory]:
    """The stories of one file. Raises ProjectError as read_test_stories."""
    stories = read_yaml(file).get("stories") or []
    if not isinstance(stories, list):
        raise ProjectError(f"{file.name}: `stories` must be a list of stories.")
    for raw in stories:
        if not isinstance(raw, Lined) or "story" not in raw or not isinstance(raw.get("steps"), list):
            where = f" line {raw.line}" if isinstance(raw, Lined) else ""
            raise ProjectError(f"{file.name}{where}: a story needs a title, `story:`, and a list of `steps:`.")
        title = str(raw["story"])
        yield TestStory(title, file, raw.line, checked(tuple(read_steps(title, raw["steps"], file)), title, file))


def checked(steps: tuple[StoryStep, ...], title: str, file: Path) -> tuple[StoryStep, ...]:
    """The steps. Raises ProjectError if nobody speaks, or the assistant does something before the customer has."""
    first = next((step for step in steps if isinstance(step, Heard | Done)), None)
    if not isinstance(first, Heard):
        where = f" line {first.line}" if first else ""
        raise ProjectError(
            f"{file.name}{where}: story '{title}': the first to speak must be the customer. Add `user:`."
        )
    return steps


def read_steps(title: str, raw: Sequence[Any], file: Path) -> Iterator[StoryStep]:
    """The steps of a story. Raises ProjectError for one that no test can have."""
    for step in raw:
        if not isinstance(step, Lined):
            raise ProjectError(
                f"{file.name}: story '{title}': {step!r} is no step. Write `action: ...` or `user: ...`."
            )
        where = f"{file.name} line {step.line}: story '{title}'"
        for key in step:
            if key in NO_TEST:
                raise ProjectError(f"{where}: `{key}` cannot stand in a test story; {NO_TEST[key]}.")
            if key not in KEYS:
                raise ProjectError(f"{where}: `{key}` is not supported; allowed are {', '.join(sorted(KEYS))}.")
        yield read_step(step, where, file)


def read_step(step: Lined, where: str, file: Path) -> StoryStep:
    """One step. Raises ProjectError if it says nothing."""
    if "user" in step or "intent" in step:
        return read_heard(step, where, file)
    if step.get("action"):
        return Done(step.line, str(step["action"]))
    if "active_loop" in step or "form" in step:
        return Loop(step.line, str(step.get("active_loop", step.get("form")) or ""))
    if step.get("slot_was_set"):
        return Filled(step.line, read_values(step["slot_was_set"]))
    raise ProjectError(f"{where}: the step says nothing. Write `user:` with `intent:`, `action:`, or take it out.")


def read_heard(step: Lined, where: str, file: Path) -> Heard:
    """What the customer says. Raises ProjectError if no intent is told, or an entity is not marked as Rasa does."""
    intent = str(step.get("intent") or "").removeprefix("/")
    if not intent:
        raise ProjectError(f"{where}: `user:` names no intent. Add `intent:` with what must be understood.")
    said = annotated(str(step.get("user") or "").strip(), intent, where, file, step.line)
    marked = tuple(Entity(e.name, e.value, e.start, e.end, e.role, e.group) for e in said.entities)
    return Heard(step.line, intent, said.text, marked or tuple(read_entities(step.get("entities"))))


def read_entities(raw: Any) -> Iterator[Entity]:
    """Entities that are listed beside an intent: names, or `name: value` with role and group."""
    for each in raw if isinstance(raw, list) else []:
        if not isinstance(each, dict):
            yield Entity(str(each), "", 0, 0)
            continue
        name = next((key for key in each if key not in OF_ENTITY), "")
        value = each.get("value", each.get(name))
        yield Entity(name, str(value), 0, 0, str(each.get("role") or ""), str(each.get("group") or ""))


def read_values(raw: Any) -> dict[str, Slot]:
    """What `slot_was_set` says: a list of `name: value`, or of names that have any value."""
    found: dict[str, Slot] = {}
    for each in raw if isinstance(raw, list) else [raw]:
        found |= dict(each) if isinstance(each, dict) else {str(each): ANY}
    return found
