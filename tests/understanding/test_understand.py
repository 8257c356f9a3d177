from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.messages import Entity, Evidence, Intent, Language, Message, State
from chatbot.understanding.entities import Tables
from chatbot.understanding.entities_builtin import BuiltInEntities
from chatbot.understanding.intents import IntentClassifier, Understood
from chatbot.understanding.ngrams import Floats
from chatbot.understanding.tagging import Kind, Tagged
from chatbot.understanding.understand import Understanding
from knowledge_base.pairs import Hit
from tests.fakes import INTENTS, PAIRS, PATTERNS, KeywordClassifier, ListedKnowledge

BUTTONS = ("greet", "order_status", "faq/ask_price", "查订单", "Order-Status")
NEW = State("c")


def understanding_with(classifier: KeywordClassifier, knowledge: ListedKnowledge) -> Understanding:
    return Understanding(cast(IntentClassifier, classifier), knowledge, BUTTONS, str)


@pytest.fixture(scope="module")
def understand() -> Iterator[Understanding]:
    understanding = understanding_with(KeywordClassifier(INTENTS, PATTERNS), ListedKnowledge(PAIRS))
    yield understanding
    understanding.beside.shutdown()


def message(text: str, language: Language | None = None) -> Message:
    return Message("c", text, "m1", language)


def timeless(evidence: Evidence) -> Evidence:
    return replace(evidence, milliseconds={})


def test_all_that_is_known_of_a_message_is_told(understand: Understanding) -> None:
    evidence = understand(message(" Where's my order\n１００２３４? Mail mei@example.com"), NEW)
    assert timeless(evidence) == Evidence(
        text="Where's my order 100234? Mail mei@example.com",
        masked="Where's my order [order]? Mail [email]",
        language="en",
        intents=(Intent("order_status", 0.9),),
        entities=(Entity("order_number", "100234", 17, 23), Entity("email", "mei@example.com", 30, 45)),
        hits=(),
        question="Where's my order 100234? Mail mei@example.com",
        model="keywords-1",
        index="listed-1",
    )
    assert set(evidence.milliseconds) == {"read", "classify", "search"}
    assert all(evidence.text[e.start : e.end] == e.value for e in evidence.entities)


def test_the_classifier_reads_masked_text_and_the_search_the_text_itself() -> None:
    asked: list[tuple[str, str, int]] = []

    class Noted(ListedKnowledge):
        def search(self, text: str, language: str, k: int, vector: Floats) -> list[Hit]:
            asked.append((text, language, k))
            return super().search(text, language, k, vector)

    classifier = KeywordClassifier(INTENTS, PATTERNS)
    understand = understanding_with(classifier, Noted(PAIRS))
    evidence = understand(message("How much does delivery cost?"), NEW)
    understand(message("order 100234"), NEW)
    understand.beside.shutdown()
    assert [(hit.pair.id, hit.exact) for hit in evidence.hits] == [(1, True)]
    assert classifier.read == ["How much does delivery cost?", "order [order]"]
    assert asked == [("How much does delivery cost?", "en", 5), ("order 100234", "en", 5)]


def test_the_classifier_and_the_search_run_at_the_same_time() -> None:
    """Each waits for the other: one after the other they would never end."""
    both = threading.Barrier(2)

    class Waits(KeywordClassifier):
        def classify(self, masked: str, vectors: Callable[[], Floats] | None = None) -> tuple[Intent, ...]:
            both.wait(30)
            return super().classify(masked, vectors)

    class WaitsToo(ListedKnowledge):
        def search(self, text: str, language: str, k: int, vector: Floats) -> list[Hit]:
            both.wait(30)
            return []

    understand = understanding_with(Waits(INTENTS, PATTERNS), WaitsToo())
    assert understand(message("hello"), NEW).intents == (Intent("greet", 0.97),)
    understand.beside.shutdown()


def test_the_vector_of_a_text_is_computed_once_and_lent_to_the_classifier_where_it_reads_the_same_text() -> None:
    encoded: list[str] = []
    searched_with: list[list[float]] = []
    lent: list[list[list[float]] | None] = []

    class Reads(KeywordClassifier):
        def classify(self, masked: str, vectors: Callable[[], Floats] | None = None) -> tuple[Intent, ...]:
            lent.append(vectors().tolist() if vectors else None)
            return super().classify(masked, vectors)

    class Encodes(ListedKnowledge):
        def encode(self, text: str) -> Floats:
            encoded.append(text)
            return np.array([3, 4], np.float32)

        def search(self, text: str, language: str, k: int, vector: Floats) -> list[Hit]:
            searched_with.append(vector.tolist())
            return []

    understand = understanding_with(Reads(INTENTS, PATTERNS), Encodes())
    understand(message("hello"), NEW)
    understand(message("order 100234"), NEW)
    understand.beside.shutdown()
    assert lent == [[[3.0, 4.0]], None]  # "order [order]" is another text than "order 100234"
    assert encoded == ["hello", "order 100234"]
    assert searched_with == [[3.0, 4.0], [3.0, 4.0]]


# --- learned entities -------------------------------------------------------------------------------------------------


class Tags(KeywordClassifier):
    """Marks a word of the masked text that it reads."""

    tables = Tables(synonyms={"soffa": "couch"})

    def understood(self, masked: str, vectors: Callable[[], Floats] | None = None) -> Understood:
        start = masked.find("sofa")
        tagged = (Tagged(Kind("product", "new"), start, start + 4, 0.9),) if start >= 0 else ()
        return Understood(self.classify(masked, vectors), tagged)


def test_a_learned_entity_has_its_place_and_words_in_the_text_as_it_was_written() -> None:
    understand = Understanding(
        cast(IntentClassifier, Tags(INTENTS, PATTERNS)),
        ListedKnowledge(PAIRS),
        BUTTONS,
        lambda text: text.replace("ordr", "order").replace("soffa", "sofa"),
        BuiltInEntities(("time",), lambda: datetime(2026, 11, 18, tzinfo=UTC)),
    )
    mended, plain = (
        understand(message("ordr 100234, mei@example.com: my soffa by tomorrow"), NEW),
        understand(message("my sofa"), State("c", turn=1, question="order 100234")),
    )
    followed = understand(message("and the sofa?"), State("c", turn=1, question="a sofa, order 100234"))
    understand.beside.shutdown()
    assert mended.entities == (
        Entity("order_number", "100234", 5, 11),
        Entity("email", "mei@example.com", 13, 28),
        Entity("product", "couch", 33, 38, "new"),
        Entity("time", "2026-11-19", 42, 50),
    )
    assert plain.entities == (Entity("product", "sofa", 3, 7, "new"),)
    assert followed.intents == (Intent("order_status", 0.9),)  # of both messages together
    assert followed.entities == (Entity("product", "sofa", 8, 12, "new"),)  # of this one alone


# --- buttons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "command", "entities"),
    [
        ("/greet", "greet", ()),
        (" /greet\n", "greet", ()),
        ("/查订单", "查订单", ()),
        ("/Order-Status", "Order-Status", ()),
        ("/faq/ask_price", "faq/ask_price", ()),
        (
            '/order_status{"order_number": "100234", "size": 42, "x": null, "y": [1, {}]}',
            "order_status",
            (("order_number", "100234"), ("size", "42"), ("y", "1")),
        ),
        ("/greet{}", "greet", ()),
        ("/greet{broken", "", None),
        ('/greet{"a": }', "greet", ()),
        ("/greet/warmly", "greet/warmly", ()),
        ('/greet{"a":' + "[" * 1500 + "}", "greet", ()),
        ("/unknown", "", None),
        ("/", "", None),
        ("//greet", "", None),
        ("/greet please", "", None),
        ("greet", "", None),
    ],
)
def test_a_button_is_known_by_its_intent_and_carries_its_values(
    understand: Understanding, text: str, command: str, entities: Sequence[tuple[str, str]] | None
) -> None:
    evidence = understand(message(text), NEW)
    assert evidence.command == command
    if entities is not None:
        assert [(entity.name, entity.value) for entity in evidence.entities] == list(entities)
        assert (evidence.intents, evidence.hits) == ((), ())


# --- language ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "page", "state", "language"),
    [
        ("Where is my parcel?", "zh", NEW, "en"),
        ("我的包裹在哪", "en", NEW, "zh"),
        ("我的 order 在哪里", None, NEW, "zh"),
        # what tells nothing is taken as it was: at first as the page says, then as the conversation went
        ("ok", "zh", NEW, "zh"),
        ("ok", None, NEW, "en"),
        ("ok", "en", State("c", "zh", turn=2), "zh"),
        ("100234", None, State("c", "zh", turn=2), "zh"),
        ("👍", "en", State("c", "zh", turn=2), "zh"),
        ("/greet", "en", State("c", "zh", turn=2), "zh"),
        # an e-mail address is in no language
        ("mei.tan@example.com", "en", State("c", "zh", turn=2), "zh"),
        ("100234, mei.tan@example.com", "zh", NEW, "zh"),
        ("my mail: mei.tan@example.com", "zh", State("c", "zh", turn=2), "en"),
        ("邮箱 mei.tan.with.a.very.long.name@mail.example.com", "en", State("c", "en", turn=2), "zh"),
    ],
)
def test_the_language_is_told_from_the_words(
    understand: Understanding, text: str, page: Language | None, state: State, language: Language
) -> None:
    assert understand(message(text, page), state).language == language


def test_while_a_person_holds_it_nothing_is_looked_up() -> None:
    classifier = KeywordClassifier(INTENTS, PATTERNS)
    understand = understanding_with(classifier, ListedKnowledge(PAIRS))
    evidence = understand(message("hello, order 100234"), State("c", held_by="Mei"))
    understand.beside.shutdown()
    assert (evidence.masked, evidence.intents, evidence.hits) == ("hello, order [order]", (), ())
    assert classifier.read == []


# --- whatever is written ----------------------------------------------------------------------------------------------

ODD: Mapping[str, str] = {
    "a command": "/order_status",
    "an unknown command": "/unknown",
    "5,000 characters": "x" * 5000,
    "5,000 digits": "1" * 5000,
    "only emoji": "😀👩‍👩‍👧‍👦🇸🇬",
    "control characters": "\x00\x01\x1b[31m\x7f\u202e",
    "nothing": "",
    "white space": " \n\t\u3000",
    "half a surrogate pair": "\ud83d",
    "search syntax": 'what\'s "up" AND (NEAR * ^ col:',
    "templates": "{0.__class__} {{x}} %s ${y} {% z %}",
    "a broken command": '/greet{"a": [[[',
    "a deep command": '/greet{"a":' + "[" * 1500 + "}",
    "a long mail address": "a@" * 2000,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_nothing_a_customer_writes_raises(understand: Understanding, text: str) -> None:
    evidence = understand(message(text), NEW)
    assert len(evidence.text) <= 2000
    assert evidence.language == "en"
    evidence.text.encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.text(), st.text('/greet{"a:1}[] \ud83d\u200b你好@.', max_size=40)), st.sampled_from(["en", "zh"]))
def test_no_text_at_all_raises(understand: Understanding, text: str, language: Language) -> None:
    evidence = understand(message(text, language), NEW)
    assert evidence.language in ("en", "zh")
    assert all(evidence.text[e.start : e.end] == e.value for e in evidence.entities) or evidence.command
