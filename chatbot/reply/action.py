"""Runs actions: the project's own, and those that every assistant has."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from chatbot.actions.calls import ActionMissingError, Actions, ActionUnavailableError, Call, listed
from chatbot.actions.events import read_events, restarted
from chatbot.actions.time_limit import TurnBudget
from chatbot.actions.tracker import digest_of, domain_json, idempotency_key, tracker_json
from chatbot.deciding import REPHRASE
from chatbot.dialogue.domain import CUSTOM, Domain
from chatbot.dialogue.paths import DEFAULT_ACTIONS, LISTEN, RESTART
from chatbot.errors import ActionError, ProjectError
from chatbot.messages import (
    DEFAULT_FALLBACK,
    Button,
    Event,
    Evidence,
    Exchange,
    FollowedUp,
    FormActive,
    Outcome,
    Slot,
    SlotSet,
    State,
    Step,
    Told,
    Utterance,
)
from chatbot.reply.template import Speaker

log = logging.getLogger(__name__)
SECONDS = 10.0
"""That an action is waited for."""
SECONDS_A_TURN = 40.0
"""That all actions of a turn are waited for together; the turn itself may take 60 (conversations.store.LEASE)."""
FAILED = "utter_action_failed"
Past = Callable[[str], Sequence[Exchange]]
"""The turns of a conversation that were answered, oldest first."""


def nothing(conversation_id: str) -> Sequence[Exchange]:
    """No past."""
    return ()


class Action:
    """Runs actions; what fails is logged, and the customer gets an apology and the offer of a person."""

    def __init__(
        self, actions: Actions, speaker: Speaker, domain: Domain, seconds: float = SECONDS, past: Past = nothing
    ) -> None:
        """seconds: that an action is waited for. past: what was said before, which actions may read."""
        self.actions, self.speaker, self.domain = actions, speaker, domain
        self.seconds, self.past = seconds, past
        self.budget = TurnBudget(SECONDS_A_TURN)

    def __call__(self, step: Step, evidence: Evidence, state: State) -> Outcome:
        """The step's action. Where it fails the turn ends: what the rule says next would be said of something done.

        A default action that the domain names is the project's own if there is one of that name.
        """
        if step.quiet:
            return self.prepared(step.name, evidence, state)
        if step.name not in self.domain.actions:
            return built_in(step.name, state, self.speaker, self.domain)
        try:
            return self.perform(step.name, evidence, state)
        except ActionError as error:
            if isinstance(error, ActionMissingError) and step.name in DEFAULT_ACTIONS:
                return built_in(step.name, state, self.speaker, self.domain)
            return apology(self.speaker, state)

    def prepared(self, name: str, evidence: Evidence, state: State) -> Outcome:
        """What an action says of slots before anything is decided, as if the message said it. A failure is silent."""
        try:
            found = self.perform(name, evidence, state, state.fresh)
        except ActionError:
            return Outcome()
        return Outcome(found.utterances, tuple(as_told(event) for event in found.events))

    def perform(self, name: str, evidence: Evidence, state: State, told: Mapping[str, Slot] | None = None) -> Outcome:
        """What one of the project's actions says and changes. told: slots that it is to check.

        Raises ActionRejectedError if it declines, ActionError if it fails; both are in the log then.
        """
        began = time.monotonic()
        try:
            result = self.actions.run(self.call(name, evidence, state, told or {}), self.left(evidence))
        except ActionError as error:
            log.error("action %s in conversation %s: %s", name, state.conversation_id, error)  # noqa: TRY400 - a traceback may hold what the customer wrote
            raise
        finally:
            self.budget.spend(time.monotonic() - began)
        events = read_events(result["events"], state, self.domain)
        return Outcome(self.said(name, result["responses"], state.after(*events)), events)

    def left(self, evidence: Evidence) -> float:
        """Seconds for the next action of the turn. Raises ActionUnavailableError if those before it took all."""
        seconds = min(self.seconds, self.budget.left(evidence))
        if seconds <= 0:
            raise ActionUnavailableError(f"The turn's {SECONDS_A_TURN:.0f} s for actions are over.")
        return seconds

    def call(self, name: str, evidence: Evidence, state: State, told: Mapping[str, Slot]) -> Call:
        """What the action is called with. The key is in the message's metadata too, where any action can read it."""
        key = idempotency_key(name, evidence, state)
        tracker = tracker_json(evidence, state, told, self.domain, self.past(state.conversation_id))
        tracker["latest_message"]["metadata"]["idempotency_key"] = key
        domain, digest = self.as_sent
        return {
            "next_action": name,
            "sender_id": tracker["sender_id"],
            "tracker": tracker,
            "domain": domain,
            "domain_digest": digest,
            "idempotency_key": key,
        }

    @cached_property
    def as_sent(self) -> tuple[Mapping[str, Any], str]:
        """The domain as actions read it, and its digest."""
        domain = domain_json(self.domain)
        return domain, digest_of(domain)

    def said(self, name: str, responses: Sequence[Mapping[str, Any]], state: State) -> tuple[Utterance, ...]:
        """All that the action says. What cannot be said is logged, and there is an apology in its place.

        The action has done its work by then: its events are kept.
        """
        found: list[Utterance] = []
        for raw in responses:
            try:
                found.append(self.utterance(raw, state))
            except ProjectError as error:
                log.error("action %s in conversation %s: %s", name, state.conversation_id, error)  # noqa: TRY400 - all is said
                found.append(self.speaker.say(FAILED, state))
        return tuple(one for one in found if one != NOTHING)

    def utterance(self, raw: Mapping[str, Any], state: State) -> Utterance:
        """What the dispatcher was told: a response of the domain with its values, and over it what else it was told.

        As Rasa puts them together: buttons are added to the response's own, all else takes its place. Raises
        ProjectError if the domain has no such response.
        """
        name = raw.get("response") or raw.get("template")
        known = {key: value for key, value in raw.items() if isinstance(value, str | int | float | bool)}
        base = self.speaker.say(str(name), state, **known) if name else NOTHING
        given = raw.get("custom")
        custom = {**(given if isinstance(given, dict) else {}), **{key: raw[key] for key in CUSTOM if raw.get(key)}}
        return replace(
            base,
            text=str(raw.get("text") or base.text),
            buttons=(*base.buttons, *buttons(raw)),
            image=str(raw.get("image") or base.image),
            custom={**(base.custom or {}), **custom} or None,
        )


NOTHING = Utterance("")


def buttons(raw: Mapping[str, Any]) -> tuple[Button, ...]:
    """Buttons and quick replies. One without a payload sends its address, or its title."""
    given = [each for key in ("buttons", "quick_replies") for each in listed(raw.get(key)) if isinstance(each, dict)]
    return tuple(
        Button(str(each["title"]), str(each.get("payload") or each.get("url") or each["title"]))
        for each in given
        if each.get("title")
    )


def as_told(event: Event) -> Event:
    """A slot that is set, as the message's own word."""
    return Told({event.name: event.value}) if isinstance(event, SlotSet) else event


def apology(speaker: Speaker, state: State) -> Outcome:
    """Says that it did not work, and ends the turn."""
    return Outcome((speaker.say(FAILED, state),), (FollowedUp(LISTEN),))


def built_in(name: str, state: State, speaker: Speaker, domain: Domain) -> Outcome:
    """Rasa's default actions, as far as they do or say something: https://rasa.com/docs/rasa/default-actions"""
    if name == RESTART:
        said = (speaker.say("utter_restart", state),) if speaker.knows("utter_restart") else ()
        return Outcome(said, restarted(domain))
    if name == REPHRASE:
        return Outcome((speaker.say("utter_ask_rephrase", state),))
    if name == DEFAULT_FALLBACK:
        return Outcome((speaker.say("utter_fallback", state),))
    if name == "action_deactivate_loop":
        return Outcome(events=(FormActive(""),))
    if name not in DEFAULT_ACTIONS:
        log.error("action %s is neither the project's nor one that every assistant has", name)
        return apology(speaker, state)
    return Outcome()
