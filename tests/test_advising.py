"""Told before saving, on a real store and index; the encoder is cheap, the classifier knows a few words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.advising import Advice, Advisor
from chatbot.advising.advice import Contradiction, Hiding, Near, Source, Taken
from chatbot.advising.answers import differ, particulars, same, says_no
from chatbot.advising.scoring import Questions, Remembered, hits_on
from chatbot.conversations.asked import Asked
from chatbot.deciding import Policy
from chatbot.messages import Intent
from chatbot.project import load_project
from chatbot.understanding.pairs import SureSearch
from knowledge_base.pairs import Pair
from knowledge_base.search import KnowledgeBase
from tests.fakes import CALIBRATION, INTENTS, PATTERNS, THRESHOLDS, HashingEncoder, KeywordClassifier, knowledge_base

DELIVERY = Pair("How long does delivery take?", "Delivery takes 3 days.", ("When will my parcel come?",))
RETURNS = Pair("How do I return a lamp?", "Send it back within 30 days.", category="returns")
PARKING = Pair("Is there a car park?", "Yes, behind the shop.")
CHINESE = Pair("运费是多少？", "8 新元。", language="zh")
STORED = (DELIVERY, RETURNS, PARKING, CHINESE)


class Desk:
    """An advisor with the log that it reads."""

    def __init__(self, base: KnowledgeBase) -> None:
        self.base, self.log = base, list[Asked]()
        self.policy = Policy(load_project(None).domain, load_project(None).rules, THRESHOLDS)
        self.classifier = KeywordClassifier(INTENTS, PATTERNS)
        self.advise = Advisor(
            SureSearch(base, CALIBRATION), self.classifier.classify, self.policy, lambda: self.log, str
        )

    def asks(self, *texts: str, intents: tuple[Intent, ...] = ()) -> None:
        self.log += [Asked(text, "zh" if "运" in text else "en", intents) for text in texts]

    def taken(self, draft: Pair) -> Taken:
        return self.advise(draft).taken

    @property
    def ids(self) -> dict[str, int]:
        return {pair.question: pair.id for pair in self.base.store.list()}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with knowledge_base(tmp_path, STORED) as base:
        yield Desk(base)


# -- near, and contradicting


def test_a_near_duplicate_is_named_with_the_wording_that_is_near(desk: Desk) -> None:
    near = desk.advise(Pair("How long does the delivery take?", "Delivery takes 3 days")).near
    assert [(one.pair_id, one.question, one.phrasing, one.same_answer) for one in near] == [
        (desk.ids[DELIVERY.question], DELIVERY.question, DELIVERY.question, True)
    ]
    assert THRESHOLDS.pair_clarify <= near[0].score <= 1.0


def test_a_similar_question_may_be_the_near_one(desk: Desk) -> None:
    near = desk.advise(Pair("Where is Mars?", "In the sky.", ("zzz", "When will the parcel come?"))).near
    assert [one.phrasing for one in near] == ["When will my parcel come?"]


def test_an_equal_question_is_as_near_as_can_be(desk: Desk) -> None:
    near = desk.advise(Pair("is there a CAR PARK", "No.")).near
    assert near == (Near(desk.ids[PARKING.question], PARKING.question, PARKING.question, 1.0, False),)


def test_a_pair_is_not_near_itself(desk: Desk) -> None:
    stored = desk.base.store.get(desk.ids[DELIVERY.question])
    assert desk.advise(stored).near == ()
    assert desk.advise(replace(stored, id=0)).near != ()


def test_a_pair_of_another_language_is_not_near_unless_the_draft_is_for_every_language(desk: Desk) -> None:
    draft = Pair("运费是多少", "8 新元", language="en")
    assert desk.advise(draft).near == ()
    assert [near.pair_id for near in desk.advise(replace(draft, language="")).near] == [desk.ids[CHINESE.question]]


def test_what_is_withdrawn_is_not_near(desk: Desk) -> None:
    desk.base.store.withdraw(desk.ids[DELIVERY.question])
    desk.base.index.refresh()
    assert desk.advise(Pair("How long does the delivery take?", "x")).near == ()


def test_at_most_five_are_near_the_nearest_first(desk: Desk) -> None:
    desk.base.store.add_many([Pair(f"How long does delivery take to floor {n}?", f"{n} days.") for n in range(8)])
    desk.base.index.refresh()
    near = desk.advise(Pair("How long does delivery take to floor 3?", "3 days.")).near
    assert len(near) == 5
    assert near[0].score == 1.0
    assert list(near) == sorted(near, key=lambda one: -one.score)


def test_an_answer_that_says_otherwise_is_shown(desk: Desk) -> None:
    draft = Pair("How long does the delivery take?", "Delivery takes 5 days.")
    found = desk.advise(draft).contradicts
    assert [(one.pair_id, one.question, one.answer) for one in found] == [
        (desk.ids[DELIVERY.question], DELIVERY.question, DELIVERY.answer)
    ]
    assert isinstance(found[0], Contradiction)
    assert found[0].score >= THRESHOLDS.pair_answer
    assert desk.advise(replace(draft, answer="delivery takes 3 days!")).contradicts == ()
    farther = desk.advise(replace(draft, question="How long does a lamp last?"))
    assert THRESHOLDS.pair_clarify <= farther.near[0].score < THRESHOLDS.pair_answer
    assert farther.contradicts == ()


@pytest.mark.parametrize(
    ("one", "other", "contradict"),
    [
        ("Delivery takes 3 days.", "Delivery takes 5 days.", True),
        ("Delivery takes 3 days.", "Delivery takes 3 days, 5 to the islands.", False),
        ("S$1,000 at most.", "S$1000 at the most.", False),
        ("Open until 9:30.", "Open until 9:00.", True),
        ("Closed on Mondays.", "Closed on Sunday.", True),
        ("Closed on Mondays.", "We are closed on Monday.", False),
        ("周一休息。", "星期天休息。", True),
        ("周日休息。", "星期天休息。", False),
        ("In March.", "In April.", True),
        ("You may bring it in.", "You may not bring it in.", True),
        ("You can return it.", "You can't return it.", True),
        ("You can’t return it.", "You cannot return it.", False),
        ("可以退货。", "不可以退货。", True),
        ("可以退貨。", "可以退货。", False),
        ("Yes. Not on holidays.", "Yes.", False),
        ("We deliver.", "  WE DELIVER ", False),
        ("Red lamps are in stock.", "Blue chairs are in stock.", False),  # nothing that is measured differs
    ],
)
def test_answers_differ_where_numbers_days_or_yes_and_no_do(one: str, other: str, contradict: bool) -> None:
    assert differ(one, other) is contradict
    assert differ(other, one) is contradict


def test_what_is_measured_of_an_answer() -> None:
    assert particulars("On Tue and Sat, 9:30-18.00, S$1,200, in Sept") == {
        *("tue", "sat", "9:30", "18.00", "1200", "month sep")
    }
    assert particulars("You may sit and wait; the sun is out") == {"sun"}  # a false day: it takes two to differ
    assert says_no("Unfortunately that is impossible.")
    assert not says_no("Yes. That is not hard.")
    assert same("８ 新元。", "8新元")


# -- hidden


def test_a_confident_template_that_would_answer_first_is_named(desk: Desk) -> None:
    advice = desk.advise(Pair("Can a person call me?", "Yes."))
    assert advice.hidden_by == Hiding("talk_to_person", 0.95, THRESHOLDS.intent_answer)


def test_a_similar_question_may_be_the_hidden_one_and_the_surest_intent_is_named(desk: Desk) -> None:
    draft = Pair("What about a lamp?", "Well.", ("order a lamp", "hello lamp"))
    assert desk.advise(draft).hidden_by == Hiding("greet", 0.97, THRESHOLDS.intent_answer)


def test_what_is_surely_out_of_scope_hides_too(desk: Desk) -> None:
    assert desk.advise(Pair("Does the weather delay parcels?", "It may.")).hidden_by == Hiding(
        "out_of_scope", 0.93, THRESHOLDS.intent_answer
    )


def test_an_intent_that_is_not_sure_hides_nothing(desk: Desk) -> None:
    assert desk.advise(Pair("hmm, which lamp?", "This one.")).hidden_by is None
    assert desk.advise(Pair("Which lamp?", "This one.")).hidden_by is None


def test_an_intent_whose_rule_asks_the_search_hides_nothing(desk: Desk) -> None:
    desk.classifier.intents = {"lamp": (Intent("faq", 0.99),)}
    assert desk.advise(Pair("Which lamp?", "This one.")).hidden_by is None


# -- whose questions it takes


def test_a_question_of_the_log_that_the_draft_answers_better_is_taken_from_the_pair_that_has_it(desk: Desk) -> None:
    desk.asks("how long does delivery take to Johor", "how long does delivery take", "is there a car park")
    taken = desk.taken(Pair("How long does delivery take to Johor?", "7 days."))
    pair_id = desk.ids[DELIVERY.question]
    assert taken == Taken(
        asked=3, sources=(Source(pair_id, DELIVERY.question, 1, ("how long does delivery take to Johor",)),)
    )


def test_a_question_that_nothing_answers_yet_is_new(desk: Desk) -> None:
    desk.asks("do you gift-wrap lamps", "gift-wrapping?", "is there a car park")
    taken = desk.taken(Pair("Do you gift-wrap?", "Yes.", ("Gift-wrapping",)))
    assert (taken.asked, taken.sources, taken.new) == (3, (), 2)
    assert taken.new_examples == ("do you gift-wrap lamps", "gift-wrapping?")


def test_a_question_that_a_rule_answers_is_taken_from_the_rule_only_by_an_equal_wording(desk: Desk) -> None:
    sure = (Intent("greet", 0.97),)
    desk.asks("hello lamp", "hello lamps", intents=sure)
    taken = desk.taken(Pair("Hello lamp", "Hello."))
    assert taken.sources == (Source(None, "utter_greet", 1, ("hello lamp",)),)
    assert taken.new == 0


def test_a_question_out_of_scope_is_not_taken(desk: Desk) -> None:
    desk.asks("do you gift-wrap lamps", intents=(Intent("out_of_scope", 0.9),))
    assert desk.taken(Pair("Do you gift-wrap a lamp?", "Yes.")).new == 0


def test_a_question_in_another_language_is_not_taken(desk: Desk) -> None:
    desk.asks("运费多少")
    english = desk.taken(Pair("运费多少钱", "8.", language="en"))
    assert (english.sources, english.new) == ((), 0)
    assert desk.taken(Pair("运费多少", "8.", language="zh")).new == 1


def test_saving_a_pair_as_it_is_takes_nothing(desk: Desk) -> None:
    desk.asks("how long does delivery take", "when will my parcel come?", "do you sell moss", "is there a car park")
    for pair in desk.base.store.list():
        assert desk.taken(pair) == Taken(asked=4)


def test_a_wording_that_is_taken_out_loses_its_questions(desk: Desk) -> None:
    stored = desk.base.store.get(desk.ids[DELIVERY.question])
    desk.asks("when will my parcel come", "how long does delivery take")
    assert desk.taken(replace(stored, similar=())) == Taken(asked=2, lost=1)


def test_a_draft_that_disputes_a_question_with_a_stored_pair_is_said_to_lose_it(tmp_path: Path) -> None:
    """With two pairs equally near the search is sure of neither, and asks back."""
    careful = replace(CALIBRATION, weights=(2.0, 6.0, 0.0), bias=-1.6)
    with knowledge_base(tmp_path, STORED) as base:
        desk = Desk(base)
        desk.advise = Advisor(SureSearch(base, careful), lambda _: (), desk.policy, lambda: desk.log, str)
        desk.asks("how long will delivery take")
        taken = desk.taken(Pair("How long can a delivery take?", "Delivery takes 3 days."))
        assert (taken.sources, taken.lost) == ((), 1)


def test_examples_are_at_most_five(desk: Desk) -> None:
    desk.asks(*(f"do you gift-wrap lamp {n}" for n in range(9)))
    taken = desk.taken(Pair("Do you gift-wrap lamp 1?", "Yes."))
    assert (taken.new, len(taken.new_examples)) == (9, 5)


def test_what_is_predicted_is_what_happens_once_it_is_saved(desk: Desk) -> None:
    """The draft's score is the search's own, but for the weight of its own words."""
    texts = ["how long does delivery take to Johor", "delivery to Johor", "a car park in Johor", "do you sell moss"]
    draft = Pair("How long does delivery take to Johor?", "7 days.", ("Delivery to Johor Bahru",))
    questions = Questions(texts, desk.base.index.encode(texts))
    predicted = hits_on(draft, questions, desk.base)
    saved = desk.base.store.add(draft)
    desk.base.index.refresh()
    desk.base.words._counts.clear()
    for text, hit in zip(texts, predicted, strict=True):
        found = next(found for found in desk.base.search(text, "en", k=9) if found.pair.id == saved.id)
        assert (hit.phrasing, hit.exact) == (found.phrasing, found.exact)
        assert hit.dense == pytest.approx(found.dense, abs=1e-5)
        assert hit.score == pytest.approx(found.score, abs=0.05)


def test_what_was_saved_meanwhile_counts(desk: Desk) -> None:
    desk.asks("do you gift-wrap lamps")
    draft = Pair("Do you gift-wrap?", "Yes.")
    assert desk.taken(draft).new == 1
    saved = desk.base.store.add(Pair("Do you gift-wrap lamps?", "Yes."))
    desk.base.index.refresh()
    assert desk.taken(draft) == Taken(asked=1)
    desk.base.store.withdraw(saved.id)
    desk.base.index.refresh()
    assert desk.taken(draft).new == 1


# -- unfinished drafts, and what advice leaves alone


@pytest.mark.parametrize("question", ["", " ", "?", "\u200b"])
def test_a_draft_that_asks_nothing_yet_is_near_nothing(desk: Desk, question: str) -> None:
    desk.asks("how long does delivery take", "?")
    assert desk.advise(Pair(question, "")) == Advice(taken=Taken(asked=2))


def test_without_a_log_nothing_is_taken(desk: Desk) -> None:
    assert desk.taken(Pair("Do you gift-wrap?", "Yes.")) == Taken()


def test_a_pair_that_is_gone_meanwhile_is_advised_on_as_a_new_one(desk: Desk) -> None:
    desk.asks("do you gift-wrap")
    assert desk.taken(Pair("Do you gift-wrap?", "Yes.", id=999)).new == 1


def test_advice_changes_nothing(desk: Desk) -> None:
    desk.asks("how long does delivery take to Johor")
    before = (desk.base.store.changes_since(-1), desk.base.store.list(), desk.base.version)
    desk.advise(Pair("How long does delivery take to Johor?", "7 days.", state="draft"))
    assert (desk.base.store.changes_since(-1), desk.base.store.list(), desk.base.version) == before


def test_of_very_many_wordings_the_question_and_the_last_ones_are_asked_about(desk: Desk) -> None:
    draft = Pair("Hello", "x", tuple(f"wording {n}" for n in range(200)))
    desk.classifier.read.clear()
    assert desk.advise(draft).hidden_by is not None
    assert desk.classifier.read == ["Hello", *(f"wording {n}" for n in range(181, 200))]


# -- speed


def counted(encoder: HashingEncoder) -> tuple[Remembered, Callable[[Sequence[str]], list[str]]]:
    read = Remembered(str.upper, encoder.encode)
    return read, lambda texts: list(read(texts).texts)


def test_a_logged_question_is_encoded_once() -> None:
    encoder = HashingEncoder()
    read, texts = counted(encoder)
    assert texts(["a", "b", "a"]) == ["A", "B", "A"]
    assert encoder.calls == 2
    assert texts(["b", "c"]) == ["B", "C"]
    assert encoder.calls == 3
    assert texts(["a"]) == ["A"]  # it was not among the last ones any more
    assert encoder.calls == 4
    assert read([]).texts == []


def test_advice_on_500_questions_takes_less_than_two_seconds(tmp_path: Path) -> None:
    """Of one core: the machine may be busy with something else."""
    pairs = [Pair(f"How long does delivery of lamp {n} take?", f"{n} days.") for n in range(500)]
    with knowledge_base(tmp_path, pairs) as base:
        desk = Desk(base)
        desk.asks(*(f"how long does the delivery of lamp {n} take please" for n in range(100)))
        desk.asks(*(f"where do you grow moss number {n}" for n in range(400)))
        draft = Pair("How long does delivery of a lamp take?", "A week.", tuple(f"lamp {n} delivery" for n in range(9)))
        desk.advise(draft)  # the questions' vectors are made once
        desk.base.store.add(Pair("Do you gift-wrap?", "Yes."))
        base.index.refresh()  # so that nothing that was found is known any more
        began = time.process_time()
        assert desk.advise(draft).taken.asked == 500
        assert time.process_time() - began < 2.0


def test_only_questions_near_the_draft_are_searched_for_again(desk: Desk) -> None:
    desk.asks("how long does the delivery take", *(f"where do you grow moss number {n}" for n in range(50)))
    desk.advise(Pair("How long does a delivery take?", "A week."))
    assert list(desk.advise.take.present.kept) == [("how long does the delivery take", "en")]
