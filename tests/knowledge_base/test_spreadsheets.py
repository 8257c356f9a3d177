"""Files that were made to harm, or that are too much."""

from __future__ import annotations

import random
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openpyxl import Workbook

from knowledge_base import spreadsheets, workbooks
from knowledge_base.errors import ImportFileError
from knowledge_base.formats import columns, qnamaker
from knowledge_base.importing import read_file, read_pairs
from knowledge_base.pairs import Pair
from knowledge_base.spreadsheets import MAX_CELL, read_table

SHEET = "xl/worksheets/sheet1.xml"
Edit = Callable[[bytes], bytes]


def workbook(path: Path, edit: Edit, part: str = SHEET) -> Path:
    """A workbook with one pair, of which one part has been edited."""
    book = Workbook()
    book.active.append(["question", "answer"])
    book.active.append(["Where?", "Here."])
    whole = path.with_suffix(".whole")
    book.save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, edit(old.read(member)) if member == part else old.read(member))
    return path


def before_the_end(more: bytes) -> Edit:
    return lambda sheet: sheet.replace(b"</sheetData>", more + b"</sheetData>")


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Asserts that the block never used more bytes of memory."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


ONE = [Pair("Where?", "Here.", language="en")]

# -- text


def test_a_table_of_more_rows_than_are_allowed_is_refused_before_it_is_all_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "MAX_PAIRS", 2_000)
    path = tmp_path / "a.csv"
    path.write_bytes(b"question,answer\n" + b"".join(b"Question %d?,Yes.\n" % number for number in range(1_000_000)))
    with at_most(10_000_000), pytest.raises(ImportFileError) as refusal:  # bytes, of a file of 22 million
        read_file(path)
    assert str(refusal.value) == "a.csv has more than 2,000 rows, which is the most that is allowed. Split it."


def test_as_many_rows_as_are_allowed_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MAX_PAIRS", 3)
    (tmp_path / "a.csv").write_text("question,answer\na,1\n\n\nb,2\n\nc,3\n\n\n")
    assert len(read_pairs(tmp_path / "a.csv")) == 3


def test_a_pair_of_qna_maker_may_have_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MAX_PAIRS", 2)
    monkeypatch.setattr(qnamaker, "MAX_WORDINGS", 6)
    path = tmp_path / "a.tsv"
    rows = [f"Question {number}?\tYes.\t{number % 2}\n" for number in range(6)]
    path.write_text("Question\tAnswer\tQnaId\n" + "".join(rows))
    assert [len(pair.similar) for pair in read_pairs(path)] == [2, 2]
    path.write_text("Question\tAnswer\tQnaId\n" + "".join(rows) + "More?\tYes.\t1\n")
    with pytest.raises(ImportFileError, match=r"has more than 6 rows"):
        read_file(path)
    path.write_text("Question\tAnswer\tQnaId\n" + "".join(rows[:5]) + "More?\tYes.\t7\n")
    with pytest.raises(ImportFileError, match=r"has more than 2 pairs, which is the most that is allowed\. Split it\."):
        read_file(path)


@pytest.mark.parametrize("closed", ['"', ""])
def test_a_cell_of_ten_million_characters_is_refused_by_its_line(tmp_path: Path, closed: str) -> None:
    (tmp_path / "a.csv").write_bytes(b'question,answer\nx,y\nx,"' + b"y\n" * 5_000_000 + closed.encode())
    with at_most(6_000_000), pytest.raises(ImportFileError, match=r"^a\.csv line 3: field larger than field limit"):
        read_file(tmp_path / "a.csv")


def test_a_long_cell_between_tabs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("Question\tAnswer\nx\ty\nx\t" + "y" * (MAX_CELL + 1))
    with pytest.raises(ImportFileError, match=r"^a\.tsv line 3: a cell has more than 131,072 characters\.$"):
        read_file(tmp_path / "a.tsv")


def test_a_quotation_mark_between_tabs_that_is_never_closed_harms_no_other_row(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text('Question\tAnswer\n"Where?\tHere.\nWhy?\t"So\n"Who?\tI')
    assert [pair.question for pair in read_pairs(tmp_path / "a.tsv")] == ['"Where?', "Why?", '"Who?']


def test_a_wrong_byte_is_found_wherever_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "_BLOCK", 7)  # bytes: characters lie over two blocks
    lines = ["question,answer", "怎么退款？,“三天”内", "好吗？,🎁"]
    path = tmp_path / "a.csv"
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        path.write_text("\n".join(lines), encoding=encoding)
        assert [pair.answer for pair in read_pairs(path)] == ["“三天”内", "🎁"]
    for wrong, message in [(b"\0", "line 3: there is a NUL byte"), (b"\xff", "line 3: the text is neither UTF-8 nor")]:
        for place in range(8):
            path.write_bytes("\n".join([*lines[:2], "退" * place]).encode() + wrong + b"\n,x\n")
            with pytest.raises(ImportFileError, match=message):
                read_file(path)


def test_what_a_wrong_cell_holds_is_shown_in_part(tmp_path: Path) -> None:
    long = "f" * 100_000
    (tmp_path / "a.csv").write_text(
        f"question,answer,language,state,valid_from\nx,y,{long}\nx,y,,{long}\nx,y,,,{long}\n?{'!' * 400},y\n"
    )
    assert max(len(problem) for _, problem in read_file(tmp_path / "a.csv").problems) < 600


# -- workbooks


def test_a_document_type_is_refused_so_that_no_entity_can_grow(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (letter, *[letter - 1] * 4) for letter in range(ord("b"), ord("z"))
    )
    for part, root in [(SHEET, b"<worksheet"), ("xl/workbook.xml", b"<workbook"), ("xl/styles.xml", b"<styleSheet")]:
        path = workbook(tmp_path / "a.xlsx", lambda xml, root=root: xml.replace(root, bomb + b"]>" + root, 1), part)
        with pytest.raises(ImportFileError, match=r"a\.xlsx holds an XML document type, which no workbook has"):
            read_file(path)


def test_a_file_elsewhere_is_not_read_into_a_workbook(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    entity = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{tmp_path}/secret">]>'.encode()
    path = workbook(tmp_path / "a.xlsx", lambda xml: xml.replace(b"<worksheet", entity + b"<worksheet", 1))
    with pytest.raises(ImportFileError, match="document type"):
        read_file(path)


def test_a_million_empty_formatted_rows_are_passed_over(tmp_path: Path) -> None:
    rows = b"".join(b'<row r="%d" s="1" customFormat="1"/>' % number for number in range(3, 1_000_003))
    assert read_pairs(workbook(tmp_path / "a.xlsx", before_the_end(rows))) == ONE


def test_empty_formatted_rows_take_no_memory(tmp_path: Path) -> None:
    rows = b"".join(b'<row r="%d" s="1" customFormat="1"/>' % number for number in range(3, 50_003))
    path = workbook(tmp_path / "a.xlsx", before_the_end(rows))
    with at_most(1_000_000):
        assert read_pairs(path) == ONE


def test_more_empty_cells_than_are_allowed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_CELLS", 1_000)
    path = workbook(tmp_path / "a.xlsx", before_the_end(b"<row>" + b'<c s="1"/>' * 1_000 + b"</row>"))
    with pytest.raises(ImportFileError, match="has more than 1,000 cells, most of them empty"):
        read_file(path)


def test_a_sheet_is_not_believed_how_large_it_is(tmp_path: Path) -> None:
    claims = b'<dimension ref="A1:XFD1048576"/>'
    path = workbook(tmp_path / "a.xlsx", lambda xml: xml.replace(b"<sheetData>", claims + b"<sheetData>"))
    assert read_pairs(path) == ONE
    path = workbook(tmp_path / "b.xlsx", lambda xml: xml.replace(b"A1:B2", b"A1:A1"))
    assert read_pairs(path) == ONE
    far = b'<row r="99999999999"><c r="A99999999999" t="inlineStr"><is><t>Why?</t></is></c></row>'
    reading = read_file(workbook(tmp_path / "c.xlsx", before_the_end(far)))
    assert (len(reading.pairs), reading.problems) == (1, ((99_999_999_999, "answer is empty."),))


def test_a_cell_of_ten_million_characters_is_refused_in_a_workbook(tmp_path: Path) -> None:
    text = random.Random(1).randbytes(5_000_000).hex().encode()  # packs to a half, as text does
    path = workbook(tmp_path / "a.xlsx", before_the_end(b'<row><c t="inlineStr"><is><t>%s</t></is></c></row>' % text))
    with at_most(5_000_000), pytest.raises(ImportFileError, match="a cell of more than 131,072 characters"):
        read_file(path)


def test_a_member_that_lies_about_its_size_is_not_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", before_the_end(b" " * 50_000_000))
    with zipfile.ZipFile(path) as archive:
        size = struct.pack("<L", archive.getinfo(SHEET).file_size)
    with pytest.raises(ImportFileError, match="far more than a table needs"):
        read_file(path)
    assert path.read_bytes().count(size) == 2  # before the member, and in the archive's list
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<L", 1_000)))
    with at_most(5_000_000), pytest.raises(ImportFileError, match="is no readable XLSX workbook"):
        read_file(path)


def test_a_bomb_inside_an_archive_inside_is_not_opened(tmp_path: Path) -> None:
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * 50_000_000)
    path = workbook(tmp_path / "a.xlsx", lambda xml: xml)
    with zipfile.ZipFile(path, "a") as archive:
        archive.write(inner, "xl/media/inner.zip")
    assert read_pairs(path) == ONE


def test_an_archive_of_very_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_PARTS", 20)
    path = workbook(tmp_path / "a.xlsx", lambda xml: xml)
    assert read_pairs(path) == ONE
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(20):
            archive.writestr(f"{number}", b"")
    with pytest.raises(ImportFileError, match="holds more than 20 files, so it is no workbook"):
        read_file(path)


@pytest.mark.parametrize("part", ["_rels/.rels", "xl/workbook.xml", "xl/styles.xml", SHEET])
@pytest.mark.parametrize("damage", [lambda xml: xml[: len(xml) // 2], lambda xml: b"", lambda xml: b"\xff" + xml])
def test_a_damaged_workbook_is_refused_in_a_sentence(tmp_path: Path, part: str, damage: Edit) -> None:
    path = workbook(tmp_path / "a.xlsx", damage, part)
    with pytest.raises(ImportFileError, match=r"^a\.xlsx is no readable XLSX workbook \(.*\)\. Save it anew"):
        read_file(path)


def test_cells_are_read_as_other_programs_write_them(tmp_path: Path) -> None:
    sheet = """<?xml version="1.0"?><x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:sheetData>
    <x:row><x:c t="inlineStr"><x:is><x:r><x:t>que</x:t></x:r><x:r><x:t xml:space="preserve">stion</x:t></x:r></x:is>
    </x:c>    <x:c t="str"><x:f>"ans"&amp;"wer"</x:f><x:v>answer</x:v></x:c></x:row>
    <x:row r="5"><x:c r="B5"><x:v>1.5</x:v></x:c><x:c r="A5" t="inlineStr"><x:is><x:t>読み_x000D__x005F_x0041_</x:t>
    <x:rPh sb="0" eb="1"><x:t>ヨ</x:t></x:rPh></x:is></x:c></x:row>
    <x:row><x:c t="e"><x:v>#N/A</x:v></x:c><x:c t="b"><x:v>0</x:v></x:c></x:row>
    <x:row><x:c t="inlineStr"><x:is><x:t>When?</x:t></x:is></x:c><x:c t="d"><x:v>2025-01-31T00:00:00</x:v></x:c></x:row>
    </x:sheetData></x:worksheet>"""
    path = workbook(tmp_path / "a.xlsx", lambda _: sheet.encode("utf-16"))
    table = read_table(path)
    assert [table.header, *table.rows] == [
        spreadsheets.Row(1, ("question", "answer")),
        spreadsheets.Row(5, ("読み\r_x0041_", "1.5")),
        spreadsheets.Row(6, ("#N/A", "FALSE")),
        spreadsheets.Row(7, ("When?", "2025-01-31")),
    ]


def test_strings_that_cells_share_and_dates_are_read_as_excel_writes_them(tmp_path: Path) -> None:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "_rels/.rels": f"""<Relationships>
            <Relationship Id="r" Type="{kind}/officeDocument" Target="/a/b.xml"/></Relationships>""",
        "a/_rels/b.xml.rels": f"""<Relationships><Relationship Id="r1" Type="{kind}/chartsheet" Target="c.xml"/>
            <Relationship Id="r2" Type="{kind}/worksheet" Target="d/s.xml"/>
            <Relationship Id="r3" Type="{kind}/styles" Target="t.xml"/>
            <Relationship Id="r4" Type="{kind}/sharedStrings" Target="/a/u.xml"/></Relationships>""",
        "a/b.xml": f"""<workbook xmlns:r="{kind}"><workbookPr date1904="1"/><sheets><sheet name="chart" r:id="r1"/>
            <sheet name="pairs" r:id="r2"/></sheets></workbook>""",
        "a/t.xml": """<styleSheet><numFmts><numFmt numFmtId="200" formatCode="000000"/></numFmts>
            <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
            <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="200"/></cellXfs></styleSheet>""",
        "a/u.xml": """<sst><si><t>question</t></si><si><r><t xml:space="preserve">ans</t></r><r><t>wer</t></r></si>
            <si><t>东京_x000D_</t><rPh><t>トウキョウ</t></rPh><phoneticPr/></si></sst>""",
        "a/d/s.xml": """<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
            <row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" s="1"><v>43860</v></c><c r="C2" s="2"><v>123</v></c>
            <c r="D2" s="1"><v>99999999</v></c></row></sheetData></worksheet>""",
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    table = read_table(tmp_path / "a.xlsx")
    assert table.header.cells == ("question", "answer")
    assert [row.cells for row in table.rows] == [("东京\r", "2024-01-31", "000123", "#VALUE!")]
