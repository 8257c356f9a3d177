"""What an action gives back, as the state's own events. Pure.

Of rasa-sdk's events those that change what is remembered are followed: slots (set, all emptied), forms, what is done
next, restart, pause and resume. Reminders, and going back (undo, rewind), are not supported; they are left out and
logged by name. https://rasa.com/docs/rasa/action-server/sdk-events
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chatbot.dialogue.domain import Domain
from chatbot.dialogue.slots import initial
from chatbot.messages import Event, FollowedUp, FormActive, Held, Restarted, SlotSet, State

PAUSED = "paused"
"""Who holds a conversation that an action has paused."""
SEEN = frozenset(
    {
        "action",
        "action_execution_rejected",
        "agent",
        "bot",
        "loop_interrupted",
        "session_started",
        "user",
        "user_featurization",
    }
)
"""Events that only tell what is known here already, or change nothing."""
NOTHING_TO_DO = SEEN | {"reset_slots", "resume"}
"""Events that may well lead to nothing."""
log = logging.getLogger(__name__)
Reader = Callable[[Mapping[str, Any], State, Domain], tuple[Event, ...]]


def read_events(raw: Sequence[Mapping[str, Any]], state: State, domain: Domain) -> tuple[Event, ...]:
    """The events, in their order; never raises. What is not supported, or names nothing, is left out and logged.

    state: as it is before them.
    """
    found: tuple[Event, ...] = ()
    for each in raw:
        kind = str(each.get("event"))
        read = READERS.get(kind)
        events = read(each, state.after(*found), domain) if read else ()
        if not events and kind not in NOTHING_TO_DO:
            log.warning("event '%s' of an action is not supported and was left out", kind)
        found += events
    return found


def slot_set(raw: Mapping[str, Any], state: State, domain: Domain) -> tuple[Event, ...]:
    """A slot of any name has a value; the domain need not have it."""
    return (SlotSet(str(raw["name"]), raw.get("value")),) if raw.get("name") else ()


def slots_reset(raw: Mapping[str, Any], state: State, domain: Domain) -> tuple[Event, ...]:
    """Every slot is as at the beginning."""
    return slots_set(dict.fromkeys(state.slots) | initial(domain.slots))


def restarted(domain: Domain) -> tuple[Event, ...]:
    """The conversation begins anew, its slots as at the beginning."""
    return (Restarted(), *slots_set(initial(domain.slots)))


def slots_set(values: Mapping[str, Any]) -> tuple[Event, ...]:
    """The slots have these values."""
    return tuple(SlotSet(name, value) for name, value in values.items())


def loop(raw: Mapping[str, Any], state: State, domain: Domain) -> tuple[Event, ...]:
    """A form is active from here on; none, without a name. One that the domain does not have cannot be."""
    name = str(raw.get("name") or "")
    return (FormActive(name),) if not name or name in domain.forms else ()


def followed_up(raw: Mapping[str, Any], state: State, domain: Domain) -> tuple[Event, ...]:
    """What is done next."""
    return (FollowedUp(str(raw["name"])),) if raw.get("name") else ()


def resumed(raw: Mapping[str, Any], state: State, domain: Domain) -> tuple[Event, ...]:
    """A paused conversation goes on; one that a person holds stays with the person."""
    return (Held(""),) if state.held_by == PAUSED else ()


READERS: Mapping[str, Reader] = {
    "slot": slot_set,
    "reset_slots": slots_reset,
    "active_loop": loop,
    "form": loop,
    "followup": followed_up,
    "restart": lambda raw, state, domain: restarted(domain),
    "pause": lambda raw, state, domain: (Held(PAUSED),),
    "resume": resumed,
}
