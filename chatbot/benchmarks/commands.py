"""The options of `scripts/bench`, and what each of its commands does."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.provenance import Report, report

if TYPE_CHECKING:
    from chatbot.messages import Language

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
DOCS = ROOT / "docs" / "benchmarks.md"
WIDTH = 200
"""Characters of a table where there is no terminal to ask."""
LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Told(Protocol):
    """A result that JSON can hold."""

    def as_json(self) -> dict[str, object]:
        """Its figures by their names."""
        ...


def parser() -> argparse.ArgumentParser:
    """nlu, recipes, retrieval, kb, latency and tables; each sets `run`, which is called with the options."""
    whole = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures the product. Nothing else should run meanwhile.", allow_abbrev=False
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    nlu = commands.add_parser("nlu", help="intents: accuracy, out of scope, coverage at the error budget, training")
    nlu.set_defaults(run=run_nlu)
    retrieval = commands.add_parser("retrieval", help="stored answers: R@1, R@5, MRR, speed and memory")
    retrieval.set_defaults(run=run_retrieval)
    recipes = commands.add_parser("recipes", help="ways to fine-tune the encoder, side by side; takes an hour or two")
    recipes.set_defaults(run=run_recipes)
    recipes.add_argument("--data", type=Path, metavar="DIR", help="this folder alone: train.csv, test.csv (text,label)")
    recipes.add_argument("--shared", type=Path, metavar="DIR", help=f"the public sets [default: {SHARED}]")
    for command, files in ((nlu, "train.csv, test.csv (text,label)"), (retrieval, "kb.csv, queries.csv")):
        command.add_argument("--data", type=Path, metavar="DIR", help=f"this folder alone, whole: {files}")
        command.add_argument("--full", action="store_true", help="nothing thinned, and the largest size; takes hours")
        command.add_argument("--shared", type=Path, metavar="DIR", help=f"the public sets [default: {SHARED}]")

    kb = commands.add_parser("kb", help="the knowledge base: save to answer, search by size, import, the list")
    kb.set_defaults(run=run_kb)
    latency = commands.add_parser("latency", help="a turn inside the process and over HTTP; start and memory")
    latency.set_defaults(run=run_latency)
    latency.add_argument("--turns", type=positive, default=500, help="inside the process, of each language [500]")
    latency.add_argument("--requests", type=positive, default=300, help="of one client; several send more [300]")
    latency.add_argument("--language", choices=LANGUAGES, help="this one alone [both]")
    for command in (nlu, recipes, retrieval, kb, latency):
        command.add_argument("--json", action="store_true", help="print JSON instead of a table")
        command.add_argument("--output", type=Path, metavar="FILE", help="write the JSON into this file too")

    tables = commands.add_parser("tables", help="write results into the documentation, between its markers")
    tables.set_defaults(run=run_tables)
    tables.add_argument("files", type=Path, nargs="+", metavar="FILE", help="of --output")
    tables.add_argument("--docs", type=Path, default=DOCS, metavar="FILE", help="[docs/benchmarks.md]")
    return whole


def positive(text: str) -> int:
    """A whole number above 0."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small; 1 is the least")
    return number


def run_nlu(options: argparse.Namespace) -> None:
    """A folder whole, or the shop and every public set that is there, thinned unless --full."""
    from chatbot.benchmarks import intent_sets, nlu
    from chatbot.settings import load_settings

    if options.data:
        sets = intent_sets.folder_sets(options.data)
    else:
        shared = public(options.shared)
        sets = [intent_sets.shop_set(), *(intent_sets.public_sets(shared) if shared else [])]
    whole = bool(options.full or options.data)
    sets = sets if whole else [intent_sets.quick(each) for each in sets]
    seconds = None if whole else nlu.QUICK_SECONDS
    found = nlu.measure(sets, base_models(load_settings().home), options.full, seconds, tell)
    say(options, report("nlu", command(options, "nlu"), whole, results=as_json(found)))


def run_recipes(options: argparse.Namespace) -> None:
    """A folder's sets; else the shop, and those public sets that are read often enough to tell recipes apart."""
    from chatbot.benchmarks import intent_sets, recipes
    from chatbot.settings import load_settings

    if options.data:
        sets = intent_sets.folder_sets(options.data)
    else:
        shared = public(options.shared)
        few = [each for each in (intent_sets.public_sets(shared) if shared else []) if each.name in recipes.SETS]
        sets = [intent_sets.shop_set(), *few]
    found = recipes.measure(sets, base_models(load_settings().home), tell)
    say(options, report("recipes", command(options, "recipes"), True, results=as_json(found)))


def run_retrieval(options: argparse.Namespace) -> None:
    """A folder whole, or the shop, every public set that is there, and made-up ones of several sizes."""
    from chatbot.benchmarks import knowledge_sets, retrieval, speed
    from chatbot.settings import load_settings

    if options.data:
        sets = [knowledge_sets.knowledge_set(options.data)]
    else:
        shared = public(options.shared)
        sets = [knowledge_sets.shop_set(), *(knowledge_sets.public_sets(shared) if shared else [])]
    whole = bool(options.full or options.data)
    sets = sets if whole else [knowledge_sets.quick(each) for each in sets]
    found = retrieval.measure(sets, base_models(load_settings().home), tell)
    sizes = [] if options.data else speed.measure(options.full)
    figures = {"results": as_json(found), "speed": as_json(sizes)}
    say(options, report("retrieval", command(options, "retrieval"), whole, **figures))


def run_kb(options: argparse.Namespace) -> None:
    """On a copy of the installation's home, and on made-up pairs."""
    from chatbot.benchmarks import knowledge
    from chatbot.settings import load_settings

    say(options, report("kb", command(options, "kb"), True, **knowledge.measure(load_settings(), tell)))


def run_latency(options: argparse.Namespace) -> None:
    """Both languages, unless one is named."""
    from chatbot.benchmarks import latency
    from chatbot.settings import load_settings

    languages = tuple(language for language in LANGUAGES if options.language in (None, language))
    inside, over = latency.measure(load_settings(), languages, options.turns, options.requests, tell)
    figures = {"results": as_json(inside), "rest": over.as_json()}
    say(options, report("latency", command(options, "latency"), True, **figures))


def run_tables(options: argparse.Namespace) -> None:
    """Puts the tables of the files into the documentation."""
    from chatbot.benchmarks.tables import generated, read_report
    from chatbot.files import replace_text

    reports = [read_report(path) for path in options.files]
    replace_text(options.docs, generated(options.docs.read_text("utf-8"), reports))
    tell(f"{options.docs} holds {len(reports)} result(s).")


def public(shared: Path | None) -> Path | None:
    """The folder of public sets: as it was named; else where it usually lies, if it is there."""
    if shared is not None and not shared.is_dir():
        raise BenchmarkError(f"{shared}: is no folder. Name the one that holds the public sets, or leave --shared out.")
    if shared is None and not SHARED.is_dir():
        tell(f"There are no public sets in {SHARED}; the demo shop alone is measured. Name theirs with --shared.")
        return None
    return shared or SHARED


def base_models(home: Path) -> Path:
    """Where base models are kept from run to run; converted now, so that no set's clock counts it."""
    from chatbot.training.base_models import checkpoint

    for name in ("english", "multilingual"):
        checkpoint(name, home)
    return home / "base_models"


def as_json(found: Iterable[Told]) -> list[dict[str, object]]:
    """The results as JSON holds them."""
    return [each.as_json() for each in found]


def command(options: argparse.Namespace, name: str) -> str:
    """How to measure the same again."""
    words = ["scripts/bench", name]
    for option in ("data", "shared", "turns", "requests", "language"):
        if (value := getattr(options, option, None)) is not None:
            words += [f"--{option}", str(value)]
    return shlex.join(words + ["--full"] * getattr(options, "full", False))


def tell(line: str) -> None:
    """A line on standard error, so that standard output holds the results alone."""
    sys.stderr.write(f"{line}\n")


def say(options: argparse.Namespace, results: Report) -> None:
    """JSON or tables on standard output; the file, if one was named."""
    from chatbot.benchmarks.tables import origin, rich_table, sheets
    from chatbot.files import replace_text

    text = json.dumps(results, ensure_ascii=False, indent=1) + "\n"
    if options.output:
        replace_text(options.output, text)
    if options.json:
        sys.stdout.write(text)
        return
    from rich.console import Console

    out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    for one in sheets(results):
        out.print(rich_table(one))
    out.print(origin(results), markup=False, soft_wrap=True)
