"""QnA Maker's export: tabs part the columns, nothing is quoted, each wording of a question has a row of its own.

Seen in its published samples (https://github.com/Azure-Samples/cognitive-services-sample-data-files, qna-maker). What
it has no column for is kept in Metadata: 'category:billing|owner:mei'. Prompts and suggested questions are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from knowledge_base.formats import columns as own
from knowledge_base.formats.columns import COLUMNS, EXTRAS, SIMILAR, Entry, by_column, guarded, names_of, need
from knowledge_base.spreadsheets import Row, Table

HEADER = (
    "Question", "Answer", "Source", "Metadata", "SuggestedQuestions", "IsContextOnly", "Prompts", "QnaId",
    "SourceDisplayName",
)  # fmt: skip
MAX_WORDINGS = 1_000_000  # rows of a file; each is a question, or a similar one
_ONLY_HERE = {"metadata", "suggestedquestions", "iscontextonly", "prompts", "qnaid", "sourcedisplayname"}
_QUESTION, _ANSWER = ("question", "questions"), ("answer", "answers")
_EDITORIAL = "Editorial"  # the source of what was written in its own console
_ESCAPE = re.compile(r"\\([\\ntr])")
_TO_ESCAPE = re.compile(r"\\+(?=[ntr\t\n])|\\{2,}")  # a lone backslash before another character stays as it is


def is_header(header: Row, tabs: bool) -> bool:
    """Whether the columns are QnA Maker's; question and answer alone are if tabs part them."""
    names = names_of(header)
    squeezed = set(map(_squeezed, names))
    if set(names) & set(COLUMNS[2:]) or any(map(SIMILAR.fullmatch, names)):
        return False  # our own, saved with tabs
    return bool(squeezed & set(_QUESTION) and squeezed & set(_ANSWER) and (tabs or squeezed & _ONLY_HERE))


@dataclass(slots=True)
class _Group:
    """The rows of one pair: one for each wording."""

    first: Entry
    others: list[str] = field(default_factory=list)
    problem: str = ""


def entries(table: Table) -> Iterator[Entry]:
    """What the rows hold, those of one QnaId as one (without ids: those of one answer and source).

    Raises ImportFileError if a column is missing.
    """
    columns = [_squeezed(name) for name in names_of(table.header)]
    need(table, columns, {"Question": _QUESTION, "Answer": _ANSWER}, "Question, Answer, Source, Metadata, QnaId")
    wanted = {names[0]: next(name for name in names if name in columns) for names in (_QUESTION, _ANSWER)}
    wanted |= {name: name for name in ("source", "metadata", "iscontextonly", "qnaid")}
    groups: dict[tuple[str, ...], _Group] = {}
    for entry in by_column(table, columns, wanted, _unescaped, MAX_WORDINGS):
        id_ = entry.cells.get("qnaid", "").strip()
        key = (id_,) if id_ else (entry.cells.get("answer", ""), entry.cells.get("source", ""))
        if key in groups:
            _join(groups[key], entry, id_)
        elif len(groups) == own.MAX_PAIRS:
            raise own.too_many(table.name, own.MAX_PAIRS, "pairs")
        else:
            groups[key] = _Group(entry, problem=entry.problem)
    yield from map(_entry, groups.values())


def _join(group: _Group, entry: Entry, id_: str) -> None:
    problem = f"line {entry.line}: {entry.problem}" if entry.problem else ""
    if entry.cells.get("answer") != group.first.cells.get("answer"):
        problem = f"line {entry.line} has another answer for the same QnaId {id_[:40]}."
    group.problem = group.problem or problem
    group.others.append(entry.cells.get("question", "").replace("\n", " "))


def _entry(group: _Group) -> Entry:
    cells = group.first.cells
    metadata = _metadata(cells.get("metadata", ""))
    found = {name: metadata[name] for name in EXTRAS if name in metadata}
    source = cells.get("source", "").strip()
    if source.lower().startswith(("http://", "https://")):  # else it names a file, or says 'Editorial'
        found["source_url"] = source
    if cells.get("iscontextonly", "").strip().lower() == "true":
        found.setdefault("state", "draft")  # it answers a question of the bot's own: nobody else should get it
    found |= {"question": cells.get("question", ""), "answer": cells.get("answer", "")}
    return Entry(group.first.line, {**found, "similar_questions": "\n".join(group.others)}, group.problem)


def _metadata(cell: str) -> dict[str, str]:
    """'category:billing|owner:mei' as a mapping; also the list of objects that its successor's tools write."""
    if cell.lstrip().startswith("["):
        try:
            return {str(each["name"]).lower(): str(each["value"]) for each in json.loads(cell)}
        except (ValueError, TypeError, KeyError):
            return {}
    parts = (part.partition(":") for part in cell.split("|"))
    return {name.strip().lower(): value.strip().replace("%7C", "|").replace("%25", "%") for name, _, value in parts}


def rows(texts: Sequence[str], number: int) -> Iterator[list[str]]:
    """The rows of one pair, which is given as the texts below COLUMNS. number: tells its rows from other pairs'."""
    question, answer, similar, *extras = texts
    kept = dict(zip(EXTRAS, extras, strict=True))
    source = kept.pop("source_url") or _EDITORIAL
    metadata = "|".join(f"{name}:{text.replace('%', '%25').replace('|', '%7C')}" for name, text in kept.items() if text)
    for wording in (question, *filter(None, similar.split("\n"))):
        first = [_escaped(guarded(text)) for text in (wording, answer, source, metadata)]
        yield [*first, "[]", "False", "[]", str(number), _escaped(source)]


def line(cells: Sequence[str]) -> str:
    """A row as a line of its file. A cell that begins with a quotation mark is quoted, as spreadsheets do."""
    return "\t".join('"' + cell.replace('"', '""') + '"' if cell.startswith('"') else cell for cell in cells) + "\n"


def _unescaped(cell: str) -> str:
    """QnA Maker writes line breaks and tabs as C does."""
    return _ESCAPE.sub(lambda match: {"n": "\n", "t": "\t", "r": "", "\\": "\\"}[match[1]], cell)


def _escaped(text: str) -> str:
    """The text on one line and without tabs, such that `_unescaped` gives it back."""
    return _TO_ESCAPE.sub(r"\g<0>\g<0>", text).replace("\n", r"\n").replace("\t", r"\t")


def _squeezed(name: str) -> str:
    return name.replace("_", "")
