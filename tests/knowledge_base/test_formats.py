from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from knowledge_base.errors import ImportFileError
from knowledge_base.exporting import write_pairs
from knowledge_base.importing import AnyFormat, Reading, read_file, read_pairs
from knowledge_base.pairs import Pair

Write = Callable[[str], Path]

# As QnA Maker wrote it: nothing quoted, line breaks as \n, JSON in two of the columns
QNAMAKER = (
    "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\n"
    "How do I use my pen?\tTap it.\\n\\n1.  Press **Start**.\thttps://a.example/pen\tcategory:devices|owner:mei\t"
    '[{"ClusterHead":"can i draw","AlternateQuestionList":[{"Question":"can i draw"}]}]\tFalse\t'
    '[{"DisplayOrder":0,"QnaId":92,"Qna":null,"DisplayText":"Draw"}]\t91\n'
    'What does "tap" mean?\tTouch\tEditorial\t\t[]\tFalse\t[]\t92\n'
    "Pen: how?\tTap it.\\n\\n1.  Press **Start**.\thttps://a.example/pen\tcategory:devices|owner:mei\t[]\tFalse\t[]\t91\n"
    "Yes\tGood.\tEditorial\teditorial:chitchat\t[]\tTrue\t[]\t93\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        (tmp_path / "faq.tsv").write_text(text, encoding="utf-8", newline="")
        return tmp_path / "faq.tsv"

    return write


def numbered(reading: Reading) -> tuple[tuple[int, Pair], ...]:
    return tuple((line.line, line.pair) for line in reading.lines)


# -- QnA Maker


def test_rows_of_one_id_are_one_pair(file: Write) -> None:
    reading = read_file(file(QNAMAKER))
    assert (reading.format, reading.problems) == ("qnamaker", ())
    assert numbered(reading) == (
        (
            2,
            Pair(
                "How do I use my pen?", "Tap it.\n\n1.  Press **Start**.", ("Pen: how?",), "devices", "en",
                source_url="https://a.example/pen", owner="mei",
            ),
        ),
        (3, Pair('What does "tap" mean?', "Touch", language="en")),
        (5, Pair("Yes", "Good.", language="en", state="draft")),  # only asked for by another answer
    )  # fmt: skip


def test_without_ids_rows_of_one_answer_and_source_are_one_pair(file: Write) -> None:
    text = "Source\tAnswer\tQuestion\na\tHere.\tWhere?\nb\tHere.\tWhither?\na\tHere.\tWhere to?\n"
    assert read_pairs(file(text)) == [
        Pair("Where?", "Here.", ("Where to?",), language="en"),
        Pair("Whither?", "Here.", language="en"),
    ]


def test_two_columns_parted_by_tabs_suffice(file: Write) -> None:
    assert read_pairs(file("Questions\tAnswers\n怎么退款？\t三天\\n内\n")) == [
        Pair("怎么退款？", "三天\n内", language="zh")
    ]


def test_a_file_that_a_spreadsheet_has_saved_is_read_as_well(file: Write) -> None:
    text = (
        'Question\tAnswer\tQnaId\r\n"What does ""tap"" mean?"\t"Touch,\nthen go"\t1\r\n'
        '"Tap" is what?\t"quick\t1\r\nLast?\t"Touch,\nthen go"\t1\r\n'
    )
    reading = read_file(file(text))
    assert reading.problems == ((2, "line 4 has another answer for the same QnaId 1."),)
    reading = read_file(file(text.replace('"quick\t1', '"quick\t2')))
    assert numbered(reading) == (
        (2, Pair('What does "tap" mean?', "Touch,\nthen go", ("Last?",), language="en")),
        (4, Pair('"Tap" is what?', '"quick', language="en")),
    )


def test_its_columns_are_known_in_a_workbook_too(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["Question", "Answer", "Source", "Metadata", "QnaId"])
    book.active.append(["Where?", "Here.", "Editorial", "category:orders", 7])
    book.save(tmp_path / "a.xlsx")
    reading = read_file(tmp_path / "a.xlsx")
    assert (reading.format, reading.pairs) == ("qnamaker", [Pair("Where?", "Here.", (), "orders", "en")])


@pytest.mark.parametrize(
    ("metadata", "category"),
    [
        ("Category: orders | x:y", "orders"),
        ("category:a:b", "a:b"),
        ("category:a%7Cb%25", "a|b%"),
        ('[{"name": "category", "value": "api"}]', "api"),
        ("[]", ""),
        ("[oops", ""),
        ("no pairs here", ""),
    ],
)
def test_metadata_holds_the_category(file: Write, metadata: str, category: str) -> None:
    assert read_pairs(file(f"Question\tAnswer\tMetadata\nWhere?\tHere.\t{metadata}\n"))[0].category == category


def test_what_it_has_no_column_for_is_exported_as_metadata(tmp_path: Path) -> None:
    pair = Pair(
        "Where?", "Here.\nThere.", ("Whither?",), "a|b", "en", date(2025, 1, 31), None, "https://a.example", "draft",
        date(2026, 1, 1), "mei",
    )  # fmt: skip
    write_pairs(tmp_path / "a.tsv", [pair, Pair("Why?", "So.", language="zh")])
    assert (tmp_path / "a.tsv").read_text("utf-8-sig").splitlines() == [
        "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\tSourceDisplayName",
        "Where?\tHere.\\nThere.\thttps://a.example\tcategory:a%7Cb|language:en|valid_from:2025-01-31|"
        "review_by:2026-01-01|owner:mei|state:draft\t[]\tFalse\t[]\t1\thttps://a.example",
        "Whither?\tHere.\\nThere.\thttps://a.example\tcategory:a%7Cb|language:en|valid_from:2025-01-31|"
        "review_by:2026-01-01|owner:mei|state:draft\t[]\tFalse\t[]\t1\thttps://a.example",
        "Why?\tSo.\tEditorial\tlanguage:zh|state:published\t[]\tFalse\t[]\t2\tEditorial",
    ]


def test_our_own_columns_parted_by_tabs_are_ours(file: Write) -> None:
    reading = read_file(file("question\tanswer\tcategory\nWhere?\tHere.\torders\n"))
    assert (reading.format, reading.pairs) == ("frontdesk", [Pair("Where?", "Here.", (), "orders", "en")])


# -- MaxKB

MAXKB_HEADERS = [
    "分段标题（选填）,分段内容（必填，问题答案，最长不超过4096个字符））,问题（选填，单元格内一行一个）",
    "分段標題（選填）,分段內容（必填，問題答案，最長不超過4096個字元））,問題（選填，單元格內一行一個）",
    "Section title (optional), Section content (required，question answer，no more than 4096 characters),"
    " Question (optional，one per line in the cell)",
]


@pytest.mark.parametrize("header", MAXKB_HEADERS)
def test_maxkbs_templates_are_read(tmp_path: Path, header: str) -> None:
    (tmp_path / "a.csv").write_text(
        f'{header}\n产品介绍,"它是一款\n问答系统。","它是什么？\n产品介绍\n\n它的优势"\n如何退款？,三天内。,\n,好。,"行吗？"\n',
        encoding="gb18030",
    )
    reading = read_file(tmp_path / "a.csv")
    assert reading.format == "maxkb"
    assert numbered(reading) == (
        (2, Pair("它是什么？", "它是一款\n问答系统。", ("产品介绍", "它的优势"), language="zh")),
        (7, Pair("如何退款？", "三天内。", language="zh")),
        (8, Pair("行吗？", "好。", language="zh")),
    )


def test_a_title_is_one_more_wording_unless_other_rows_have_it(file: Write) -> None:
    text = "分段标题,分段内容,问题\n运费,十元。,要付运费吗？\n退款,三天。,多久退款？\n退款,原路。,退到哪里？\n"
    assert [pair.similar for pair in read_pairs(file(text))] == [("运费",), (), ()]


def test_maxkb_gets_every_question_on_a_line_of_its_cell(tmp_path: Path) -> None:
    write_pairs(tmp_path / "a.csv", [Pair("Where?", "Here.", ("Whither?",), "orders", "en")], "maxkb")
    assert (tmp_path / "a.csv").read_text("utf-8-sig") == (
        "分段标题（选填）,分段内容（必填，问题答案，最长不超过4096个字符）,问题（选填，单元格内一行一个）,category,language,"
        'valid_from,valid_until,source_url,review_by,owner,state\nWhere?,Here.,"Where?\nWhither?",orders,en,,,,,,published\n'
    )


# -- a format that is asked for


@pytest.mark.parametrize(
    ("format", "text", "message"),
    [
        ("qnamaker", "分段标题,分段内容\na,b\n", "no column Question and Answer; found '分段标题', '分段内容'"),
        ("maxkb", "question,answer\na,b\n", "no column 分段内容; found 'question', 'answer'"),
        ("maxkb", "分段内容,类别\na,b\n", "no column 问题; found"),
        ("frontdesk", "Question\tText\na\tb\n", "no column answer; found"),
        ("qnamaker", "Question\tAnswer\tAnswer\na\tb\tc\n", "column answer is there twice"),
        ("maxkb", "分段内容,问题,分段内容\na,b,c\n", "column 分段内容 is there twice"),
    ],
)
def test_a_file_that_is_not_of_the_format_is_refused(file: Write, format: AnyFormat, text: str, message: str) -> None:
    with pytest.raises(ImportFileError, match=message):
        read_file(file(text), format=format)


def test_a_bad_row_of_any_format_is_told_by_its_line(file: Write) -> None:
    reading = read_file(
        file(QNAMAKER + f"{'x' * 501}\tOk\tE\t\t[]\tFalse\t[]\t94\n" + "?\tOk\tE\n" + "a\tb" + "\tc" * 8)
    )
    assert reading.problems == (
        (6, "question has 501 characters; at most 500 are allowed."),
        (7, "question '?' has no letter and no digit."),
        (8, "there are 10 cells below 8 columns; put text with a comma in quotes."),
    )
    reading = read_file(file("分段标题,分段内容,问题\n,,有吗？\n,好。,\n"))
    assert reading.problems == ((2, "answer is empty."), (3, "question is empty."))
