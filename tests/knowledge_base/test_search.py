from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.index import KnowledgeIndex
from knowledge_base.pairs import Hit, Pair
from knowledge_base.search import KnowledgeBase
from knowledge_base.store import PairStore
from knowledge_base.words import Words, overlap

REFUND = Pair("How do I get a refund?", "Within 14 days.", ("I want my money back",), language="en", category="money")
SHOP = [
    REFUND,
    Pair("Where is my order?", "On its way.", ("Track my parcel",), language="en", category="orders"),
    Pair("怎么申请退款？", "十四天内。", ("我要退货退钱",), language="zh", category="money"),
    Pair("What's up?", "Hello!", language="en"),
    Pair("VIP", "Call 555."),
]


@pytest.fixture
def shop(store: PairStore, index: KnowledgeIndex, knowledge: KnowledgeBase) -> KnowledgeBase:
    store.add_many(SHOP)
    index.refresh()
    return knowledge


def test_an_equal_question_comes_first_with_score_one(shop: KnowledgeBase) -> None:
    hits = shop.search("  how do I get a REFUND")
    assert hits[0] == Hit(replace(REFUND, id=1), "How do I get a refund?", 1.0, 1.0, 1.0, exact=True)
    assert [hit.pair.id for hit in hits].count(1) == 1
    assert not any(hit.exact for hit in hits[1:])


def test_a_pair_appears_once_with_its_best_wording(shop: KnowledgeBase) -> None:
    hits = shop.search("please give me my money back now")
    assert (hits[0].pair.id, hits[0].phrasing) == (1, "I want my money back")
    assert len({hit.pair.id for hit in hits}) == len(hits)


def test_the_score_is_fused_of_both(shop: KnowledgeBase) -> None:
    for hit in shop.search("refund for my parcel"):
        assert hit.score == pytest.approx(0.8 * max(0, hit.dense) + 0.2 * hit.lexical)
        assert -1 <= hit.dense <= 1
        assert 0 <= hit.lexical <= 1


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_weight_chooses_between_meaning_and_words(shop: KnowledgeBase, weight: float) -> None:
    hits = KnowledgeBase(shop.store, shop.index, weight).search("track order")
    assert [hit.score for hit in hits] == pytest.approx([max(0, hit.dense) if weight else hit.lexical for hit in hits])


def test_best_comes_first(shop: KnowledgeBase) -> None:
    scores = [hit.score for hit in shop.search("where's the parcel with my order")]
    assert scores == sorted(scores, reverse=True)


def test_a_chinese_word_of_two_characters_is_found_by_words(shop: KnowledgeBase) -> None:
    hit = KnowledgeBase(shop.store, shop.index, weight=0.0).search("退款")[0]
    assert (hit.pair.id, hit.phrasing) == (3, "怎么申请退款？")
    assert hit.lexical > 0


TEN_WORDINGS = [
    "How do I get a refund?",
    "how do i get a refund",
    "ＨＯＷ ＤＯ Ｉ ＧＥＴ Ａ ＲＥＦＵＮＤ",
    "I want my money back",
    "i want my money back!!!",
    "refund",
    "get refund how",
    "money back please",
    "How do I get a refund for order A1029?",
    "Can you refund my money? I want it back.",
]


@pytest.mark.parametrize("wording", TEN_WORDINGS)
@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("refreshed", [False, True])
def test_a_withdrawn_answer_is_never_served(shop: KnowledgeBase, wording: str, folded: bool, refreshed: bool) -> None:
    if folded:
        shop.index.fold()
    assert 1 in {hit.pair.id for hit in shop.search(wording)}
    shop.store.withdraw(1)
    if refreshed:
        shop.index.refresh()
    assert 1 not in {hit.pair.id for hit in shop.search(wording)}
    shop.store.restore(1)
    assert 1 in {hit.pair.id for hit in shop.search(wording)}


@pytest.mark.parametrize("refreshed", [False, True])
def test_a_changed_answer_is_served_at_once(shop: KnowledgeBase, refreshed: bool) -> None:
    shop.store.update(replace(REFUND, id=1, answer="Within 30 days."))
    if refreshed:
        shop.index.refresh()
    assert {hit.pair.answer for hit in shop.search("get a refund now") if hit.pair.id == 1} == {"Within 30 days."}


def test_a_wording_that_was_removed_is_found_no_more(shop: KnowledgeBase) -> None:
    shop.store.update(replace(REFUND, id=1, similar=()))
    assert "I want my money back" not in {hit.phrasing for hit in shop.search("I want my money back")}


def test_a_pair_saved_a_moment_ago_is_found_before_it_is_embedded(shop: KnowledgeBase) -> None:
    added = shop.store.add(Pair("Do you sell zorblax fluid?", "We do."))
    assert shop.search("do you sell ZORBLAX fluid")[0] == Hit(added, added.question, 1.0, 1.0, 1.0, exact=True)
    assert added in [hit.pair for hit in shop.search("some zorblax please")]


@pytest.mark.parametrize(("day", "served"), [(14, False), (15, True), (16, True), (17, False)])
def test_a_pair_is_served_from_its_first_to_its_last_day(
    shop: KnowledgeBase, index: KnowledgeIndex, day: int, served: bool
) -> None:
    sale = Pair("Is there a summer sale?", "Yes.", valid_from=date(2025, 6, 15), valid_until=date(2025, 6, 16))
    sale = shop.store.add(sale)
    knowledge = KnowledgeBase(shop.store, index, today=lambda: date(2025, 6, day))
    for _ in range(2):
        assert (sale in [hit.pair for hit in knowledge.search("Is there a summer sale?")]) == served
        assert (sale in [hit.pair for hit in knowledge.search("any summer sale")]) == served
        index.refresh()


def test_a_pair_of_no_language_is_found_in_each(shop: KnowledgeBase) -> None:
    assert {hit.pair.language for hit in shop.search("vip refund 退款", language="en", k=9)} == {"en", ""}
    assert {hit.pair.language for hit in shop.search("vip refund 退款", language="zh", k=9)} == {"zh", ""}
    assert {hit.pair.language for hit in shop.search("vip refund 退款", k=9)} == {"zh", "en", ""}


def test_a_language_filter_fills_the_top(store: PairStore, index: KnowledgeIndex, knowledge: KnowledgeBase) -> None:
    store.add_many(Pair(f"refund question {number}", f"{number}", language="en") for number in range(300))
    store.add_many(Pair(f"退款 refund {number}", f"{number}", language="zh") for number in range(7))
    index.refresh()
    hits = knowledge.search("refund question", language="zh", k=7)
    assert [hit.pair.language for hit in hits] == ["zh"] * 7


def test_a_pair_with_very_many_wordings_leaves_places_for_others(
    store: PairStore, index: KnowledgeIndex, knowledge: KnowledgeBase
) -> None:
    store.add(Pair("refund 0", "a", similar=tuple(f"refund {number}" for number in range(1, 190))))
    store.add_many(Pair(f"delivery {number}", "b") for number in range(10))
    index.refresh()
    assert len(knowledge.search("refund", k=5)) == 5


def test_a_category_filter_holds_for_every_way_of_matching(shop: KnowledgeBase) -> None:
    for text in ("How do I get a refund?", "refund order parcel"):
        assert {hit.pair.category for hit in shop.search(text, category="orders")} == {"orders"}


def test_an_equal_question_with_two_answers_is_ranked_but_not_exact(
    store: PairStore, index: KnowledgeIndex, knowledge: KnowledgeBase
) -> None:
    hotels = [Pair("What time is check-in?", f"At {hour}.") for hour in (14, 15)]
    store.add_many(hotels, on_duplicate="keep")
    index.refresh()
    hits = knowledge.search("what time is check-in")
    assert {hit.pair.id for hit in hits} == {1, 2}
    assert not any(hit.exact for hit in hits)


@pytest.mark.parametrize(
    "text",
    [
        "what's up?", '"', '""', "NEAR(", "NEAR(refund order, 2)", "*", "ref*", "refund AND", "OR", "NOT refund", "a:b",
        "tokens:refund", "{refund}", "^refund", "-refund", "+", "(", "')--", "\0refund", "refund\ud83d",
        "🙂", "x " * 5000, "\u202erefund",
    ],
)  # fmt: skip
def test_no_text_is_a_syntax_error(shop: KnowledgeBase, text: str) -> None:
    shop.search(text)


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "\x00"])
def test_nothing_is_found_for_nothing(shop: KnowledgeBase, text: str) -> None:
    assert shop.search(text) == []


def test_an_empty_knowledge_base_finds_nothing(knowledge: KnowledgeBase) -> None:
    assert knowledge.search("refund") == []


def test_an_unknown_language_is_refused(shop: KnowledgeBase) -> None:
    with pytest.raises(KnowledgeBaseError, match="Language 'fr' is unknown"):
        shop.search("bonjour", language="fr")


def test_overlap_counts_rare_words_more(shop: KnowledgeBase) -> None:
    weights = Words(shop.store).weights(["my", "refund", "unheard"], 7)
    assert weights["my"] < weights["refund"] < weights["unheard"]
    assert overlap(weights, weights) == 1
    assert overlap(weights, {"other": 1.0}) == overlap({}, {}) == 0


def test_words_that_nearly_all_have_are_not_searched_for(store: PairStore) -> None:
    store.add_many(Pair(f"what is number {number}", "x") for number in range(600))
    words = Words(store)
    assert words.to_search_for(words.weights(["what", "is", "number", "77"], 600)) == ["77", "is"]


def test_a_pair_withdrawn_in_the_middle_of_a_search_is_not_served(
    shop: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.search("please give me my money back now")[0].pair.id == 1
    read = shop.store.pairs

    def read_after_a_withdrawal(ids: Iterable[int]) -> dict[int, Pair]:
        shop.store.withdraw(1)
        return read(ids)

    monkeypatch.setattr(shop.store, "pairs", read_after_a_withdrawal)
    assert 1 not in [hit.pair.id for hit in shop.search("please give me my money back now")]
