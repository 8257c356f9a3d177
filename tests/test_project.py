from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.actions.in_process import InProcess
from chatbot.dialogue.domain import Domain, Variant
from chatbot.dialogue.paths import Mark
from chatbot.dialogue.paths import Path as Way
from chatbot.dialogue.rules import Rules
from chatbot.errors import ProjectError
from chatbot.project import Project, load_project, with_defaults

DOMAIN = "intents: [greet]\nresponses: {utter_greet: [{text: Hi}]}\nactions: [action_of_my_own]\n"
RULES = "rules: [{rule: Greet, steps: [{intent: greet}, {action: utter_greet}]}]\n"
GREET = Way("Greet", (Mark("intent", "greet"), Mark("action", "utter_greet")), where="rules.yml line 1")
ACTION = """
from rasa_sdk import Action

class ActionOfMyOwn(Action):
    def name(self):
        return "action_of_my_own"

    def run(self, dispatcher, tracker, domain):
        return []
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in Rasa's layout, with all that it may have."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    files = {
        "domain.yml": DOMAIN,
        "data/rules.yml": RULES,
        "data/nlu.yml": "nlu: []\n",
        "logs/may.jsonl": "",
        "knowledge_base/b.csv": "question,answer\n",
        "knowledge_base/a.csv": "question,answer\n",
        "knowledge_base/notes.txt": "",
        "confirmed/asked.csv": "text,question\n",
        "heldout/judge.csv": "text,label\n",
        "actions/__init__.py": "",
        "actions/mine.py": ACTION,
    }
    for name, text in files.items():
        (tmp_path / "bakery" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bakery" / name).write_text(text)
    return tmp_path / "bakery"


def test_a_project_in_rasas_layout_is_loaded_whole(folder: Path) -> None:
    assert load_project(folder) == Project(
        name={"en": "bakery", "zh": "bakery"},
        domain=with_defaults(
            Domain(("greet",), {}, {}, {"utter_greet": (Variant("Hi", conditions={}),)}, ("action_of_my_own",))
        ),
        rules=Rules((GREET,)),
        examples=(folder / "data", folder / "logs"),
        pairs=(folder / "knowledge_base" / "a.csv", folder / "knowledge_base" / "b.csv"),
        actions="actions",
        confirmed=(folder / "confirmed" / "asked.csv",),
        heldout=(folder / "heldout" / "judge.csv",),
        domain_file=folder / "domain.yml",
    )


def test_the_actions_of_a_project_run_from_whichever_folder_it_was_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    project = load_project(Path("bakery"))
    monkeypatch.chdir("/")
    try:
        assert "action_of_my_own" in InProcess(project.actions).names()
    finally:
        for name in ("actions", "actions.mine"):
            sys.modules.pop(name, None)
    assert sys.path.count(str(folder)) == 1
    load_project(folder)
    assert sys.path.count(str(folder)) == 1


def test_rules_may_lie_beside_the_domain(folder: Path) -> None:
    (folder / "data" / "rules.yml").rename(folder / "rules.yml")
    assert load_project(folder).rules == Rules((replace(GREET, where="rules.yml line 1"),))


def test_what_a_project_does_not_have_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text(DOMAIN)
    (tmp_path / "rules.yml").write_text(RULES)
    before = list(sys.path)
    project = load_project(tmp_path)
    assert (project.examples, project.pairs) == ((), ())
    assert sys.path == before


def test_a_folder_that_is_no_project_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as refusal:
        load_project(tmp_path / "nowhere")
    assert str(refusal.value) == (
        f"{tmp_path}/nowhere: has no domain.yml. A project has Rasa's layout: domain.yml, data/, actions/."
    )


def test_a_project_whose_files_are_no_text_is_refused_by_name(folder: Path) -> None:
    (folder / "data" / "stories.yml").write_bytes(b"stories: \xff")
    with pytest.raises(ProjectError, match=r"data/stories\.yml: cannot be read"):
        load_project(folder)


def test_rules_stories_and_responses_may_lie_anywhere_in_data(folder: Path) -> None:
    (folder / "data" / "deep").mkdir()
    (folder / "data" / "deep" / "a.yml").write_text(
        "nlu: []\nresponses: {utter_faq/hours: [{text: From 9}]}\n"
        "stories: [{story: Yes, steps: [{intent: greet}, {action: utter_greet}, {intent: greet}, {action: utter_faq}]}]"
    )
    project = load_project(folder)
    assert [path.called for path in project.rules.paths] == ["rule 'Greet'", "story 'Yes'"]
    assert project.domain.responses["utter_faq/hours"] == (Variant("From 9", conditions={}),)


def test_a_domain_may_be_a_folder(folder: Path) -> None:
    (folder / "domain").mkdir()
    (folder / "domain.yml").rename(folder / "domain" / "a.yml")
    project = load_project(folder)
    assert (project.domain.intents, project.domain_file) == (("greet",), folder / "domain")


def test_a_project_without_a_rule_is_one(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text(DOMAIN)
    assert load_project(tmp_path).rules == Rules()


def test_what_every_assistant_must_be_able_to_say_is_said_where_a_domain_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text("responses: {utter_default: [{text: What}], utter_clarify: [{text: Which}]}")
    responses = load_project(tmp_path).domain.responses
    assert responses["utter_clarify"] == (Variant("Which", conditions={}),)
    assert responses["utter_fallback"] == responses["utter_default"] == (Variant("What", conditions={}),)
    assert {variant.conditions["language"] for variant in responses["utter_action_failed"] if variant.conditions} == {
        "en", "zh",
    }  # fmt: skip


def test_the_demo_shop_is_the_default() -> None:
    shop = load_project(None)
    assert shop.name == {"en": "Maple & Moss", "zh": "枫苔家居"}
    assert shop.actions == "chatbot.shop.actions"
    assert [path.name for path in shop.pairs] == ["en.csv", "zh.csv"]
    assert all(path.exists() for path in (*shop.examples, *shop.pairs))
