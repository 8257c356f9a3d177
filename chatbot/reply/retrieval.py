"""A stored answer, with its pair's id and category, and the runners-up as suggestions."""

from __future__ import annotations

from chatbot.messages import Button, Evidence, Outcome, State, Step, Utterance

MOST = 3


class Retrieval:
    """Says what staff saved, word for word."""

    def __init__(self, suggest_from: float) -> None:
        """suggest_from: the score in [0, 1] from which a runner-up is near enough to be suggested."""
        self.suggest_from = suggest_from

    def __call__(self, step: Step, evidence: Evidence, state: State) -> Outcome:
        """The answer of the step's pair."""
        if step.hit is None:
            raise ValueError("A retrieval step carries the pair that it found.")
        pair = step.hit.pair
        near = (
            () if evidence.parts else evidence.hits
        )  # several questions have their answers: nothing more is suggested
        others = [hit.pair.question for hit in near if hit.pair.id != pair.id and hit.score >= self.suggest_from]
        buttons = tuple(Button(question, question) for question in others[:MOST])
        answer = Utterance(pair.answer, buttons, pair_id=pair.id, category=pair.category, source_url=pair.source_url)
        return Outcome((answer,))
