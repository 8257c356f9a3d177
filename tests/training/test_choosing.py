"""The base model goes by the language of the texts, and what is named is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.training.choosing import CUT_UP, HAN_SHARE, chosen, pieces_a_word

ENGLISH = (
    "where is my parcel",
    "I want my money back",
    "how long does delivery take to Northern Ireland",
    "the shoes are too small, can I swap them",
    "cancel order [order] please!",
    "my discount code doesn't work",
    "i was charged twice",
    "can i talk to a humna",
    "wher is my pacel",
    "the lamp arrived broken; what now?",
    "what are your opening hours on Sunday",
    "how do I reset my password",
)
CHINESE = (
    "我的包裹到哪里了",
    "我要退款",
    "请问发货到新疆需要多久",
    "鞋子太小了，可以换43码吗",
    "取消订单",
    "支持货到付款吗",
    "優惠券用不了怎麼辦",
    "我被重复扣款了",
    "转人工",
    "怎么没人回我",
    "发票抬头开错了，能重开吗",
    "你们春节期间营业吗",
)
FRENCH = (
    "où est mon colis",
    "je voudrais être remboursé",
    "combien de temps prend la livraison en Bretagne",
    "les chaussures sont trop petites, puis-je les échanger",
    "annulez ma commande s'il vous plaît",
    "mon code de réduction ne fonctionne pas",
    "j'ai été débité deux fois",
    "je veux parler à un conseiller",
    "personne ne répond à mes messages",
    "la lampe est arrivée cassée, que faire",
    "quels sont vos horaires d'ouverture le dimanche",
    "comment réinitialiser mon mot de passe",
)


@pytest.mark.parametrize(
    ("texts", "base_model"),
    [
        (ENGLISH, "english"),
        (CHINESE, "multilingual"),
        (ENGLISH + CHINESE, "multilingual"),
        (FRENCH, "multilingual-full"),
        (FRENCH * 2 + ENGLISH, "multilingual-full"),
        (("??", "123", ""), "english"),
    ],
    ids=["English", "Chinese", "both", "French", "mostly French", "no words"],
)
@pytest.mark.usefixtures("english")
def test_the_smallest_base_model_that_has_the_language_is_chosen(
    home: Path, texts: tuple[str, ...], base_model: str
) -> None:
    assert chosen("auto", texts, home) == base_model


@pytest.mark.usefixtures("english")
def test_a_stray_chinese_word_does_not_make_data_chinese(home: Path) -> None:
    texts = ENGLISH * 10
    few, many = (int(len(texts) * HAN_SHARE) - 1, int(len(texts) * HAN_SHARE) + 2)
    assert chosen("auto", texts + CHINESE[:few], home) == "english"
    assert chosen("auto", texts + CHINESE[:many], home) == "multilingual"


@pytest.mark.usefixtures("english")
def test_english_words_are_whole_in_the_english_vocabulary_and_french_words_are_not(home: Path) -> None:
    assert 1.0 <= pieces_a_word(ENGLISH, home) < 1.2 < CUT_UP < 1.6 < pieces_a_word(FRENCH, home)
    assert pieces_a_word([], home) == 0.0


def test_a_base_model_that_is_named_is_taken_whatever_the_texts(tmp_path: Path) -> None:
    assert chosen("multilingual-full", ENGLISH, tmp_path) == "multilingual-full"
    assert chosen("/some/folder", CHINESE, tmp_path) == "/some/folder"
    assert list(tmp_path.iterdir()) == []
