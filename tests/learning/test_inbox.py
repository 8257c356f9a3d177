from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatbot.conversations.store import timestamp
from chatbot.learning.acting import NotAdded, added_to, made_pair, offered
from chatbot.learning.grouping import Group
from chatbot.learning.inbox import MOST_WORDINGS, OUTSIDE, NoSuchGroup, answering
from chatbot.learning.wordings import read, wordings_of
from chatbot.messages import Reply, Step, StepKind
from knowledge_base.errors import DuplicateQuestion, PairChanged, PairNotFound
from knowledge_base.pairs import Pair
from tests.inbox_desk import InboxDesk, texts
from tests.logged import answer_of, log_turn

WRAPPING = ("do you gift wrap", "can you gift wrap it", "gift wrap please")
JOBS = ("are you hiring staff", "are you hiring")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[InboxDesk]:
    desk = InboxDesk(tmp_path)
    yield desk
    desk.close()


def only(groups: list[Group]) -> Group:
    [group] = groups
    return group


# --- grouping ---------------------------------------------------------------------------------------------------------


def test_questions_of_one_meaning_are_one_group_that_of_the_most_customers_first(desk: InboxDesk) -> None:
    desk.asks(*JOBS)
    desk.asks(*WRAPPING)
    desk.asks("where are my swatches")
    assert [sorted(texts(group)) for group in desk.open()] == [
        sorted(WRAPPING),
        sorted(JOBS),
        ["where are my swatches"],
    ]


def test_a_customer_who_asks_again_in_other_words_is_one_customer(desk: InboxDesk) -> None:
    desk.asks(*WRAPPING, conversation_id="c1")
    desk.asks(*JOBS)
    first, second = desk.open()
    assert (sorted(texts(first)), first.customers, first.size) == (sorted(JOBS), 2, 2)
    assert (sorted(texts(second)), second.customers, second.size) == (sorted(WRAPPING), 1, 3)


def test_of_equally_many_customers_more_turns_come_first_and_then_the_latest(desk: InboxDesk) -> None:
    desk.asks("are you hiring", days_ago=2)
    desk.asks("do you gift wrap", days_ago=1)
    desk.asks("where are my swatches", "where are my swatches", conversation_id="c1", days_ago=3)
    assert [texts(group)[0] for group in desk.open()] == ["where are my swatches", "do you gift wrap", "are you hiring"]


def test_one_question_written_in_several_ways_is_one_wording(desk: InboxDesk) -> None:
    desk.asks("Do you gift-wrap?", days_ago=2)
    desk.asks("do you gift-wrap", "DO YOU GIFT-WRAP !!", days_ago=1)
    group = only(desk.open())
    assert texts(group) == ["DO YOU GIFT-WRAP !!"]
    assert (group.size, group.customers, group.last_at) == (3, 3, group.turns[0].at)


def test_chinese_and_english_are_never_in_one_group(desk: InboxDesk) -> None:
    desk.asks("app", "iphone app 在哪里下载", "app 在哪里", "iphone app", "where is the app", language="zh")
    found: dict[str, list[str]] = {"en": [], "zh": []}
    for group in desk.open():
        assert {wording.reading.language for wording in group.wordings} == {group.language}
        found[group.language] += texts(group)
    assert sorted(found["en"]) == ["app", "iphone app", "where is the app"]
    assert sorted(found["zh"]) == ["app 在哪里", "iphone app 在哪里下载"]


def test_the_language_and_the_meaning_are_those_of_the_words_beside_a_placeholder(desk: InboxDesk) -> None:
    desk.asks("[order]到了吗", "[order] [number] 到了吗", language="zh")
    group = only(desk.open())
    assert (group.language, len(group.wordings)) == ("zh", 2)
    assert desk.encoded == ["到了吗"]


@pytest.mark.parametrize("text", ["?!", "[order]", "[order] [email]", "😡", "k"])
def test_what_says_nothing_is_not_in_the_inbox(desk: InboxDesk, text: str) -> None:
    desk.asks(text)
    assert desk.open() == []


def test_the_same_log_gives_the_same_groups_whoever_asked_first(tmp_path: Path) -> None:
    words = ["gift", "wrap", "order", "late", "sofa", "grey", "lamp", "size", "price", "student"]
    chance = random.Random(7)
    asked = [*JOBS, *(" ".join(chance.sample(words, 3)) for _ in range(60))]
    found: list[set[tuple[str, tuple[str, ...], int]]] = []
    for number, order in enumerate((asked, asked, asked[::-1])):
        desk = InboxDesk(tmp_path / str(number))
        desk.asks(*order, days_ago=1)
        found.append({(group.key, tuple(texts(group)), group.customers) for group in desk.open()})
        desk.close()
    assert found[0] == found[1] == found[2]
    assert 3 < len(found[0]) < 60


def test_a_key_stays_while_the_wordings_stay(desk: InboxDesk) -> None:
    desk.asks(*WRAPPING)
    key = only(desk.open()).key
    desk.asks(*WRAPPING, WRAPPING[0].upper(), "where are my swatches")
    first, _ = desk.open()
    assert (first.key, first.customers) == (key, 7)
    assert key in {read(text).key for text in WRAPPING}


def test_a_group_is_found_by_the_key_of_any_of_its_wordings(desk: InboxDesk) -> None:
    desk.asks(*WRAPPING)
    for wording in only(desk.open()).wordings:
        assert set(texts(desk.inbox.group(wording.key, 30))) == set(WRAPPING)
    with pytest.raises(NoSuchGroup, match="no group 'abc' in the last 7 days"):
        desk.inbox.group("abc", 7)


def test_only_what_was_asked_within_these_days_counts(desk: InboxDesk) -> None:
    desk.asks("do you gift wrap", days_ago=8)
    desk.asks("can you gift wrap it", days_ago=2)
    assert texts(only(desk.open(days=7))) == ["can you gift wrap it"]
    assert only(desk.open(days=9)).customers == 2


def test_a_text_is_encoded_once_however_often_the_inbox_is_opened(desk: InboxDesk) -> None:
    desk.asks(*WRAPPING)
    desk.open()
    desk.asks("where are my swatches", WRAPPING[1])
    desk.open()
    desk.open()
    assert sorted(desk.encoded) == sorted([*WRAPPING, "where are my swatches"])


def test_the_oldest_wordings_of_very_many_are_left_out_and_counted(desk: InboxDesk) -> None:
    desk.asks("the oldest of all")
    with desk.log.connections.writing() as db:
        [(names,)] = db.execute(
            "SELECT group_concat(name) FROM pragma_table_info('turns') WHERE name != 'id'"
        ).fetchall()
        as_new = {"message_id": "'q' || n", "text": "'question number ' || n"}
        values = ", ".join(as_new.get(name, name) for name in names.split(","))
        db.execute(
            f"""WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {MOST_WORDINGS})
            INSERT INTO turns ({names}) SELECT {values} FROM turns, counted WHERE turns.text = 'the oldest of all'"""
        )
    found = desk.inbox.open(30)
    assert (sum(len(group.wordings) for group in found.groups), found.left_out) == (MOST_WORDINGS, 1)
    assert all("the oldest of all" not in texts(group) for group in found.groups)


# --- handling ---------------------------------------------------------------------------------------------------------


def test_what_is_handled_leaves_the_inbox_and_comes_back_when_it_is_asked_again_in_vain(desk: InboxDesk) -> None:
    desk.asks(*WRAPPING, *JOBS)
    wrapping, jobs = desk.open()
    handling = desk.inbox.settle(wrapping, "pair", "218", "mei")
    assert [group.key for group in desk.open()] == [jobs.key]
    kept = desk.inbox.group(wrapping.key, 30)
    assert (kept.key, kept.handled, kept.size, desk.inbox.is_open(kept)) == (wrapping.key, handling, 3, False)

    desk.asks(WRAPPING[1], days_ago=-0.01)  # a quarter of an hour later
    again, _ = sorted(desk.open(), key=lambda group: group.handled is None)
    assert (texts(again), again.customers, again.handled) == ([WRAPPING[1]], 1, handling)
    assert desk.inbox.is_open(again)


def test_the_inbox_keeps_no_words_of_customers(desk: InboxDesk, tmp_path: Path) -> None:
    desk.asks("supercalifragilistic gift wrap")
    desk.inbox.settle(only(desk.open()), "outside", "", "mei")
    desk.kept.close()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "training").glob("inbox.db*"))
    assert b"mei" in kept
    assert b"supercalifragilistic" not in kept


def test_out_of_scope_is_a_label_for_each_wording_for_the_night(desk: InboxDesk) -> None:
    desk.asks(*WRAPPING, "gift wrap [order] please")
    desk.inbox.outside(only(desk.open()), "mei")
    labels = {(label.text, label.intent, label.language, label.by) for label in desk.labels.all()}
    assert labels == {(text, OUTSIDE, "en", "mei") for text in (*WRAPPING, "gift wrap [order] please")}
    assert desk.open() == []


# --- a pair of it -----------------------------------------------------------------------------------------------------


def test_a_new_pair_takes_the_groups_wordings_and_answers_them(desk: InboxDesk) -> None:
    desk.asks(*WRAPPING)
    group = only(desk.open())
    assert desk.inbox.measured(group, None) == 0.0
    draft = Pair("Do you wrap presents?", "Yes, free.", category="gifts", language="en")
    pair = made_pair(desk.store, group, draft, None, "mei")
    assert pair == replace(draft, id=pair.id, similar=tuple(texts(group)))
    assert desk.store.stored(pair.id).updated_by == "mei"
    assert desk.inbox.measured(group, desk.inbox.settle(group, "pair", str(pair.id), "mei")) == 1.0
    assert desk.inbox.group(group.key, 30).handled == desk.handled.latest([group.key])[group.key]
    assert desk.handled.latest([group.key])[group.key].answered == 1.0


def test_the_share_counts_turns_and_only_those_that_the_pair_answers(desk: InboxDesk) -> None:
    wrong = desk.store.add(Pair(WRAPPING[1], "A wrong answer.", language="en"))
    desk.asks(*WRAPPING, WRAPPING[0])
    group = only(desk.open())
    right = made_pair(desk.store, group, Pair("Presents?", "Yes.", language="en"), [WRAPPING[0]], "mei")
    handling = desk.inbox.settle(group, "pair", str(right.id), "mei")
    share = desk.inbox.measured(group, handling)
    assert [desk.answers(text, "en") for text in WRAPPING] == [right.id, wrong.id, None]
    assert (share, desk.inbox.measured(group, None)) == (0.5, 0.75)


def test_what_was_just_saved_is_waited_for_before_it_is_measured(desk: InboxDesk) -> None:
    desk.asks("can you gift wrap it")
    group = only(desk.open())
    pair = made_pair(desk.store, group, Pair("can you gift wrap it for me", "Yes.", language="en"), [], "mei")
    assert desk.answers("can you gift wrap it", "en") is None  # its words alone are not near enough
    assert desk.inbox.measured(group, desk.inbox.settle(group, "pair", str(pair.id), "mei")) == 1.0


def test_placeholders_are_published_only_where_somebody_named_them(desk: InboxDesk) -> None:
    desk.asks("is [order] gift wrapped", "is it gift wrapped")
    group = only(desk.open())
    assert {wording.text: offered(desk.store, wording) for wording in group.wordings} == {
        "is [order] gift wrapped": False,
        "is it gift wrapped": True,
    }
    pair = made_pair(desk.store, group, Pair("Wrapped?", "Yes.", language="en"), None, "mei")
    assert pair.similar == ("is it gift wrapped",)
    named = added_to(desk.store, group, pair.id, ["is [order] gift wrapped"], "mei")
    assert named.similar == ("is it gift wrapped", "is [order] gift wrapped")


def test_a_question_with_a_customers_placeholder_is_refused_and_nothing_is_saved(desk: InboxDesk) -> None:
    desk.asks("is [order] gift wrapped")
    group = only(desk.open())
    with pytest.raises(NotAdded, match=r"The question holds \[order\], which stands for a customer's data"):
        made_pair(desk.store, group, Pair("is [order] gift wrapped", "Yes."), [], "mei")
    assert desk.store.count() == 0
    assert made_pair(desk.store, group, Pair("What does [new] mean?", "New."), [], "mei").id


def test_what_another_pair_has_or_is_too_long_is_not_offered(desk: InboxDesk) -> None:
    long = "gift wrap " * 60
    desk.asks(*WRAPPING, long)
    taken = desk.store.add(Pair("Do you gift wrap?", "No.", language="en"))
    group = only(desk.open())
    kept = {wording.text for wording in group.wordings if offered(desk.store, wording)}
    assert kept == set(WRAPPING[1:])
    pair = made_pair(desk.store, group, Pair("Presents?", "Yes.", language="en"), None, "mei")
    assert set(pair.similar) == set(WRAPPING[1:])
    with pytest.raises(DuplicateQuestion):
        added_to(desk.store, group, pair.id, [WRAPPING[0]], "mei")
    assert set(added_to(desk.store, group, taken.id, [*WRAPPING[:1], "presents wrapped"], "mei").similar) == {
        "presents wrapped"
    }


def test_the_question_itself_is_no_similar_question(desk: InboxDesk) -> None:
    desk.asks(*WRAPPING)
    pair = made_pair(desk.store, only(desk.open()), Pair("Do you gift wrap?", "Yes."), None, "mei")
    assert set(pair.similar) == set(WRAPPING[1:])


# --- more phrasings of a pair -----------------------------------------------------------------------------------------


def test_wordings_are_added_to_a_pair_behind_those_it_has(desk: InboxDesk) -> None:
    pair = desk.store.add(Pair("Presents?", "Yes, free.", ("wrapping paper",), language="en"))
    desk.asks(*WRAPPING)
    group = only(desk.open())
    after = added_to(desk.store, group, pair.id, None, "mei")
    assert after == replace(pair, similar=("wrapping paper", *texts(group)))
    handling = desk.inbox.settle(group, "similar", str(pair.id), "mei")
    assert desk.inbox.measured(group, handling) == 1.0
    assert added_to(desk.store, group, pair.id, None, "mei") == after


def test_a_pair_that_somebody_saves_meanwhile_keeps_both_changes(
    desk: InboxDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = desk.store.add(Pair("Presents?", "Yes, free.", language="en"))
    desk.asks(*WRAPPING)
    group, opened, others = only(desk.open()), desk.store.stored, ["one", "two"]

    def stored_and_then_changed(pair_id: int) -> object:
        found = opened(pair_id)
        if others:
            desk.store.update(replace(found.pair, similar=(*found.pair.similar, others.pop())), by="li")
        return found

    monkeypatch.setattr(desk.store, "stored", stored_and_then_changed)
    assert added_to(desk.store, group, pair.id, None, "mei").similar == ("two", "one", *texts(group))

    others += map(str, range(10, 20))
    with pytest.raises(PairChanged):
        added_to(desk.store, group, pair.id, ["something else"], "mei")


def test_a_pair_that_cannot_answer_the_group_is_refused(desk: InboxDesk) -> None:
    chinese = desk.store.add(Pair("可以包装吗", "可以。", language="zh"))
    gone = desk.store.add(Pair("Presents?", "Yes, free.", language="en"))
    desk.store.withdraw(gone.id)
    full = desk.store.add(Pair("Paper?", "Yes.", tuple(f"paper {number}" for number in range(200))))
    desk.asks(*WRAPPING)
    group = only(desk.open())
    for pair, said in (
        (chinese, "answers questions in 'zh'; these are in 'en'. Make a new pair."),
        (gone, "is withdrawn, so it answers nobody. Restore it first."),
        (full, "Nothing of this group can be added"),
    ):
        with pytest.raises(NotAdded, match=said):
            added_to(desk.store, group, pair.id, None, "mei")
    with pytest.raises(PairNotFound):
        added_to(desk.store, group, 999, None, "mei")


def test_a_group_of_nothing_but_placeholders_adds_nothing_unasked(desk: InboxDesk) -> None:
    pair = desk.store.add(Pair("Presents?", "Yes, free.", language="en"))
    desk.asks("is [order] gift wrapped")
    with pytest.raises(NotAdded, match="Name the texts to add"):
        added_to(desk.store, only(desk.open()), pair.id, None, "mei")
    assert desk.store.get(pair.id) == pair


# --- what is told -----------------------------------------------------------------------------------------------------


def test_the_nearest_pair_is_suggested_where_one_is_likely(desk: InboxDesk) -> None:
    desk.asks("do you gift wrap")
    group = only(desk.open())
    assert desk.inbox.suggestion(group) is None
    pair = desk.store.add(Pair("Do you gift wrap presents?", "Yes.", language="en"))
    desk.index.refresh()
    suggestion = desk.inbox.suggestion(group)
    assert suggestion is not None
    assert suggestion.pair == pair
    likely, unlikely = replace(suggestion, score=0.05), replace(suggestion, score=0.049)
    foreign = replace(likely, pair=replace(pair, language="zh"))
    found = iter((likely, unlikely, foreign))
    desk.inbox.running = replace(desk.inbox.running, nearest=lambda *_: next(found))
    assert [desk.inbox.suggestion(group) for _ in range(3)] == [likely, None, None]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), None),
        ((Step("clarify", ""),), None),
        ((Step("template", ""), Step("fallback", "")), None),
        ((Step("template", "", "utter_greet"),), 0),
        ((answer_of(218, 0.9),), 218),
        ((answer_of(218, 0.9), Step("template", "", "utter_anything_else")), 218),
        ((answer_of(218, 0.9), Step("fallback", "")), None),
    ],
)
def test_a_reply_amounts_to_the_pair_that_answered(steps: tuple[Step, ...], expected: int | None) -> None:
    assert answering(Reply("c", "m", "en", (), steps)) == expected


def test_turns_are_counted_by_how_they_ended(desk: InboxDesk) -> None:
    kinds: tuple[StepKind, ...] = ("fallback", "clarify", "fallback")
    for kind in kinds:
        log_turn(desk.log, "do you gift wrap", kind)
    log_turn(desk.log, "do you gift wrap?", answer_of(1, 0.9), rating=-1)
    assert dict(only(desk.open()).routes) == {"fallback": 2, "clarify": 1, "retrieval": 1}


def test_wordings_are_in_the_order_of_their_latest_turns(desk: InboxDesk) -> None:
    for text in ("first", "second", "First"):
        log_turn(desk.log, text)
    found = wordings_of(desk.inbox.asked(1)[0].turns + desk.inbox.asked(1)[1].turns)
    assert [(wording.text, len(wording.turns)) for wording in found] == [("First", 2), ("second", 1)]
    assert desk.inbox.asked(1)[0].turns[0].at <= timestamp(datetime.now(UTC) + timedelta(seconds=1))
