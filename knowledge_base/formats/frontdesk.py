"""This program's own format: a pair a row, its similar questions one a line in a cell or in similar_1, similar_2..."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge_base.formats.columns import COLUMNS, SIMILAR, Entry, by_column, names_of, need
from knowledge_base.spreadsheets import Table


def entries(table: Table) -> Iterator[Entry]:
    """What the rows hold; unknown columns are left out. Raises ImportFileError if a column is missing."""
    columns = names_of(table.header)
    need(table, columns, {"question": ("question",), "answer": ("answer",)}, "question,answer")
    numbered = [column for column in columns if SIMILAR.fullmatch(column)]
    for entry in by_column(table, columns, {column: column for column in (*COLUMNS, *numbered)}):
        cells = {name: entry.cells[name] for name in COLUMNS if name in entry.cells}
        similar = [entry.cells[column] for column in ("similar_questions", *numbered) if column in entry.cells]
        if similar:
            cells["similar_questions"] = "\n".join(similar)
        yield Entry(entry.line, cells, entry.problem)
