"""`chatbot test`: a project's test stories, for a terminal and for CI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chatbot.errors import ModelError
from chatbot.options import Home, Json, ProjectDir, say
from chatbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from chatbot.project import Project
    from chatbot.testing.reading import TestStory
    from chatbot.testing.running import Verdict
    from chatbot.wiring import Frontdesk

MARKED = "The marked intents are taken for what is heard."


def run_tests(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files with test stories, or folders of test_*.yml; the project's tests/ if none."),
    ] = None,
    nlu: Annotated[
        bool | None,
        typer.Option(
            "--nlu/--stories-only",
            help="Read the texts with the current model, or take the marked intents for what is heard; the model, if "
            "there is one of this project, where neither is said.",
        ),
    ] = None,
    talk: Annotated[
        bool,
        typer.Option(
            "--converse",
            help="Really talk each story through, actions run as for a customer: tickets are opened, orders changed. "
            "Give it a --home of its own.",
        ),
    ] = False,
    home: Home = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Hold the assistant against test stories, as `rasa test` does: which steps would it take otherwise?

    Each step is predicted from the story so far; no action is run. Exit code 1 if a step differs.
    """
    from chatbot.project import load_project
    from chatbot.testing.reading import read_test_stories
    from chatbot.testing.report import as_json as report_json
    from chatbot.testing.report import lines

    if talk and nlu is False:
        raise typer.BadParameter("it needs the model, which --stories-only leaves out.", param_hint="--converse")
    settings = load_settings(home=home, project=project)
    assistant = load_project(settings.project)
    stories = read_test_stories(files or [assistant.domain_file.parent / "tests"])
    with reading(settings, assistant, talk or nlu) as desk:
        verdicts = verdicts_on(stories, assistant, desk, talk)
        model = desk.classifier.version if desk else ""
    if as_json:
        say(report_json(verdicts, model))
    else:
        for line in lines(verdicts):
            typer.echo(line)
    if any(verdict.differences for verdict in verdicts):
        raise SystemExit(1)


def verdicts_on(stories: Sequence[TestStory], project: Project, desk: Frontdesk | None, talk: bool) -> list[Verdict]:
    """The verdicts: the stories talked through, predicted with the model, or predicted from the marked intents."""
    from chatbot.deciding import Policy, Thresholds
    from chatbot.testing.conversing import converse
    from chatbot.testing.running import play

    if desk is None:
        marked = Policy(project.domain, project.rules, Thresholds(1.0, 1.0, 1.0, 1.0))
        return [play(story, marked) for story in stories]
    if talk:
        return [converse(story, desk.assistant) for story in stories]
    return [play(story, desk.policy, desk.assistant.understand) for story in stories]


@contextmanager
def reading(settings: Settings, project: Project, nlu: bool | None) -> Iterator[Frontdesk | None]:
    """The assistant with its model, if texts are to be read; else None.

    nlu: None where a model is read if there is one, and said why not. Raises ModelError where one must be, and is not.
    """
    from chatbot.wiring import Frontdesk

    lacking = "" if nlu is False else no_model(settings, project)
    if lacking and nlu:
        raise ModelError(lacking)
    if nlu is False or lacking:
        if lacking:
            typer.echo(f"{lacking}\n{MARKED}", err=True)
        yield None
        return
    desk = Frontdesk(settings)
    try:
        desk.knowledge.index.refresh()
        yield desk
    finally:
        desk.close()


def no_model(settings: Settings, project: Project) -> str:
    """Why there is no model that can read this project's texts; '' if there is one."""
    from chatbot.models.folder import read_labels
    from chatbot.models.registry import Registry
    from chatbot.wiring import is_set_up

    folder, this = Registry(settings.home).current(), f" --project {settings.project}" if settings.project else ""
    if folder is None or not is_set_up(settings):
        return f"There is no model in {settings.home / 'models'} yet. Run: chatbot setup{this}"
    strange = [name for name in read_labels(folder).intents if not is_known(name, project)]
    if not strange:
        return ""
    return (
        f"The current model in {settings.home / 'models'} is another assistant's: it knows '{strange[0]}', which the "
        "domain does not have. Name this one's home with --home, or train: chatbot train{this}"
    )


def is_known(intent: str, project: Project) -> bool:
    """Whether the domain has the intent, or it is one that no domain need name."""
    from chatbot.dialogue.paths import DEFAULT_INTENTS
    from training_data.examples import OUT_OF_SCOPE

    return project.domain.knows_intent(intent) or intent in OUT_OF_SCOPE or intent in DEFAULT_INTENTS
