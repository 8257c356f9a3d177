"""The results as tables: on the screen, and in docs/benchmarks.md between its markers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.provenance import Report

if TYPE_CHECKING:
    from rich.table import Table

Row = Mapping[str, Any]
NOTHING = "-"
ON = "<!-- bench:{kind} -->"
OFF = "<!-- /bench -->"


@dataclass(frozen=True, slots=True)
class Column:
    """title: its head. key: of the row; a dot goes one level down. places: after the point, of a number."""

    title: str
    key: str
    places: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. rows: cells as they are shown."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


NLU = (
    Column("set", "set"),
    Column("training rows", "training_rows"),
    Column("test rows", "test_rows"),
    Column("in scope", "in_scope_accuracy", 3),
    Column("macro F1", "macro_f1", 3),
    Column("OOS AUROC", "oos_auroc", 3),
    Column("coverage", "coverage_at_budget", 3),
    Column("wrong", "error_at_budget", 3),
    Column("certified", "certified"),
    Column("ECE", "ece", 3),
    Column("TF-IDF in scope", "floor.in_scope_accuracy", 3),
    Column("TF-IDF AUROC", "floor.oos_auroc", 3),
    Column("training s", "train_seconds"),
    Column("peak MB", "peak_rss_mb"),
)
RECIPES = (
    Column("set", "set"),
    Column("recipe", "recipe"),
    Column("encoder alone", "tuned", 3),
    Column("as served", "served", 3),
    Column("with a slip in each", "slips", 3),
    Column("OOS AUROC", "auroc", 3),
    Column("millions of weights moved", "trained", 1),
    Column("training CPU s", "train_cpu_seconds"),
    Column("CPU ms a text", "judge_cpu_ms", 1),
)
RETRIEVAL = (
    Column("set", "set"),
    Column("pairs", "pairs"),
    Column("phrasings", "phrasings"),
    Column("queries", "queries"),
    Column("R@1", "r_at_1", 3),
    Column("R@5", "r_at_5", 3),
    Column("MRR", "mrr", 3),
    Column("coverage", "coverage_at_budget", 3),
    Column("wrong", "error_at_budget", 3),
    Column("certified", "certified"),
    Column("query p50 ms", "query_p50_ms", 1),
    Column("p95", "query_p95_ms", 1),
    Column("p99", "query_p99_ms", 1),
    Column("index s", "index_seconds"),
    Column("peak MB", "peak_rss_mb"),
)
SPEED = (
    Column("phrasings", "phrasings"),
    Column("query p50 ms", "query_p50_ms", 2),
    Column("p95", "query_p95_ms", 2),
    Column("p99", "query_p99_ms", 2),
    Column("store s", "store_seconds", 1),
    Column("index s", "index_seconds", 1),
    Column("MB", "rss_mb"),
    Column("peak MB", "peak_rss_mb"),
)
SAVING = (
    Column("saves", "saves"),
    Column("save p50 ms", "saved_ms.p50", 1),
    Column("p99", "saved_ms.p99", 1),
    Column("then answered p50 ms", "answered_ms.p50", 0),
    Column("p95", "answered_ms.p95", 0),
    Column("p99", "answered_ms.p99", 0),
)
LISTING = (
    Column("pairs", "pairs"),
    Column("import s", "import_seconds", 1),
    Column("pairs/s", "pairs_per_second"),
    Column("a page p50 ms", "list_ms.p50", 1),
    Column("p95", "list_ms.p95", 1),
    Column("p99", "list_ms.p99", 1),
    Column("slowest", "list_max_ms", 1),
)
INSIDE = (
    Column("language", "language"),
    Column("stage", "stage"),
    Column("p50 ms", "p50", 1),
    Column("p95", "p95", 1),
    Column("p99", "p99", 1),
    Column("turns", "turns"),
    Column("start to first answer s", "start_to_first_answer_s", 1),
    Column("peak MB", "peak_memory_mb"),
)
OVER_HTTP = (
    Column("clients", "clients"),
    Column("language", "language"),
    Column("turns/s", "turns_per_s", 1),
    Column("p50 ms", "ms.p50", 1),
    Column("p95", "ms.p95", 1),
    Column("p99", "ms.p99", 1),
    Column("server CPU ms a turn", "server_cpu_ms", 1),
    Column("requests", "requests"),
    Column("failed", "failed"),
)


def sheets(report: Report) -> list[Sheet]:
    """The tables of a report. Raises BenchmarkError for a kind that is not known."""
    kind = report["benchmark"]
    if kind == "nlu":
        return [sheet("Intents", NLU, intent_rows(report["results"]))]
    if kind == "recipes":
        return [sheet("Recipes", RECIPES, recipe_rows(report["results"]))]
    if kind == "retrieval":
        speed = report.get("speed", [])
        slow = [sheet("Search alone, made-up phrasings and vectors (nothing encoded)", SPEED, speed)] if speed else []
        return [sheet("Retrieval", RETRIEVAL, report["results"]), *slow]
    if kind == "kb":
        return [
            sheet("From saving to being answered", SAVING, [report["saving"]]),
            sheet("Search alone, made-up phrasings and vectors (nothing encoded)", SPEED, report["speed"]),
            sheet("Import, and the list of all pairs", LISTING, [report["listing"]]),
        ]
    if kind == "latency":
        over = report["rest"]
        memory = f"{shown(over['rss_mb'], 0)} MB, peak {shown(over['peak_rss_mb'], 0)} MB"
        title = f"Over HTTP ({over['path']}): start to first answer {over['start_to_first_answer_s']} s, {memory}"
        return [
            sheet("Inside the process", INSIDE, stage_rows(report["results"])),
            sheet(title, OVER_HTTP, over["loads"]),
        ]
    raise BenchmarkError(f"Benchmark '{kind}' is unknown; nlu, recipes, retrieval, kb and latency are allowed.")


def intent_rows(results: Sequence[Row]) -> list[Row]:
    """A row for each set; where its test rows are in several languages, one for each language below it."""
    rows: list[Row] = []
    for one in results:
        name = f"{one['set']} (left out: {one['left_out']})" if "left_out" in one else one["set"]
        rows.append({**one, "set": name})
        languages = one.get("per_language", {})
        if len(languages) > 1:
            rows += [{**figures, "set": f"{name}, {language}"} for language, figures in languages.items()]
    return rows


def recipe_rows(results: Sequence[Row]) -> list[Row]:
    """A row for each recipe; of a set in several languages one for each, with the shares of that language."""
    rows: list[Row] = []
    for one in results:
        languages = [name for name in one["tuned"] if name != "all"] or ["all"]
        for language in languages:
            shares = {name: one[name][language] for name in ("tuned", "served", "slips", "auroc")}
            name = one["set"] if language == "all" else f"{one['set']}, {language}"
            rows.append({**one, **shares, "set": name})
    return sorted(rows, key=lambda row: [each["set"] for each in rows].index(row["set"]))


def stage_rows(results: Sequence[Row]) -> list[Row]:
    """A row for each stage of a turn; what is told of the whole process stands beside 'total'."""
    return [
        {"language": one["language"], "stage": stage, **times, **(one if stage == "total" else {})}
        for one in results
        for stage, times in one["ms"].items()
    ]


def sheet(title: str, columns: Sequence[Column], rows: Sequence[Row]) -> Sheet:
    """The rows' values under the columns."""
    cells = tuple(tuple(shown(value_at(row, column.key), column.places) for column in columns) for row in rows)
    return Sheet(title, tuple(column.title for column in columns), cells)


def value_at(row: Row, key: str) -> Any:
    """The value at a dotted key; None where there is none."""
    value: Any = row
    for name in key.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def shown(value: Any, places: int) -> str:
    """As a cell: yes or no, a number with its places and with commas, a text as it is, '-' for nothing."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.{places}f}" if isinstance(value, int | float) else str(value)


def rich_table(one: Sheet) -> Table:
    """For the screen."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(*one.columns, title=escape(one.title), title_justify="left")
    for row in one.rows:
        table.add_row(*map(escape, row))
    return table


def origin(report: Report) -> str:
    """The command, the day, the machine and the versions, in a line."""
    machine, day = report["machine"], datetime.fromisoformat(report["date"])
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    thinned = "" if report["full"] else "; large sets thinned"
    return (
        f"`{report['command']}`{thinned}; {day.day} {day:%B %Y}, seed {report['seed']}; {machine['cpu']}, "
        f"{machine['cores']} cores, {machine['memory_gb']} GB; {versions}."
    )


def markdown(report: Report) -> str:
    """The report's origin and its tables."""
    return "\n\n".join([origin(report), *(markdown_table(one) for one in sheets(report))])


def markdown_table(one: Sheet) -> str:
    """Title, head and rows; a bar in a cell is no border."""
    lines = [one.columns, tuple("---" for _ in one.columns), *one.rows]
    drawn = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([f"**{one.title}**", "", *drawn])


def read_report(path: Path) -> Report:
    """A file of results. Raises BenchmarkError if it is none."""
    try:
        report = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}). Make it with: scripts/bench ... --output") from error
    if not isinstance(report, dict) or "benchmark" not in report:
        raise BenchmarkError(f"{path}: holds no results of scripts/bench. Make it with: scripts/bench ... --output")
    return report


def generated(text: str, reports: Sequence[Report]) -> str:
    """The text with the tables of each kind of report between its markers, in the order of the reports.

    Markers of a kind that no report is of keep what is between them. Raises BenchmarkError if a report's are not there.
    """
    for kind in dict.fromkeys(report["benchmark"] for report in reports):
        on = ON.format(kind=kind)
        tables = "\n\n".join(markdown(report) for report in reports if report["benchmark"] == kind)
        before, found, after = text.partition(on)
        _, ended, after = after.partition(OFF)
        if not found or not ended:
            raise BenchmarkError(f"There is no {on} with a {OFF} after it. Write both where the tables belong.")
        text = f"{before}{on}\n\n{tables}\n\n{OFF}{after}"
    return text
