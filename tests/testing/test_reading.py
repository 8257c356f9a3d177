"""Test stories as Rasa writes them: what is read, and what is refused by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.errors import ProjectError
from chatbot.messages import Entity
from chatbot.testing.reading import ANY, Done, Filled, Heard, Loop, TestStory, read_test_stories
from tests.testing.bikes import read, told

WHOLE = """\
- story: A repair
  steps:
  - user: |
      my [race](bike) needs a new [blau]{"entity": "colour", "value": "blue", "role": "front"} tyre
    intent: book_repair
  - action: repair_form
  - active_loop: repair_form
  - slot_was_set:
    - requested_slot: fault
    - member
  - intent: inform
    entities:
    - bike: city
      role: own
    - colour
  - active_loop: null
  - form: null
  - action: action_listen
"""


def test_every_kind_of_step_is_read_with_its_line(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == [
        TestStory(
            "A repair",
            tmp_path / "tests" / "test_stories.yml",
            2,
            (
                Heard(
                    4,
                    "book_repair",
                    "my race needs a new blau tyre",
                    (Entity("bike", "race", 3, 7), Entity("colour", "blue", 20, 24, "front")),
                ),
                Done(7, "repair_form"),
                Loop(8, "repair_form"),
                Filled(9, {"requested_slot": "fault", "member": ANY}),
                Heard(12, "inform", "", (Entity("bike", "city", 0, 0, "own"), Entity("colour", "", 0, 0))),
                Loop(17, ""),
                Loop(18, ""),
                Done(19, "action_listen"),
            ),
        )
    ]


def test_of_a_folder_the_files_that_rasa_takes_for_tests_are_read(tmp_path: Path) -> None:
    story = "stories: [{{story: {}, steps: [{{intent: greet}}, {{action: utter_greet}}]}}]"
    (tmp_path / "deeper").mkdir()
    for name in ("test_b.yml", "deeper/test_c.yaml", "test_a.yml", "other.yml", "test_notes.txt"):
        (tmp_path / name).write_text(story.format(Path(name).stem))
    assert [each.title for each in read_test_stories([tmp_path])] == ["test_c", "test_a", "test_b"]
    assert [each.title for each in read_test_stories([tmp_path / "other.yml"])] == ["other"]


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (
            "[{intent: greet}, {or: [{intent: a}, {intent: b}]}]",
            "line 2: story 'One': `or` cannot stand in a test story; a test is one way through: write each choice as a "
            "story of its own.",
        ),
        (
            "[{intent: greet}, {checkpoint: later}]",
            "line 2: story 'One': `checkpoint` cannot stand in a test story; a test is one way through: write all of "
            "it in one story.",
        ),
        (
            "[{intent: greet}, {bot: Hello}]",
            "line 2: story 'One': `bot` cannot stand in a test story; name the action that says it, as "
            "`action: utter_...`.",
        ),
        (
            "[{intent: greet, mood: good}]",
            "line 2: story 'One': `mood` is not supported; allowed are action, active_loop, entities, form, intent, "
            "slot_was_set, user.",
        ),
        (
            "[{user: hello}]",
            "line 2: story 'One': `user:` names no intent. Add `intent:` with what must be understood.",
        ),
        (
            "[{intent: greet}, {action: null}]",
            "line 2: story 'One': the step says nothing. Write `user:` with `intent:`, `action:`, or take it out.",
        ),
        (
            "[{slot_was_set: [{member: true}]}, {action: utter_greet}]",
            "line 2: story 'One': the first to speak must be the customer. Add `user:`.",
        ),
        ("[]", ": story 'One': the first to speak must be the customer. Add `user:`."),
        ("[greet]", ": story 'One': 'greet' is no step. Write `action: ...` or `user: ...`."),
        ("nothing", "line 2: a story needs a title, `story:`, and a list of `steps:`."),
    ],
)
def test_what_no_test_can_say_is_refused_by_file_and_line(tmp_path: Path, steps: str, sentence: str) -> None:
    with pytest.raises(ProjectError) as refusal:
        read(tmp_path, f"- {{story: One, steps: {steps}}}")
    assert str(refusal.value) == f"test_stories.yml{'' if sentence.startswith(':') else ' '}{sentence}"


def test_rasa_1s_markdown_is_refused_by_name(tmp_path: Path) -> None:
    told(tmp_path, WHOLE)
    old = tmp_path / "tests" / "conversation_tests.md"
    old.write_text("## greet\n* greet: hello\n  - utter_greet\n")
    for place in (old, tmp_path / "tests"):
        with pytest.raises(ProjectError, match=r"conversation_tests\.md: test stories in Rasa 1's Markdown are not"):
            read_test_stories([place])


def test_no_stories_are_a_mistake_and_not_a_success(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"nowhere: does not exist\."):
        read_test_stories([tmp_path / "nowhere"])
    with pytest.raises(ProjectError, match="no test story"):
        read_test_stories([tmp_path])
    (tmp_path / "test_list.yml").write_text("stories: {story: One}")
    with pytest.raises(ProjectError, match=r"test_list\.yml: `stories` must be a list of stories\."):
        read_test_stories([tmp_path])
