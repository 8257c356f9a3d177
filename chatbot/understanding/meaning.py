"""What a message means in its conversation: a button that is meant though it is not pressed, and several questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chatbot.messages import Evidence, Message, State
from chatbot.understanding.picking import picked
from chatbot.understanding.splitting import questions
from chatbot.understanding.text import normalised

Understand = Callable[[Message, State], Evidence]
"""One message in, all that is known about it out."""


class Meaning:
    """Understands a message as part of its conversation."""

    def __init__(self, understand: Understand, way_out: str) -> None:
        """way_out: the payload of the button that is offered beside all choices."""
        self.understand, self.way_out = understand, way_out

    def __call__(self, message: Message, state: State) -> Evidence:
        """The evidence of the message or the button that it means, with that of each question, if it asks several."""
        if state.held_by:
            return self.understand(message, state)
        meant = picked(normalised(message.text), state.offered, self.way_out)
        seen = self.understand(replace(message, text=meant, as_words=False) if meant else message, state)
        parts = () if seen.command or state.active_form else questions(seen.text)
        return replace(seen, parts=self.each(parts, message, state)) if parts else seen

    def each(self, parts: tuple[str, ...], message: Message, state: State) -> tuple[Evidence, ...]:
        """The evidence of each question; one may follow the one before it, as in "... and can they be washed?"."""
        found: list[Evidence] = []
        for part in parts:
            before = replace(state, question=found[-1].question if found else state.question)
            found.append(self.understand(replace(message, text=part, as_words=True), before))
        return tuple(found)
