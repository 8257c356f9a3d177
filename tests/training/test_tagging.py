"""Entities are learned from marked examples, on the encoder's own pass, and only those that nothing else finds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from chatbot.encoder import ByLanguage, OnnxEncoder
from chatbot.errors import ModelError
from chatbot.models.folder import ENCODER_FILES, MODEL_FILES, read_json
from chatbot.training.finetune import Options
from chatbot.training.tagging import FOLDS, Text, fitted, learned, lesson_of, words_of
from chatbot.training.train import train
from chatbot.understanding.entities import NO_TABLES, Tables
from chatbot.understanding.intents import IntentClassifier
from chatbot.understanding.masking import Masker
from chatbot.understanding.tagging import FILE, WEIGHTS, Kind, Tagged
from tests.samples import EXAMPLES
from training_data.examples import Annotation, Example

THINGS = ("sofa", "lamp", "rug", "desk", "bed", "oak table", "bookshelf", "armchair")
WAYS = (
    ("track_order", "where is my {} now"),
    ("track_order", "has the {} been shipped yet"),
    ("refund", "i want my money back for the {}"),
    ("refund", "refund me the broken {} please"),
)
MASKER = Masker({"order_number": (r"MM-\d+",)})


def marked(text: str, intent: str, *marks: Annotation, source: str = "nlu.yml:1") -> Example:
    return Example(text, intent, "en", source, entities=marks)


def filled(way: str, thing: str, intent: str) -> Example:
    start = way.index("{}")
    return marked(way.format(thing), intent, Annotation("product", thing, start, start + len(thing)))


PRODUCTS = tuple(filled(way, thing, intent) for intent, way in WAYS for thing in THINGS)
TRIPS = tuple(
    marked(
        f"move it from {one} to {two}",
        "refund",
        Annotation("city", one, 13, 13 + len(one), "from"),
        Annotation("city", two, 17 + len(one), 17 + len(one) + len(two), "to"),
    )
    for one, two in zip(
        ("Penang", "London", "Bergen", "Dublin", "Oslo"), ("Lima", "Rome", "Perth", "Kyoto", "Cairo"), strict=True
    )
)
PRODUCT, FROM, TO = Kind("product"), Kind("city", "from"), Kind("city", "to")


@pytest.fixture(scope="module")
def tagged_model(small_bert: Path, home: Path, reads: ByLanguage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with an encoder of its own, with marks in its examples."""
    output = tmp_path_factory.mktemp("models") / "tagged"
    tables = Tables({"shop": ("Maple & Moss",)}, {"couch": "sofa"})
    patterns = {"order_number": [r"MM-\d+"]}
    train(
        (*EXAMPLES, *PRODUCTS, *TRIPS),
        MASKER.masked,
        patterns,
        str(small_bert),
        reads,
        home,
        output,
        Options(epochs=1, seed=7),
        lambda *_: None,
        tables,
    )
    return output


def words(found: Sequence[Tagged], text: str) -> list[tuple[str, str, str]]:
    return [(each.kind.name, each.kind.role, text[each.start : each.end]) for each in found]


# --- what must be learned ---------------------------------------------------------------------------------------------


def test_without_a_mark_there_is_nothing_to_learn() -> None:
    assert lesson_of(EXAMPLES, MASKER, NO_TABLES, 1).kinds == ()


def test_what_a_pattern_a_list_or_a_built_in_recogniser_finds_is_not_learned() -> None:
    rows = [
        *(marked(f"MM-1000{n} is late", "a", Annotation("order_number", f"MM-1000{n}", 0, 8)) for n in range(4)),
        *(marked(f"the lamp {n}", "a", Annotation("item", "lamp", 4, 8)) for n in "abcd"),
        *(marked(f"tomorrow {n}", "a", Annotation("time", "tomorrow", 0, 8)) for n in "abcd"),
    ]
    assert lesson_of(rows, MASKER, Tables({"item": ("lamp",)}), 1).kinds == ()
    assert lesson_of(rows, Masker({}), NO_TABLES, 1).kinds == (Kind("item"), Kind("order_number"))


def test_roles_are_learned_of_what_a_pattern_finds() -> None:
    rows = [
        marked(f"not MM-1000{n}", "a", Annotation("order_number", f"MM-1000{n}", 4, 12, role="old")) for n in range(3)
    ]
    assert lesson_of(rows, MASKER, NO_TABLES, 1).kinds == (Kind("order_number", "old"),)


def test_two_marks_are_too_few() -> None:
    assert lesson_of(PRODUCTS[:2], MASKER, NO_TABLES, 1).kinds == ()
    assert lesson_of(PRODUCTS[:3], MASKER, NO_TABLES, 1).kinds == (PRODUCT,)


def test_marks_lie_in_the_masked_text_that_the_encoder_reads() -> None:
    text = "１００２３４……:  my 沙發， mail me@example.com"
    start = text.index("沙發")
    rows = [marked(f"{text} {n}", "a", Annotation("product", "沙發", start, start + 2)) for n in "abc"]
    lesson = lesson_of(rows, Masker({}), NO_TABLES, 1)
    assert lesson.texts[0].text.startswith("[number]......: my 沙发, mail [email]")
    assert {one.text[span[0] : span[1]] for one in lesson.texts for span, _ in one.marks} == {"沙发"}


def test_an_unmarked_example_that_holds_a_marked_wording_teaches_nothing_where_its_intent_marks_none() -> None:
    unsure = marked("do you sell a lamp", "stock", source="logs.csv:4")
    surely = marked("are you open", "stock", source="logs.csv:5")
    within = marked("the lamp i mean", "refund")
    texts = {one.text for one in lesson_of((*PRODUCTS, unsure, surely, within), MASKER, NO_TABLES, 1).texts}
    assert unsure.text not in texts
    assert {surely.text, within.text} <= texts


# --- what is learned --------------------------------------------------------------------------------------------------


def test_a_tagger_without_an_encoder_finds_known_words_and_known_ways() -> None:
    lesson = lesson_of((*EXAMPLES, *PRODUCTS, *TRIPS), MASKER, NO_TABLES, 1)
    tagger, quality = learned(lesson, None, 1)
    assert lesson.kinds == (FROM, TO, PRODUCT)
    for text, found in (
        ("where is my oak table now", [("product", "", "oak table")]),
        ("where is my wardrobe now", [("product", "", "wardrobe")]),
        ("move it from Berlin to Madrid", [("city", "from", "Berlin"), ("city", "to", "Madrid")]),
        ("tell me a joke", []),
        ("", []),
    ):
        assert words(tagger.tag(text, None), text) == found
    assert set(quality["per_entity"]) == {"city.from", "city.to", "product"}
    assert quality["folds"] == FOLDS
    assert quality["threshold"] >= 0.5
    assert quality["f1"] > 0.8
    assert quality["per_entity"]["product"]["support"] == len(PRODUCTS)


def test_an_entity_that_is_not_sure_enough_is_none() -> None:
    lesson = lesson_of((*EXAMPLES, *PRODUCTS), MASKER, NO_TABLES, 1)
    texts = [words_of(text, lesson.kinds, None) for text in lesson.texts]
    text = "where is my wardrobe now"
    [found] = fitted(texts, lesson.kinds, 0.0).tag(text, None)
    assert 0 < found.confidence < 0.999
    assert fitted(texts, lesson.kinds, 0.999).tag(text, None) == ()


def test_a_text_of_signs_has_words_without_labels() -> None:
    assert words_of(Text("?! 你", (), "g"), (PRODUCT,), None).labels.tolist() == [0, 0, 0]


# --- in the model folder ----------------------------------------------------------------------------------------------


def test_the_folder_holds_the_tagger_and_its_quality(tagged_model: Path) -> None:
    files = {file.name for file in tagged_model.iterdir()}
    assert files == {*MODEL_FILES, *ENCODER_FILES, FILE, WEIGHTS, "confusion.png", "reliability.png"}
    quality = read_json(tagged_model / "metrics.json")["entities"]
    assert quality["f1"] > 0.8
    assert set(quality["per_entity"]) == {"city.from", "city.to", "product"}


def test_intents_and_entities_come_from_one_pass(tagged_model: Path, reads: ByLanguage) -> None:
    classifier = IntentClassifier(tagged_model, reads)
    text = "where is my armchair now"
    assert classifier.encoder is not None
    assert classifier.encoder.gives_tokens
    understood = classifier.understood(text)
    assert understood.intents == classifier.classify(text)
    assert words(understood.entities, text) == [("product", "", "armchair")]


def test_the_token_output_changes_nothing_else_of_what_the_graph_says(tagged_model: Path) -> None:
    encoder = OnnxEncoder(tagged_model)
    text = "refund me the broken lamp please"
    logits, tokens = encoder.with_tokens(text)
    assert np.array_equal(logits, encoder.run([text]).logits)
    assert tokens.vectors.shape == (len(tokens.offsets), encoder.dim)
    assert "".join(text[start:end] for start, end in tokens.offsets) == text.replace(" ", "")
    assert tokens.offsets[[0, -1]].tolist() == [[0, 0], [0, 0]]


def test_a_long_text_has_entities_as_far_as_it_is_read(tagged_model: Path, reads: ByLanguage) -> None:
    text = "where is my sofa now " * 95
    found = IntentClassifier(tagged_model, reads).understood(text).entities
    assert {text[each.start : each.end] for each in found} == {"sofa"}


def test_a_model_without_marks_has_neither_tagger_nor_token_output(tiny_model: Path, reads: ByLanguage) -> None:
    classifier = IntentClassifier(tiny_model, reads)
    assert (classifier.tagger, classifier.tables, classifier.gives_tokens) == (None, NO_TABLES, False)
    assert classifier.understood("where is my sofa").entities == ()


def test_tables_go_with_the_model(tagged_model: Path, reads: ByLanguage) -> None:
    tables = IntentClassifier(tagged_model, reads).tables
    assert (tables.lookups, tables.synonyms) == ({"shop": ("Maple & Moss",)}, {"couch": "sofa"})


@pytest.mark.parametrize("broken", [FILE, WEIGHTS])
def test_a_damaged_tagger_is_told_in_a_sentence(
    tagged_model: Path, reads: ByLanguage, tmp_path: Path, broken: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tagged_model, folder)
    (folder / broken).write_bytes((folder / broken).read_bytes()[:50])
    with pytest.raises(ModelError, match=r"entities\.json.*Train again: chatbot train"):
        IntentClassifier(folder, reads)


def test_a_tagger_beside_a_graph_without_tokens_is_refused(
    tagged_model: Path, tiny_model: Path, reads: ByLanguage, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    for name in (FILE, WEIGHTS):
        shutil.copy(tagged_model / name, folder / name)
    with pytest.raises(ModelError, match="does not tell what"):
        IntentClassifier(folder, reads)


def test_a_model_of_few_examples_learns_entities_by_words(reads: ByLanguage, home: Path, tmp_path: Path) -> None:
    few = [one for number, one in enumerate(EXAMPLES) if number % 10 < 4] + list(PRODUCTS[:6])
    output = tmp_path / "few"
    train(few, str.strip, {}, "none", reads, home, output, Options(seed=7), lambda *_: None)
    text = "where is my lamp now"
    classifier = IntentClassifier(output, reads)
    assert classifier.encoder is None
    assert words(classifier.understood(text).entities, text) == [("product", "", "lamp")]
