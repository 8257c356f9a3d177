"""Responses of the domain: the variant for the language and the slots, its `{slot}`s filled in as mere words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chatbot.dialogue.domain import Domain, Variant
from chatbot.dialogue.responses import PLACE
from chatbot.errors import ProjectError
from chatbot.escaping import literal
from chatbot.messages import Button, Evidence, Outcome, Slot, State, Step, Utterance

Responses = Callable[[], Mapping[str, tuple[Variant, ...]]]
"""The responses as they are now, by name; asked for at every reply."""


class Speaker:
    """Says responses by name."""

    def __init__(self, domain: Domain, responses: Responses | None = None) -> None:
        """responses: the domain's as staff have edited them; the domain's own if there are none."""
        self.responses = responses or (lambda: domain.responses)

    def __call__(self, step: Step, evidence: Evidence, state: State) -> Outcome:
        """The response that the step names."""
        return Outcome((self.say(step.name, state),))

    def say(self, name: str, state: State, /, **values: Slot) -> Utterance:
        """One utterance. values: further slots for this one time, whatever their names.

        Variants take turns by the number of the turn, so that a replay says the same.
        Raises ProjectError if the domain has no such response for these slots.
        """
        slots: Mapping[str, Slot] = {**state.slots, **values, "language": state.language}
        fitting = [variant for variant in self.responses().get(name, ()) if variant.fits(slots)]
        special = [variant for variant in fitting if variant.conditions] or fitting
        if not special:
            raise ProjectError(
                f"Response '{name}' has no variant for language '{state.language}'. Add one to domain.yml."
            )
        return filled(special[state.turn % len(special)], slots)

    def knows(self, name: str) -> bool:
        """Whether the domain has the response."""
        return name in self.responses()


def filled(variant: Variant, slots: Mapping[str, Slot]) -> Utterance:
    """The variant with `{slot}` replaced by the slot's value.

    Nothing else in a text has a meaning: there is no template language. A slot without a value leaves nothing behind.
    A text is Markdown, so a value stands in it escaped and is shown as it is; titles of buttons are no Markdown.
    """

    def value(text: str, written: Callable[[str], str]) -> str:
        return PLACE.sub(lambda match: "" if (slot := slots.get(match[1])) is None else written(str(slot)), text)

    buttons = tuple(Button(value(button.title, str), button.payload) for button in variant.buttons)
    return Utterance(value(variant.text, literal), buttons, variant.image)
