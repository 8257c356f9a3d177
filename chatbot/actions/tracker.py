"""The conversation as an action reads it: rasa-sdk's Tracker and domain. Pure.

https://rasa.com/docs/rasa/action-server/sdk-tracker
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from chatbot.actions.events import PAUSED
from chatbot.actions.past import exchange_events, intent_json, turn_events
from chatbot.dialogue.domain import Domain
from chatbot.dialogue.domain_slots import REQUESTED_SLOT
from chatbot.dialogue.paths import LISTEN
from chatbot.messages import Entity, Evidence, Exchange, Intent, Slot, State

MOST_TURNS = 20
"""Of those before this one, whose words an action reads: each costs a twentieth of a millisecond."""
TrackerJson = dict[str, Any]


def tracker_json(
    evidence: Evidence,
    state: State,
    told: Mapping[str, Slot],
    domain: Domain,
    past: Sequence[Exchange] = (),
) -> TrackerJson:
    """The state of rasa-sdk's Tracker. The slots `language` and `turn` are always there.

    Who writes is known by the conversation; on the REST channel by the sender that the front end names, as in Rasa.

    told: slots that an action is to check; they are the last events. past: turns before this one, oldest first. Of this
    turn the events tell what was done, not yet what was said.
    """
    form, channel = state.active_form, channel_of(state.conversation_id)
    message = message_json(evidence, state)
    return {
        "sender_id": state.conversation_id.removeprefix("rest:"),
        "slots": slots_json(state, domain),
        "latest_message": message,
        "events": [
            *(event for exchange in past for event in exchange_events(exchange, channel)),
            *turn_events(message, state.taken, channel),
            *({"event": "slot", "timestamp": None, "name": name, "value": value} for name, value in told.items()),
        ],
        "paused": state.held_by == PAUSED,
        "followup_action": None,
        "active_loop": {"name": form, "is_interrupted": False, "rejected": False} if form else {},
        "latest_action_name": state.taken[-1].action if state.taken else LISTEN,
        "latest_input_channel": channel,
    }


def channel_of(conversation_id: str) -> str:
    """The channel that a conversation came in by: Rasa's REST channel, or the chat page."""
    return "rest" if conversation_id.startswith(("rest:", "rest.")) else "frontdesk"


def slots_json(state: State, domain: Domain) -> dict[str, Slot]:
    """Every slot of the domain, and whatever else has a value."""
    known = dict.fromkeys(domain.slots)
    ours = {"language": state.language, "turn": state.turn, REQUESTED_SLOT: state.requested_slot or None}
    return {**known, **state.slots, **ours}


def message_json(evidence: Evidence, state: State) -> dict[str, Any]:
    """The message of this turn, as Rasa's NLU tells it. A pressed button is its intent, surely."""
    return {**understood_json(evidence), "metadata": {"language": state.language}}


def understood_json(evidence: Evidence) -> dict[str, Any]:
    """What a text is taken for. text: as it was read, which the entities' offsets are of."""
    intents = (Intent(evidence.command, 1.0),) if evidence.command else evidence.intents
    ranking = [intent_json(intent) for intent in intents]
    return {
        "text": evidence.text,
        "intent": ranking[0] if ranking else intent_json(None),
        "intent_ranking": ranking,
        "entities": [entity_json(entity) for entity in evidence.entities],
    }


def entity_json(entity: Entity) -> dict[str, Any]:
    """An entity as Rasa's NLU gives it."""
    marks = {"role": entity.role, "group": entity.group}
    return {
        "entity": entity.name,
        "value": entity.value,
        "start": entity.start,
        "end": entity.end,
        **{key: value for key, value in marks.items() if value},
    }


def domain_json(domain: Domain) -> dict[str, Any]:
    """The domain as rasa-sdk reads it: in the shape of Rasa 3, whichever its file has."""
    raw = domain.raw
    forms = {
        name: {"required_slots": list(slots), "ignored_intents": list(domain.ignored_intents.get(name, ()))}
        for name, slots in domain.forms.items()
    }
    slots = {name: body or {} for name, body in (raw.get("slots") or {}).items()}
    return {**raw, "slots": slots, "forms": forms}


def digest_of(domain: Mapping[str, Any]) -> str:
    """Tells one domain from another."""
    return hashlib.sha256(json.dumps(domain, sort_keys=True, default=str).encode()).hexdigest()


def idempotency_key(name: str, evidence: Evidence, state: State) -> str:
    """The same for a call that is made again because the process died in the middle of the turn, and for no other.

    `<conversation>:<turn>:<steps taken, quiet ones too>:<of the action and the message>`. A turn that is not written is
    no turn: the message that comes next, the same again or another, has its number.
    """
    digest = hashlib.blake2b(f"{name}\0{evidence.text}".encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{state.conversation_id}:{state.turn}:{len(state.prepared) + len(state.taken)}:{digest}"
