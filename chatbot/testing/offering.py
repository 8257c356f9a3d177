"""The buttons that a test story's customer sees, as far as the domain's responses tell: actions are not run. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from chatbot.dialogue.domain import Domain
from chatbot.errors import ProjectError
from chatbot.messages import Button, State
from chatbot.reply.form import wordings
from chatbot.reply.template import Speaker


def offered(state: State, domain: Domain) -> tuple[Button, ...]:
    """Those of the turn that ends with this state. A "yes" may mean one of them."""
    return tuple(button for name in said(state, domain) for button in buttons(name, state, domain))


def said(state: State, domain: Domain) -> Iterator[str]:
    """The responses of the turn: those of its steps, and the one with which a form asks for its slot."""
    for step in state.taken:
        if step.kind == "template":
            yield step.name
        elif step.kind == "form" and step.name == state.active_form:
            asking = wordings(step.name, state.requested_slot, False)
            yield next((name for name in asking if name in domain.responses), "")


def buttons(name: str, state: State, domain: Domain) -> tuple[Button, ...]:
    """The buttons of a response; none where it cannot be said."""
    try:
        return Speaker(domain).say(name, state).buttons
    except ProjectError:
        return ()
