from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from knowledge_base import spreadsheets
from knowledge_base.errors import ImportFileError
from knowledge_base.formats.columns import COLUMNS
from knowledge_base.importing import import_pairs, read_pairs
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore

Write = Callable[[str], Path]


@pytest.fixture
def faq(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        (tmp_path / "faq.csv").write_text(text, encoding="utf-8", newline="")
        return tmp_path / "faq.csv"

    return write


def workbook(path: Path, *rows: list[object]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)
    book.close()
    return path


FULL = Pair(
    "Where is it?", "Near.", ("Track it", "Find it"), "orders", "en", date(2025, 1, 31), date(2025, 2, 28),
    "https://a.example/x", "draft", date(2026, 1, 1), "mei",
)  # fmt: skip


def test_all_columns_are_read(faq: Write) -> None:
    path = faq(
        ",".join(COLUMNS)
        + '\nWhere is it?,Near.,"Track it\nFind it",orders,en,2025-01-31,2025/2/28,https://a.example/x,2026-1-1,mei,Draft\n'
    )
    assert read_pairs(path) == [FULL]


def test_numbered_similar_questions_are_read_and_other_columns_ignored(faq: Write) -> None:
    path = faq("id,Question,Answer,similar_1,similar_2,domain,entity\n7,Where?,Here.,Whither?,,hotel,ALEXANDER\n")
    assert read_pairs(path) == [Pair("Where?", "Here.", ("Whither?",), language="en")]


def test_zeros_stay(faq: Write, tmp_path: Path) -> None:
    assert read_pairs(faq("question,answer,category\n00123,007,01\n")) == [
        Pair("00123", "007", category="01", language="en")
    ]
    path = workbook(tmp_path / "faq.xlsx", ["question", "answer", "category"], ["00123", "007", "01"])
    assert read_pairs(path) == [Pair("00123", "007", category="01", language="en")]


def test_a_workbook_is_read_as_people_see_it(tmp_path: Path) -> None:
    path = tmp_path / "faq.xlsx"
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["question", "answer", "category", "valid_from", "valid_until"])
    sheet.append(["How many?", 7.0, 42, datetime(2025, 1, 31), "2025-02-28"])
    sheet["C2"].number_format = "00000"
    sheet["A4"] = "怎么退款？"
    sheet["B4"] = True
    book.save(path)
    book.close()
    assert read_pairs(path) == [
        Pair("How many?", "7", (), "00042", "en", date(2025, 1, 31), date(2025, 2, 28)),
        Pair("怎么退款？", "TRUE", language="zh"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_chinese_encodings_are_told_apart(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "faq.csv").write_bytes("question,answer\n怎么退款？,“三天”内\n".encode(encoding))
    assert read_pairs(tmp_path / "faq.csv") == [Pair("怎么退款？", "“三天”内", language="zh")]


@pytest.mark.parametrize(
    ("cell", "default", "language"),
    [
        ("", "", "en"),
        ("", "zh", "zh"),
        ("zh-CN", "", "zh"),
        ("EN_us", "zh", "en"),
        ("any", "en", ""),
    ],
)
def test_the_language_is_the_cell_or_the_default(faq: Write, cell: str, default: str, language: str) -> None:
    assert read_pairs(faq(f"question,answer,language\nWhere?,Here.,{cell}\n"), default)[0].language == language


@pytest.mark.parametrize(
    ("question", "language"), [("我的order在哪里", "zh"), ("What does 退款 mean please?", "en"), ("12", "en")]
)
def test_a_language_that_is_not_named_is_told_by_its_characters(faq: Write, question: str, language: str) -> None:
    assert read_pairs(faq(f"question,answer\n{question},x\n"))[0].language == language


def test_a_bad_row_is_reported_by_its_line_and_nothing_is_imported(faq: Write, store: PairStore) -> None:
    rows = [f"Question {number}?,Answer." for number in range(2, 41)] + ["Question 41?,", "Question 42?,Answer."]
    with pytest.raises(ImportFileError) as refusal:
        import_pairs(store, faq("\n".join(["question,answer", *rows])))
    assert str(refusal.value) == "faq.csv line 41: answer is empty. 40 pairs read, nothing imported."
    assert store.count() == 0


def test_lines_are_counted_as_an_editor_does(faq: Write) -> None:
    text = 'question,answer\r\n"One\r\nmore?","Two\nlines"\r\n\r\n,"x"\r\nGood?,Yes.\r\n?,x\r\n'
    with pytest.raises(ImportFileError) as refusal:
        read_pairs(faq(text))
    assert refusal.value.problems == ((6, "question is empty."), (8, "question '?' has no letter and no digit."))


def test_many_bad_rows_are_counted(faq: Write) -> None:
    with pytest.raises(ImportFileError) as refusal:
        read_pairs(faq("question,answer\n" + "a,\n" * 5))
    assert str(refusal.value) == (
        "faq.csv line 2: answer is empty. line 3: answer is empty. line 4: answer is empty. 2 more lines are wrong."
        " 0 pairs read, nothing imported."
    )
    assert len(refusal.value.problems) == 5


def test_repeated_questions_are_refused_by_line_skipped_or_kept(faq: Write, store: PairStore) -> None:
    store.add(Pair("Known?", "Yes.", language="en"))
    path = faq("question,answer\nNew?,1\nknown,2\nnew,3\n")
    with pytest.raises(ImportFileError) as refusal:
        import_pairs(store, path)
    assert str(refusal.value) == (
        "faq.csv line 3: question 'known' is already answered by pair 1. line 4: question 'new' is already answered by"
        " line 2. 3 pairs read, nothing imported. Change them, or have duplicates skipped or kept."
    )
    assert store.count() == 1
    skipping = import_pairs(store, path, on_duplicate="skip")
    assert ([pair.answer for pair in skipping.pairs], skipping.skipped) == (["1"], 2)
    assert len(import_pairs(store, path, on_duplicate="keep").pairs) == 3
    assert store.exact("new?") is None


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", r"a\.csv is empty\. Its first line must name the columns"),
        ("a.csv", b"\n \n", r"a\.csv is empty"),
        ("a.csv", b"question,answer\n", "has a header and no pairs below it"),
        ("a.csv", b"q,a\nx,y\n", r"line 1: no column question and answer; found 'q', 'a'\."),
        ("a.csv", b"question,text\nx,y\n", "line 1: no column answer; found"),
        ("a.csv", b"question;answer\nx;y\n", "line 1: columns are parted by semicolons; commas are needed"),
        ("a.csv", b"question|answer\nx|y\n", "line 1: columns are parted by bars; commas are needed"),
        ("a.csv", b"question,answer,Answer\nx,y,z\n", "column answer is there twice"),
        ("a.csv", b"question,answer\nx,y, z\n", "line 2: there are 3 cells below 2 columns; put text with"),
        ("a.csv", b"question,answer\nx,y\n\0,z\n", "line 3: there is a NUL byte"),
        ("a.csv", b'question,answer\nx,y\n"x,z\n', "line 3: unexpected end of data. Is a quotation mark"),
        ("a.csv", b'question,answer\nx,"y"z\n', "line 2: .* Is a quotation mark missing"),
        ("a.csv", b"question,answer\nx," + b"y" * 200_000, "line 2: field larger than field limit"),
        ("a.csv", "question,answer\nx,y\n".encode("utf-16"), "is in UTF-16"),
        ("a.csv", b"question,answer\nWhat\x92s up?,Caf\xe9 is open\n", "line 2: the text is neither UTF-8 nor GB18030"),
        ("a.csv", b"question,answer\nx,\xff\xff\n", "line 2: the text is neither UTF-8 nor GB18030"),
        ("a.csv", b"question,answer,valid_from\nx,y,31.1.25\n", r"line 2: valid_from is '31\.1\.25'; a day such"),
        ("a.csv", b"question,answer,valid_from\nx,y,2025-02-30\n", "line 2: valid_from is '2025-02-30'"),
        ("a.csv", b"question,answer,language\nx,y,fr\n", "line 2: language is 'fr'; 'en', 'zh' or nothing is allowed"),
        ("a.csv", b"question,answer,state\nx,y,gone\n", "line 2: state is 'gone'; draft, published, withdrawn or"),
        ("a.csv", b"question,answer,review_by\nx,y,soon\n", "line 2: review_by is 'soon'; a day such as"),
        ("a.csv", zipped(a=b"x"), "is a workbook or an archive, no CSV"),
        ("a.xlsx", b"", "is no readable XLSX workbook"),
        ("a.xlsx", b"question,answer\nx,y\n", "is no readable XLSX workbook"),
        ("a.xlsx", zipped(a=b"x"), "is no readable XLSX workbook"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"is an old \.xls or has a password"),
        ("a.xlsx", zipped(bomb=b"\0" * 30_000_000), "unpacks to 30,000,000 bytes, far more than a table needs"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ImportFileError, match=message):
        read_pairs(tmp_path / name)


def test_a_missing_and_a_huge_file_are_refused(tmp_path: Path, faq: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImportFileError, match=r"none\.csv cannot be read: No such file or directory"):
        read_pairs(tmp_path / "none.csv")
    monkeypatch.setattr(spreadsheets, "MAX_FILE", 10)
    with pytest.raises(ImportFileError, match="at most 10 are allowed"):
        read_pairs(faq("question,answer\nx,y\n"))
