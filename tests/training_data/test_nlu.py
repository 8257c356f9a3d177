from __future__ import annotations

from pathlib import Path

import pytest

from training_data.examples import Annotation, Example, TrainingDataError
from training_data.nlu import NluData, read_nlu

WHOLE = """version: "3.1"
nlu:
- intent: order_status
  examples: |
    - where is [A1029](order_number)
    - is [it](item:sofa) on its way

    # a remark
    - 订单[100234]{"entity": "order_number", "value": "00100234", "role": "old"}在哪
    -
- intent: greet
  examples:
    - hi there
    - text: |
        hello
      metadata: {sentiment: neutral}
    - text: "- hey [you](name)"
- synonym: sofa
  examples: |
    - couch
    - settee
- regex: order_number
  examples: |
    - [A-Z]\\d{4}
    - \\d{6}
- lookup: item
  examples: |
    - sofa
    - lamp
"""


def written(folder: Path, text: str, name: str = "nlu.yml") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_everything_that_rasas_nlu_data_may_hold_is_read(tmp_path: Path) -> None:
    assert read_nlu(written(tmp_path, WHOLE)) == NluData(
        examples=(
            Example(
                "where is A1029",
                "order_status",
                "en",
                "nlu.yml:5",
                entities=(Annotation("order_number", "A1029", 9, 14),),
            ),
            Example(
                "is it on its way", "order_status", "en", "nlu.yml:6", entities=(Annotation("item", "sofa", 3, 5),)
            ),
            Example(
                "订单100234在哪",
                "order_status",
                "zh",
                "nlu.yml:9",
                entities=(Annotation("order_number", "00100234", 2, 8, "old"),),
            ),
            Example("hi there", "greet", "en", "nlu.yml:13"),
            Example("hello", "greet", "en", "nlu.yml:14"),
            Example("hey you", "greet", "en", "nlu.yml:17", entities=(Annotation("name", "you", 4, 7),)),
        ),
        regexes={"order_number": ("[A-Z]\\d{4}", "\\d{6}")},
        lookups={"item": ("sofa", "lamp")},
        synonyms={"couch": "sofa", "settee": "sofa"},
    )


def test_a_mark_has_role_and_group_as_rasa_writes_them(tmp_path: Path) -> None:
    row = """    - from [Berlin]{"entity": "city", "role": "from", "value": "BER"} to [six](size:6)"""
    row += """ [x]{"entity": "topping", "group": 1}"""
    [example] = read_nlu(written(tmp_path, f"nlu:\n- intent: a\n  examples: |\n{row}\n")).examples
    assert example.text == "from Berlin to six x"
    assert example.entities == (
        Annotation("city", "BER", 5, 11, "from"),
        Annotation("size", "6", 15, 18),
        Annotation("topping", "x", 19, 20, group="1"),
    )


def test_what_a_mark_gives_another_value_is_a_synonym_too(tmp_path: Path) -> None:
    data = read_nlu(written(tmp_path, WHOLE))
    assert data.meanings == {"it": "sofa", "100234": "00100234", "couch": "sofa", "settee": "sofa"}
    assert (data + NluData(synonyms={"it": "lamp"})).meanings["it"] == "lamp"


@pytest.mark.parametrize(
    "text",
    [
        "plain [order] mask",
        "a [b] (c)",
        "an array[3] of {things}",
        "empty [](name)",
        "[a]{not json",
    ],
)
def test_brackets_that_mark_no_entity_are_text(tmp_path: Path, text: str) -> None:
    [example] = read_nlu(written(tmp_path, f"nlu:\n- intent: a\n  examples: |\n    - {text}\n")).examples
    assert (example.text, example.entities) == (text, ())


def test_two_marks_in_one_example_have_their_places_in_the_plain_text(tmp_path: Path) -> None:
    [example] = read_nlu(
        written(tmp_path, "nlu:\n- intent: a\n  examples: |\n    - from [家](place) to [the shop](place)!\n")
    ).examples
    assert example.text == "from 家 to the shop!"
    assert [(one.value, example.text[one.start : one.end]) for one in example.entities] == [
        ("家", "家"),
        ("the shop", "the shop"),
    ]


def test_a_file_without_nlu_is_empty(tmp_path: Path) -> None:
    assert read_nlu(written(tmp_path, "rules: []")) == NluData()


def test_a_file_in_gb18030_is_read(tmp_path: Path) -> None:
    (tmp_path / "nlu.yml").write_bytes("nlu: [{intent: a, examples: [我要退款]}]".encode("gb18030"))
    assert [example.text for example in read_nlu(tmp_path / "nlu.yml").examples] == ["我要退款"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nlu:\n- intent: a\n  examples: |\n    - one\n    two\n", "nlu.yml line 5: 'two' must begin with '- '."),
        ("nlu:\n- intent: [a\n", "nlu.yml line 3: is no YAML: expected ',' or ']', but got '<stream end>'."),
        ("", "nlu.yml line 1: a mapping with the key 'nlu' is expected."),
        ("- a\n", "nlu.yml line 1: a mapping with the key 'nlu' is expected."),
        ('version: "3.1"\nnlu: text\n', "nlu.yml line 2: 'nlu' must be a list of intents."),
        ("nlu:\n- text\n", "nlu.yml line 2: an item needs 'intent', 'synonym', 'regex' or 'lookup'."),
        (
            "nlu:\n- intent: a\n",
            "nlu.yml line 2: keys are intent; needed are 'examples' and one of intent, synonym, regex, lookup.",
        ),
        (
            "nlu:\n- name: a\n  examples: |\n    - b\n",
            "nlu.yml line 2: keys are name, examples; needed are 'examples' and one of intent, synonym, regex, lookup.",
        ),
        (
            "nlu:\n- intent: a\n  examples: |\n    - ok\n    - [x]{bad}\n",
            "nlu.yml line 5: {bad} needs a JSON key 'entity'.",
        ),
        (
            'nlu:\n- intent: a\n  examples: |\n    - [x]{"value": "y"}\n',
            'nlu.yml line 4: {"value": "y"} needs a JSON key \'entity\'.',
        ),
        (
            "nlu:\n- intent: a\n  examples:\n    - metadata: {a: b}\n",
            "nlu.yml line 4: a text is expected, a list or a mapping was found.",
        ),
        (
            "nlu:\n- intent: a\n  examples:\n    - ok\n    - [nested]\n",
            "nlu.yml line 5: a text is expected, a list or a mapping was found.",
        ),
        (
            "nlu:\n- intent: a\n  examples: {a: b}\n",
            "nlu.yml line 3: a text is expected, a list or a mapping was found.",
        ),
        (
            "nlu:\n- intent: [a]\n  examples: [b]\n",
            "nlu.yml line 2: a text is expected, a list or a mapping was found.",
        ),
    ],
)
def test_an_item_that_is_not_rasas_is_told_by_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(TrainingDataError) as refusal:
        read_nlu(written(tmp_path, text))
    assert str(refusal.value) == sentence


def test_two_files_are_joined_in_order(tmp_path: Path) -> None:
    one = NluData((Example("a", "x", "en", "f"),), {"n": ("1",)}, {"l": ("1",)}, {"s": "old", "t": "t"})
    other = NluData((Example("b", "x", "en", "f"),), {"n": ("2",), "m": ("3",)}, {}, {"s": "new"})
    assert one + other == NluData(
        (Example("a", "x", "en", "f"), Example("b", "x", "en", "f")),
        {"n": ("1", "2"), "m": ("3",)},
        {"l": ("1",)},
        {"s": "new", "t": "t"},
    )
