"""The README against the code: lists that must agree."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import typer.main

from chatbot.cli import app
from chatbot.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def listed_files() -> set[str]:
    """The paths in the README's file tree."""
    tree = README.split("## Files")[1].split("```")[1]
    folder, found = "", set()
    for line in tree.splitlines()[1:]:
        name = line.split()[0] if line.strip() else ""
        if name.endswith("/"):
            folder = name
        elif name:
            found.add((folder if line.startswith(" ") else "") + name)
    return found


def test_the_file_tree_has_every_file_of_the_packages_and_scripts() -> None:
    git = [
        "git",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        "chatbot",
        "knowledge_base",
        "training_data",
        "scripts",
    ]
    done = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no git checkout here, so there is no list of files to compare with")
    files = {name for name in done.stdout.split() if (ROOT / name).exists() and not name.endswith("__init__.py")}
    assert {
        name
        for name in listed_files()
        if name.split("/")[0] in ("chatbot", "knowledge_base", "training_data", "scripts")
    } == files


def test_the_table_of_settings_has_every_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| (`CHATBOT_[^|]+) \| ([^|]+) \|", README, re.MULTILINE))
    told: dict[str, str] = {}
    for names, defaults in rows.items():
        each = (default.strip() for default in defaults.split(","))
        told |= dict(zip(re.findall(r"CHATBOT_(\w+)", names), each, strict=True))
    assert {name.lower() for name in told} == {*Settings.model_fields, "secret_key"}
    for name, field in Settings.model_fields.items():
        if name not in ("home", "project"):
            value = field.default
            assert told[name.upper()] == (f"{value:g}" if isinstance(value, float | int) else value or "none")


def test_every_command_is_in_the_readme() -> None:
    group = typer.main.get_command(app)
    commands = group.commands  # type: ignore[attr-defined]
    names = [*commands, *(f"kb {name}" for name in commands["kb"].commands)]
    assert [name for name in names if f"chatbot {name}" not in README and f"`{name}`" not in README] == []


def test_the_links_lead_to_files() -> None:
    targets = [
        target
        for target in re.findall(r"\]\(([^)#]+)\)", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
        if "://" not in target
    ]
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
