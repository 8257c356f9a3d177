"""Advice on one draft: what is near it, what contradicts it, what hides it, whose questions it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from chatbot.advising.advice import Advice, Contradiction, Hiding, Near
from chatbot.advising.answers import differ, same
from chatbot.advising.scoring import Remembered, sure, without, wordings
from chatbot.advising.taking import Taking
from chatbot.conversations.asked import Asked
from chatbot.deciding import Policy, decide
from chatbot.messages import Evidence, Intent, Language, State
from chatbot.understanding.pairs import SureSearch
from chatbot.understanding.understand import NEAREST
from knowledge_base.pairs import Hit, Pair
from knowledge_base.text import language_of
from training_data.examples import OUT_OF_SCOPE

MOST_WORDINGS = 20
"""Wordings of a draft that are asked about; of more, the question and those written last."""


class Advisor:
    """Advice on drafts. It reads what is stored and logged, and writes nothing."""

    def __init__(
        self,
        search: SureSearch,
        classify: Callable[[str], Sequence[Intent]],
        policy: Policy,
        asked: Callable[[], Sequence[Asked]],
        mended: Callable[[str], str],
    ) -> None:
        """classify: the intents of a text, best first. asked: the latest questions of customers. mended: a text without
        its typing mistakes."""
        self.search, self.classify, self.policy, self.asked = search, classify, policy, asked
        self.take = Taking(search, policy, Remembered(mended, search.base.index.encode))

    def __call__(self, draft: Pair) -> Advice:
        """What to tell of a draft; id: that of the pair that it is written over, 0 for a new one.

        It is looked at as if it were published and valid today. It may be unfinished: what is empty is near nothing.
        """
        hits = self.nearest(draft)
        return Advice(
            tuple(
                Near(hit.pair.id, hit.pair.question, hit.phrasing, hit.score, same(draft.answer, hit.pair.answer))
                for hit in hits
            ),
            tuple(
                Contradiction(hit.pair.id, hit.pair.question, hit.pair.answer, hit.score)
                for hit in hits
                if hit.score >= self.policy.thresholds.pair_answer and differ(draft.answer, hit.pair.answer)
            ),
            self.hidden_by(draft),
            self.take(draft, self.stored(draft.id), self.asked()),
        )

    def nearest(self, draft: Pair) -> list[Hit]:
        """At most NEAREST other pairs that the search would answer with or offer for one of the wordings, best first.

        Pairs of the draft's language and of any; of all languages for a draft that is in none.
        """
        best: dict[int, Hit] = {}
        for hit in self.hits(draft):
            if hit.score >= max(
                self.policy.thresholds.pair_clarify, best[hit.pair.id].score if hit.pair.id in best else 0
            ):
                best[hit.pair.id] = hit
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.pair.id))[:NEAREST]

    def hits(self, draft: Pair) -> Iterator[Hit]:
        """What the search would find for each wording, were its own pair not there."""
        texts = asked_about(draft)
        for text, vector in zip(texts, self.search.base.index.encode(texts), strict=True):
            hits = self.search.base.search(text, draft.language or None, k=NEAREST + 1, vector=vector)
            yield from sure(self.search, text, without(hits, draft.id))

    def hidden_by(self, draft: Pair) -> Hiding | None:
        """The surest intent that answers one of the wordings without the search, as if the pair were not stored.

        A wording that is stored wins over every rule; a paraphrase of it meets the rule first. An intent that is out of
        scope hides it, too: what is surely foreign is asked back about at best.
        """
        hiding = [
            Hiding(intents[0].name, intents[0].confidence, self.policy.thresholds.intent_answer)
            for text in asked_about(draft)
            if (intents := tuple(self.classify(text))) and self.hides(text, intents)
        ]
        return max(hiding, key=lambda hiding: hiding.confidence, default=None)

    def hides(self, text: str, intents: tuple[Intent, ...]) -> bool:
        """Whether the decision leaves the search out."""
        if intents[0].confidence < self.policy.thresholds.intent_answer:
            return False
        language: Language = "zh" if language_of(text) == "zh" else "en"
        step = decide(Evidence(text, text, language, intents), State("", language), self.policy)
        return step.kind in ("template", "action", "form") or intents[0].name in OUT_OF_SCOPE

    def stored(self, pair_id: int) -> Pair | None:
        """The pair as it is stored now."""
        return self.search.base.store.pairs([pair_id]).get(pair_id)


def asked_about(draft: Pair) -> Sequence[str]:
    """The wordings that are asked about: the question and the last similar questions."""
    texts = wordings(draft)
    return [*texts[:1], *texts[1:][-(MOST_WORDINGS - 1) :]]
