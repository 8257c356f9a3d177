"""A form: asks for what is missing, lets the project's action check what was said, and ends when nothing is missing.

As Rasa's forms, with its FormValidationAction: https://rasa.com/docs/rasa/forms
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from chatbot.actions.calls import ActionRejectedError
from chatbot.deciding import MOST_ASKED, Policy
from chatbot.dialogue.domain_slots import REQUESTED_SLOT
from chatbot.dialogue.slots import Heard, told, triggered
from chatbot.errors import ActionError
from chatbot.messages import Event, Evidence, FormActive, Outcome, Slot, SlotSet, State, Step, Utterance
from chatbot.reply.action import apology
from chatbot.reply.template import Speaker


class Perform(Protocol):
    """Runs one of the project's actions. told: slots that it is to check."""

    def __call__(self, name: str, evidence: Evidence, state: State, told: Mapping[str, Slot]) -> Outcome:
        """What the action says and what it changes.

        Raises ActionRejectedError if it declines, ActionError if it fails.
        """
        ...


class Form:
    """Fills the slots of a form with what the message says."""

    def __init__(self, speaker: Speaker, policy: Policy, perform: Perform) -> None:
        self.speaker, self.policy, self.perform = speaker, policy, perform

    def __call__(self, step: Step, evidence: Evidence, state: State) -> Outcome:
        """The question for the first empty slot; or the end of the form."""
        form, begins = step.name, state.active_form != step.name or not state.requested_slot
        if not begins and (state.taken or step.intent):
            # After a digression the customer has not failed to answer: the first wording, and it does not count.
            return self.asking(form, state.requested_slot, False, evidence, state)
        begin = () if state.active_form == form else (FormActive(form),)
        begun = state.after(*begin)
        told = self.known(step, evidence, begun) if begins else self.told(form, begun)
        try:
            checked = self.checked(form, told, evidence, begun)
        except ActionRejectedError:
            checked = Outcome(events=emptied(told, state))
        except ActionError:
            sorry = apology(self.speaker, state)
            return Outcome(sorry.utterances, (*begin, *emptied(told, state), *sorry.events))
        return self.led_on(form, told, Outcome(checked.utterances, (*begin, *checked.events)), evidence, state)

    def led_on(
        self, form: str, told: Mapping[str, Slot], checked: Outcome, evidence: Evidence, state: State
    ) -> Outcome:
        """What follows once the values are checked: the question for the next slot, the end, or giving up."""
        events = tuple(event for event in checked.events if not is_request(event) and not ends(event))
        after = state.after(*events)
        slot = "" if any(map(ends, checked.events)) else self.missing(form, after, checked.events)
        if not slot:
            return Outcome(checked.utterances, (*events, FormActive("", filled=True)))
        # Where another slot was told or corrected, the customer has not failed to answer: it does not count.
        counted = () if told and slot not in told and slot == after.requested_slot else (FormActive(form, slot),)
        waits = after.after(*counted)
        if waits.asked > MOST_ASKED:
            return Outcome((*checked.utterances, self.speaker.say("utter_fallback", after)), (*events, FormActive("")))
        again = bool(counted) and waits.asked > 1 and not checked.utterances
        asked = self.asking(form, slot, again, evidence, waits)
        return Outcome((*checked.utterances, *asked.utterances), (*events, *counted, *asked.events))

    def told(self, form: str, state: State) -> dict[str, Slot]:
        """The form's slots that this message says something of."""
        wanted = {*self.policy.domain.forms.get(form, ()), state.requested_slot}
        return {name: value for name, value in state.fresh.items() if name in wanted}

    def known(self, step: Step, evidence: Evidence, state: State) -> dict[str, Slot]:
        """The slots that need not be asked for, where the form begins.

        What was said before; what the message says that began it, by mappings that hold in the form; and what its
        intent says.
        """
        domain, form, intent = self.policy.domain, step.name, step.intent or state.trigger
        required = domain.forms.get(form, ())
        rules = {name: domain.slots[name] for name in required if name in domain.slots}
        heard = Heard("", evidence.command or intent, evidence.entities, form, "", required)
        return {
            **{name: state.slots[name] for name in required if state.slots.get(name) is not None},
            **{name: said.value for name, said in told(rules, heard).items()},
            **triggered(domain.slots, form, required, intent),
        }

    def checked(self, form: str, told: Mapping[str, Slot], evidence: Evidence, state: State) -> Outcome:
        """The slots as `validate_<form>` leaves them, if the project has such an action; else as they were said.

        Raises ActionRejectedError if it declines, ActionError if it fails.
        """
        said = tuple(SlotSet(name, value) for name, value in told.items())
        validator = f"validate_{form}"
        if validator not in self.policy.domain.actions:
            return Outcome(events=said)
        found = self.perform(validator, evidence, state.after(*said), told)
        return Outcome(found.utterances, (*said, *found.events))

    def missing(self, form: str, state: State, events: Sequence[Event]) -> str:
        """The slot to ask for: what the validating action says, or the first that is empty; '' for none."""
        asked = [event.value for event in events if isinstance(event, SlotSet) and is_request(event)]
        if asked:
            return str(asked[-1] or "")
        required = self.policy.domain.forms.get(form, ())
        return next((name for name in required if state.slots.get(name) is None), "")

    def asking(self, form: str, slot: str, again: bool, evidence: Evidence, state: State) -> Outcome:
        """`action_ask_<form>_<slot>` or `action_ask_<slot>`, where the project has one; else the response."""
        for action in (f"action_ask_{form}_{slot}", f"action_ask_{slot}"):
            if action in self.policy.domain.actions:
                try:
                    found = self.perform(action, evidence, state, {})
                except ActionError:
                    return apology(self.speaker, state)
                return Outcome(found.utterances, tuple(e for e in found.events if not is_request(e)))
        return Outcome(self.question(form, slot, state, again))

    def question(self, form: str, slot: str, state: State, again: bool) -> tuple[Utterance, ...]:
        """`utter_ask_<form>_<slot>`, or `utter_ask_<slot>`, as in Rasa; asked again, `..._again` where there is one.

        Nothing where the project has none of them for this situation, as in Rasa: what validates the form may have
        asked already.
        """
        known = [name for name in wordings(form, slot, again) if self.speaker.fits(name, state)]
        return (self.speaker.say(known[0], state),) if known else ()


def emptied(told: Mapping[str, Slot], state: State) -> tuple[Event, ...]:
    """What this message says of slots is not known."""
    return tuple(SlotSet(name, None) for name in told if name in state.fresh)


def is_request(event: Event) -> bool:
    """Whether the event names the slot to ask for, as an action that validates a form does."""
    return isinstance(event, SlotSet) and event.name == REQUESTED_SLOT


def ends(event: Event) -> bool:
    """Whether the event ends the form, as an action that validates it may."""
    return isinstance(event, FormActive) and not event.form


def wordings(form: str, slot: str, again: bool) -> tuple[str, ...]:
    """Names of the responses that may ask for the slot, the first that the domain has is said."""
    names = (f"utter_ask_{form}_{slot}", f"utter_ask_{slot}")
    return (*(f"{name}_again" for name in names), *names) if again else names
