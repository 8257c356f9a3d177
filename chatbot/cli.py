"""The command line. Each command parses, calls, prints; what goes wrong is one sentence and an exit code.

Exit codes: 0 done, 1 a mistake that the sentence names, 2 wrong options, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import io
import secrets
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from chatbot.cli_kb import kb
from chatbot.cli_project import run_tests
from chatbot.cli_staff import staff
from chatbot.errors import FrontdeskError, TrainingError
from chatbot.options import Home, Json, Language, ProjectDir, out, say
from chatbot.settings import load_settings
from knowledge_base.errors import KnowledgeBaseError
from training_data.examples import TrainingDataError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
app.add_typer(kb, name="kb")
app.add_typer(staff, name="staff")

STOPPED, TERMINATED = 130, 143
"""128 and the signal's number, as a shell counts: Ctrl-C, and what `docker stop` and systemd send."""


def main() -> None:
    """Runs the command line; mistakes and full disks become a sentence, never a traceback."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # unwinds as Ctrl-C does, so that nothing half stays
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without Chinese shows escapes
    try:
        app()
    except (FrontdeskError, KnowledgeBaseError, TrainingDataError) as error:
        fail(str(error))
    except OSError as error:  # a place that is full, shut, not there, or a file where a folder is needed
        place = error.filename or "while writing"
        fail(f"{error.strerror or error}: {place}. Make room, give access or name another place; then run it again.")
    except UnicodeEncodeError as error:
        fail(f"{error.object!r} is no text in this terminal's encoding. Write it again, in UTF-8.")
    except SystemExit as end:
        if end.code == STOPPED:  # typer has made this of KeyboardInterrupt
            fail("Stopped. Nothing is left half-written.", STOPPED)
        raise


def fail(sentence: str, code: int = 1) -> NoReturn:
    """The sentence on standard error, and the exit code."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"chatbot: {sentence}", markup=False)
    raise SystemExit(code)


@app.command()
def setup(home: Home = None, project: ProjectDir = None) -> None:
    """Make what is missing: base model, sentence encoder, knowledge base, intent model."""
    from chatbot.project import load_project
    from chatbot.setting_up import set_up
    from chatbot.showing import Bar

    settings = load_settings(home=home, project=project)
    with Bar() as bar:
        set_up(settings, load_project(settings.project), bar)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one. [default: 7860]")] = None,
    home: Home = None,
    project: ProjectDir = None,
) -> None:
    """Serve the chat page; on the first start, train the assistant before."""
    from chatbot.web.serving import run

    run(load_settings(host=host, port=port, home=home, project=project))


@app.command()
def ask(
    text: str,
    language: Language = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print why: steps, scores, thresholds, times.")] = False,
    as_json: Json = False,
    home: Home = None,
    project: ProjectDir = None,
) -> None:
    """Ask the assistant one question, in a conversation of its own."""
    from chatbot.messages import Message
    from chatbot.showing import explained, reply_as_json
    from chatbot.web.markdown import plain_of
    from chatbot.wiring import Frontdesk

    desk = Frontdesk(load_settings(home=home, project=project))
    try:
        desk.knowledge.index.refresh()
        reply = desk.answer(Message(f"cli-{secrets.token_hex(8)}", text, secrets.token_hex(8), language))
        if as_json:
            say(reply_as_json(reply))
        elif explain:
            explained(reply, desk.why(text, reply), out)
        else:
            for utterance in reply.utterances:
                typer.echo(plain_of(utterance.text))
                for button in utterance.buttons:
                    typer.echo(f"  [{button.title}]")
    finally:
        desk.close()


@app.command()
def train(
    data: Annotated[list[Path] | None, typer.Argument(help="Files or folders: logs, NLU YAML, CSV text,label.")] = None,
    base_model: Annotated[
        str | None, typer.Option(help="english, multilingual, multilingual-full, a folder, or a Hugging Face id.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="New folder for the model; without it, it becomes current.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=0, help="0: by the size of the data.")] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Start of every chance.")] = 13,
    home: Home = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Fine-tune an intent model on dialogue logs and labelled examples (the project's own, if none are named)."""
    from chatbot.project import load_project
    from chatbot.setting_up import project_examples, train_model
    from chatbot.showing import Bar
    from chatbot.training.finetune import Options
    from training_data.reading import read_data

    settings = load_settings(home=home, project=project, base_model=base_model)
    examples = read_data(data) if data else project_examples(load_project(settings.project))
    with Bar() as bar:
        folder, metrics = train_model(settings, examples, Options(epochs=epochs, seed=seed), output, bar)
    if as_json:
        say({"model": str(folder), **metrics})
    else:
        judged = metrics["validation"]
        typer.echo(f"{folder}: validation accuracy {judged['accuracy']:.3f}, macro F1 {judged['macro_f1']:.3f}")


@app.command()
def evaluate(
    test: Annotated[list[Path], typer.Option(help="CSV text,label; NLU YAML; or logs. May be given several times.")],
    model: Annotated[Path | None, typer.Option(help="Model folder. [default: the current one]")] = None,
    floor: Annotated[
        bool, typer.Option("--floor", help="Judge TF-IDF with logistic regression instead, fitted on the project.")
    ] = False,
    home: Home = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Judge a model on labelled questions that it has never seen."""
    from chatbot.models.registry import Registry
    from chatbot.project import load_project
    from chatbot.setting_up import project_examples
    from chatbot.showing import intents_table, judgement_table
    from chatbot.training.evaluate import report
    from chatbot.training.floor import floor_report
    from chatbot.wiring import sentence_encoder
    from training_data.reading import read_data

    settings = load_settings(home=home, project=project)
    folder = model or Registry(settings.home).current()
    if floor:
        taught = project_examples(load_project(settings.project))
        name, judged = "floor", floor_report(taught, read_data(test).examples)
    elif folder is None:
        raise TrainingError("There is no current model. Name one with --model, or train one: chatbot train")
    else:
        name, judged = str(folder), report(folder, read_data(test).examples, sentence_encoder(settings))
    if as_json:
        say({"model": name, **judged.as_json()})
    else:
        out.print(intents_table(judged))
        out.print(judgement_table(judged))


@app.command()
def thresholds(
    budget: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Share of automatic answers that may be wrong.")
    ] = 0.03,
    model: Annotated[Path | None, typer.Option(help="Model folder. [default: the current one]")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder for two pictures: wrong answers against coverage.")
    ] = None,
    home: Home = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Compute from an error budget how sure the bot must be to answer: for intents, and for stored answers.

    A running server takes them when it is started again.
    """
    from chatbot.models.registry import Registry
    from chatbot.project import load_project
    from chatbot.recalibrating import recalibrated
    from chatbot.showing import Bar, bands_table

    settings = load_settings(home=home, project=project)
    folder = model or Registry(settings.home).current()
    if folder is None:
        raise TrainingError("There is no current model. Name one with --model, or train one: chatbot train")
    with Bar() as bar:
        bands = recalibrated(settings, load_project(settings.project), folder, budget, report, bar)
    if as_json:
        say({name: asdict(band) for name, band in bands.items()})
    else:
        out.print(bands_table(bands))


@app.command()
def check(
    report: Annotated[
        Path | None, typer.Option(help="Folder for a report that draws the data: sizes, near intents, doubtful labels.")
    ] = None,
    home: Home = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Find faults in the assistant's files, by file and line: domain, rules, examples, logs, pairs, judge."""
    from chatbot.checking import faults, gather
    from chatbot.project import load_project
    from chatbot.showing import told

    settings = load_settings(home=home, project=project)
    assistant = load_project(settings.project)
    material = gather(assistant)
    found = faults(assistant, material)
    if as_json:
        say([asdict(fault) for fault in found])
    else:
        for line in told(found):
            typer.echo(line)
    if report:
        from chatbot.checking.report import draw
        from chatbot.showing import Bar

        with Bar() as bar:
            page = draw(assistant, material, settings, found, report, bar)
        typer.echo(f"The report is {page}.", err=as_json)
    if found:
        raise SystemExit(1)


app.command("test")(run_tests)
