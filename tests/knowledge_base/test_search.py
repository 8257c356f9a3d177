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
from tests.fakes import HashingEncoder

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


def test_a_vector_that_is_given_is_not_made_again(shop: KnowledgeBase, encoder: HashingEncoder) -> None:
    text = "money back please"
    expected, vector = shop.search(text), shop.index.encode([text])[0]
    encoder.calls = 0
    assert shop.search(text, vector=vector) == expected
    assert encoder.calls == 0


def test_a_phrasing_left_out_is_found_in_no_way(shop: KnowledgeBase) -> None:
    ids = {phrasing.text: phrasing.id for phrasing in shop.store.phrasings()}
    hits = shop.search(REFUND.question, without=[ids[REFUND.question]])
    assert (hits[0].pair.id, hits[0].phrasing, hits[0].exact) == (1, "I want my money back", False)
    both = [ids[text] for text in (REFUND.question, *REFUND.similar)]
    assert 1 not in [hit.pair.id for hit in shop.search(REFUND.question, without=both)]
    assert shop.search(REFUND.question)[0].exact


def test_what_is_left_out_takes_no_place_in_the_top(
    store: PairStore, index: KnowledgeIndex, knowledge: KnowledgeBase
) -> None:
    store.add(Pair("refund 0", "a", similar=tuple(f"refund {number}" for number in range(1, 190))))
    store.add_many(Pair(f"refund of kind {number}", "b") for number in range(20))
    index.refresh()
    own = [phrasing.id for phrasing in store.phrasings([1])]
    assert len(knowledge.search("refund 7", k=20, without=own)) == 20


def test_the_weight_can_be_set_later(shop: KnowledgeBase) -> None:
    shop.weight = 0.0
    assert all(hit.score == hit.lexical for hit in shop.search("track order"))


ELSEWHERE = [
    Pair("Do you sell the Aurora X2 lamp?", "Yes.", language="en"),
    Pair("Tourist SIM", "At the counter.", language="en"),
    Pair("怎么开发票？", "在订单页。", language="zh"),
]


@pytest.fixture
def both(shop: KnowledgeBase) -> KnowledgeBase:
    shop.store.add_many(ELSEWHERE)
    shop.index.refresh()
    return shop


def test_another_language_is_kept_out_where_ones_own_has_an_answer(both: KnowledgeBase) -> None:
    assert {hit.pair.language for hit in both.search_any("tourist 发票怎么开", "zh", floor=0.2)} <= {"zh", ""}


def test_a_name_is_found_in_another_language_where_ones_own_has_nothing(both: KnowledgeBase) -> None:
    hits = both.search_any("Aurora X2 有吗", "zh")
    assert hits[0].pair.question == "Do you sell the Aurora X2 lamp?"
    assert (hits[0].dense, hits[0].score, hits[0].exact) == (0.0, hits[0].lexical, False)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.pair.id for hit in hits}) == len(hits)


@pytest.mark.parametrize("floor", [0.0, 0.3, 1.0])
def test_an_equal_question_in_another_language_is_found_where_there_is_none_in_ones_own(
    both: KnowledgeBase, floor: float
) -> None:
    hit = both.search_any("tourist sim?", "zh", floor=floor)[0]
    assert (hit.pair.question, hit.score, hit.exact) == ("Tourist SIM", 1.0, True)
    own = both.store.add(Pair("tourist sim", "在柜台。", language="zh"))
    assert both.search_any("Tourist SIM", "zh", floor=floor)[0].pair == own


@pytest.mark.parametrize(("text", "k"), [("", 5), ("sim", 0)])
def test_nothing_is_found_anywhere_for_nothing(both: KnowledgeBase, text: str, k: int) -> None:
    assert both.search_any(text, "zh", k=k) == []


def test_a_category_holds_in_other_languages_too(both: KnowledgeBase) -> None:
    assert {hit.pair.category for hit in both.search_any("sim 退款 refund", "zh", "money")} == {"money"}


@pytest.mark.parametrize(("text", "question"), [("退款", "怎么申请退款？"), ("发票", "怎么开发票？")])
@pytest.mark.parametrize("weight", [0.0, 0.8])
def test_a_chinese_word_of_two_characters_finds_its_pair_first(
    both: KnowledgeBase, text: str, question: str, weight: float
) -> None:
    both.weight = weight
    hit = both.search(text, "zh")[0]
    assert (hit.pair.question, hit.lexical > 0) == (question, True)


@pytest.mark.parametrize(("stored", "asked"), [("怎么退货", "怎麼退貨"), ("怎麼退貨", "怎么退货")])
def test_traditional_and_simplified_characters_are_the_same(
    store: PairStore, index: KnowledgeIndex, knowledge: KnowledgeBase, stored: str, asked: str
) -> None:
    pair = store.add(Pair(stored, "寄回即可。", language="zh"))
    index.refresh()
    assert knowledge.search(asked)[0] == Hit(pair, stored, 1.0, 1.0, 1.0, exact=True)
    near = knowledge.search(f"请问{asked}")[0]
    assert near == knowledge.search(f"请问{stored}")[0]
    assert (near.phrasing, near.lexical > 0, near.dense > 0.5) == (stored, True, True)


@pytest.mark.parametrize("slip", ["怎么申请退kuan", "怎么申请Tui款", "怎麼申qing退款"])
@pytest.mark.parametrize("with_vector", [False, True])
def test_pinyin_beside_chinese_is_read_as_the_stored_word(shop: KnowledgeBase, slip: str, with_vector: bool) -> None:
    vector = shop.index.encode([slip])[0] if with_vector else None
    assert shop.search(slip, "zh", vector=vector) == shop.search("怎么申请退款", "zh")
    assert shop.search_any(slip, "zh", vector=vector)[0].exact


def test_a_slip_that_staff_saved_is_answered_as_they_saved_it(shop: KnowledgeBase) -> None:
    saved = shop.store.add(Pair("怎么申请退kuan", "退款写作 tuikuan。", language="zh"))
    assert shop.search("怎么申请退kuan？", "zh")[0].pair == saved


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
