"""The command line as its users meet it: what it prints, its exit codes, and that nobody ever sees a traceback."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from chatbot import cli
from chatbot.cli import app, main
from chatbot.models.folder import MODEL_FILES
from chatbot.models.registry import Registry
from chatbot.models.thresholds import as_json, read_thresholds
from chatbot.understanding.pairs import read_calibration, write_calibration
from tests.fakes import CALIBRATION
from tests.samples import EXAMPLES, TEXTS, write_csv

DOMAIN = """
version: "3.1"
intents: [track_order, refund, opening_hours, out_of_scope]
slots: {language: {type: categorical, values: [en, zh], mappings: [{type: custom}]}}
responses:
  utter_track_order: [{text: "Please wait [a little] for your parcel."}]
  utter_refund: [{text: "The money comes back within a week."}]
  utter_opening_hours: [{text: "We open at nine."}]
  utter_clarify: [{text: "What do you mean?"}]
  utter_fallback: [{text: "I do not know."}]
  utter_action_failed: [{text: "That did not work."}]
"""
RULES = """
version: "3.1"
rules:
  - {rule: A, steps: [{intent: track_order}, {action: utter_track_order}]}
  - {rule: B, steps: [{intent: refund}, {action: utter_refund}]}
  - {rule: C, steps: [{intent: opening_hours}, {action: utter_opening_hours}]}
"""
SENTENCE = re.compile(r"chatbot: [^\n]+\n")


@dataclass
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Chatbot = Callable[..., Said]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one's own, named in the environment; no other setting is."""
    for name in [name for name in os.environ if name.startswith("CHATBOT_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("CHATBOT_HOME", str(home))
    monkeypatch.setenv("CHATBOT_SENTENCE_ENCODER_EN", "english")
    monkeypatch.setenv("CHATBOT_SENTENCE_ENCODER_ZH", "english")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return home


@pytest.fixture
def chatbot(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Chatbot:
    """chatbot("kb", "list") runs the command line in this process; what main() lets through is the test's failure."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(cli.out, "_width", 200)

    def run(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["chatbot", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return run


def fails(said: Said, *words: str) -> None:
    """Exit code 1, and one sentence with these words, nothing else."""
    assert (said.code, said.out) == (1, "")
    assert SENTENCE.fullmatch(said.err), said.err
    for word in words:
        assert word in said.err


@pytest.fixture
def with_encoder(place: Path, sentences: Path) -> Path:
    (place / "encoders").mkdir(parents=True)
    (place / "encoders" / "english").symlink_to(sentences)
    return place


@pytest.fixture
def with_model(with_encoder: Path, tiny_model: Path) -> Path:
    """A home with all that answers need."""
    (with_encoder / "models").mkdir()
    (with_encoder / "models" / "tiny").symlink_to(tiny_model)
    Registry(with_encoder).promote("tiny")
    (with_encoder / "index").mkdir()
    write_calibration(with_encoder / "index", CALIBRATION)
    return with_encoder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An assistant with the intents of the samples, in Rasa's layout."""
    folder = tmp_path / "shop"
    (folder / "data").mkdir(parents=True)
    (folder / "domain.yml").write_text(DOMAIN)
    (folder / "data" / "rules.yml").write_text(RULES)
    write_csv(folder / "data" / "examples.csv")
    return folder


# --- help and options ------------------------------------------------------------------------------------------------


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words."""
    root: Any = typer.main.get_command(app)
    yield (), root
    for name, command in root.commands.items():
        yield (name,), command
        for inner, deeper in getattr(command, "commands", {}).items():
            yield (name, inner), deeper


def test_the_commands_are_those_that_are_promised() -> None:
    names = [" ".join(words) for words, _ in commands()]
    assert names == ["", "setup", "serve", "ask", "train", "evaluate", "thresholds", "check", "test", "kb", "kb add",
                     "kb import", "kb export", "kb search", "kb evaluate", "kb list", "kb withdraw",
                     "staff", "staff add", "staff change", "staff list", "staff link"]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "command"), [pytest.param(*each, id=" ".join(each[0]) or "chatbot") for each in commands()]
)
def test_every_command_and_every_option_has_help(chatbot: Chatbot, words: tuple[str, ...], command: Any) -> None:
    said = chatbot(*words, "--help")
    assert said.code == 0
    assert "Usage: " in said.out
    assert command.help.split()[0] in said.out
    silent = [
        parameter.name for parameter in command.params if parameter.param_type_name == "option" and not parameter.help
    ]
    assert silent == []


def test_a_program_runs_as_module_too(place: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "chatbot", "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Exit codes: 0 done, 1 a mistake" in done.stdout


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("nonsense", "nonsense"),
        ("kb nonsense", "nonsense"),
        ("ask", "TEXT"),
        ("ask hello --language fr", "--language"),
        ("kb search hello --language xx", "--language"),
        ("kb search hello -k 0", "-k"),
        ("kb add one", "ANSWER"),
        ("kb list --state lost", "--state"),
        ("kb list --limit none", "--limit"),
        ("kb import pairs.csv --on-duplicate often", "--on-duplicate"),
        ("kb withdraw first", "PAIR_ID"),
        ("serve --port http", "--port"),
        ("train --epochs -1", "--epochs"),
        ("train --seed -1", "--seed"),
        ("train --seed 4294967296", "--seed"),
        ("evaluate", "--test"),
        ("thresholds --budget 0", "'--budget': Input should be greater than or equal to 0.001"),
        ("thresholds --budget 0.9", "'--budget': Input should be less than or equal to 0.5"),
        ("thresholds --budget few", "--budget"),
    ],
)
def test_wrong_options_are_named_before_any_work(chatbot: Chatbot, place: Path, line: str, word: str) -> None:
    said = chatbot(*line.split())
    assert (said.code, said.out) == (2, "")
    assert "Usage: " in said.err
    assert word.casefold() in said.err.casefold()
    assert not place.exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CHATBOT_PORT", "abc", "port is 'abc': input should be a valid integer"),
        ("CHATBOT_PORT", "70000", "port is '70000': input should be less than or equal to 65535"),
        ("CHATBOT_THREADS", "0", "threads is '0'"),
        ("CHATBOT_KEEP_LIVE_HOURS", "0", "keep_live_hours is '0'"),
    ],
)
@pytest.mark.parametrize("line", ["kb list", "ask hello", "serve", "train"])
def test_a_bad_setting_in_the_environment_is_named(
    chatbot: Chatbot, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str, line: str
) -> None:
    monkeypatch.setenv(name, value)
    fails(chatbot(*line.split()), "environment CHATBOT_", words)


# --- homes that cannot be --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["kb list", "kb add one two", "train", "setup"])
def test_a_file_where_the_home_should_be_is_told(chatbot: Chatbot, tmp_path: Path, line: str) -> None:
    (tmp_path / "file").write_text("no folder")
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        said = chatbot(*line.split(), "--home", home)
        assert (said.code, said.out) == (1, "")
        assert re.search(rf"chatbot: .*{re.escape(str(home))}", said.err)


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no file system here that nobody may write, root neither")
@pytest.mark.parametrize("line", ["kb list", "kb add one two", "train", "setup"])
def test_a_read_only_home_is_told(chatbot: Chatbot, line: str) -> None:
    said = chatbot(*line.split(), "--home", "/sys/frontdesk")
    assert (said.code, said.out) == (1, "")
    assert re.search(r"chatbot: .*(not permitted|denied|Read-only).*/sys/frontdesk", said.err, re.IGNORECASE) or (
        re.search(r"chatbot: .*/sys/frontdesk.*(not permitted|denied|Read-only)", said.err, re.IGNORECASE)
    )


def test_a_damaged_database_is_told(chatbot: Chatbot, place: Path) -> None:
    place.mkdir()
    (place / "knowledge.db").write_bytes(b"garbage" * 1000)
    fails(chatbot("kb", "list"), "knowledge.db", "not a database")


def test_a_full_disk_is_told(chatbot: Chatbot) -> None:
    chatbot("kb", "add", "where", "here")
    fails(chatbot("kb", "export", "/dev/full"), "No space left on device", "Make room")


# --- pairs -----------------------------------------------------------------------------------------------------------


def test_a_pair_is_added_listed_and_withdrawn(chatbot: Chatbot) -> None:
    added = chatbot("kb", "add", "Where is [b]my[/b] parcel?", "On its way.", "--similar", "Has it come?",
                    "--category", "Delivery", "--source-url", "https://shop.example/x", "--json")  # fmt: skip
    assert (added.code, added.json, added.err) == (0, {"id": 1, "state": "published"}, "")
    assert chatbot("kb", "add", "退款多久到账？", "三天。").out == "Saved as #2.\n"
    listed = chatbot("kb", "list", "--json").json
    assert [(pair["id"], pair["language"], pair["state"]) for pair in listed] == [
        (2, "zh", "published"),
        (1, "en", "published"),
    ]
    assert listed[1]["similar"] == ["Has it come?"]
    assert chatbot("kb", "withdraw", "1").out == "#1 is withdrawn.\n"
    assert chatbot("kb", "list", "--state", "withdrawn", "--json").json[0]["id"] == 1
    assert [pair["id"] for pair in chatbot("kb", "list", "--language", "zh", "--json").json] == [2]
    assert [pair["id"] for pair in chatbot("kb", "list", "--category", "Delivery", "--json").json] == [1]
    assert [pair["id"] for pair in chatbot("kb", "list", "--search", "退款", "--json").json] == [2]
    assert chatbot("kb", "list", "--offset", "5", "--json").json == []


def test_brackets_in_a_question_are_shown_and_not_taken_for_markup(chatbot: Chatbot) -> None:
    chatbot("kb", "add", "[/b] where is [order]?", "[/i]", "--category", "[red]")
    shown = chatbot("kb", "list")
    assert shown.code == 0
    assert "[/b] where is [order]?" in shown.out
    assert "[red]" in shown.out


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (["kb", "withdraw", "999"], "There is no pair 999"),
        (["kb", "add", "", "an answer"], "question is empty"),
        (["kb", "add", "a question", "  "], "answer is empty"),
        (["kb", "search", "hello"], "There is no sentence encoder"),
        (["kb", "import", "pairs.csv"], "There is no sentence encoder"),
        (["kb", "export", "/nowhere/pairs.csv"], "/nowhere/pairs.csv"),
        (["kb", "export", "/"], "Is a directory"),
        (["ask", "hello"], "There is no model"),
        (["evaluate", "--test", "x.csv"], "There is no current model"),
        (["evaluate", "--test", "nowhere.csv", "--model", "nowhere"], "nowhere"),
        (["thresholds"], "There is no current model. Name one with --model, or train one: chatbot train"),
        (["thresholds", "--model", "nowhere"], "nowhere: "),
        (["train", "nowhere.csv"], "nowhere.csv: does not exist"),
        (["check", "--project", "/nowhere"], "has no domain.yml"),
        (["setup", "--project", "/nowhere"], "has no domain.yml"),
    ],
)
def test_what_is_not_there_is_a_sentence(chatbot: Chatbot, line: list[str], word: str) -> None:
    fails(chatbot(*line), word)


@pytest.mark.parametrize("line", [["kb", "add"], ["kb", "list", "--search"]])
def test_bytes_that_are_no_text_are_told(chatbot: Chatbot, line: list[str]) -> None:
    text = b"caf\xe9".decode("utf-8", "surrogateescape")  # as Python reads an argument in another encoding
    fails(chatbot(*line, text, *["answer"][: "add" in line]), "no text")


def test_a_terminal_without_chinese_is_shown_escapes(chatbot: Chatbot) -> None:
    chatbot("kb", "add", "退款多久到账？", "三天。")
    done = subprocess.run(
        [sys.executable, "-m", "chatbot", "kb", "list", "--json"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)[0]["question"] == "退款多久到账？"


def test_the_same_question_twice_is_refused(chatbot: Chatbot) -> None:
    chatbot("kb", "add", "Where is it?", "Here.")
    fails(chatbot("kb", "add", "where is it", "There."), "already answered by pair 1")


def test_export_and_import_make_the_round_trip(chatbot: Chatbot, with_encoder: Path, tmp_path: Path) -> None:
    chatbot("kb", "add", '00123 = what, "this"?', "=1+1\nsecond line", "--similar", "[order]", "--category", "Codes")
    chatbot("kb", "add", "退款多久到账？", "三天。", "--language", "zh", "--source-url", "https://shop.example/退款")
    chatbot("kb", "add", "gone", "gone")
    chatbot("kb", "withdraw", "3")
    first = chatbot("kb", "list", "--state", "published", "--json").json
    file = tmp_path / "pairs.csv"
    assert chatbot("kb", "export", file).out == f"2 pairs written to {file}.\n"

    other = tmp_path / "other"
    (other / "encoders").mkdir(parents=True)
    (other / "encoders" / "english").symlink_to(with_encoder / "encoders" / "english")
    done = chatbot("kb", "import", file, "--home", other, "--json")
    assert (done.code, done.json) == (0, {"imported": 2, "skipped": 0, "embedded": 3})
    assert chatbot("kb", "list", "--home", other, "--json").json == first
    again = tmp_path / "again.csv"
    chatbot("kb", "export", again, "--home", other)
    assert again.read_bytes() == file.read_bytes()

    refused = chatbot("kb", "import", file, "--home", other)
    assert refused.code == 1
    assert "nothing imported" in refused.err
    skipped = chatbot("kb", "import", file, "--home", other, "--on-duplicate", "skip", "--json")
    assert (skipped.json["imported"], skipped.json["skipped"]) == (0, 2)
    assert chatbot("kb", "import", file, "--home", other, "--on-duplicate", "keep").out.startswith("2 pairs imported")


def test_search_finds_by_meaning_what_was_added(chatbot: Chatbot, with_encoder: Path) -> None:
    chatbot("kb", "add", "When will my parcel arrive?", "In two days.", "--category", "Delivery")
    chatbot("kb", "add", "What are your opening hours?", "Nine to five.")
    found = chatbot("kb", "search", "how long does my package take", "-k", "2", "--json")
    assert (found.code, found.err) == (0, "")
    assert found.json[0]["answer"] == "In two days."
    assert set(found.json[0]) == {"id", "question", "answer", "phrasing", "category", "language", "score", "dense",
                                  "lexical", "exact"}  # fmt: skip
    told = chatbot("kb", "search", "what are your OPENING hours", "-k", "1")
    assert told.out.startswith("#2  ")
    assert "Nine to five." in told.out
    chatbot("kb", "withdraw", "1")
    assert all(hit["id"] != 1 for hit in chatbot("kb", "search", "parcel", "--json").json)


def test_a_bad_line_is_named_and_nothing_is_imported(chatbot: Chatbot, with_encoder: Path, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("question,answer\nwhere,here\nwhen,\n")
    said = chatbot("kb", "import", file)
    assert said.code == 1
    assert "pairs.csv line 3: answer is empty. 1 pairs read, nothing imported." in said.err
    assert chatbot("kb", "list", "--json").json == []
    fails(chatbot("kb", "import", tmp_path / "nowhere.csv"), "nowhere.csv")


# --- training and judging --------------------------------------------------------------------------------------------


def test_a_bad_line_of_examples_is_named(chatbot: Chatbot, tmp_path: Path) -> None:
    file = tmp_path / "examples.csv"
    file.write_text("text,label\nhello,greet\n,greet\n")
    fails(chatbot("train", file), "examples.csv line 3: text is empty. 1 read, nothing used.")


def test_an_unknown_base_model_is_told(chatbot: Chatbot, with_encoder: Path, tmp_path: Path) -> None:
    said = chatbot("train", write_csv(tmp_path / "examples.csv"), "--base-model", str(tmp_path / "no-such-model"))
    assert said.code == 1
    assert "no-such-model' is not one of the built-in base models (english, multilingual, " in said.err
    assert list((with_encoder / "models").iterdir()) == []


def test_an_output_that_exists_is_told(chatbot: Chatbot, tmp_path: Path) -> None:
    fails(chatbot("train", write_csv(tmp_path / "examples.csv"), "--output", tmp_path), "exists already")


def test_a_trained_model_is_current_and_can_be_judged(
    chatbot: Chatbot, with_encoder: Path, tmp_path: Path, small_bert: Path
) -> None:
    file = write_csv(tmp_path / "examples.csv")
    done = chatbot("train", file, "--base-model", small_bert, "--epochs", "1", "--json")
    assert done.code == 0
    assert done.json["validation"]["examples"] == len(EXAMPLES)  # few: each is held out in one of three rounds
    assert list(dict.fromkeys(line.split(":")[0] for line in done.err.splitlines())) == [
        "base model",
        "sentence vectors",
        *(f"round {number}, {stage}" for number in (1, 2, 3) for stage in ("words", "epoch 1 of 1")),
        "words",
        "epoch 1 of 1",
        "export",
        "done",
    ]
    folder = Path(done.json["model"])
    assert Registry(with_encoder).current() == folder
    assert set(MODEL_FILES) <= {path.name for path in folder.iterdir()}
    judged = chatbot("evaluate", "--test", file, "--json")
    assert (judged.code, judged.err) == (0, "")
    assert judged.json["examples"] == len(EXAMPLES)


def test_evaluate_shows_a_row_for_each_intent(
    chatbot: Chatbot, with_encoder: Path, tmp_path: Path, tiny_model: Path
) -> None:
    said = chatbot("evaluate", "--test", write_csv(tmp_path / "examples.csv"), "--model", tiny_model)
    assert (said.code, said.err) == (0, "")
    assert re.search(r"all +│ 40 +│ ", said.out)
    assert "out-of-scope AUROC" in said.out
    assert all(intent in said.out for intent in TEXTS)


def test_labels_that_the_model_does_not_know_are_told(
    chatbot: Chatbot, with_encoder: Path, tmp_path: Path, tiny_model: Path
) -> None:
    file = tmp_path / "other.csv"
    file.write_text("text,label\nhello,greet\nbye,leave\n")
    fails(
        chatbot("evaluate", "--test", file, "--model", tiny_model),
        "None of the 2 examples has a label of the model (opening_hours, out_of_scope, refund, track_order).",
    )


def test_a_broken_model_is_told(chatbot: Chatbot, with_model: Path, tmp_path: Path) -> None:
    model = with_model / "models" / "broken"
    model.mkdir()
    for file in (with_model / "models" / "tiny").iterdir():
        (model / file.name).write_bytes(file.read_bytes()[: 5000 if file.name == "encoder.onnx" else None])
    (with_model / "models" / "current").write_text("broken\n")
    fails(chatbot("ask", "hello"), "models/broken: cannot be loaded")
    (model / "labels.json").unlink()
    for line in (["ask", "hello"], ["serve", "--port", "0"], ["evaluate", "--test", str(tmp_path)]):
        fails(chatbot(*line), "models/broken: labels.json is missing or empty")


def test_check_finds_no_fault_in_the_demo_shop_and_names_those_of_another(chatbot: Chatbot, project: Path) -> None:
    assert chatbot("check") == Said(0, "No faults.\n", "")
    assert chatbot("check", "--project", project, "--json").json == []
    domain = project / "domain.yml"
    domain.write_text(domain.read_text().replace("intents: [", "intents: [gift_card, "))
    said = chatbot("check", "--project", project)
    assert said.code == 1
    assert "Intent 'gift_card' has no training example." in said.out
    assert said.out.endswith("2 fault(s): 2 lists.\n")
    assert [fault["kind"] for fault in chatbot("check", "--project", project, "--json").json] == ["lists", "lists"]


def test_check_shows_a_screen_of_each_kind_and_all_of_them_to_programs(chatbot: Chatbot, project: Path) -> None:
    rows = "".join(f"mine is at jo{n}@firma.sg,refund\n" for n in range(40))
    (project / "data" / "more.csv").write_text("text,label\n" + rows)
    said = chatbot("check", "--project", project)
    assert said.out.count("[personal]\n") == 30
    assert "... and 10 more [personal]; --json shows all.\n" in said.out
    found = chatbot("check", "--project", project, "--json").json
    assert sum(fault["kind"] == "personal" for fault in found) == 40
    assert found[0].keys() == {"kind", "where", "what"}


def test_check_draws_a_report(chatbot: Chatbot, project: Path, with_encoder: Path, tmp_path: Path) -> None:
    said = chatbot("check", "--project", project, "--report", tmp_path / "report")
    assert (said.code, said.out) == (0, f"No faults.\nThe report is {tmp_path / 'report' / 'report.html'}.\n")
    assert "track_order" in (tmp_path / "report" / "report.html").read_text("utf-8")


def test_the_floor_is_fitted_on_the_project(chatbot: Chatbot, project: Path) -> None:
    said = chatbot("evaluate", "--floor", "--project", project, "--test", project / "data", "--json").json
    assert (said["model"], said["examples"], said["accuracy"]) == ("floor", 40, 1.0)
    assert said["per_language"]["en"]["oos_auroc"] == 1.0
    assert "out-of-scope AUROC" in chatbot("evaluate", "--floor", "--project", project, "--test", project / "data").out


def test_the_search_is_judged(chatbot: Chatbot, with_encoder: Path, tmp_path: Path) -> None:
    chatbot("kb", "add", "Do you sell lamps?", "Yes.")
    chatbot("kb", "add", "When do you open?", "At nine.")
    rows = "text,question,language\nany lamps here,Do you sell lamps?,en\nopening hour?,When do you open?,en\nhm,,en\n"
    (tmp_path / "q.csv").write_text(rows)
    said = chatbot("kb", "evaluate", "--test", tmp_path / "q.csv", "--json").json
    assert said == {"en": {"questions": 2, "at_1": 1.0, "at_3": 1.0, "at_5": 1.0, "reciprocal_rank": 1.0}}
    assert "1.000" in chatbot("kb", "evaluate", "--test", tmp_path / "q.csv").out


def test_thresholds_are_computed_for_another_budget_and_kept(
    chatbot: Chatbot, with_model: Path, project: Path, tiny_model: Path, tmp_path: Path
) -> None:
    model = tmp_path / "mine"
    shutil.copytree(tiny_model, model)
    where = ("--project", project)
    chatbot("kb", "add", "Do you sell lamps?", "Yes.", "--similar", "Are there any lamps", "--similar", "lamp prices")
    said = chatbot("thresholds", "--budget", "0.2", "--model", model, "--report", tmp_path / "report", *where, "--json")
    assert said.code == 0
    assert said.json == {
        "intents": as_json(read_thresholds(model).band),
        "stored answers": as_json(read_calibration(with_model / "index").band),
    }
    assert {band["budget"] for band in said.json.values()} == {0.2}
    assert read_thresholds(model).trials == read_thresholds(tiny_model).trials
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["intents.png", "pairs.png"]
    table = chatbot("thresholds", "--model", model, *where).out
    assert re.search(r"intents +│ \d\.\d{3} +│ \d\.\d{3} +│ .* │ 3\.0% +│ 40 ", table)
    assert "not certified: about" in table


# --- asking ----------------------------------------------------------------------------------------------------------


def test_ask_answers_and_tells_why(chatbot: Chatbot, with_model: Path, project: Path) -> None:
    chatbot("kb", "add", "Do you sell gift cards?", "Yes, from [ten] dollars.")
    question = ("ask", "when will my parcel arrive", "--project", project)
    assert chatbot(*question) == Said(0, "Please wait [a little] for your parcel.\n", "")
    as_json = chatbot(*question, "--json")
    assert (as_json.code, as_json.err) == (0, "")
    assert as_json.json["intent"] == "track_order"
    assert as_json.json["model"] == "tiny"
    assert as_json.json["reply"] == "Please wait [a little] for your parcel."
    explained = chatbot(*question, "--explain")
    assert "Please wait [a little] for your parcel." in explained.out
    assert "utter_track_order" in explained.out
    assert "model tiny" in explained.out
    assert re.search(r"\nintents: track_order \d\.\d\d, ", explained.out)
    assert re.search(r"\nlike: '[^']+' \(track_order, \d\.\d\d\), ", explained.out)
    assert re.search(r"\nwords: '[^']+' \+\d\.\d\d", explained.out)
    assert chatbot("ask", "Do you sell gift cards?", "--project", project).out == "Yes, from [ten] dollars.\n"


@pytest.mark.parametrize("text", ["", "   ", "\x00", "</s> [SEP]", "🙂", "a" * 5000, "[/b]"])
def test_ask_takes_whatever_is_written(chatbot: Chatbot, with_model: Path, project: Path, text: str) -> None:
    said = chatbot("ask", text, "--explain", "--project", project)
    assert said.code in (0, 1)
    assert said.out or SENTENCE.fullmatch(said.err)


# --- signals and pipes -----------------------------------------------------------------------------------------------


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Examples enough that training takes longer than any test waits."""
    file = tmp_path / "many.csv"
    rows = [(f"{text} {number}", intent) for number in range(40) for intent, texts in TEXTS.items() for text in texts]
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([("text", "label"), *rows])
    return file


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "chatbot", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(process: subprocess.Popen[str], word: str) -> str:
    """What it said on standard error up to the line with the word."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if word in line:
            return said
    raise AssertionError(f"ended without '{word}':\n{said}")


def test_training_that_is_stopped_leaves_nothing(with_encoder: Path, many: Path, small_bert: Path) -> None:
    process = started("train", many, "--base-model", small_bert, "--epochs", "500")
    said = until(process, "epoch 1 of 500")
    stages = r"base model: 0% *\nsentence vectors: 0% *\nwords: 0% *\nepoch 1 of 500: \d+% .*\n"
    assert re.fullmatch(stages, said), said  # and nothing of any library
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert said.endswith("chatbot: Stopped. Nothing is left half-written.\n")
    assert list((with_encoder / "models").iterdir()) == []


def test_a_first_start_that_is_stopped_stops_its_training_too(
    with_encoder: Path, many: Path, project: Path, small_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATBOT_BASE_MODEL", str(small_bert))
    many.rename(project / "data" / "examples.csv")
    process = started("serve", "--port", "0", "--project", project)
    said = until(process, "epoch 1 of")
    process.send_signal(signal.SIGTERM)  # what systemd and `docker stop` send
    said += process.communicate()[1]  # ends when the last process that writes there has ended
    assert process.returncode == 143, said
    assert "Traceback" not in said
    assert list((with_encoder / "models").iterdir()) == []


def test_a_reader_that_goes_away_is_no_error(chatbot: Chatbot, place: Path) -> None:
    chatbot("kb", "add", "where", "here")
    process = started("kb", "list", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.wait()
    process.stderr.close()


# --- serving ---------------------------------------------------------------------------------------------------------


def test_a_busy_port_is_told_at_once(chatbot: Chatbot, place: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        fails(chatbot("serve", "--port", str(port)), f"127.0.0.1 port {port}: Address already in use", "--port")
    assert not place.exists()


@pytest.mark.parametrize("host", ["256.1.1.1", "192.0.2.1", "::zz", "no such host"])
def test_an_address_that_is_not_this_machines_is_told(chatbot: Chatbot, host: str) -> None:
    fails(chatbot("serve", "--host", host, "--port", "0"), f"Cannot listen on {host}")


def test_the_server_reports_its_port_and_the_first_admins_link_and_says_nothing_else(
    with_model: Path, project: Path
) -> None:
    process = started("serve", "--port", "0", "--project", project)
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        ready = re.fullmatch(r"Frontdesk is ready: (http://127\.0\.0\.1:\d+/)\n", line)
        assert ready, line + process.communicate()[1] if process.poll() is not None else line
        with urllib.request.urlopen(f"{ready[1]}status") as response:
            assert json.load(response) == {"status": "ok", "model": "tiny", "index": "0+0"}
        with urllib.request.urlopen(f"{ready[1]}chat/") as response:
            assert response.status == 200
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    link = (
        r"Nobody can sign in yet\. Make the first admin, once, within a day: http://127\.0\.0\.1:\d+/staff/#first=\S+\n"
    )
    assert re.fullmatch(link, out)
    assert err == "chatbot: Stopped. Nothing is left half-written.\n"
