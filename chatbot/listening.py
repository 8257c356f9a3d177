"""What a message says before anything is decided: that a session begins anew, and values of slots. Pure."""

from __future__ import annotations

from chatbot.deciding import Policy, enough_for, sure_pair
from chatbot.dialogue.paths import RESTART
from chatbot.dialogue.rules import Next
from chatbot.dialogue.slots import Heard, Said, initial, told
from chatbot.messages import Event, Evidence, FormActive, SessionStarted, SlotSet, State, Told
from chatbot.understanding.text import is_question


def returning(idle: float, policy: Policy) -> tuple[Event, ...]:
    """A new session, if the conversation has been idle for longer than the domain says. idle: minutes."""
    session = policy.domain.session
    over = bool(session.minutes) and idle > session.minutes
    return (SessionStarted(session.carry_over_slots),) if over else ()


def listening(evidence: Evidence, state: State, policy: Policy) -> tuple[Event, ...]:
    """What a message says of slots, by the mappings of the domain; and what slots hold that were never set.

    state: as it was before the message.
    """
    known = state.active_form in policy.domain.forms
    unset = {name: value for name, value in initial(policy.domain.slots).items() if name not in state.slots}
    begun: tuple[Event, ...] = tuple(SlotSet(name, value) for name, value in unset.items())
    if state.active_form and not known:
        begun += (FormActive(""),)  # the project has changed since
    if state.held_by:
        return begun
    said = said_of_slots(evidence, state.after(*begun), policy)
    if not said:
        return begun
    required = policy.domain.forms.get(state.active_form, ())
    words = tuple(name for name in required if name in said and said[name].mapped.kind == "from_text")
    return (*begun, Told({name: each.value for name, each in said.items()}, words))


def said_of_slots(evidence: Evidence, state: State, policy: Policy) -> dict[str, Said]:
    """What the message says, by slot. What the form is to ignore, and what answers a story, fills nothing of it."""
    form, intent = state.active_form, taken_for(evidence, state, policy)
    required = policy.domain.forms.get(form, ())
    text = "" if evidence.command or is_digression(evidence, intent, state, policy) else evidence.text
    heard = Heard(text, intent, evidence.entities, form, state.requested_slot, required)
    said = told(policy.domain.slots, heard)
    ignored = bool(intent) and intent in policy.domain.ignored_intents.get(form, ())
    if not ignored and not answers_a_story(evidence, intent, state, policy):
        return said
    return {name: each for name, each in said.items() if name not in required}


def answers_a_story(evidence: Evidence, intent: str, state: State, policy: Policy) -> bool:
    """Whether a story has asked in the form's stead, as whether to go on at all, and this is what it waits for."""
    last = state.happened[-1] if state.happened else None
    if not intent or not state.active_form or not last or last.kind != "action" or last.name == state.active_form:
        return False
    asked, found = policy.next(state), policy.after(intent, evidence, state)
    return bool(asked and asked.waits_within(state.active_form) and found and found.matched > asked.matched)


def taken_for(evidence: Evidence, state: State, policy: Policy) -> str:
    """The intent that the mappings see: the button's, or the likeliest if it is sure enough; else ''.

    Where the form asks for what that very intent says, as a yes, or a rule of the form waits for it, likely is enough.
    """
    if evidence.command or not evidence.intents:
        return evidence.command
    intent, limits = evidence.intents[0], policy.thresholds
    rules = policy.domain.slots.get(state.requested_slot)
    wanted = rules is not None and any(m.kind == "from_intent" and intent.name in m.intents for m in rules.mappings)
    found = None if wanted else policy.after(intent.name, evidence, state)
    needed = limits.intent_clarify if wanted else enough_for(found, state, limits)
    return intent.name if intent.confidence >= needed else ""


def leads_out(found: Next) -> bool:
    """Whether it ends whatever form is active."""
    ending = found.name in (RESTART, "action_deactivate_loop")
    return ending or any(step.kind == "left" for step in found.path.steps)


def is_digression(evidence: Evidence, intent: str, state: State, policy: Policy) -> bool:
    """Whether a message in the middle of a form is surely about something else, so that its words fill nothing.

    A wish that a rule meets in this form, or a story at this place; or a question, in its form or word for word a
    stored one, that is surely answered. What describes the customer's case resembles an intent too, and is none.
    """
    if not state.active_form:
        return False
    hit = evidence.hits[0] if evidence.hits else None
    if hit and hit.exact:
        return True
    found = policy.after(intent, evidence, state) if intent else None
    if found and (found.path.loop == state.active_form or found.matched > 1 or leads_out(found)):
        return True
    return is_question(evidence.text) and bool(sure_pair(evidence, policy.thresholds) or found)
