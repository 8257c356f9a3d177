"""scripts/bench as it is called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.benchmarks.commands import command, parser
from tests.benchmarks.test_sets import TRAIN, folder
from tests.benchmarks.test_tables import NLU

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench.py"


def bench(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Not the shell script before it: that one would see to the environment first."""
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["", "nlu", "recipes", "retrieval", "kb", "latency", "tables"])
def test_every_command_tells_its_options(tmp_path: Path, name: str) -> None:
    done = bench(*name.split(), "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: scripts/bench {name}".rstrip())


def test_the_script_is_short_and_the_work_is_elsewhere() -> None:
    assert len(SCRIPT.read_text("utf-8").splitlines()) <= 45


@pytest.mark.parametrize("name", ["nlu", "retrieval"])
def test_a_bad_folder_is_one_sentence_and_a_code_and_no_result(tmp_path: Path, name: str) -> None:
    folder(tmp_path / "data", train=TRAIN)
    done = bench(name, "--data", "data", "--json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bench: data: ")
    assert done.stderr.endswith("missing (text,label); it holds train.csv.\n" if name == "nlu" else "train.csv.\n")
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_of_public_sets_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = bench("nlu", "--shared", "nowhere", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "bench: nowhere: is no folder. Name the one that holds the public sets, or leave --shared out.\n"
    )


@pytest.mark.parametrize("arguments", [["latency", "--turns", "0"], ["nlu", "--fast"], [], ["looks"]])
def test_wrong_options_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    assert bench(*arguments, cwd=tmp_path).returncode == 2


def test_a_result_names_the_command_that_gives_it_again() -> None:
    options = parser().parse_args(["nlu", "--data", "my set", "--json", "--full"])
    assert command(options, "nlu") == "scripts/bench nlu --data 'my set' --full"
    options = parser().parse_args(["latency", "--language", "zh"])
    assert command(options, "latency") == "scripts/bench latency --turns 500 --requests 300 --language zh"


def test_tables_writes_the_documentation(tmp_path: Path) -> None:
    (tmp_path / "nlu.json").write_text(json.dumps(NLU))
    (tmp_path / "page.md").write_text("<!-- bench:nlu -->\n<!-- /bench -->\n")
    done = bench("tables", "nlu.json", "--docs", "page.md", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "| shop\\|1 | 1,200 |" in (tmp_path / "page.md").read_text()
    assert bench("tables", "page.md", cwd=tmp_path).returncode == 1
