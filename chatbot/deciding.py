"""The decision: evidence and state in, the next step out. Pure; every step says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from chatbot.dialogue.domain import Domain
from chatbot.dialogue.rules import SEARCH, Rules
from chatbot.messages import Evidence, Intent, State, Step
from knowledge_base.pairs import Hit
from training_data.examples import OUT_OF_SCOPE

MOST_STEPS = 10
MOST_CHOICES = 3
LEAST_CHOICE = 0.05
"""Confidence below which nothing is offered beside a likelier choice."""
MOST_ASKED = 3
"""How often in a row a form asks for the same slot before it gives up and offers a person."""
BEYOND = "utter_out_of_scope"
"""What a fallback says to a message that is surely none of the assistant's business."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Two bands for each confidence: at or above `answer` it is answered; at or above `clarify` it is asked about."""

    intent_answer: float
    intent_clarify: float
    pair_answer: float
    pair_clarify: float


@dataclass(frozen=True, slots=True)
class Policy:
    """All that a decision looks up: the routing table, the domain, the thresholds."""

    domain: Domain
    rules: Rules
    thresholds: Thresholds
    table: tuple[Callable[[Evidence, State, Policy], Step | None], ...] = field(default=())

    def filling(self, form: str, evidence: Evidence) -> Mapping[str, str]:
        """The slots of the form that the message has values for."""
        found: dict[str, str] = {}
        for slot in self.domain.forms[form]:
            for source in self.domain.slots.get(slot, ()):
                value = next((e.value for e in evidence.entities if e.name == source.entity), None)
                if value is not None and source.active_loop in ("", form):
                    found.setdefault(slot, value)
        return found


def decide(evidence: Evidence, state: State, policy: Policy) -> Step:
    """The next step of the turn; `listen` ends it. The first row of the table that has one wins."""
    for row in policy.table or WHO_WINS:
        step = row(evidence, state, policy)
        if step is not None:
            return step
    return Step("fallback", "no rule and no pair is sure enough" + nearest(evidence, policy))


def person(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """A person holds the conversation: it is recorded, and the bot is silent."""
    if state.held_by and not state.taken:
        return Step("human", f"{state.held_by} holds the conversation", state.held_by)
    return Step("listen", "a person answers") if state.held_by else None


def enough(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """A rule that never ends is cut."""
    return (
        Step("listen", f"{MOST_STEPS} steps are the most a turn may take") if len(state.taken) >= MOST_STEPS else None
    )


def planned(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """What the rule still has to do."""
    if not state.plan:
        return None
    return named(state.plan[0], f"the rule goes on with {state.plan[0]}", evidence, policy)


def finished(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """The turn has its answer. A form that was left for a digression asks again."""
    if not state.taken:
        return None
    if state.active_form and all(step.kind != "form" for step in state.taken) and state.taken[-1].kind != "fallback":
        return Step("form", f"{state.active_form} still needs {state.requested_slot}", state.active_form)
    return Step("listen", "answered")


def button(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """A pressed button says its intent; nothing is guessed."""
    if not evidence.command:
        return None
    return by_rule(Intent(evidence.command, 1.0), "button pressed", evidence, policy)


def form(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """The active form, if the message fills one of its slots."""
    if not state.active_form:
        return None
    filled = policy.filling(state.active_form, evidence)
    if filled:
        return Step("form", f"{state.active_form} gets {', '.join(filled)}", state.active_form)
    return None


def same_question(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """What staff saved is what is answered: the text equals a published phrasing."""
    hit = evidence.hits[0] if evidence.hits else None
    return answering(hit, "equals a stored phrasing") if hit and hit.exact else None


def rule_or_pair(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """The best intent above its threshold against the best pair above its own, by the confidence that it is right."""
    limits = policy.thresholds
    intent, hit = top_intent(evidence), sure_pair(evidence, limits)
    sure = bool(intent and intent.confidence >= limits.intent_answer)
    routed = intent and policy.rules.by_intent.get(intent.name)
    searching = bool(sure and routed and routed[0] == SEARCH)
    waiting = bool(routed and routed[0] == state.active_form)  # the wish that the form is already about: no digression
    if hit and (searching or not routed or not sure or (intent and hit.score > intent.confidence)):
        step = answering(hit, f"nearest pair {hit.score:.2f} >= {limits.pair_answer:.2f}")
        return replace(step, then=routed[1:]) if searching and routed else step
    if intent and sure and routed and not searching and not waiting:
        return by_rule(intent, f"confidence {intent.confidence:.2f} >= {limits.intent_answer:.2f}", evidence, policy)
    return None


def ask_again(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """The form waits, and the message was neither a value nor a question; asked often enough, it gives up."""
    if not state.active_form:
        return None
    if state.asked >= MOST_ASKED:
        return Step("fallback", f"{state.active_form} asked {state.asked} times for {state.requested_slot} in vain")
    return Step("form", f"{state.active_form} did not find {state.requested_slot} in the message", state.active_form)


def outside(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """Surely none of the assistant's business: the rule for that, where there is one, or the fallback.

    Not where a stored question is near: what staff saved since the last training is foreign to the classifier, and is
    asked about.
    """
    first, limit = evidence.intents[0] if evidence.intents else None, policy.thresholds.intent_answer
    near = bool(evidence.hits and evidence.hits[0].score >= policy.thresholds.pair_answer)
    if first is None or first.name not in OUT_OF_SCOPE or first.confidence < limit or near:
        return None
    return by_rule(first, f"confidence {first.confidence:.2f} >= {limit:.2f}", evidence, policy)


def clarify(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """Between the two bands: "did you mean", at most three, the likeliest first."""
    limits = policy.thresholds
    first, hit = top_intent(evidence), evidence.hits[0] if evidence.hits else None
    if not ((first and first.confidence >= limits.intent_clarify) or (hit and hit.score >= limits.pair_clarify)):
        return None
    scored: list[tuple[float, str | Hit]] = [
        (intent.confidence, intent.name) for intent in evidence.intents if title(intent.name) in policy.domain.responses
    ]
    scored += [(hit.score, hit) for hit in evidence.hits]
    likely = [pair for pair in scored if pair[0] >= LEAST_CHOICE]
    best = sorted(likely, key=lambda pair: -pair[0])[:MOST_CHOICES]
    if not best:
        return None
    return Step("clarify", "between the bands" + nearest(evidence, policy), choices=tuple(choice for _, choice in best))


WHO_WINS = (person, enough, planned, finished, button, form, same_question, rule_or_pair, ask_again, outside, clarify)
"""Read from the top; below the last row is the fallback."""


def by_rule(intent: Intent, why: str, evidence: Evidence, policy: Policy) -> Step | None:
    """The first step of the intent's rule; None if it has no rule."""
    chain = policy.rules.by_intent.get(intent.name)
    if chain is None:
        return Step("fallback", f"{intent.name}: {why}", BEYOND) if intent.name in OUT_OF_SCOPE else None
    return replace(named(chain[0], f"{intent.name}: {why}", evidence, policy), then=chain[1:])


def named(name: str, why: str, evidence: Evidence, policy: Policy) -> Step:
    """A step of the kind that the domain says the name is of."""
    if name == SEARCH:
        hit = sure_pair(evidence, policy.thresholds)
        if hit:
            return answering(hit, why)
        return Step("fallback", f"{why}, but no stored answer is near enough" + nearest(evidence, policy), name)
    if name in policy.domain.forms:
        return Step("form", why, name)
    return Step("template" if name in policy.domain.responses else "action", why, name)


def answering(hit: Hit, why: str) -> Step:
    """The stored answer of a pair."""
    return Step("retrieval", why, str(hit.pair.id), hit)


def top_intent(evidence: Evidence) -> Intent | None:
    """The likeliest intent; None if out of scope is likelier than any."""
    first = evidence.intents[0] if evidence.intents else None
    return None if first is None or first.name in OUT_OF_SCOPE else first


def foreign(evidence: Evidence) -> float:
    """The confidence that the message is out of scope; 0 for a model that knows no such thing."""
    return max((intent.confidence for intent in evidence.intents if intent.name in OUT_OF_SCOPE), default=0.0)


def sure_pair(evidence: Evidence, limits: Thresholds) -> Hit | None:
    """The best pair, if it is sure enough that the message is in scope and the pair right.

    The search's confidence is that of questions in scope: "reset my Netflix password" is near a stored one.
    """
    hit = evidence.hits[0] if evidence.hits else None
    sure = hit and hit.score * (1.0 if hit.exact else 1 - foreign(evidence)) >= limits.pair_answer
    return hit if sure else None


def title(intent: str) -> str:
    """The response that names an intent to a customer, for "did you mean"."""
    return f"utter_did_you_mean_{intent}"


def nearest(evidence: Evidence, policy: Policy) -> str:
    """The two best scores beside their thresholds, for a reason."""
    limits, parts = policy.thresholds, []
    if evidence.intents:
        first = evidence.intents[0]
        parts.append(f"{first.name} {first.confidence:.2f} (answers from {limits.intent_answer:.2f})")
    if evidence.hits:
        parts.append(f"nearest pair {evidence.hits[0].score:.2f} (answers from {limits.pair_answer:.2f})")
    return ": " + ", ".join(parts) if parts else ""
