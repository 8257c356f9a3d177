"""A form: asks for what is missing, and when nothing is, hands over to what its rule names next."""

from __future__ import annotations

from chatbot.deciding import Policy
from chatbot.messages import Event, Evidence, FormActive, Outcome, Planned, SlotSet, State, Step, Utterance
from chatbot.reply.template import Speaker


class Form:
    """Fills the slots of a form from the entities of the message."""

    def __init__(self, speaker: Speaker, policy: Policy) -> None:
        self.speaker, self.policy = speaker, policy

    def __call__(self, step: Step, evidence: Evidence, state: State) -> Outcome:
        """The question for the first empty slot; or the end of the form."""
        found = self.policy.filling(step.name, evidence)
        events: tuple[Event, ...] = tuple(SlotSet(name, value) for name, value in found.items())
        slots = state.after(*events).slots
        empty = [name for name in self.policy.domain.forms[step.name] if slots.get(name) is None]
        if not empty:
            then = self.policy.rules.after_form.get(step.name, ())
            return Outcome(events=(*events, FormActive(""), Planned(then)))
        if state.taken and (state.active_form, state.requested_slot) == (step.name, empty[0]):
            # After a digression the customer has not failed to answer: the first wording, and it does not count.
            return Outcome((self.question(step.name, empty[0], state.after(*events), again=False),), events)
        waits = state.after(*events, FormActive(step.name, empty[0]))
        question = self.question(step.name, empty[0], waits, again=waits.asked > 1)
        return Outcome((question,), (*events, FormActive(step.name, empty[0])))

    def question(self, form: str, slot: str, state: State, again: bool) -> Utterance:
        """`utter_ask_<form>_<slot>`, or `utter_ask_<slot>`, as in Rasa; asked again, `..._again` where there is one."""
        wanted = wordings(form, slot, again)
        return self.speaker.say(next((name for name in wanted if self.speaker.knows(name)), wanted[-1]), state)


def wordings(form: str, slot: str, again: bool) -> tuple[str, ...]:
    """Names of the responses that may ask for the slot, the first that the domain has is said."""
    names = (f"utter_ask_{form}_{slot}", f"utter_ask_{slot}")
    return (*(f"{name}_again" for name in names), *names) if again else names
