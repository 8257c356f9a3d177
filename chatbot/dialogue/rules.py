"""What comes next, as rules and stories say it. Rules decide; stories are followed where they match. Pure.

A path says what comes next where its beginning is the end of what happened: as Rasa's RulePolicy does for rules, and
its AugmentedMemoizationPolicy for stories (https://rasa.com/docs/rasa/policies).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath

from chatbot.dialogue.domain import Domain
from chatbot.dialogue.paths import IS_SET, LISTEN, Mark, Path, read_rule_paths, read_story_paths, said
from chatbot.dialogue.slots import SlotRules, agrees
from chatbot.dialogue.yaml_files import read_yaml
from chatbot.errors import ProjectError
from chatbot.messages import Happened, Slot


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next, and what says so. name: LISTEN where the customer speaks. matched: steps that have happened."""

    name: str
    path: Path
    matched: int

    def waits_within(self, form: str) -> bool:
        """Whether the path goes on in the middle of the form once the customer has spoken."""
        begun = any(step.kind == "begun" and step.name == form for step in self.path.steps[: self.matched])
        return self.matched < len(self.path.steps) and (begun or self.path.loop == form)


@dataclass(frozen=True)
class Rules:
    """All rules and stories of a project. slots: the domain's, for what their values are compared by."""

    paths: tuple[Path, ...] = ()
    slots: Mapping[str, SlotRules] = field(default_factory=dict)

    def next(self, happened: Sequence[Happened], slots: Mapping[str, Slot]) -> Next | None:
        """What the rules say; where none does, what a story says; None if nothing fits.

        Of several the longest match wins, then the one with more conditions, then the first written. Where nothing
        fits, what was asked and answered in the middle of forms is left out of account.
        """
        return self.first(happened, slots) or self.first(without_digressions(happened), slots)

    def first(self, happened: Sequence[Happened], slots: Mapping[str, Slot]) -> Next | None:
        """The weightiest path that fits exactly."""
        if not happened:
            return None
        last = happened[-1]
        for found in self.by_last.get((last.kind, base(last.name)), ()):
            if matches(found.path, found.matched, happened) and self.holds(found.path, found.matched, slots):
                return found
        return None

    def after(
        self, intent: str, entities: Sequence[str], loop: str, happened: Sequence[Happened], slots: Mapping[str, Slot]
    ) -> Next | None:
        """What comes next once this intent is heard; None if nothing does."""
        found = self.next((*happened, Happened("intent", intent, loop, tuple(entities))), slots)
        return None if found is None or found.name == LISTEN else found

    def holds(self, path: Path, length: int, slots: Mapping[str, Slot]) -> bool:
        """Whether the slots are as the path says: of each slot what it says last counts."""
        wanted = dict(path.slots)
        for step in path.steps[:length]:
            wanted |= step.slots
        return all(self.is_so(name, slots.get(name), value) for name, value in wanted.items())

    def is_so(self, name: str, value: Slot, wanted: Slot) -> bool:
        """Whether one slot is as a path says; one without influence always is, as in Rasa."""
        rules = self.slots.get(name)
        if rules is not None and not rules.influences:
            return True
        if wanted == IS_SET:
            return bool(value) if rules is not None and rules.type == "bool" else value is not None and value != []
        return agrees(rules, value, wanted)

    @cached_property
    def by_last(self) -> Mapping[tuple[str, str], tuple[Next, ...]]:
        """What each path says after each of its steps, by what that step is; the weightiest first."""
        found: dict[tuple[str, str], list[Next]] = {}
        for path in self.paths:
            for at, step in enumerate(path.steps):
                if name := following(path, at + 1):
                    found.setdefault((step.kind, base(step.name)), []).append(Next(name, path, at + 1))
        return {key: tuple(sorted(each, key=weight, reverse=True)) for key, each in found.items()}

    @cached_property
    def by_intent(self) -> Mapping[str, tuple[str, ...]]:
        """For each intent that a rule or a story answers, the actions that may follow it, the first rule's first."""
        found: dict[str, dict[str, None]] = {}
        for path in sorted(self.paths, key=lambda path: (not path.is_rule, path.loop is not None, len(path.slots))):
            for intent, actions in turns(path.steps):
                if actions:
                    found.setdefault(intent, {}).update(dict.fromkeys(actions))
        return {intent: tuple(actions) for intent, actions in found.items()}

    @cached_property
    def after_form(self) -> Mapping[str, tuple[str, ...]]:
        """For each form that a rule or a story ends, the actions that may follow."""
        found: dict[str, dict[str, None]] = {}
        for path in self.paths:
            for at, step in enumerate(path.steps):
                if step.kind in ("done", "left"):
                    actions = takewhile_actions(path.steps[at + 1 :])
                    found.setdefault(step.name, {}).update(dict.fromkeys(actions))
        return {form: tuple(actions) for form, actions in found.items()}


def weight(found: Next) -> tuple[bool, int, int]:
    """What of several matches wins: rules, then the longer, then the one with more conditions."""
    path, marks = found.path, found.path.steps[: found.matched]
    conditions = len(path.slots) + (path.loop is not None) + path.at_start
    of_marks = sum(len(mark.slots) + len(mark.entities) + ("/" in mark.name) for mark in marks)
    return path.is_rule, found.matched, conditions + of_marks


def without_digressions(happened: Sequence[Happened]) -> Sequence[Happened]:
    """What happened, but for what came between in forms until they asked again; nothing if nothing did."""
    kept: list[Happened] = []
    for one in happened:
        kept.append(one)
        if one.kind == "action" and one.name == one.loop:
            while kept and kept[-1].loop == one.loop and kept[-1].kind in ("intent", "action"):
                kept.pop()
    return kept if len(kept) < len(happened) else ()


def base(name: str) -> str:
    """The retrieval intent that `faq/ask_hours` belongs to; any other name as it is."""
    return name.partition("/")[0]


def following(path: Path, length: int) -> str:
    """What the path says after so many of its steps; '' for nothing."""
    if length == len(path.steps):
        return LISTEN if path.waits and path.is_rule else ""
    step = path.steps[length]
    if step.kind == "action":
        return step.name
    # A form that is about to begin or to end does so by itself.
    return LISTEN if step.kind == "intent" else ""


def matches(path: Path, length: int, happened: Sequence[Happened]) -> bool:
    """Whether the path's beginning is the end of what happened, in the situation that it needs."""
    start = len(happened) - length
    if start < 0 or (path.at_start and start):
        return False
    if path.loop is not None and happened[start].loop != path.loop:
        return False
    return all(is_same(step, happened[start + at]) for at, step in enumerate(path.steps[:length]))


def is_same(step: Mark, happened: Happened) -> bool:
    """Whether this is what the step says. `faq` stands for any `faq/...`, and `utter_faq` for what that says."""
    if step.kind != happened.kind or not set(step.entities) <= set(happened.entities):
        return False
    return step.name in (happened.name, base(happened.name))


def turns(steps: Sequence[Mark]) -> Iterator[tuple[str, list[str]]]:
    """Each intent of a path with the actions up to the next one."""
    for at, step in enumerate(steps):
        if step.kind == "intent":
            yield step.name, takewhile_actions(steps[at + 1 :])


def takewhile_actions(steps: Sequence[Mark]) -> list[str]:
    """The actions up to the next intent or the end of a form."""
    found = []
    for step in steps:
        if step.kind in ("intent", "done", "left"):
            break
        if step.kind == "action" and step.name != LISTEN:
            found.append(step.name)
    return found


def read_rules(files: Sequence[FilePath], domain: Domain) -> Rules:
    """The rules and stories of all files, held against the domain.

    Raises ProjectError, by title and line, for a name that the domain does not have, for what a path of ours cannot
    hold, and for two rules that say different things of one situation.
    """
    raws = [(file, read_yaml(file)) for file in files]
    paths: list[Path] = [
        Path(f"triggers of {intent}", (Mark("intent", intent), Mark("action", action)))
        for intent, action in domain.triggers.items()
    ]
    for file, raw in raws:
        try:
            paths += read_rule_paths(raw, domain)
        except (TypeError, AttributeError, KeyError) as error:
            raise ProjectError(f"{file.name}: a rule is not of Rasa's shape ({error}).") from error
    try:
        paths += read_story_paths([raw for _, raw in raws], domain)
    except (TypeError, AttributeError, KeyError) as error:
        raise ProjectError(f"A story is not of Rasa's shape ({error}).") from error
    refuse_contradictions([path for path in paths if path.is_rule])
    return Rules(tuple(paths), domain.slots)


def refuse_contradictions(rules: Sequence[Path]) -> None:
    """Raises ProjectError for two rules with one beginning and different goings-on."""
    seen: dict[object, tuple[str, Path]] = {}
    for path in rules:
        for length in range(1, len(path.steps) + 1):
            name = following(path, length)
            if not name or (name == LISTEN and length < len(path.steps)):
                continue
            situation = (
                path.loop,
                path.at_start,
                tuple(sorted((slot, repr(value)) for slot, value in path.slots.items())),
                tuple(
                    (s.kind, s.name, s.entities, tuple(sorted((k, repr(v)) for k, v in s.slots.items())))
                    for s in path.steps[:length]
                ),
            )
            other, first = seen.setdefault(situation, (name, path))
            if other != name:
                raise ProjectError(
                    f"{said(path)} and {first.called} contradict each other: in the same situation the one "
                    f"{goes_on(name)}, the other {goes_on(other)}. Make them one, or give one a condition."
                )


def goes_on(name: str) -> str:
    """What a rule does next, in words."""
    return "waits for the customer" if name == LISTEN else f"goes on with {name}"
