"""`chatbot staff`: who may sign in at the console, for a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from chatbot.options import Home, Json, out, say
from chatbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from chatbot.accounts.store import Accounts

HERE = "command line"
staff = typer.Typer(no_args_is_help=True, help="Who may sign in at the staff console: add, change, list, link.")
Role = Annotated[str, typer.Option(help="agent reads and takes over, editor changes answers, admin manages staff.")]


@staff.command()
def add(name: str, role: Role = "agent", home: Home = None) -> None:
    """Add somebody. The password is asked for, or read from standard input; never given as an option."""
    with opened(load_settings(home=home)) as accounts:
        person = accounts.add(name, password(), role, HERE)
    typer.echo(f"{person.name} can sign in at /staff/ as {person.role}.")


@staff.command()
def change(
    name: str,
    role: Annotated[str | None, typer.Option(help="agent, editor or admin.")] = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether they may sign in.")] = None,
    new_password: Annotated[bool, typer.Option("--password", help="Ask for a new password.")] = False,
    home: Home = None,
) -> None:
    """Change somebody's role or password, or shut them out; their sessions end."""
    with opened(load_settings(home=home)) as accounts:
        given = password() if new_password else None
        person = accounts.change(name, HERE, role=role, active=active, password=given)
    typer.echo(f"{person.name}: {person.role}, {'active' if person.active else 'not active'}.")


@staff.command("list")
def list_(home: Home = None, as_json: Json = False) -> None:
    """List the staff."""
    with opened(load_settings(home=home)) as accounts:
        people = accounts.staff()
    if as_json:
        say([asdict(person) for person in people])
        return
    table = Table("name", "role", "active", "added", "last seen")
    for person in people:
        cells = (person.name, person.role, "yes" if person.active else "no", person.created_at, person.last_seen or "")
        table.add_row(*map(escape, cells))
    out.print(table)


@staff.command()
def link(home: Home = None) -> None:
    """Print a link with which the first admin can be made once, within a day."""
    settings = load_settings(home=home)
    with opened(settings) as accounts:
        token = accounts.first_token()
    if token is None:
        typer.echo("There is an admin already, who can add others at /staff/. To add one here: chatbot staff add")
        return
    typer.echo(f"http://{settings.host}:{settings.port}/staff/#first={token}")


def password() -> str:
    """Typed twice at a terminal, unseen; else the first line of standard input."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password (10 characters or more)", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\n")


@contextmanager
def opened(settings: Settings) -> Iterator[Accounts]:
    """The accounts, closed in the end."""
    from chatbot.wiring_staff import staff_accounts

    accounts = staff_accounts(settings)
    try:
        yield accounts
    finally:
        accounts.close()
