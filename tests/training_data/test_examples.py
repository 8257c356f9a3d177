from __future__ import annotations

from pathlib import Path

import pytest

from training_data.examples import Example, TrainingDataError, csv_rows, decoded, language_of, read_csv
from training_data.reading import read_data


def written(folder: Path, text: str | bytes, name: str = "examples.csv") -> Path:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / name


def refusal_of(path: Path) -> str:
    with pytest.raises(TrainingDataError) as refusal:
        read_csv(path)
    return str(refusal.value)


# --- language ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is it?", "en"),
        ("我的订单在哪", "zh"),
        ("我想 return", "en"),  # 2 of 8 letters
        ("我想要 return", "zh"),  # 3 of 9
        ("VIP 是什么", "zh"),
        ("退款 100234 !!!", "zh"),
        ("100234", "en"),
        ("", "en"),
        ("👍", "en"),
        ("𠮷", "zh"),
    ],
)
def test_a_text_is_chinese_from_three_tenths_of_its_letters(text: str, language: str) -> None:
    assert language_of(text) == language


# --- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_chinese_files_are_read_whatever_saved_them(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "text,label\n我要退款，谢谢,refund\n".encode(encoding))
    assert read_csv(path) == [Example("我要退款，谢谢", "refund", "zh", "examples.csv:2")]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("text,label".encode("utf-16"), "holds NUL bytes, so it is no text. Save it as UTF-8."),
        (b"text,label\n\xff\xff,a\n", "is neither UTF-8 nor GB18030. Save it as UTF-8."),
    ],
)
def test_a_file_in_no_known_encoding_is_refused_by_name(tmp_path: Path, raw: bytes, why: str) -> None:
    path = written(tmp_path, raw)
    with pytest.raises(TrainingDataError) as refusal:
        decoded(path)
    assert str(refusal.value) == f"{path}: {why}"


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError) as refusal:
        decoded(tmp_path / "nothing.csv")
    assert str(refusal.value) == (
        f"{tmp_path}/nothing.csv: cannot be read (No such file or directory). Name a file or folder that exists."
    )


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_examples_are_read_with_line_and_language(tmp_path: Path) -> None:
    text = 'label,text,language,note\r\nrefund, money back ,,x\r\nrefund,"two\nlines, quoted",zh,\r\n\r\ngreet,hi\r\n'
    assert read_csv(written(tmp_path, text)) == [
        Example("money back", "refund", "en", "examples.csv:2"),
        Example("two\nlines, quoted", "refund", "zh", "examples.csv:3"),
        Example("hi", "greet", "en", "examples.csv:6"),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("text\nhi\n", "examples.csv line 1: column label is missing; the header is 'text'."),
        ("", "examples.csv line 1: column text, label is missing; the header is ''."),
        (
            "text,label\nhi,greet\n ,greet\nbye,\n",
            "examples.csv line 3: text is empty; line 4: label is empty. 1 read, nothing used.",
        ),
        (
            "text,label\n" + ",greet\n" * 7,
            "examples.csv line 2: text is empty; line 3: text is empty; line 4: text is empty; line 5: text is empty; "
            "line 6: text is empty and 2 more. 0 read, nothing used.",
        ),
        (
            "text,label\nhi,greet,more\n",
            "examples.csv line 2: more cells than the header has. Quote cells with commas.",
        ),
        (
            "text,label\n\n\nhi,greet,more\n",
            "examples.csv line 4: more cells than the header has. Quote cells with commas.",
        ),
        ("text,label\n\n\nhi,\n", "examples.csv line 4: label is empty. 0 read, nothing used."),
        ('text,label\n"a"b,greet\n', "examples.csv line 2: ',' expected after '\"'."),
        ('text,label\nhi,greet\n"open,greet\n', "examples.csv line 3: unexpected end of data."),
        (
            "text,label,language\nsalut,greet,fr\nhi,greet,en\n",
            "examples.csv line 2: language is 'fr', allowed are en, zh. 1 read, nothing used.",
        ),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_nothing_is_used(tmp_path: Path, text: str, sentence: str) -> None:
    assert refusal_of(written(tmp_path, text)) == sentence


def test_a_header_that_ends_in_a_comma_is_no_fault(tmp_path: Path) -> None:
    """Spreadsheets write one where a column was emptied."""
    assert [row for _, row in csv_rows(written(tmp_path, "text,label,\nhi,greet,\n"), ("text",))] == [
        {"text": "hi", "label": "greet", "": ""}
    ]


# --- files and folders ------------------------------------------------------------------------------------------------

LOG = (
    '{"conversation_id": "c", "turn": 1, "at": "2026-01-01", "speaker": "customer", "text": "hi", "intent": "greet"}\n'
)


def test_a_folder_gives_all_its_files_in_a_fixed_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    written(tmp_path, "text,label\nb,two\n", "b.csv")
    written(tmp_path, LOG, "c.jsonl")
    written(tmp_path, "turn,at,conversation_id,speaker,text,intent\n1,2026-01-01,c,customer,hey,greet\n", "d.csv")
    written(tmp_path, "nlu: [{intent: three, examples: [three]}, {regex: size, examples: [XL]}]", "sub/a.yml")
    written(tmp_path, "rules: []", "sub/rules.yaml")
    written(tmp_path, "not read", "notes.txt")
    data = read_data([tmp_path, tmp_path / "b.csv"])
    assert [(one.text, one.intent, one.source, one.group) for one in data.examples] == [
        ("b", "two", "b.csv:2", ""),
        ("hi", "greet", "c.jsonl:1", "c"),
        ("hey", "greet", "d.csv:2", "c"),
        ("three", "three", "a.yml:1", ""),
        ("b", "two", "b.csv:2", ""),
    ]
    assert data.regexes == {"size": ("XL",)}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere", "nowhere: does not exist. Name a file or folder that does."),
        ("nothing.yml", "nothing.yml: does not exist. Name a file or folder that does."),
        ("notes.txt", "notes.txt: ending '.txt' is not known; allowed are .yml, .yaml, .csv, .jsonl and folders."),
    ],
)
def test_a_path_that_is_none_is_refused_by_name(tmp_path: Path, name: str, sentence: str) -> None:
    written(tmp_path, "text", "notes.txt")
    with pytest.raises(TrainingDataError) as refusal:
        read_data([tmp_path / name])
    assert str(refusal.value) == f"{tmp_path}/{sentence}"
