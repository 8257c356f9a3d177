"""`chatbot kb`: the question-answer pairs, for a terminal."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from chatbot.options import Home, Json, Language, out, say
from chatbot.settings import Settings, load_settings

kb = typer.Typer(no_args_is_help=True, help="Question-answer pairs: add, import, export, search, list, withdraw.")


@kb.command()
def add(
    question: str,
    answer: str,
    similar: Annotated[list[str] | None, typer.Option(help="Another wording; may be given several times.")] = None,
    category: Annotated[str, typer.Option(help="Such as Delivery; pairs can be filtered by it.")] = "",
    language: Language = None,
    source_url: Annotated[str, typer.Option(help="Page that the answer comes from.")] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Save a pair; a running server answers with it within a second."""
    from knowledge_base.pairs import Pair
    from training_data.examples import language_of

    told = language or language_of(question)
    with opened(load_settings(home=home)) as store:
        pair = store.add(Pair(question, answer, tuple(similar or ()), category, told, source_url=source_url))
    say({"id": pair.id, "state": pair.state}) if as_json else typer.echo(f"Saved as #{pair.id}.")


@kb.command("import")
def import_(
    file: Path,
    on_duplicate: Annotated[
        Literal["refuse", "skip", "keep"],
        typer.Option(help="refuse: import nothing; skip: leave those out; keep: store them beside the others."),
    ] = "refuse",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Import pairs from CSV or XLSX, QnA Maker's TSV or MaxKB's CSV: all or nothing."""
    from chatbot.showing import Bar
    from chatbot.wiring import Knowledge
    from knowledge_base.importing import import_pairs

    knowledge = Knowledge(load_settings(home=home))
    try:
        done = import_pairs(knowledge.store, file, on_duplicate=on_duplicate)
        with Bar() as bar:
            embedded = knowledge.index.refresh(lambda done, total: bar("embedding", done / max(1, total), 0.0))
    finally:
        knowledge.close()
    if as_json:
        say({"imported": len(done.pairs), "skipped": done.skipped, "embedded": embedded})
    else:
        typer.echo(f"{len(done.pairs)} pairs imported, {done.skipped} skipped, {embedded} phrasings embedded.")


@kb.command()
def export(file: Path, home: Home = None) -> None:
    """Write all published pairs as CSV, XLSX or TSV, by the file's ending; importing it gives the same pairs."""
    from knowledge_base.exporting import write_pairs

    with opened(load_settings(home=home)) as store:
        pairs = store.list(state="published", limit=-1)[::-1]
    write_pairs(file, pairs)
    typer.echo(f"{len(pairs)} pairs written to {file}.")


@kb.command()
def search(
    text: str,
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="How many.")] = 5,
    language: Language = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """The stored pairs nearest to a question, with their scores."""
    from chatbot.wiring import Knowledge

    knowledge = Knowledge(load_settings(home=home))
    try:
        knowledge.index.refresh()
        hits = knowledge.base.search(text, language, k=k)
    finally:
        knowledge.close()
    if as_json:
        say([
            {"id": hit.pair.id, "question": hit.pair.question, "answer": hit.pair.answer, "phrasing": hit.phrasing,
             "category": hit.pair.category, "language": hit.pair.language, "score": round(hit.score, 4),
             "dense": round(hit.dense, 4), "lexical": round(hit.lexical, 4), "exact": hit.exact}
            for hit in hits
        ])  # fmt: skip
        return
    for hit in hits:
        typer.echo(
            f"#{hit.pair.id}  {hit.score:.3f} (meaning {hit.dense:.3f}, words {hit.lexical:.3f})  {hit.pair.question}"
        )
        typer.echo(f"      {hit.pair.answer}")


@kb.command("evaluate")
def evaluate_search(
    test: Annotated[list[Path], typer.Option(help="CSV text,question,language. May be given several times.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Judge the search on questions whose stored question is known: how often it is first, in three, in five."""
    from chatbot.wiring import Knowledge
    from knowledge_base.evaluate import recalls
    from training_data.questions import read_questions

    asked = [each for path in test for each in read_questions(path) if each.question]
    knowledge = Knowledge(load_settings(home=home))
    try:
        knowledge.index.refresh()
        found = {
            language: recalls(knowledge.base, [(q.text, q.question) for q in asked if q.language == language], language)
            for language in sorted({each.language for each in asked})
        }
    finally:
        knowledge.close()
    if as_json:
        say({language: asdict(each) for language, each in found.items()})
        return
    table = Table("language", "questions", "R@1", "R@3", "R@5", "MRR")
    for language, each in found.items():
        figures = (each.at_1, each.at_3, each.at_5, each.reciprocal_rank)
        table.add_row(language, str(each.questions), *(f"{figure:.3f}" for figure in figures))
    out.print(table)


@kb.command("list")
def list_(
    search_for: Annotated[str, typer.Option("--search", help="Words in question or answer.")] = "",
    category: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    language: Language = None,
    state: Annotated[Literal["draft", "published", "withdrawn"] | None, typer.Option(help="Only these.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many first.")] = 0,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List pairs."""
    with opened(load_settings(home=home)) as store:
        pairs = store.list(search_for, category, language, state, limit, offset)
    if as_json:
        say([
            {"id": pair.id, "question": pair.question, "answer": pair.answer, "similar": pair.similar,
             "category": pair.category, "language": pair.language, "state": pair.state,
             "valid_from": pair.valid_from, "valid_until": pair.valid_until, "source_url": pair.source_url}
            for pair in pairs
        ])  # fmt: skip
        return
    table = Table("id", "language", "category", "state", "question")
    for pair in pairs:
        table.add_row(*map(escape, (str(pair.id), pair.language, pair.category, pair.state, pair.question)))
    out.print(table)


@kb.command()
def withdraw(pair_id: int, home: Home = None) -> None:
    """Take a pair out of service: it is kept, and never served again until it is restored."""
    with opened(load_settings(home=home)) as store:
        store.withdraw(pair_id)
    typer.echo(f"#{pair_id} is withdrawn.")


class opened:  # noqa: N801 - reads as a verb: with opened(settings) as store
    """The store of pairs, without encoder or index, closed in the end."""

    def __init__(self, settings: Settings) -> None:
        from knowledge_base.store import PairStore

        self.store = PairStore(settings.home / "knowledge.db")

    def __enter__(self) -> Any:
        return self.store

    def __exit__(self, *_: object) -> None:
        self.store.close()
