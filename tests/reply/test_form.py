from __future__ import annotations

from dataclasses import replace

from chatbot.deciding import Policy, Thresholds
from chatbot.dialogue.domain import Domain, Mapped, Variant
from chatbot.dialogue.rules import Rules
from chatbot.messages import Entity, Evidence, FormActive, Outcome, Planned, SlotSet, State, Step, Utterance
from chatbot.reply.form import Form
from chatbot.reply.template import Speaker

RESPONSES = {
    "utter_ask_order_number": "Which order?",
    "utter_ask_order_number_again": "Six digits, please.",
    "utter_ask_form_contact": "Whose is order {order_number}?",
    "utter_ask_contact": "never said",
}
DOMAIN = Domain(
    intents=("order_status",),
    slots={"order_number": (Mapped("order_number"),), "contact": (Mapped("email"),)},
    forms={"form": ("order_number", "contact"), "empty": ()},
    responses={name: (Variant(text),) for name, text in RESPONSES.items()},
    actions=(),
)
POLICY = Policy(DOMAIN, Rules({}, {"form": ("action_look_up", "utter_more")}), Thresholds(0.6, 0.3, 0.6, 0.3))
STEP = Step("form", "reason", "form")
NUMBER, EMAIL = Entity("order_number", "100234", 0, 6), Entity("email", "a@b.com", 7, 14)


def answer(state: State, *entities: Entity, step: Step = STEP) -> Outcome:
    return Form(Speaker(DOMAIN), POLICY)(step, Evidence("text", "text", "en", entities=entities), state)


def test_the_first_empty_slot_is_asked_for() -> None:
    assert answer(State("c")) == Outcome((Utterance("Which order?"),), (FormActive("form", "order_number"),))


def test_what_was_just_said_is_known_when_the_next_slot_is_asked_for() -> None:
    assert answer(State("c"), NUMBER) == Outcome(
        (Utterance("Whose is order 100234?"),), (SlotSet("order_number", "100234"), FormActive("form", "contact"))
    )


def test_a_form_that_is_filled_ends_and_leads_on() -> None:
    assert answer(State("c"), EMAIL, NUMBER) == Outcome(
        events=(
            SlotSet("order_number", "100234"),
            SlotSet("contact", "a@b.com"),
            FormActive(""),
            Planned(("action_look_up", "utter_more")),
        )
    )
    assert answer(State("c"), step=Step("form", "reason", "empty")) == Outcome(events=(FormActive(""), Planned(())))


def test_slots_filled_before_are_not_asked_for() -> None:
    assert answer(State("c", slots={"order_number": "100234", "contact": None})).events == (
        FormActive("form", "contact"),
    )


def test_asked_again_it_words_it_otherwise_where_there_is_another_wording() -> None:
    waiting = State("c", active_form="form", requested_slot="order_number", asked=1)
    again = answer(waiting)
    assert again == Outcome((Utterance("Six digits, please."),), (FormActive("form", "order_number"),))
    assert waiting.after(*again.events) == replace(waiting, asked=2)
    contact = State("c", slots={"order_number": "1"}, active_form="form", requested_slot="contact", asked=1)
    assert answer(contact).utterances == (Utterance("Whose is order 1?"),)


def test_after_a_digression_it_asks_as_for_the_first_time_and_does_not_count_it() -> None:
    """The customer has asked something, not failed to answer: 'I didn't see a number in that' would be wrong."""
    waiting = State("c", active_form="form", requested_slot="order_number", asked=1)
    digressed = replace(waiting, taken=(Step("retrieval", "nearest pair", "7"),))
    again = answer(digressed)
    assert again == Outcome((Utterance("Which order?"),))
    assert digressed.after(*again.events).asked == 1


def test_the_count_begins_anew_with_the_next_slot_and_ends_with_the_form() -> None:
    waiting = State("c", active_form="form", requested_slot="order_number", asked=3)
    next_slot = waiting.after(*answer(waiting, NUMBER).events)
    assert (next_slot.requested_slot, next_slot.asked) == ("contact", 1)
    ended = next_slot.after(*answer(next_slot, EMAIL).events)
    assert (ended.active_form, ended.requested_slot, ended.asked) == ("", "", 0)
    assert ended.slots == {"order_number": "100234", "contact": "a@b.com"}
