"""MaxKB's table of questions and answers: title, content, and the questions, one a line in their cell.

As in the templates of its import (https://github.com/1Panel-dev/MaxKB, apps/dataset/template), whose headers are found
by how they begin. MaxKB reads no further columns, so that ours stand beside its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from knowledge_base.formats.columns import EXTRAS, Entry, by_column, guarded, names_of, need
from knowledge_base.spreadsheets import Row, Table
from knowledge_base.text import normalise_question

HEADER = (
    "分段标题（选填）",
    "分段内容（必填，问题答案，最长不超过4096个字符）",
    "问题（选填，单元格内一行一个）",
    *EXTRAS,
)
_BEGINNINGS = {
    "title": ("分段标题", "分段標題", "section_title"),
    "content": ("分段内容", "分段內容", "section_content"),
    "questions": ("问题", "問題", "question"),
}


def is_header(header: Row) -> bool:
    """Whether the columns are MaxKB's."""
    return "content" in _wanted(names_of(header))


def entries(table: Table) -> Iterator[Entry]:
    """What the rows hold. Raises ImportFileError if a column is missing.

    The first question is the pair's, or else the title. The title of a pair that has questions is one more wording,
    unless other rows have it, too: then it is a chapter's, and asks nothing.
    """
    columns = names_of(table.header)
    wanted = _wanted(columns)
    need(table, list(wanted), {"分段内容": ("content",), "问题": ("questions", "title")}, ",".join(HEADER[:3]))
    found = [
        (entry, entry.cells.get("title", "").replace("\n", " "), _questions(entry))
        for entry in by_column(table, columns, wanted | {name: name for name in EXTRAS})
    ]
    times = Counter(
        key for _, title, questions in found for key in {normalise_question(text) for text in (title, *questions)}
    )
    for entry, title, questions in found:
        if not questions or times[normalise_question(title)] == 1:
            questions.append(title)
        cells = {name: entry.cells[name] for name in EXTRAS if name in entry.cells}
        cells |= {"question": questions[0], "answer": entry.cells.get("content", "")}
        if "questions" in wanted:
            cells["similar_questions"] = "\n".join(questions[1:])
        yield Entry(entry.line, cells, entry.problem)


def row(texts: Sequence[str]) -> list[str]:
    """The row of one pair, which is given as the texts below COLUMNS."""
    question, answer, similar, *extras = texts
    return [guarded(text) for text in (question, answer, "\n".join(filter(None, (question, similar))), *extras)]


def _wanted(columns: Sequence[str]) -> dict[str, str]:
    """The columns of MaxKB's that are there, by what is below them."""
    found = {
        name: next((column for column in columns if column.startswith(beginnings)), "")
        for name, beginnings in _BEGINNINGS.items()
    }
    return {name: column for name, column in found.items() if column}


def _questions(entry: Entry) -> list[str]:
    return [line for line in entry.cells.get("questions", "").replace("\r", "\n").split("\n") if line.strip()]
