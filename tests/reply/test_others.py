"""Retrieval, clarify, fallback, human: the small responders."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chatbot.dialogue.domain import Domain, Variant
from chatbot.messages import Button, Evidence, FormActive, Intent, Outcome, State, Step, Utterance
from chatbot.reply.clarify import Clarify
from chatbot.reply.fallback import Fallback
from chatbot.reply.human import human
from chatbot.reply.retrieval import Retrieval
from chatbot.reply.template import Speaker
from knowledge_base.pairs import Hit, Pair

PERSON = Button("A person", "/talk_to_person")
RESPONSES = {
    "utter_clarify": (Variant("Did you mean?", (PERSON,)),),
    "utter_did_you_mean_refund": (Variant("My refund"),),
    "utter_fallback": (Variant("I don't know."),),
    "utter_out_of_scope": (Variant("Beyond me."),),
}
SPEAKER = Speaker(Domain((), {}, {}, RESPONSES, ()))
NOTHING = Evidence("text", "text", "en")


def hit(id_: int, score: float) -> Hit:
    pair = Pair(
        f"Question {id_}?", f"Answer {id_}: {{order}} %s.", category="c", source_url="https://a.example", id=id_
    )
    return Hit(pair, "another wording", score, score, score)


def test_a_stored_answer_is_said_word_for_word_with_the_near_ones_as_suggestions() -> None:
    hits = (hit(1, 0.9), hit(2, 0.5), hit(3, 0.4), hit(4, 0.39), hit(5, 0.38), hit(6, 0.34))
    evidence = Evidence("text", "text", "en", hits=hits)
    state = State("c", slots={"order": "100234"})
    assert Retrieval(suggest_from=0.35)(Step("retrieval", "reason", "1", hits[0]), evidence, state) == Outcome(
        (
            Utterance(
                "Answer 1: {order} %s.",
                tuple(Button(f"Question {n}?", f"Question {n}?") for n in (2, 3, 4)),
                pair_id=1,
                category="c",
                source_url="https://a.example",
            ),
        )
    )


def test_a_retrieval_without_a_pair_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="carries the pair"):
        Retrieval(0.35)(Step("retrieval", "reason"), NOTHING, State("c"))


def test_clarify_offers_intents_as_commands_and_pairs_as_their_questions() -> None:
    step = Step("clarify", "reason", choices=("refund", hit(2, 0.5)))
    assert Clarify(SPEAKER)(step, NOTHING, State("c")) == Outcome(
        (Utterance("Did you mean?", (Button("My refund", "/refund"), Button("Question 2?", "Question 2?"), PERSON)),)
    )


def test_the_fallback_says_what_its_step_names_or_that_it_does_not_know() -> None:
    beyond, unknown = Outcome((Utterance("Beyond me."),)), Outcome((Utterance("I don't know."),))
    unsure = Evidence("text", "text", "en", intents=(Intent("out_of_scope", 0.3),))
    fallback = Fallback(SPEAKER)
    assert fallback(Step("fallback", "reason", "utter_out_of_scope"), NOTHING, State("c")) == beyond
    assert fallback(Step("fallback", "reason"), unsure, State("c")) == unknown
    assert fallback(Step("fallback", "reason", "action_search_knowledge_base"), NOTHING, State("c")) == unknown


def test_the_fallback_ends_a_form_that_got_no_further() -> None:
    waiting = State("c", active_form="form", requested_slot="slot", asked=3)
    assert Fallback(SPEAKER)(Step("fallback", "reason"), NOTHING, waiting) == Outcome(
        (Utterance("I don't know."),), (FormActive(""),)
    )
    not_yet = replace(waiting, asked=2)
    assert Fallback(SPEAKER)(Step("fallback", "reason"), NOTHING, not_yet) == Outcome((Utterance("I don't know."),))


def test_an_intent_that_the_domain_has_no_words_for_is_offered_by_its_name() -> None:
    offered = Clarify(SPEAKER)(Step("clarify", "reason", choices=("refund", "order_status")), NOTHING, State("c"))
    assert offered.utterances[0].buttons == (
        Button("My refund", "/refund"),
        Button("order status", "/order_status"),
        PERSON,
    )


def test_while_a_person_answers_the_bot_says_and_does_nothing() -> None:
    assert human(Step("human", "Mei holds the conversation", "Mei"), NOTHING, State("c", held_by="Mei")) == Outcome()
