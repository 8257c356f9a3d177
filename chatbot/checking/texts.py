"""Texts that are there twice, under two intents, on both sides of the judge, or that tell who somebody is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatbot.checking.doubles import Pieces, near, near_across, pieces
from chatbot.checking.facts import Said, contradictions
from chatbot.checking.fault import Fault
from chatbot.checking.material import Material, Stored
from chatbot.dialogue.responses import LANGUAGES
from chatbot.errors import ProjectError
from chatbot.messages import SEARCH
from chatbot.project import Project
from chatbot.understanding.masking import Masker, mark
from knowledge_base.text import normalise_question

NEARLY_SAME = 0.8
"""Likeness from which two texts teach the same thing: some five words of six."""
NEARLY_SEEN = 0.7
"""Likeness from which a held-out text counts as seen. Lower: a judge that was seen is worth nothing."""
MASK = re.compile(r"\[\w+\]")
RESERVED = re.compile(r"@\s?[\w.-]*\bexample(?:\.(?:com|org|net|edu))?$|\.(?:test|invalid|example)$", re.IGNORECASE)
"""Domains that are nobody's (RFC 2606)."""
DAY = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}")


@dataclass(frozen=True, slots=True)
class Text:
    """A text with its label. owner: what it stands for, an intent or a stored question. written: not out of a log.

    key: equal for texts that the classifier or the search cannot tell apart. bare: without the marks of masked data,
    for that both name an order makes two texts no more alike.
    """

    text: str
    key: str
    bare: Pieces
    owner: str
    where: str
    written: bool = True

    @classmethod
    def of(cls, text: str, masker: Masker, owner: str, where: str, written: bool = True) -> Text:
        """The text as it is learned and served: masked."""
        masked = masker.masked(text)
        key = normalise_question(masked) or masked  # an emoji alone has no letter, and is not every other emoji
        return cls(text, key, pieces(MASK.sub(" ", masked)), owner, where, written)


def faults_of_texts(project: Project, material: Material) -> Iterator[Fault]:
    """All of this module."""
    try:
        masker = Masker(material.nlu.regexes)
    except ProjectError:  # told by faults_of_entities
        masker = Masker({})
    taught = [
        Text.of(example.text, masker, example.intent, example.source, not example.group) for example in material.taught
    ]
    stored = [
        Text.of(phrasing, masker, each.pair.question, each.where)
        for each in material.stored
        for phrasing in each.phrasings
    ]
    searching = [intent for intent, chain in project.rules.by_intent.items() if chain[0] == SEARCH]
    yield from doubles([text for text in taught if text.written])
    yield from doubles_of_pairs(material.stored, masker)
    yield from clashes(taught)
    yield from clashes_with_pairs(taught, stored, {*searching})
    yield from leaks(material, [*taught, *stored], masker)
    yield from faults_of_answers(project, material)
    yield from personal_data(material, masker)


def doubles(texts: Sequence[Text]) -> Iterator[Fault]:
    """Of one intent: the same text, or nearly, written down twice."""
    for first, second, alike in same_or_near(texts):
        if first.owner == second.owner:
            how = "is also" if alike == 1 else "is nearly"
            yield Fault("double", second.where, f"'{second.text}' {how} {first.where} '{first.text}'. Remove one.")


def doubles_of_pairs(stored: Sequence[Stored], masker: Masker) -> Iterator[Fault]:
    """Of two pairs of one language: the same phrasing, or nearly, so that the search cannot tell the two apart."""
    for language in LANGUAGES:
        texts = [
            Text.of(phrasing, masker, each.where, each.where)
            for each in stored
            if each.pair.language in (language, "")
            for phrasing in each.phrasings
        ]
        for first, second, alike in same_or_near(texts):
            how = "is also" if alike == 1 else "is nearly"
            what = f"'{second.text}' {how} {first.where} '{first.text}'. "
            if first.owner != second.owner:
                yield Fault("double", second.where, what + "Say what is different about it, or merge the two pairs.")
            else:
                yield Fault("double", second.where, what + "Remove one.")


def clashes(taught: Sequence[Text]) -> Iterator[Fault]:
    """One text, or nearly one, under two intents. Texts of a log count: whoever labelled them may have erred."""
    for first, second, alike in same_or_near(taught):
        if first.owner != second.owner:
            how = "is" if alike == 1 else f"is nearly '{first.text}', which is"
            what = f"'{second.text}' is '{second.owner}' here and {how} '{first.owner}' in {first.where}. Relabel one."
            yield Fault("clash", second.where, what)


def clashes_with_pairs(taught: Sequence[Text], stored: Sequence[Text], searching: set[str]) -> Iterator[Fault]:
    """A stored phrasing that is an example of an intent which does not search: the intent's answer is never given."""
    mine = {text.key: text for text in stored}
    for text in taught:
        if text.owner not in searching and text.key in mine:
            pair = mine[text.key]
            what = (
                f"'{text.text}' is an example of '{text.owner}' and a stored phrasing of '{pair.owner}' ({pair.where}),"
                " which always wins. Keep one."
            )
            yield Fault("clash", text.where, what)


def leaks(material: Material, learned: Sequence[Text], masker: Masker) -> Iterator[Fault]:
    """A held-out text, or nearly it, among the examples, the logs or the stored phrasings; or held out twice."""
    held_out = [
        *(Text.of(each.text, masker, "intents", each.source) for each in material.judged),
        *(Text.of(each.text, masker, "questions", each.source) for each in material.asked),
    ]
    exact = {text.key: text for text in learned if text.key}
    for text in held_out:
        if text.key in exact:
            seen = exact[text.key]
            yield Fault(
                "leak", text.where, f"'{text.text}' is also in {seen.where}. Write another one, or remove it there."
            )
    for at, found, _ in near_across([text.bare for text in held_out], [text.bare for text in learned], NEARLY_SEEN):
        text, seen = held_out[at], learned[found]
        if text.key not in exact:
            what = f"'{text.text}' is nearly '{seen.text}' in {seen.where}. Write another one, or remove it there."
            yield Fault("leak", text.where, what)
    for first, second, _ in same_or_near(held_out):
        if first.owner == second.owner:
            yield Fault(
                "double", second.where, f"'{second.text}' is, or is nearly, {first.where} '{first.text}'. Remove one."
            )


def same_or_near(texts: Sequence[Text]) -> Iterator[tuple[Text, Text, float]]:
    """Every two texts whose keys are equal (1), or that are at least NEARLY_SAME; the earlier one first."""
    by_key: dict[str, Text] = {}
    first_ones = []
    for text in texts:
        if text.key in by_key:
            yield by_key[text.key], text, 1.0
        else:
            by_key[text.key] = text
            first_ones.append(text)
    for i, j, alike in near([text.bare for text in first_ones], NEARLY_SAME):
        yield first_ones[i], first_ones[j], min(alike, 0.999)


def faults_of_answers(project: Project, material: Material) -> Iterator[Fault]:
    """Two answers to nearly the same question with other numbers: of two pairs, or of a pair and a response."""
    for language in LANGUAGES:
        said = [
            Said(each.where, each.where, phrasing, each.pair.answer, (each.pair.valid_from, each.pair.valid_until))
            for each in material.stored
            if each.pair.language in (language, "")
            for phrasing in each.phrasings
        ]
        said += [
            Said("response", response_place, example.text, text)
            for example in material.nlu.examples
            if example.language == language
            for response_place, text in spoken(project, material, example.intent, language)
        ]
        for first, second, unit in contradictions(said):
            yield Fault(
                "contradiction",
                second.where,
                f"'{second.question}' is answered '{second.answer}'; {first.where} answers '{first.question}' with"
                f" '{first.answer}': their numbers ({unit}) differ. Correct one, or ask more precisely.",
            )


def spoken(project: Project, material: Material, intent: str, language: str) -> Iterator[tuple[str, str]]:
    """Place and text of what an intent's rule says in a language."""
    for step in project.rules.by_intent.get(intent, ()):
        for variant in project.domain.responses.get(step, ()):
            if (variant.conditions or {}).get("language", language) == language:
                yield material.place("responses", step), variant.text


def personal_data(material: Material, masker: Masker) -> Iterator[Fault]:
    """E-mail addresses, identity, telephone and card numbers in clear; in a log, all that Frontdesk would have masked.

    Not: addresses at example.com and its like, days, and what stands in answers, which the company wrote itself.
    """
    general = Masker({})
    written = [(each.text, each.source) for each in (*material.nlu.examples, *material.judged)]
    written += [(each.text, each.source) for each in material.asked]
    written += [(phrasing, each.where) for each in material.stored for phrasing in each.phrasings]
    for text, where in written:
        for entity in general.entities(DAY.sub("", text)):
            digits = sum(character.isdigit() for character in entity.value)
            if not (RESERVED.search(entity.value) if entity.name == "email" else digits < 7):
                what = f"'{entity.value}' looks like personal data ({entity.name}). Invent one, as name@example.com."
                yield Fault("personal", where, what)
    for turn in material.turns:
        for entity in masker.entities(DAY.sub("", turn.text)):
            what = f"'{entity.value}' is in clear ({entity.name}). Put {mark(entity.name)} in its place."
            yield Fault("personal", turn.source, what)
