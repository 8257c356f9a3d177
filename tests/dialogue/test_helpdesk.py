"""The YAML of a published Rasa 3 project, as it stands. Skipped where it does not lie beside the repository."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.dialogue.yaml_files import read_yaml
from chatbot.project import load_project
from tests.dialogue.talking import Talk

HELPDESK = Path(__file__).parents[3] / "shared" / "data" / "rasa_helpdesk"
OPENED = ("open_incident_form", "email", 1)

pytestmark = pytest.mark.skipif(not HELPDESK.is_dir(), reason="rasa_helpdesk is not there")


@pytest.fixture
def talk() -> Talk:
    return Talk(replace(load_project(HELPDESK), actions="tests.dialogue.helpdesk_actions"))


def waits_for(talk: Talk) -> tuple[str, str, int]:
    return talk.state.active_form, talk.state.requested_slot, talk.state.asked


def test_it_loads_whole() -> None:
    project = load_project(HELPDESK)
    assert len(project.domain.intents) == 17
    assert set(project.domain.forms) == {"open_incident_form", "incident_status_form"}
    assert len([path for path in project.rules.paths if path.is_rule]) == 9
    assert project.rules.after_form == {
        "open_incident_form": ("action_open_incident",),
        "incident_status_form": ("action_check_incident_status",),
    }


def followed(talk: Talk, steps: list[dict[str, object]]) -> list[str]:
    """The actions that the test story names and that are not what comes next."""
    told, differs = list[str](), list[str]()
    for step in steps:
        if "intent" in step:
            told = talk.say(str(step.get("user") or step["intent"]), str(step["intent"]))
            if step["intent"] == "nlu_fallback":
                told = talk.say("xyzzy")
        elif "action" in step and step["action"] not in told:
            differs.append(str(step["action"]))
        elif "active_loop" in step and step["active_loop"] is None:
            told = to_the_end(talk)
    return differs


def to_the_end(talk: Talk) -> list[str]:
    """Fills whatever form is active."""
    while talk.state.active_form:
        slot = talk.state.requested_slot
        if slot == "email":
            told = talk.say("a@b.com", email="a@b.com")
        elif slot == "priority":
            told = talk.say("low", priority="low")
        elif slot == "confirm":
            told = talk.say("yes", "affirm")
        else:
            told = talk.say("it is broken")
    return told


@pytest.mark.parametrize("number", range(12))
def test_its_own_test_stories_run(talk: Talk, number: int) -> None:
    story = read_yaml(HELPDESK / "tests" / "test_conversations.yml")["stories"][number]
    assert followed(talk, story["steps"]) == []


def test_an_incident_is_opened_with_everything_that_happens_on_the_way(talk: Talk) -> None:
    assert talk.say("hello", "greet") == ["utter_greet", "utter_help"]
    assert talk.say("my mail is down", "problem_email") == ["open_incident_form"]
    assert waits_for(talk) == OPENED
    assert talk.say("help", "help") == ["utter_help", "open_incident_form"]
    assert talk.say("a pizza please", "out_of_scope") == ["utter_out_of_scope", "open_incident_form"]
    assert waits_for(talk) == OPENED
    talk.say("a@b.com", "inform", email="a@b.com")
    talk.say("yesterday", "inform", priority="yesterday")
    assert waits_for(talk) == ("open_incident_form", "priority", 2)
    talk.say("/inform", priority="low")
    talk.say("it will not send", "problem_email")
    assert talk.state.slots["problem_description"] == "it will not send"
    assert talk.state.slots["incident_title"] == "Problem with email", "the intent that began the form says it"
    assert waits_for(talk) == ("open_incident_form", "confirm", 1)
    assert talk.say("/affirm") == ["open_incident_form", "action_open_incident"]
    assert talk.state.slots["previous_email"] == "a@b.com"
    assert waits_for(talk) == ("", "", 0)
    talk.say("open another", "open_incident")
    assert talk.say("yes", "affirm") == ["open_incident_form"]
    assert (talk.state.slots["email"], talk.state.requested_slot) == ("a@b.com", "priority")


def test_one_form_takes_over_from_the_other(talk: Talk) -> None:
    talk.say("open an incident", "open_incident")
    assert talk.say("what about my old one", "incident_status") == ["incident_status_form"]
    assert talk.say("a@b.com", "inform", email="a@b.com") == ["incident_status_form", "action_check_incident_status"]


def test_a_handoff_is_a_story(talk: Talk) -> None:
    assert talk.say("a human", "human_handoff") == ["utter_ask_handoff", "action_handoff_options"]
    assert talk.say("no", "deny") == ["utter_ask_whatelse"]
    talk.say("a human", "human_handoff")
    assert talk.say("/trigger_handoff", handoff_to="financial_demo") == ["action_handoff"]
    assert talk.say("restart", "restart") == ["action_restart"]


def test_what_is_not_understood_is_said_as_the_project_says_it(talk: Talk) -> None:
    assert talk.say("xyzzy") == ["utter_default"]
