"""What the commands have in common: their options, and how they print."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
Home = Annotated[Path | None, typer.Option("--home", help="Where files made at run time lie. [default: var]")]
ProjectDir = Annotated[Path | None, typer.Option("--project", help="Folder of the assistant. [default: the demo shop]")]
Language = Annotated[Literal["en", "zh"] | None, typer.Option("--language", help="Told from the text if not given.")]


def say(value: Mapping[str, Any] | list[Any]) -> None:
    """JSON on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))
