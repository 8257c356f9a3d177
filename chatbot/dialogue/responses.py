"""What a response must keep to: one set of rules for the file, for `chatbot check` and for staff's edits. Pure.

Whether it is a response at all (it has a text, its buttons have titles) is told where it is read: domain.read_variants.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from chatbot.dialogue.domain import Domain, Variant
from chatbot.messages import Language, Slot

PLACE = re.compile(r"\{(\w+)\}")
"""Where the value of a slot goes."""
BRACE = re.compile(r"[{}]")
PATH = re.compile(r"/(?![/\\]).*")
"""A path of this site; `//host` and `/\\host` are addresses of another one to a browser."""
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE = "language"
"""The slot that is always there, whether the domain has it or not."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a response, in a sentence. kind: as in `chatbot check`."""

    kind: Literal["broken", "language", "lists"]
    what: str


def silences(name: str, variants: Sequence[Variant], situations: Iterable[Mapping[str, Slot]]) -> Iterator[Flaw]:
    """Situations (values of slots, the language among them) in which the response could not be said."""
    for situation in situations:
        if not any(variant.fits(situation) for variant in variants):
            others = [f"{slot} is {value!r}" for slot, value in situation.items() if slot != LANGUAGE]
            where = f" where {' and '.join(others)}" if others else ""
            yield Flaw(
                "language", f"Response '{name}' has no variant for language '{situation[LANGUAGE]}'{where}. Add one."
            )


def dead_ends(name: str, variants: Sequence[Variant], domain: Domain) -> Iterator[Flaw]:
    """Buttons that lead nowhere, conditions that never hold, pictures that are not shown."""
    for payload in sorted({button.payload for variant in variants for button in variant.buttons}):
        yield from flaws_of_payload(name, payload, domain)
    for slot, value in chain.from_iterable((variant.conditions or {}).items() for variant in variants):
        if slot == LANGUAGE and value not in LANGUAGES:
            allowed = ", ".join(LANGUAGES)
            yield Flaw("language", f"Response '{name}': condition language '{value}' never holds; allowed: {allowed}.")
        elif slot != LANGUAGE and slot not in domain.slots:
            yield Flaw("lists", f"Response '{name}': a condition is on slot '{slot}', which domain.yml does not have.")
    for image in (variant.image for variant in variants):
        if image and not PATH.fullmatch(image) and not is_https(image):
            what = f"image '{image}' is neither a path (/...) nor an https address, and would not be shown."
            yield Flaw("broken", f"Response '{name}': {what}")


def flaws_of_payload(name: str, payload: str, domain: Domain) -> Iterator[Flaw]:
    """A payload is `/intent`, `/intent{json}`, or what the customer says by pressing the button."""
    if not payload.startswith("/"):
        return
    intent, brace, values = payload[1:].partition("{")
    if not domain.knows_intent(intent):
        yield Flaw("lists", f"Response '{name}': button '{payload}' names an intent that domain.yml does not have.")
    elif brace and not is_mapping(brace + values):
        yield Flaw("broken", f"Response '{name}': button '{payload}' carries no JSON; write /{intent}{{\"slot\": 1}}.")


def flaws_of_edit(name: str, variants: Sequence[Variant], domain: Domain) -> list[Flaw]:
    """What forbids that these variants are said in place of the domain's own.

    Beside what a file must keep to: they can be said wherever the file's can; they fill in only what is filled in; and
    what only the assistant knows, as the number of a ticket, is told where every variant of the file tells it.
    """
    own = domain.responses[name]
    allowed = allowed_places(own, domain)
    unknown = sorted({*chain.from_iterable(map(places, variants))} - allowed)
    listed = ", ".join(f"{{{place}}}" for place in sorted(allowed))
    return [
        *beyond_the_console(name, own, variants),
        *silences(name, variants, situations(own)),
        *dead_ends(name, variants, domain),
        *(Flaw("lists", f"Response '{name}': nothing fills in {{{place}}}; allowed: {listed}.") for place in unknown),
        *(
            Flaw("lists", f"Response '{name}': '{start(text)}' lacks {{{place}}}, which is told nowhere else. Add it.")
            for text, place in missing(own, variants)
            if not domain.is_told(place)
        ),
    ]


def beyond_the_console(name: str, own: Sequence[Variant], variants: Sequence[Variant]) -> Iterator[Flaw]:
    """What only the file can say: a picture without a text, and what is meant for a front end of one's own."""
    if any(variant.custom for variant in own):
        yield Flaw("broken", f"Response '{name}' has a `custom` part. Edit it in domain.yml.")
    if all(variant.text for variant in own) and not all(variant.text for variant in variants):
        yield Flaw("broken", f"Response '{name}': a variant has no text.")


def warnings_of_edit(name: str, variants: Sequence[Variant], domain: Domain) -> list[str]:
    """What may be a mistake: a slot of the customer's own words that is told no more, braces that mean nothing."""
    lost = [
        f"'{start(text)}' no longer repeats {{{place}}}, which the customer has said."
        for text, place in missing(domain.responses[name], variants)
        if domain.is_told(place)
    ]
    loose = [
        f"'{start(variant.text)}' has braces that are shown as they are; a slot is written {{slot}}."
        for variant in variants
        if BRACE.search(PLACE.sub("", variant.text))
    ]
    return [*lost, *loose]


def situations(variants: Sequence[Variant]) -> list[Mapping[str, Slot]]:
    """The slots' values that the variants are made for, in each language that they can be said in."""
    found: list[Mapping[str, Slot]] = []
    for variant in variants:
        for language in LANGUAGES:
            situation = {LANGUAGE: language, **(variant.conditions or {})}
            if situation[LANGUAGE] == language and situation not in found:
                found.append(situation)
    return found


def allowed_places(own: Sequence[Variant], domain: Domain) -> frozenset[str]:
    """What is filled in: slots, and the values that the response is said with, which the file's variants name."""
    return frozenset({*domain.slots, LANGUAGE, *chain.from_iterable(map(places, own))})


def places(variant: Variant) -> frozenset[str]:
    """The slots that are filled into its text and the titles of its buttons."""
    return frozenset(PLACE.findall("\n".join((variant.text, *(button.title for button in variant.buttons)))))


def missing(own: Sequence[Variant], variants: Sequence[Variant]) -> list[tuple[str, str]]:
    """Texts that lack a place which all texts of the file have, each with that place."""
    always = frozenset[str].intersection(*(frozenset(PLACE.findall(variant.text)) for variant in own)) if own else ()
    return [
        (variant.text, place)
        for variant in variants
        for place in sorted(frozenset(always) - {*PLACE.findall(variant.text)})
    ]


def written(variants: Sequence[Variant]) -> list[dict[str, Any]]:
    """The variants as `domain.yml` has them: what domain.read_variants reads."""
    return [
        {
            "text": variant.text,
            "buttons": [{"title": button.title, "payload": button.payload} for button in variant.buttons],
            "image": variant.image,
            "condition": [
                {"type": "slot", "name": slot, "value": value} for slot, value in (variant.conditions or {}).items()
            ],
        }
        for variant in variants
    ]


def start(text: str, most: int = 40) -> str:
    """The beginning of a text, to name it by."""
    return text if len(text) <= most else f"{text[:most].rstrip()}..."


def is_mapping(text: str) -> bool:
    """Whether it is a JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def is_https(address: str) -> bool:
    """Whether it is an absolute https address with a host."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not re.search(r"\s", address)
