"""Results as tables: the same cells on the screen and in the documentation."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.nlu import Figures, LeftOut, Result
from chatbot.benchmarks.tables import generated, markdown, read_report, rich_table, sheets

ORIGIN: dict[str, Any] = {
    "command": "scripts/bench nlu",
    "full": False,
    "date": "2026-11-02T03:04:05+00:00",
    "seed": 13,
    "machine": {"cpu": "Abacus", "cores": 2, "memory_gb": 8.0},
    "versions": {"python": "3.11.1", "torch": "2.13.0"},
}
SHOP = Result(
    set="shop|1",
    training_rows=1200,
    training_rows_there=4983,
    test_rows=1125,
    test_rows_there=1125,
    labels=37,
    seed=13,
    overall=Figures(0.9, 0.91, 0.92, 0.93, 0.81, 0.021),
    per_language={
        "en": Figures(0.8, 0.82, 0.83, 0.84, None, None),
        "zh": Figures(0.7, 0.72, 0.73, 0.74, None, None),
    },
    budget=0.03,
    certified=True,
    ece=0.0123,
    train_seconds=61.4,
    judge_ms_per_text=5.0,
    peak_rss_mb=1234.5,
    floor=Figures(0.7, 0.71, 0.7, 0.8, None, None),
    training={},
)
NLU = {"benchmark": "nlu", **ORIGIN, "results": [SHOP.as_json(), LeftOut("clinc150", "no time").as_json()]}
SPEED = {"phrasings": 100000, "query_p50_ms": 9.876, "query_p95_ms": 12.0, "query_p99_ms": 15.81, "rss_mb": None}
RANKED = {"set": "faq", "pairs": 2, "r_at_1": 0.5, "r_at_5": 1.0, "mrr": 0.75, "query_p50_ms": 3.21}
RETRIEVAL = {"benchmark": "retrieval", **ORIGIN, "results": [RANKED], "speed": [SPEED]}
TIMES = {"p50": 4.04, "p95": 5.0, "p99": 6.0}
LATENCY = {
    "benchmark": "latency",
    **ORIGIN,
    "results": [{"language": "en", "turns": 500, "start_to_first_answer_s": 1.94, "peak_memory_mb": 584.2,
                 "ms": {"classify": TIMES, "total": TIMES}}],
    "rest": {"path": "/webhooks/rest/webhook", "start_to_first_answer_s": 5.6, "rss_mb": 580.1, "peak_rss_mb": 600.0,
             "loads": [{"clients": 32, "language": "en+zh", "requests": 1500, "failed": 0, "turns_per_s": 250.2,
                        "server_cpu_ms": 6.1, "ms": TIMES}]},
}  # fmt: skip


def test_a_result_has_its_figures_at_the_top() -> None:
    told = json.loads(json.dumps(SHOP.as_json()))
    wanted = ("in_scope_accuracy", "macro_f1", "oos_auroc", "coverage_at_budget", "error_at_budget", "ece",
              "train_seconds", "peak_rss_mb")  # fmt: skip
    assert [told[name] for name in wanted] == [0.91, 0.92, 0.93, 0.81, 0.021, 0.0123, 61.4, 1234.5]


def test_intents_are_drawn_as_markdown() -> None:
    assert markdown(NLU) == (
        "`scripts/bench nlu`; large sets thinned; 2 November 2026, seed 13; Abacus, 2 cores, 8.0 GB; python 3.11.1, "
        "torch 2.13.0.\n\n**Intents**\n\n"
        "| set | training rows | test rows | in scope | macro F1 | OOS AUROC | coverage | wrong | certified | ECE "
        "| TF-IDF in scope | TF-IDF AUROC | training s | peak MB |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| shop\\|1 | 1,200 | 1,125 | 0.910 | 0.920 | 0.930 | 0.810 | 0.021 | yes | 0.012 | 0.710 | 0.800 | 61 "
        "| 1,234 |\n"
        "| shop\\|1, en | - | - | 0.820 | 0.830 | 0.840 | - | - | - | - | - | - | - | - |\n"
        "| shop\\|1, zh | - | - | 0.720 | 0.730 | 0.740 | - | - | - | - | - | - | - | - |\n"
        "| clinc150 (left out: no time) | - | - | - | - | - | - | - | - | - | - | - | - | - |"
    )


def test_retrieval_has_a_table_for_quality_and_one_for_speed() -> None:
    quality, speed = sheets(RETRIEVAL)
    assert quality.rows[0][:11] == ("faq", "2", "-", "-", "0.500", "1.000", "0.750", "-", "-", "-", "3.2")
    assert speed.rows[0] == ("100,000", "9.88", "12.00", "15.81", "-", "-", "-", "-")
    assert len(sheets({**RETRIEVAL, "speed": []})) == 1


def test_latency_has_a_table_for_the_process_and_one_for_http() -> None:
    inside, over = sheets(LATENCY)
    assert inside.rows == (
        ("en", "classify", "4.0", "5.0", "6.0", "-", "-", "-"),
        ("en", "total", "4.0", "5.0", "6.0", "500", "1.9", "584"),
    )
    assert over.title == ("Over HTTP (/webhooks/rest/webhook): start to first answer 5.6 s, 580 MB, peak 600 MB")
    assert over.rows == (("32", "en+zh", "250.2", "4.0", "5.0", "6.0", "6.1", "1,500", "0"),)


@pytest.mark.parametrize("report", [NLU, RETRIEVAL, LATENCY], ids=lambda report: report["benchmark"])
def test_every_cell_is_on_the_screen(report: dict[str, Any]) -> None:
    for one in sheets(report):
        console = Console(width=200, record=True, file=io.StringIO())
        console.print(rich_table(one))
        text = console.export_text()
        assert all(cell in text for row in one.rows for cell in row)


def test_the_documentation_holds_the_tables_between_its_markers_and_the_rest_stays() -> None:
    page = (
        "# Top\n<!-- bench:nlu -->\nold\n<!-- /bench -->\nmiddle\n<!-- bench:latency -->\nkept\n<!-- /bench -->\nend\n"
    )
    new = generated(page, [NLU, NLU])
    drawn = markdown(NLU)
    assert new == (
        f"# Top\n<!-- bench:nlu -->\n\n{drawn}\n\n{drawn}\n\n<!-- /bench -->\n"
        "middle\n<!-- bench:latency -->\nkept\n<!-- /bench -->\nend\n"
    )
    assert generated(new, [NLU, NLU]) == new


@pytest.mark.parametrize("page", ["none", "<!-- bench:nlu --> but no end", "<!-- /bench --> <!-- bench:nlu -->"])
def test_a_page_without_markers_is_refused(page: str) -> None:
    with pytest.raises(BenchmarkError, match="There is no <!-- bench:nlu -->"):
        generated(page, [NLU])


@pytest.mark.parametrize("text", ["no json", "[]", '{"results": []}'])
def test_a_file_that_holds_no_results_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(BenchmarkError, match=r"r\.json"):
        read_report(tmp_path / "r.json")


def test_a_benchmark_that_is_not_known_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="'looks' is unknown"):
        sheets({"benchmark": "looks"})
