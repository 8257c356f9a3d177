"""What a turn has done is kept, whatever fails after it."""

from __future__ import annotations

import logging

from chatbot.messages import Evidence, Outcome, State, Step
from chatbot.reply.action import apology
from chatbot.reply.template import Speaker
from chatbot.turn import Responder

log = logging.getLogger(__name__)


def keeping(responder: Responder, speaker: Speaker) -> Responder:
    """The responder, which apologises and ends the turn where it fails after other steps.

    A turn that fails is not written, and the customer sends it again: what an action has done would be done twice.
    """

    def respond(step: Step, evidence: Evidence, state: State) -> Outcome:
        try:
            return responder(step, evidence, state)
        except Exception as error:
            if not state.taken:
                raise
            log.error(  # noqa: TRY400 - a traceback may hold what the customer wrote
                "%s '%s' in conversation %s failed after other steps: %s",
                step.kind,
                step.name,
                state.conversation_id,
                type(error).__name__,
            )
            return apology(speaker, state)

    return respond
