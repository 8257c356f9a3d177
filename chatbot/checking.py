"""Faults of an assistant that no single file shows: lists that must agree, and do not."""

from __future__ import annotations

from collections.abc import Iterator

from chatbot.deciding import title
from chatbot.dialogue.rules import SEARCH
from chatbot.errors import ActionError, ProjectError
from chatbot.messages import Language, State
from chatbot.project import Project
from chatbot.reply.action import InProcess
from chatbot.reply.template import Speaker
from chatbot.understanding.masking import Masker
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.importing import read_pairs
from training_data.examples import OUT_OF_SCOPE, TrainingDataError
from training_data.reading import read_data

ALWAYS = ("utter_clarify", "utter_fallback", "utter_action_failed")
"""Responses that every assistant needs, whatever its rules say."""
LANGUAGES: tuple[Language, ...] = ("en", "zh")


def faults(project: Project) -> Iterator[str]:
    """A sentence for each fault: what is wrong, and what to do."""
    yield from faults_of_intents(project)
    yield from faults_of_responses(project)
    yield from faults_of_forms(project)
    yield from faults_of_actions(project)
    yield from faults_of_pairs(project)


def faults_of_intents(project: Project) -> Iterator[str]:
    """Intents of the domain, the rules and the examples are the same; the examples' regexes are regexes."""
    try:
        data = read_data(project.examples)
        Masker(data.regexes)
    except (TrainingDataError, ProjectError) as error:
        yield str(error)
        return
    labels = {example.intent for example in data.examples}
    for intent in project.domain.intents:
        if intent not in labels:
            yield f"Intent '{intent}' has no training example. Add some to the NLU data, or remove it from domain.yml."
        if intent not in project.rules.by_intent and intent not in OUT_OF_SCOPE:
            yield f"Intent '{intent}' has no rule. Add one to rules.yml, or remove it from domain.yml."
    for label in sorted(labels - set(project.domain.intents)):
        yield f"The examples have an intent '{label}' that domain.yml does not. Add it there, or relabel them."


def faults_of_responses(project: Project) -> Iterator[str]:
    """Every response can be said in every language, and its buttons lead somewhere."""
    speaker = Speaker(project.domain)
    for name in ALWAYS:
        if not speaker.knows(name):
            yield f"Response '{name}' is missing in domain.yml; the assistant needs it when it does not know."
    for name, variants in project.domain.responses.items():
        for language in LANGUAGES:
            try:
                speaker.say(name, State("check", language=language))
            except ProjectError as error:
                yield str(error)
        for payload in {button.payload for variant in variants for button in variant.buttons}:
            if payload.startswith("/") and payload[1:].partition("{")[0] not in project.domain.intents:
                yield f"Response '{name}': button '{payload}' names an intent that domain.yml does not have."
    intents = set(project.domain.intents)
    for name in project.domain.responses:
        if name.startswith(title("")) and name.removeprefix(title("")) not in intents:
            yield f"Response '{name}' names an intent that domain.yml does not have."


def faults_of_forms(project: Project) -> Iterator[str]:
    """Every slot of a form is a slot, has a mapping, and can be asked for; every form leads on."""
    domain = project.domain
    for form, slots in domain.forms.items():
        if form not in project.rules.after_form:
            yield f"Form '{form}' has no rule for when it is filled. Add one with condition active_loop to rules.yml."
        for slot in slots:
            if not domain.slots.get(slot):
                yield f"Form '{form}': slot '{slot}' has no mapping in domain.yml, so it can never be filled."
            if f"utter_ask_{slot}" not in domain.responses and f"utter_ask_{form}_{slot}" not in domain.responses:
                yield f"Form '{form}': response 'utter_ask_{slot}' is missing in domain.yml."


def faults_of_actions(project: Project) -> Iterator[str]:
    """Every action that domain.yml names is there."""
    try:
        names = set(InProcess(project.actions).names()) if project.domain.actions else set()
    except ActionError as error:
        yield str(error)
        return
    for action in project.domain.actions:
        if action not in names and action != SEARCH:
            yield f"Action '{action}' of domain.yml is in no module of '{project.actions}'. Write it, or remove it."


def faults_of_pairs(project: Project) -> Iterator[str]:
    """The question-answer files can be imported."""
    for path in project.pairs:
        try:
            read_pairs(path)
        except KnowledgeBaseError as error:
            yield str(error)
