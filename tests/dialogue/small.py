"""Rules as small tables, for tests that need not read a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatbot.dialogue.paths import Mark, Path
from chatbot.dialogue.rules import Rules
from chatbot.dialogue.slots import Mapped, SlotRules

Chains = Mapping[str, Sequence[str]]


def rules(by_intent: Chains, after_form: Chains | None = None, slots: Mapping[str, SlotRules] | None = None) -> Rules:
    """What each intent leads to, and what each form that is filled leads to."""
    ruled = [
        Path(intent, (Mark("intent", intent), *(Mark("action", name) for name in chain)))
        for intent, chain in by_intent.items()
    ]
    filled = [
        Path(f"{form} is filled", (Mark("done", form), *(Mark("action", name) for name in chain)), loop=form)
        for form, chain in (after_form or {}).items()
    ]
    return Rules((*ruled, *filled), slots or {})


def from_entities(*names: str) -> SlotRules:
    """A slot of text that the entities fill, wherever they stand."""
    return SlotRules(mappings=tuple(Mapped(entity=name) for name in names))
