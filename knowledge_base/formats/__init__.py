"""The formats of pairs in tables: this program's own, QnA Maker's and MaxKB's. Each is read into the own columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from knowledge_base.formats import frontdesk, maxkb, qnamaker
from knowledge_base.formats.columns import Entry
from knowledge_base.spreadsheets import Table

Format = Literal["frontdesk", "qnamaker", "maxkb"]


def format_of(table: Table) -> Format:
    """The format that the header is of; frontdesk if it is of none."""
    if maxkb.is_header(table.header):
        return "maxkb"
    return "qnamaker" if qnamaker.is_header(table.header, table.tabs) else "frontdesk"


def entries(table: Table, of: Format) -> Iterator[Entry]:
    """What the rows of a table in this format hold. Raises ImportFileError if a column is missing."""
    return {"frontdesk": frontdesk.entries, "qnamaker": qnamaker.entries, "maxkb": maxkb.entries}[of](table)
