"""The decision: evidence and state in, the next step out. Pure; every step says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from chatbot.dialogue.domain import Domain
from chatbot.dialogue.domain_slots import REQUESTED_SLOT
from chatbot.dialogue.paths import LISTEN, RESTART, TWO_STAGE, Mark, Path
from chatbot.dialogue.rules import Next, Rules, base
from chatbot.dialogue.slots import Heard, actions_of, names_of
from chatbot.messages import (
    CLARIFY,
    DEFAULT_FALLBACK,
    NLU_FALLBACK,
    SEARCH,
    Evidence,
    Intent,
    Slot,
    State,
    Step,
)
from knowledge_base.pairs import Hit
from training_data.examples import OUT_OF_SCOPE

MOST_STEPS = 10
MOST_CHOICES = 3
LEAST_CHOICE = 0.05
"""Confidence below which nothing is offered beside a likelier choice."""
MOST_ASKED = 3
"""How often in a row a form asks for the same slot before it gives up and offers a person."""
REPHRASE = "action_default_ask_rephrase"
"""Asks for other words."""
VALIDATE = "action_validate_slot_mappings"
"""rasa-sdk's ValidationAction, where a project has one."""
BY_DEFAULT = {
    intent: Next(action, Path(intent, (Mark("intent", intent), Mark("action", action)), is_rule=False), 1)
    for intent, action in (("restart", RESTART), ("session_start", "action_session_start"))
}
"""What intents lead to that Rasa has without any rule, where no rule says otherwise."""
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

    def after(self, intent: str, evidence: Evidence, state: State) -> Next | None:
        """What rules and stories do about an intent now; None if nothing."""
        names = self.looked_at(intent, evidence)
        found = self.rules.after(intent, names, state.active_form, state.happened, self.compared(state))
        return found or BY_DEFAULT.get(intent)

    def next(self, state: State) -> Next | None:
        """What rules and stories go on with; None if nothing."""
        return self.rules.next(state.happened, self.compared(state))

    def compared(self, state: State) -> Mapping[str, Slot]:
        """The slots as rules and stories look at them."""
        if REQUESTED_SLOT not in self.domain.slots:
            return state.slots
        return {**state.slots, REQUESTED_SLOT: state.requested_slot or None}

    def looked_at(self, intent: str, evidence: Evidence) -> tuple[str, ...]:
        """Names of the message's entities that rules look at for this intent."""
        only = self.domain.looked_at.get(base(intent))
        return names_of(evidence.entities, only.used, only.ignored) if only else names_of(evidence.entities, None, ())


def decide(evidence: Evidence, state: State, policy: Policy) -> Step:
    """The next step of the turn; `listen` ends it. The first row of the table that has one wins."""
    for row in policy.table or WHO_WINS:
        step = row(evidence, state, policy)
        if step is not None:
            return step
    why = "no rule and no pair is sure enough" + nearest(evidence, policy)
    return by_rule(NLU_FALLBACK, why, evidence, state, policy) or Step("fallback", why)


def person(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """A person holds the conversation: it is recorded, and the bot is silent."""
    if state.held_by and not state.taken:
        return Step("human", f"{state.held_by} holds the conversation", state.held_by)
    return Step("listen", "a person answers") if state.held_by else None


def enough(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """A rule that never ends is cut."""
    cut = len(state.taken) >= MOST_STEPS
    return Step("listen", f"{MOST_STEPS} steps are the most a turn may take") if cut else None


def preparing(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """Actions that fill or check slots before anything is decided, as Rasa runs them at every message.

    https://rasa.com/docs/rasa/domain#custom-slot-mappings
    """
    if state.taken:
        return None
    heard = Heard("", active_form=state.active_form, requested_slot=state.requested_slot)
    checks = (VALIDATE,) if VALIDATE in policy.domain.actions else ()
    wanted = (*actions_of(policy.domain.slots, heard), *checks)
    name = next((name for name in wanted if name not in state.prepared), None)
    return Step("action", "slots before anything is decided", name, quiet=True) if name else None


def followed(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """What an action wants done next."""
    if not state.followup:
        return None
    return named(state.followup, f"an action asks for {state.followup}", evidence, state, policy)


def going_on(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """What a rule or a story still does; a form that has just asked waits.

    A story may have asked in the form's stead, as whether to go on at all: then the form does not ask as well.
    """
    if not state.taken or (state.active_form and state.taken[-1].kind == "form"):
        return None
    found = policy.next(state)
    if found is None:
        return None
    if found.name == LISTEN:
        waits = state.active_form and found.waits_within(state.active_form)
        return Step("listen", f"{found.path.called} waits for the customer") if waits else None
    return named(found.name, f"{found.path.called} goes on with {found.name}", evidence, state, policy)


def several(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """Several questions in one message are answered in turn, if each has a sure answer of its own."""
    whole = evidence.hits and evidence.hits[0].exact
    if not evidence.parts or whole or evidence.command or state.active_form:
        return None
    fresh = State(state.conversation_id, state.language, state.turn, slots=state.slots)
    answers = [own_answer(part, fresh, policy) for part in evidence.parts]
    steps = [step for step in answers if step]
    if len(steps) < len(answers) or len({(step.kind, step.name) for step in steps}) < len(steps):
        return None
    at = len(state.taken)
    return steps[at] if at < len(steps) else Step("listen", f"{len(steps)} questions answered")


def own_answer(part: Evidence, state: State, policy: Policy) -> Step | None:
    """The stored answer or the response to one of several questions; None if it is not sure, or leads on."""
    step = same_question(part, state, policy) or rule_or_pair(part, state, policy)
    return step if step and step.kind in ("retrieval", "template") else None


def finished(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """The turn has its answer. A form that was left for a digression asks again."""
    if not state.taken:
        return None
    if in_form(state, policy) and all(step.kind != "form" for step in state.taken):
        return Step("form", f"{state.active_form} still needs {state.requested_slot}", state.active_form)
    return Step("listen", "answered")


def in_form(state: State, policy: Policy) -> bool:
    """Whether a form is active that the domain has: a conversation may be older than the domain."""
    return state.active_form in policy.domain.forms


def form(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """The active form, if the message fills one of its slots."""
    form = state.active_form
    filled = [name for name in state.fresh if name in policy.domain.forms.get(form, ()) or name == state.requested_slot]
    return Step("form", f"{form} gets {', '.join(filled)}", form) if in_form(state, policy) and filled else None


def button(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """A pressed button says its intent; nothing is guessed."""
    return by_rule(evidence.command, "button pressed", evidence, state, policy) if evidence.command else None


def same_question(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """What staff saved is what is answered: the text equals a published phrasing."""
    hit = evidence.hits[0] if evidence.hits else None
    return answering(hit, "equals a stored phrasing") if hit and hit.exact else None


def rule_or_pair(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """The best intent above its threshold against the best pair above its own, by the confidence that it is right."""
    limits = policy.thresholds
    intent, hit = top_intent(evidence), sure_pair(evidence, limits)
    routed = policy.after(intent.name, evidence, state) if intent else None
    needed = enough_for(routed, state, limits)
    sure = bool(intent and intent.confidence >= needed)
    searching = bool(sure and routed and routed.name == SEARCH)
    # The wish that the form is already about is no digression, but for a story that goes on with the form here.
    waiting = bool(routed and routed.name == state.active_form and routed.matched == 1)
    if hit and (searching or not routed or not sure or (intent and hit.score > intent.confidence)):
        step = answering(hit, f"nearest pair {hit.score:.2f} >= {limits.pair_answer:.2f}")
        return replace(step, intent=intent.name) if searching and intent else step
    if intent and sure and routed and not searching and not waiting:
        why = f"confidence {intent.confidence:.2f} >= {needed:.2f}"
        return by_rule(intent.name, why, evidence, state, policy)
    return None


def enough_for(found: Next | None, state: State, limits: Thresholds) -> float:
    """From which confidence an intent is acted on; where a rule of the active form waits for it, likely is enough."""
    awaited = found is not None and bool(state.active_form) and found.path.loop == state.active_form
    return limits.intent_clarify if awaited else limits.intent_answer


def ask_again(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """The form waits, and the message was neither a value nor a question; asked often enough, it gives up."""
    if not in_form(state, policy):
        return None
    if state.asked >= MOST_ASKED:
        return Step("fallback", f"{state.active_form} asked {state.asked} times for {state.requested_slot} in vain")
    return Step("form", f"{state.active_form} did not find {state.requested_slot} in the message", state.active_form)


def outside(evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """Surely none of the assistant's business: the rule for that, where there is one, or the fallback.

    Not where a stored question is near: what staff saved since the last training is foreign to the classifier, and is
    asked about. Nor in a form, where no rule says so: a name or an address is foreign to the classifier, too.
    """
    first, limit = evidence.intents[0] if evidence.intents else None, policy.thresholds.intent_answer
    near = bool(evidence.hits and evidence.hits[0].score >= policy.thresholds.pair_answer)
    if first is None or first.name not in OUT_OF_SCOPE or first.confidence < limit or near:
        return None
    if state.active_form and policy.after(first.name, evidence, state) is None:
        return None
    return by_rule(first.name, f"confidence {first.confidence:.2f} >= {limit:.2f}", evidence, state, policy)


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


WHO_WINS = (
    person,
    enough,
    preparing,
    followed,
    several,
    going_on,
    finished,
    form,
    button,
    same_question,
    rule_or_pair,
    outside,
    ask_again,
    clarify,
)
"""Read from the top; below the last row is the fallback."""


def by_rule(intent: str, why: str, evidence: Evidence, state: State, policy: Policy) -> Step | None:
    """The first step that a rule or a story takes for the intent; None if there is none."""
    found = policy.after(intent, evidence, state)
    if found is None:
        alone = intent in OUT_OF_SCOPE
        return Step("fallback", f"{intent}: {why}", BEYOND, intent=intent) if alone else None
    step = named(found.name, f"{intent}: {why}", evidence, state, policy, intent)
    return replace(step, intent=intent)


def named(name: str, why: str, evidence: Evidence, state: State, policy: Policy, intent: str = "") -> Step:
    """A step of the kind that the domain says the name is of.

    intent: what is answered with it, where the turn begins with it.
    """
    domain = policy.domain
    if name == LISTEN:
        return Step("listen", why)
    if name in domain.responses:
        return Step("template", why, name)
    if name in domain.forms:
        return Step("form", why, name)
    if name == SEARCH:
        hit = sure_pair(evidence, policy.thresholds)
        if hit:
            return answering(hit, why)
        return Step("fallback", f"{why}, but no stored answer is near enough" + nearest(evidence, policy), name)
    if name in domain.actions:
        return Step("action", why, name)
    if name in (DEFAULT_FALLBACK, CLARIFY, TWO_STAGE):
        return not_understood(name, why, evidence, state, policy)
    heard = intent or next((one.name for one in reversed(state.happened) if one.kind == "intent"), "")
    of_intent = f"{name}/{heard.partition('/')[2]}"  # utter_faq says utter_faq/hours to the intent faq/hours
    return Step("template", why, of_intent) if of_intent in domain.responses else Step("action", why, name)


def not_understood(name: str, why: str, evidence: Evidence, state: State, policy: Policy) -> Step:
    """Rasa's two-stage fallback: asks what was meant, then for other words, then gives up.

    https://rasa.com/docs/rasa/fallback-handoff#two-stage-fallback
    """
    earlier = last_actions(state) if name == TWO_STAGE else ()
    if name == DEFAULT_FALLBACK or REPHRASE in earlier:
        return Step("fallback", why)
    known = [intent.name for intent in evidence.intents if intent.name not in OUT_OF_SCOPE]
    choices = tuple(known[:MOST_CHOICES])
    if CLARIFY in earlier or not choices:
        return Step("action", why, REPHRASE)
    return Step("clarify", why, choices=choices)


def last_actions(state: State) -> tuple[str, ...]:
    """What the assistant did in the turn before."""
    found: list[str] = []
    for one in reversed(state.happened):
        if one.kind == "intent":
            break
        found.append(one.name)
    return tuple(found)


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
