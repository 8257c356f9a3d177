""" "Did you mean": at most three choices, as buttons."""

from __future__ import annotations

from dataclasses import replace

from chatbot.deciding import title
from chatbot.messages import Button, Evidence, Outcome, State, Step
from chatbot.reply.template import Speaker
from knowledge_base.pairs import Hit


class Clarify:
    """Asks which of the likeliest was meant; a pressed button is certain."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker

    def __call__(self, step: Step, evidence: Evidence, state: State) -> Outcome:
        """A question with a button a choice, and one for a person."""
        choices = tuple(self.button(choice, state) for choice in step.choices)
        asked = self.speaker.say("utter_clarify", state)
        return Outcome((replace(asked, buttons=choices + asked.buttons),))

    def button(self, choice: str | Hit, state: State) -> Button:
        """A pair sends its question, which equals a stored phrasing; an intent sends Rasa's `/intent`.

        An intent that the domain has no words for is called by its name, as Rasa does.
        """
        if isinstance(choice, Hit):
            return Button(choice.pair.question, choice.pair.question)
        known = self.speaker.knows(title(choice))
        shown = self.speaker.say(title(choice), state).text if known else choice.replace("_", " ")
        return Button(shown, f"/{choice}")
