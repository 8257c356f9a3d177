"""What the log may hold of a message and of a reply: personal data masked. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chatbot.escaping import literal
from chatbot.messages import Button, Reply, State, Utterance

Masked = Callable[[str], str]
"""A text with its personal data masked."""
SHORT = 4
"""Characters: what is shorter is masked where it stands as a word only, or it would be found in every other word."""


def masked_message(text: str, masked: Masked, state: State, understood: bool = True) -> str:
    """A customer's message. Of one that fills a slot as it stands, as an address, only the slot's name is kept.

    understood: whether it is known what it fills; if not, it may be what a form asks for.
    """
    slot = next((name for name in state.words if name in state.fresh), "" if understood else state.requested_slot)
    return f"[{slot}]" if slot else without_words(masked, state)(text)


def without_words(masked: Masked, state: State) -> Masked:
    """What masks also the values of slots that hold a whole message: no pattern would find an address."""
    said = [
        (f"[{name}]", re.compile("|".join(pattern(words) for words in {literal(str(value)), str(value)})))
        for name in state.words
        for value in (state.slots.get(name), state.fresh.get(name))
        if value not in (None, "")
    ]

    def shown(text: str) -> str:
        for mark, found in said:
            text = found.sub(mark, text)
        return masked(text)

    return shown


def pattern(words: str) -> str:
    """A regular expression for the words as they stand."""
    return re.escape(words) if len(words) >= SHORT else rf"(?<!\w){re.escape(words)}(?!\w)"


def masked_reply(reply: Reply, masked: Masked) -> Reply:
    """What it repeats of the customer's is masked; a stored answer stays as it is."""

    def shown(one: Utterance) -> Utterance:
        if one.pair_id is not None:
            return one
        return replace(
            one,
            text=masked(one.text),
            buttons=tuple(Button(masked(button.title), masked(button.payload)) for button in one.buttons),
            image=masked(one.image),
            custom=masked_within(one.custom, masked),
        )

    return replace(reply, utterances=tuple(shown(one) for one in reply.utterances))


def masked_within(value: Any, masked: Masked) -> Any:
    """A value of JSON with its texts masked, at any depth; and its numbers, where they would be as texts."""
    if isinstance(value, dict):
        return {masked(str(key)): masked_within(each, masked) for key, each in value.items()}
    if isinstance(value, list):
        return [masked_within(each, masked) for each in value]
    if value is None or isinstance(value, bool):
        return value
    shown = masked(str(value))
    return shown if isinstance(value, str) or shown != str(value) else value
