"""`chatbot test` as its users meet it: what it prints, its exit codes, and with a really trained model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chatbot.cli import app
from chatbot.errors import ModelError, ProjectError
from tests.testing.bikes import told

STORIES = """\
- story: A greeting
  steps:
  - user: hello
    intent: greet
  - action: utter_greet
- story: Thanks, wrongly expected
  steps:
  - intent: thank
  - action: utter_greet
"""
SAID = """\
passed  A greeting (test_stories.yml line 2)
FAILED  Thanks, wrongly expected (test_stories.yml line 7)
        test_stories.yml line 10: action: expected utter_greet, got utter_thank (thank: confidence 1.00 >= 1.00)
Stories: 1 passed, 1 failed. Steps: 3 of 4 right.
"""
SHOP = """
version: "3.1"
intents: [track_order, refund, opening_hours, out_of_scope]
responses:
  utter_track_order: [{text: "It is on its way."}]
  utter_refund: [{text: "The money comes back within a week."}]
  utter_opening_hours: [{text: "We open at nine."}]
"""
SHOP_RULES = """
version: "3.1"
rules:
  - {rule: A, steps: [{intent: track_order}, {action: utter_track_order}]}
  - {rule: B, steps: [{intent: refund}, {action: utter_refund}]}
  - {rule: C, steps: [{intent: opening_hours}, {action: utter_opening_hours}]}
"""
TALK = """\
- story: {title}
  steps:
  - user: {parcel}
    intent: track_order
  - action: utter_track_order
  - user: {money}
    intent: refund
  - action: utter_refund
  - user: {open}
    intent: opening_hours
  - action: utter_opening_hours
"""


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["test", *map(str, words)])


def test_each_story_is_told_with_the_steps_that_differ_and_a_difference_is_an_exit_code(
    workshop: Path, empty_home: Path
) -> None:
    told(workshop, STORIES)
    result = run("--project", workshop, "--stories-only")
    assert (result.exit_code, result.stdout, result.stderr) == (1, SAID, "")


def test_all_right_is_exit_code_0(workshop: Path, empty_home: Path) -> None:
    file = told(workshop, STORIES.partition("- story: Thanks")[0])
    for places in ([], [file], [file.parent], [file, file.parent]):
        assert run(*places, "--project", workshop, "--stories-only").exit_code == 0
    twice = run(file, file.parent, "--project", workshop, "--stories-only").stdout
    assert twice.endswith("\nStories: 2 passed, 0 failed. Steps: 4 of 4 right.\n")


def test_programs_get_json(workshop: Path, empty_home: Path) -> None:
    file = told(workshop, STORIES)
    result = run("--project", workshop, "--stories-only", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "passed": 1,
        "failed": 1,
        "steps": 4,
        "right": 3,
        "model": None,
        "stories": [
            {"story": "A greeting", "file": str(file), "line": 2, "passed": True, "steps": 2, "differences": []},
            {
                "story": "Thanks, wrongly expected",
                "file": str(file),
                "line": 7,
                "passed": False,
                "steps": 2,
                "differences": [
                    {
                        "kind": "action",
                        "line": 10,
                        "expected": "utter_greet",
                        "predicted": "utter_thank",
                        "reason": "thank: confidence 1.00 >= 1.00",
                    }
                ],
            },
        ],
    }


def test_without_a_model_it_says_so_and_refuses_where_one_is_asked_for(workshop: Path, empty_home: Path) -> None:
    told(workshop, STORIES)
    result = run("--project", workshop)
    assert result.stdout == SAID
    assert result.stderr == (
        f"There is no model in {empty_home / 'models'} yet. Run: chatbot setup --project {workshop}\n"
        "The marked intents are taken for what is heard.\n"
    )
    assert isinstance(result_error(run("--project", workshop, "--nlu")), ModelError)


def result_error(result: Result) -> BaseException:
    """What the command line would have said in one sentence."""
    assert result.exception is not None
    return result.exception


def test_a_project_without_tests_is_told_where_they_belong(workshop: Path, empty_home: Path) -> None:
    error = result_error(run("--project", workshop, "--stories-only"))
    assert isinstance(error, ProjectError)
    assert str(error) == (
        f"{workshop / 'tests'}: does not exist. Name files with test stories, or folders of such files."
    )


def test_nobody_converses_without_a_model(workshop: Path, empty_home: Path) -> None:
    told(workshop, STORIES)
    assert isinstance(result_error(run("--project", workshop, "--converse")), ModelError)
    refused = run("--project", workshop, "--converse", "--stories-only")
    assert (refused.exit_code, "--converse" in refused.stderr) == (2, True)


# --- with a trained model ---------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """An assistant with the intents of the small model."""
    folder = tmp_path / "shop"
    (folder / "data").mkdir(parents=True)
    (folder / "domain.yml").write_text(SHOP)
    (folder / "data" / "rules.yml").write_text(SHOP_RULES)
    return folder


def test_stories_pass_with_a_trained_model_and_again_in_other_words(shop: Path, trained_home: Path) -> None:
    as_taught = TALK.format(
        title="As taught", parcel="where is my parcel", money="i want my money back", open="when do you open"
    )
    in_other_words = TALK.format(
        title="In other words",
        parcel="when will my parcel be delivered",
        money="can I get my money back please",
        open="what time do you open on sunday",
    )
    told(shop, as_taught + in_other_words)
    result = run("--project", shop, "--nlu", "--json")
    report = json.loads(result.stdout)
    assert [story["differences"] for story in report["stories"]] == [[], []]
    assert (result.exit_code, report["model"], report["steps"]) == (0, "few", 18)


def test_an_intent_that_the_model_takes_for_another_is_told(shop: Path, trained_home: Path) -> None:
    told(shop, "- story: One\n  steps:\n  - user: where is my parcel\n    intent: refund\n  - action: utter_refund\n")
    result = run("--project", shop)
    assert result.exit_code == 1
    assert "        test_stories.yml line 4: intent: expected refund, got track_order (track_order: confidence " in (
        result.stdout
    )
    assert result.stdout.endswith("\nStories: 0 passed, 1 failed. Steps: 2 of 3 right.\n")


def test_a_story_is_really_talked_through(shop: Path, trained_home: Path) -> None:
    told(shop, TALK.format(title="One", parcel="track my order", money="refund me please", open="when do you open"))
    result = run("--project", shop, "--converse")
    assert result.stdout.endswith("\nStories: 1 passed, 0 failed. Steps: 3 of 3 right.\n")
    logs = list(trained_home.glob("conversations.db*"))
    assert logs
    assert [log.name for log in logs if b"track my order" in log.read_bytes()] == []


def test_another_assistants_model_is_not_believed(workshop: Path, trained_home: Path) -> None:
    told(workshop, STORIES)
    result = run("--project", workshop)
    assert result.stdout == SAID
    assert f"The current model in {trained_home / 'models'} is another assistant's: it knows " in result.stderr
