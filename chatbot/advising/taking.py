"""Which questions of customers would get another answer if a draft were saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from chatbot.advising.advice import Source, Taken
from chatbot.advising.scoring import Present, Questions, hits_on, sure, with_draft
from chatbot.conversations.asked import Asked
from chatbot.deciding import Policy, decide
from chatbot.messages import Evidence, State, Step
from chatbot.understanding.pairs import SureSearch
from knowledge_base.pairs import Hit, Pair

EXAMPLES = 5
UNANSWERED = ("fallback", "clarify")


@dataclass(frozen=True, slots=True)
class Change:
    """A question with the step that it leads to now, and the one that it would lead to."""

    text: str
    before: Step
    after: Step


class Taking:
    """The decision about each question, made twice: with the hits as they are, and with the draft's among them.

    The intents are those of the log, the hits are of now, and each question is taken as the first of a conversation.
    Only questions are decided again for which the draft, or the pair that it is written over, would at least be offered
    if it stood alone: the search itself is asked about those, and a knowledge base of any size is quick enough.
    """

    def __init__(self, search: SureSearch, policy: Policy, read: Callable[[Sequence[str]], Questions]) -> None:
        """read: the questions as the search reads them, with their vectors."""
        self.search, self.policy, self.read = search, policy, read
        self.present = Present(search.base)

    def __call__(self, draft: Pair, stored: Pair | None, asked: Sequence[Asked]) -> Taken:
        """What would change. stored: the pair that the draft is written over; None for a new one."""
        changes = list(self.changes(draft, stored, asked))
        won = [change for change in changes if answers(draft, change.after) and not answers(draft, change.before)]
        new = tuple(change.text for change in won if change.before.kind in UNANSWERED)
        lost = [
            change for change in changes if change.after.kind in UNANSWERED and change.before.kind not in UNANSWERED
        ]
        return Taken(len(asked), sources(won), len(new), new[:EXAMPLES], len(lost))

    def changes(self, draft: Pair, stored: Pair | None, asked: Sequence[Asked]) -> Iterator[Change]:
        """The questions that are near the draft or its stored pair, with what becomes of them."""
        questions = self.read([question.text for question in asked])
        drafted = hits_on(draft, questions, self.search.base)
        served = hits_on(stored, questions, self.search.base) if stored else []
        for place, question in enumerate(asked):
            text, vector = questions.texts[place], questions.vectors[place]
            mine = drafted[place] if drafted and draft.language in ("", question.language) else None
            if self.near(text, mine) or self.near(text, served[place] if served else None):
                hits = self.present(text, question.language, vector)
                after = with_draft(hits, draft.id, mine)
                yield Change(question.text, self.step(question, text, hits), self.step(question, text, after))

    def near(self, text: str, hit: Hit | None) -> bool:
        """Whether the pair would be offered for the text if it were the only one: it is never surer than then."""
        alone = sure(self.search, text, [hit]) if hit else []
        return bool(alone and alone[0].score >= self.policy.thresholds.pair_clarify)

    def step(self, question: Asked, text: str, hits: Sequence[Hit]) -> Step:
        """What the assistant would do first."""
        certain = tuple(sure(self.search, text, hits))
        evidence = Evidence(text, question.text, question.language, question.intents, hits=certain)
        return decide(evidence, State("", question.language), self.policy)


def answers(pair: Pair, step: Step) -> bool:
    """Whether the step says the pair's answer."""
    return bool(step.hit and step.hit.pair.id == pair.id)


def sources(won: Iterable[Change]) -> tuple[Source, ...]:
    """From whom the questions are taken, most first; those that nobody answers are not among them."""
    by_step: dict[tuple[int | None, str], list[str]] = defaultdict(list)
    for change in won:
        step = change.before
        if step.kind not in UNANSWERED:
            by_step[(step.hit.pair.id, step.hit.pair.question) if step.hit else (None, step.name)].append(change.text)
    taken = [Source(pair_id, name, len(texts), tuple(texts[:EXAMPLES])) for (pair_id, name), texts in by_step.items()]
    return tuple(sorted(taken, key=lambda source: -source.count))
