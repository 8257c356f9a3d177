"""The shop's test stories: predicted from what they mark, and really talked through on its database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.messages import Evidence, Message, State
from chatbot.project import SHOP, load_project
from chatbot.testing.conversing import converse
from chatbot.testing.hearing import as_marked
from chatbot.testing.reading import Heard, TestStory, read_test_stories
from chatbot.testing.running import play
from chatbot.turn import Assistant
from knowledge_base.importing import read_pairs
from knowledge_base.pairs import Hit
from knowledge_base.text import normalise_question
from tests.fakes import SmallDesk
from training_data.examples import language_of

STORIES = read_test_stories([SHOP / "tests"])


class Oracle:
    """Understands what the stories mark, and finds the stored questions that are asked word for word."""

    def __init__(self, desk: SmallDesk, stories: Sequence[TestStory]) -> None:
        self.desk = desk
        self.marked = {step.text: step for story in stories for step in story.steps if isinstance(step, Heard)}
        pairs = [pair for path in load_project(None).pairs for pair in read_pairs(path)]
        self.stored = {normalise_question(text): pair for pair in pairs for text in (pair.question, *pair.similar)}

    def __call__(self, message: Message, state: State) -> Evidence:
        """The evidence that the story marks."""
        evidence = as_marked(self.marked[message.text], state, self.desk.policy)
        pair = self.stored.get(normalise_question(message.text))
        hits = (Hit(replace(pair, id=1), message.text, 1.0, 1.0, 1.0, exact=True),) if pair else ()
        return replace(evidence, hits=hits)


def test_there_are_sixty_stories_of_every_flow_in_both_languages() -> None:
    assert len(STORIES) >= 60
    assert len({story.title for story in STORIES}) == len(STORIES)
    languages = Counter(language_of(story.title) for story in STORIES)
    assert min(languages["en"], languages["zh"]) >= 30
    done = {step.action for story in STORIES for step in story.steps if hasattr(step, "action")}
    shop = load_project(None)
    assert {*shop.domain.forms, *(action for chain in shop.rules.after_form.values() for action in chain)} <= done


def test_one_text_means_one_thing_in_all_stories() -> None:
    intents: dict[str, set[str]] = {}
    for story in STORIES:
        for step in story.steps:
            if isinstance(step, Heard) and step.text and not any(entity.value in step.text for entity in step.entities):
                intents.setdefault(step.text, set()).add(step.intent)
    assert {text: found for text, found in intents.items() if len(found) > 1} == {}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_a_story_is_predicted_from_what_it_marks(desk: SmallDesk, story: TestStory) -> None:
    assert play(story, desk.policy).differences == ()


def test_all_stories_can_be_talked_through_one_after_another(desk: SmallDesk, tmp_path: Path) -> None:
    running = desk.assistant
    oracle = Oracle(desk, STORIES)
    verdicts = [
        converse(story, Assistant(running.conversations, oracle, running.policy, running.responders))
        for story in STORIES
    ]
    wrong = [(v.story.title, d.line, d.expected, d.predicted, d.reason) for v in verdicts for d in v.differences]
    assert wrong == []
