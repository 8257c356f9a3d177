"""Says honestly that it does not know, and offers a person."""

from __future__ import annotations

from chatbot.deciding import MOST_ASKED
from chatbot.messages import Evidence, FormActive, Outcome, State, Step
from chatbot.reply.template import Speaker


class Fallback:
    """Never guesses. A form that has asked often enough in vain is ended; else it goes on."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker

    def __call__(self, step: Step, evidence: Evidence, state: State) -> Outcome:
        """The response that the step names, as for what is out of scope; else the one for what was not understood."""
        name = step.name if self.speaker.knows(step.name) else "utter_fallback"
        in_vain = bool(state.active_form) and state.asked >= MOST_ASKED
        return Outcome((self.speaker.say(name, state),), (FormActive(""),) if in_vain else ())
