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
        again = FormActive(step.name, empty[0])
        return Outcome((self.question(step.name, empty[0], state.after(again)),), (*events, again))

    def question(self, form: str, slot: str, state: State) -> Utterance:
        """`utter_ask_<form>_<slot>`, or `utter_ask_<slot>`, as in Rasa; asked again, `..._again` where there is one."""
        names = (f"utter_ask_{form}_{slot}", f"utter_ask_{slot}")
        again = [f"{name}_again" for name in names] if state.asked > 1 else []
        return self.speaker.say(next((name for name in (*again, *names) if self.speaker.knows(name)), names[-1]), state)
