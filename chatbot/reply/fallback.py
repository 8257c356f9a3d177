"""Says honestly that it does not know, and offers a person."""

from __future__ import annotations

from chatbot.messages import Evidence, FormActive, Outcome, State, Step
from chatbot.reply.template import Speaker
from training_data.examples import OUT_OF_SCOPE


class Fallback:
    """Never guesses. A form that got no further is ended."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker

    def __call__(self, step: Step, evidence: Evidence, state: State) -> Outcome:
        """One wording for what the assistant has no business with, another for what it did not understand."""
        outside = bool(evidence.intents) and evidence.intents[0].name in OUT_OF_SCOPE
        name = "utter_out_of_scope" if outside and self.speaker.knows("utter_out_of_scope") else "utter_fallback"
        return Outcome((self.speaker.say(name, state),), (FormActive(""),) if state.active_form else ())
