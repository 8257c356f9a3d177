"""What the first start learns from."""

from __future__ import annotations

from chatbot.project import load_project
from chatbot.setting_up import STORED_WORDINGS, all_pairs, project_examples
from training_data.reading import read_data


def test_stored_questions_are_examples_of_the_intent_that_searches_them() -> None:
    project = load_project(None)
    labelled, all_of_it = read_data(project.examples).examples, project_examples(project).examples
    stored = all_of_it[len(labelled) :]
    assert all_of_it[: len(labelled)] == labelled
    assert {example.intent for example in stored} == {"faq"}
    assert {example.language for example in stored} == {"en", "zh"}
    assert 0.9 * len(all_pairs(project)) <= len(stored) <= STORED_WORDINGS * len(all_pairs(project))


def test_no_stored_question_is_learned_twice() -> None:
    project = load_project(None)
    labelled, all_of_it = read_data(project.examples).examples, project_examples(project).examples
    stored = [example.text.casefold() for example in all_of_it[len(labelled) :]]
    assert len(stored) == len(set(stored))
    assert set(stored).isdisjoint(example.text.casefold() for example in labelled)
