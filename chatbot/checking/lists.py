"""Lists of an assistant that must agree, and do not; no single file shows it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from chatbot.actions.endpoint import Endpoint, read_endpoint
from chatbot.actions.in_process import InProcess
from chatbot.checking.fault import Fault
from chatbot.checking.material import Material
from chatbot.deciding import title
from chatbot.dialogue.domain import read_domain
from chatbot.dialogue.paths import DEFAULT_ACTIONS, DEFAULT_INTENTS
from chatbot.dialogue.responses import LANGUAGE, LANGUAGES, dead_ends, silences
from chatbot.dialogue.rules import base
from chatbot.errors import ActionError, ProjectError
from chatbot.project import DEFAULTS, Project
from chatbot.reply.form import wordings
from chatbot.understanding.masking import Masker
from training_data.examples import OUT_OF_SCOPE


def faults_of_lists(project: Project, material: Material) -> Iterator[Fault]:
    """All of this module."""
    yield from faults_of_intents(project, material)
    yield from faults_of_entities(project, material)
    yield from faults_of_responses(project, material)
    yield from faults_of_forms(project, material)
    yield from faults_of_actions(project, material)
    yield from faults_of_the_judge(project, material)


def faults_of_intents(project: Project, material: Material) -> Iterator[Fault]:
    """Intents of the domain, the rules and the examples are the same."""
    domain = project.domain
    labels = {base(example.intent) for example in material.taught} | {*DEFAULT_INTENTS} - OUT_OF_SCOPE
    led_on = {base(intent) for intent in project.rules.by_intent} | {*DEFAULT_INTENTS} | told_by(project, material)
    pressed = payloads(project)
    for intent in domain.intents:
        where = material.place("intents", intent)
        if intent not in labels | pressed and not material.broken:
            what = f"Intent '{intent}' has no training example. Add some to the NLU data, or remove it from domain.yml."
            yield Fault("lists", where, what)
        if intent not in led_on and intent not in OUT_OF_SCOPE:
            what = f"Intent '{intent}' has no rule. Add one to rules.yml, or remove it from domain.yml."
            yield Fault("lists", where, what)
    unknown: dict[str, str] = {}
    for example in material.taught:
        if not domain.knows_intent(example.intent) and example.intent not in OUT_OF_SCOPE:
            unknown.setdefault(example.intent, example.source)
    for label, where in sorted(unknown.items()):
        what = f"The examples have an intent '{label}' that domain.yml does not. Add it there, or relabel them."
        yield Fault("lists", where, what)


def told_by(project: Project, material: Material) -> set[str]:
    """Intents that need no rule, for they fill slots: by themselves, or by the entities in their examples."""
    mapped = [mapping for rules in project.domain.slots.values() for mapping in rules.mappings]
    filling = {mapping.entity for mapping in mapped if mapping.kind == "from_entity"}
    by_entities = {
        base(example.intent)
        for example in material.nlu.examples
        if any(entity.name in filling for entity in example.entities)
    }
    return by_entities.union(*(mapping.intents for mapping in mapped))


def payloads(project: Project) -> set[str]:
    """Intents that buttons say."""
    variants = chain.from_iterable(project.domain.responses.values())
    said = (button.payload for variant in variants for button in variant.buttons)
    return {base(payload[1:].partition("{")[0]) for payload in said if payload.startswith("/")}


def faults_of_entities(project: Project, material: Material) -> Iterator[Fault]:
    """The examples' regexes are regexes; an entity that an example marks is one of the domain's."""
    try:
        Masker(material.nlu.regexes)
    except ProjectError as error:
        yield Fault("broken", "", str(error))
    unknown: dict[str, str] = {}
    for example in material.nlu.examples:
        for entity in example.entities:
            if entity.name not in project.domain.entities:
                unknown.setdefault(entity.name, example.source)
    for name, where in sorted(unknown.items()):
        yield Fault(
            "lists", where, f"Entity '{name}' is marked here and not in domain.yml. Add it there, or unmark it."
        )


def faults_of_responses(project: Project, material: Material) -> Iterator[Fault]:
    """Every response can be said in every language that the domain tells apart, and its buttons lead somewhere."""
    intents = set(project.domain.intents)
    situations = [{LANGUAGE: language} for language in LANGUAGES] if has_languages(project) else []
    for name, variants in project.domain.responses.items():
        where = material.place("responses", name)
        flaws = [*silences(name, variants, situations), *dead_ends(name, variants, project.domain)]
        yield from (Fault(flaw.kind, where, flaw.what) for flaw in flaws)
        if name.startswith(title("")) and name.removeprefix(title("")) not in intents:
            yield Fault("lists", where, f"Response '{name}' names an intent that domain.yml does not have.")


def has_languages(project: Project) -> bool:
    """Whether the domain's own responses tell languages apart; those that every assistant has do anyway."""
    every, own = read_domain(DEFAULTS).responses, project.domain.responses
    variants = chain.from_iterable(own[name] for name in own if own[name] != every.get(name))
    return any(LANGUAGE in (variant.conditions or {}) for variant in variants)


def faults_of_forms(project: Project, material: Material) -> Iterator[Fault]:
    """Every slot of a form is a slot, has a mapping, and can be asked for; every form leads on."""
    domain = project.domain
    for form, slots in domain.forms.items():
        where = material.place("forms", form)
        if form not in project.rules.after_form:
            what = f"Form '{form}' has no rule for when it is filled. Add one with condition active_loop to rules.yml."
            yield Fault("lists", where, what)
        for slot in slots:
            if not domain.is_told(slot):
                what = f"Form '{form}': slot '{slot}' has no mapping in domain.yml, so it can never be filled."
                yield Fault("lists", where, what)
            asked = wordings(form, slot, again=False)
            by_action = [name.replace("utter_", "action_", 1) for name in asked]
            if not {*asked, *by_action} & {*domain.responses, *domain.actions}:
                yield Fault("lists", where, f"Form '{form}': response 'utter_ask_{slot}' is missing in domain.yml.")


def faults_of_actions(project: Project, material: Material) -> Iterator[Fault]:
    """Every action that domain.yml names is there; the built-in search needs no code.

    Which actions an action server has, only the server knows.
    """
    needed = [
        action
        for action in project.domain.actions
        if action not in DEFAULT_ACTIONS and action not in project.domain.responses
    ]
    try:
        endpoint = read_endpoint(project.domain_file.parent)
        if isinstance(endpoint, Endpoint):
            return
        names = set(InProcess(endpoint or project.actions).names()) if needed else set()
    except (ActionError, ProjectError) as error:
        yield Fault("lists", "", str(error))
        return
    for action in needed:
        if action not in names:
            what = f"Action '{action}' of domain.yml is in no module of '{project.actions}'. Write it, or remove it."
            yield Fault("lists", material.place("actions", action), what)


def faults_of_the_judge(project: Project, material: Material) -> Iterator[Fault]:
    """Held-out labels are intents, and held-out questions name stored ones; an empty question has no stored answer."""
    stored = {(each.pair.language, each.pair.question) for each in material.stored}
    for example in material.judged:
        if example.intent not in project.domain.intents and example.intent not in OUT_OF_SCOPE:
            what = f"Label '{example.intent}' is no intent of domain.yml. Correct it, or add the intent."
            yield Fault("lists", example.source, what)
    for asked in material.asked if not material.broken else ():
        if asked.question and not {(asked.language, asked.question), ("", asked.question)} & stored:
            what = f"'{asked.question}' is no stored question in '{asked.language}'. Copy one, or leave it empty."
            yield Fault("lists", asked.source, what)
