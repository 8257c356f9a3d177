"""Rules and stories, read from Rasa's YAML into one shape: a path of what happens, with the conditions that it needs.

Formats: https://rasa.com/docs/rasa/rules and https://rasa.com/docs/rasa/stories
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chatbot.dialogue.domain import Domain
from chatbot.dialogue.domain_slots import REQUESTED_SLOT
from chatbot.dialogue.yaml_files import place
from chatbot.errors import ProjectError
from chatbot.messages import CLARIFY, DEFAULT_FALLBACK, NLU_FALLBACK, SEARCH, HappenedKind, Slot

LISTEN = "action_listen"
RESTART = "action_restart"
TWO_STAGE = "action_two_stage_fallback"
DEFAULT_INTENTS = (NLU_FALLBACK, "restart", "back", "session_start", "out_of_scope")
"""Intents that Rasa has without any domain naming them."""
DEFAULT_ACTIONS = (
    LISTEN,
    RESTART,
    SEARCH,
    TWO_STAGE,
    DEFAULT_FALLBACK,
    CLARIFY,
    "action_default_ask_rephrase",
    "action_deactivate_loop",
    "action_session_start",
    "action_extract_slots",
)
"""Actions that need no code of the project."""
UNSUPPORTED = ("action_back", "action_unlikely_intent", "action_revert_fallback_events")
"""Rasa's actions that undo or judge what was predicted; a project may have its own of these names."""
SILENT = (("action", LISTEN), ("action", "action_session_start"))
"""What a path may name, and what is no news: it happens by itself before every message, and before the first one."""
IS_SET = "\1set"
"""Of a slot that a rule names without a value: that it has one."""
MOST_PATHS = 5000
"""That `or` and checkpoints may make of one file."""
KEYS = {"intent", "action", "active_loop", "form", "slot_was_set", "or", "checkpoint", "entities", "user", "bot"}


@dataclass(frozen=True, slots=True)
class Mark:
    """One step of a path. slots: what must hold from here on. entities: names that the message must have."""

    kind: HappenedKind
    name: str
    entities: tuple[str, ...] = ()
    slots: Mapping[str, Slot] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Path:
    """A rule or a story.

    loop: the form that must be active where it begins; '' for none active, None for any situation. slots: what must
    hold there. waits: whether the customer speaks after its last step. at_start: only at a conversation's beginning.
    where: `rules.yml line 12`.
    """

    title: str
    steps: tuple[Mark, ...]
    is_rule: bool = True
    loop: str | None = None
    slots: Mapping[str, Slot] = field(default_factory=dict)
    waits: bool = True
    at_start: bool = False
    where: str = ""

    @property
    def called(self) -> str:
        """How errors and reasons name it."""
        return f"{'rule' if self.is_rule else 'story'} '{self.title}'"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a story between two checkpoints; '' at a story's own beginning and end."""

    before: str
    path: Path
    after: str


def read_rule_paths(raw: Mapping[str, Any], domain: Domain) -> Iterator[Path]:
    """The rules of a file. Raises ProjectError, by title and line, for what no rule can say or the domain lacks."""
    for rule in raw.get("rules") or []:
        title = str(rule.get("rule", ""))
        loop, slots = read_conditions(title, rule.get("condition") or (), place(rule))
        base = Path(
            title,
            (),
            True,
            loop,
            slots,
            bool(rule.get("wait_for_user_input", True)),
            bool(rule.get("conversation_start", False)),
            place(rule),
        )
        parts = read_parts(base, rule.get("steps") or (), domain)
        if not parts:
            raise ProjectError(f"{said(base)} has no action. Add one, or remove it.")
        for part in parts:
            if part.before or part.after:
                raise ProjectError(f"{said(base)}: a rule has no checkpoints. Write each way as a rule of its own.")
            yield checked(part.path, domain)


def read_story_paths(raws: Sequence[Mapping[str, Any]], domain: Domain) -> Iterator[Path]:
    """The stories of all files together, joined at their checkpoints. Raises ProjectError as read_rule_paths."""
    parts: list[Part] = []
    for raw in raws:
        for story in raw.get("stories") or []:
            base = Path(str(story.get("story", "")), (), False, where=place(story))
            parts += read_parts(base, story.get("steps") or (), domain)
    yield from (checked(path, domain) for path in joined(parts))


def read_conditions(title: str, raw: Sequence[Mapping[str, Any]], where: str) -> tuple[str | None, dict[str, Slot]]:
    """The form and the slots that a rule begins with."""
    loop: str | None = None
    slots: dict[str, Slot] = {}
    for condition in raw:
        for key, value in condition.items():
            if key == "active_loop":
                loop = str(value) if value else ""
            elif key == "slot_was_set":
                slots |= read_slot_values(value)
            else:
                raise ProjectError(
                    f"{place(condition, where)}: rule '{title}': condition '{key}' is not supported; allowed: "
                    "active_loop, slot_was_set."
                )
    return loop, slots


def read_slot_values(raw: Any) -> dict[str, Slot]:
    """What `slot_was_set` says: a list of `name: value`, or of names that have any value."""
    found: dict[str, Slot] = {}
    for each in raw if isinstance(raw, list) else [raw]:
        found |= dict(each) if isinstance(each, dict) else {str(each): IS_SET}
    return found


def read_parts(base: Path, steps: Sequence[Mapping[str, Any]], domain: Domain) -> list[Part]:
    """The steps, for each way through their `or`s, cut at their checkpoints."""
    ways: list[list[Mapping[str, Any]]] = [[]]
    for step in steps:
        choices = step.get("or", [step])
        ways = [[*way, choice] for way, choice in itertools.product(ways, choices)]
        if len(ways) > MOST_PATHS:
            raise ProjectError(f"{said(base)}: its `or` steps make more than {MOST_PATHS} ways. Split it.")
    return [part for way in ways for part in cut(base, way, domain)]


def cut(base: Path, steps: Sequence[Mapping[str, Any]], domain: Domain) -> Iterator[Part]:
    """The pieces between checkpoints, their steps read."""
    before, marks, loop = "", list[Mark](), base.loop or ""
    first = base
    for step in steps:
        if "checkpoint" in step:
            name = str(step["checkpoint"])
            if marks:
                yield Part(before, replace(first, steps=tuple(marks)), name)
            before, marks = name, []
            first = replace(base, slots=read_slot_values(step.get("slot_was_set") or []))
            continue
        unknown = sorted(set(step) - KEYS)
        if unknown:
            raise ProjectError(
                f"{place(step, base.where)}: {base.called}: step '{unknown[0]}' is not supported; allowed: "
                f"{', '.join(sorted(KEYS))}."
            )
        if "slot_was_set" in step:
            values = read_slot_values(step["slot_was_set"])
            if marks:
                marks[-1] = replace(marks[-1], slots={**marks[-1].slots, **values})
            else:
                first = replace(first, slots={**first.slots, **values})
        elif "active_loop" in step or "form" in step:
            name = step.get("active_loop", step.get("form"))
            if name:
                loop = str(name)
                marks.append(Mark("begun", loop))
            else:
                marks.append(Mark("done", loop))
                loop = ""
        elif mark := read_step(base, step, domain):
            marks.append(mark)
    if marks:
        yield Part(before, replace(first, steps=tuple(marks)), "")


def read_step(base: Path, step: Mapping[str, Any], domain: Domain) -> Mark | None:
    """An intent or an action; None for what the customer's words alone say, which no rule needs."""
    if "intent" in step:
        intent = str(step["intent"] or "").removeprefix("/")
        if not domain.knows_intent(intent) and intent not in DEFAULT_INTENTS:
            where = place(step, base.where)
            raise ProjectError(f"{where}: {base.called} names intent '{intent}', which the domain does not have.")
        named = [name for each in step.get("entities") or () for name in (each if isinstance(each, dict) else [each])]
        return Mark("intent", intent, tuple(sorted(map(str, named))))
    if "action" in step:
        return Mark("action", str(step["action"]))
    if "bot" in step or "user" in step:
        raise ProjectError(
            f"{place(step, base.where)}: {base.called}: end-to-end training stories (`user:` without an intent, "
            "`bot:`) are not supported. Name the intent and the action."
        )
    return None


def joined(parts: Sequence[Part]) -> Iterator[Path]:
    """Whole stories, from those that begin at a beginning; a checkpoint leads to all that begin with it."""
    following: dict[str, list[Part]] = {}
    for part in parts:
        following.setdefault(part.before, []).append(part)
    count = 0
    todo = [(part.path, part.after, frozenset[str]()) for part in following.get("", ())]
    while todo:
        path, after, passed = todo.pop(0)
        count += 1
        if count > MOST_PATHS:
            raise ProjectError(f"The stories' checkpoints make more than {MOST_PATHS} ways. Write fewer.")
        if not after or after not in following or after in passed:
            yield path
            continue
        for part in following[after]:
            longer = replace(path, steps=path.steps + with_condition(part.path))
            todo.append((longer, part.after, passed | {after}))


def with_condition(path: Path) -> tuple[Mark, ...]:
    """The steps; what must hold at their beginning is held at the first."""
    first = path.steps[0]
    return (replace(first, slots={**path.slots, **first.slots}), *path.steps[1:])


def checked(path: Path, domain: Domain) -> Path:
    """The path, in the order in which things happen here.

    A rule for a filled form begins with the form's own step, which is no news: left out. Raises ProjectError if it has
    no action, begins with neither an intent nor a form, or names what the domain does not have.
    """
    news = with_loops(step for step in path.steps if (step.kind, step.name) not in SILENT)
    steps = tuple(replace(step, slots=compared(step.slots, domain)) for step in news)
    path = replace(path, slots=compared(path.slots, domain))
    if path.is_rule and path.loop and steps[:1] == (Mark("action", path.loop),) and len(steps) > 1:
        steps = steps[1:]
    actions = [step.name for step in steps if step.kind == "action"]
    if not actions:
        raise ProjectError(f"{said(path)} has no action. Add one, or remove it.")
    for name in actions:
        if name in UNSUPPORTED and name not in domain.actions:
            raise ProjectError(f"{said(path)}: '{name}' is not supported. Remove it.")
        if not domain.has_step(name) and name not in DEFAULT_ACTIONS:
            raise ProjectError(f"{said(path)}: '{name}' is no response, form or action of the domain. Add it there.")
    for step in steps:
        if step.kind in ("begun", "done", "left") and step.name and step.name not in (*domain.forms, TWO_STAGE):
            raise ProjectError(f"{said(path)}: active_loop '{step.name}' is no form of the domain. Add it there.")
    if path.loop and path.loop not in (*domain.forms, TWO_STAGE):
        raise ProjectError(f"{said(path)}: active_loop '{path.loop}' is no form of the domain. Add it there.")
    if steps[0].kind == "action" and path.is_rule and not path.at_start:
        raise ProjectError(
            f"{said(path)} begins with an action; it must begin with an intent, or, where its condition is a form, "
            "with that form's action and `active_loop: null`."
        )
    return replace(path, steps=steps)


def compared(slots: Mapping[str, Slot], domain: Domain) -> Mapping[str, Slot]:
    """Without the slot that a form asks for, unless the domain says that it is looked at."""
    return {name: value for name, value in slots.items() if name != REQUESTED_SLOT or name in domain.slots}


def with_loops(steps: Iterable[Mark]) -> Iterator[Mark]:
    """The steps; where a form ends, it is told which, and whether it was filled or an action has ended it."""
    loop, before = "", None
    for step in steps:
        loop = step.name if step.kind == "begun" else loop
        if step.kind == "done":
            name = step.name or loop
            by_action = before is not None and before.kind == "action" and before.name != name
            step = replace(step, kind="left" if by_action else "done", name=name)
        yield step
        before = step


def said(path: Path) -> str:
    """`rules.yml line 12: rule 'Greet'`."""
    return f"{path.where}: {path.called}" if path.where else path.called.capitalize()
