"""Responses of the domain: the variant for the language and the slots, its `{slot}`s filled in as mere words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from chatbot.dialogue.domain import Domain, Variant
from chatbot.dialogue.responses import LANGUAGE, PLACE
from chatbot.errors import ProjectError
from chatbot.escaping import literal
from chatbot.messages import Button, Evidence, Outcome, Slot, State, Step, Utterance

log = logging.getLogger(__name__)
Responses = Callable[[], Mapping[str, tuple[Variant, ...]]]
"""The responses as they are now, by name; asked for at every reply."""


class Speaker:
    """Says responses by name."""

    def __init__(self, domain: Domain, responses: Responses | None = None) -> None:
        """responses: the domain's as staff have edited them; the domain's own if there are none."""
        self.responses = responses or (lambda: domain.responses)

    def __call__(self, step: Step, evidence: Evidence, state: State) -> Outcome:
        """The response that the step names.

        Where every variant is for another situation nothing, as in Rasa, after other steps; alone it would be silence,
        so that the fallback is said.
        """
        if self.fits(step.name, state):
            return Outcome((self.say(step.name, state),))
        log.error("response %s has no variant for what conversation %s is in", step.name, state.conversation_id)
        return Outcome() if state.taken else Outcome((self.say("utter_fallback", state),))

    def say(self, name: str, state: State, /, **values: Slot) -> Utterance:
        """One utterance. values: further slots for this one time, whatever their names.

        Variants take turns by the number of the turn, so that a replay says the same.
        Raises ProjectError if the domain has no such response for these slots.
        """
        slots: Mapping[str, Slot] = {**state.slots, **values, LANGUAGE: state.language}
        fitting = self.fitting(name, slots)
        special = [variant for variant in fitting if variant.conditions] or fitting
        if not special:
            raise ProjectError(
                f"Response '{name}' has no variant for language '{state.language}'. Add one to domain.yml."
            )
        return filled(special[state.turn % len(special)], slots)

    def fitting(self, name: str, slots: Mapping[str, Slot]) -> list[Variant]:
        """The variants that may be said where slots have these values."""
        return [variant for variant in self.responses().get(name, ()) if variant.fits(slots)]

    def fits(self, name: str, state: State) -> bool:
        """Whether the response can be said now."""
        return bool(self.fitting(name, {**state.slots, LANGUAGE: state.language}))

    def knows(self, name: str) -> bool:
        """Whether the domain has the response."""
        return name in self.responses()


def filled(variant: Variant, slots: Mapping[str, Slot]) -> Utterance:
    """The variant with `{slot}` replaced by the slot's value.

    Nothing else in a text has a meaning: there is no template language. A slot without a value leaves nothing behind.
    A text is Markdown, so a value stands in it escaped and is shown as it is; titles of buttons are no Markdown, nor is
    what only a front end of one's own understands.
    """

    def value(text: str, written: Callable[[str], str]) -> str:
        return PLACE.sub(lambda match: "" if (slot := slots.get(match[1])) is None else written(str(slot)), text)

    buttons = tuple(Button(value(button.title, str), button.payload) for button in variant.buttons)
    custom = filled_within(variant.custom, lambda text: value(text, str))
    return Utterance(value(variant.text, literal), buttons, variant.image, custom=custom)


def filled_within(raw: Any, value: Callable[[str], str]) -> Any:
    """A value of YAML with its texts filled in, at any depth."""
    if isinstance(raw, dict):
        return {key: filled_within(each, value) for key, each in raw.items()}
    if isinstance(raw, list):
        return [filled_within(each, value) for each in raw]
    return value(raw) if isinstance(raw, str) else raw
