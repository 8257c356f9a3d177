"""Entities that every assistant can read without an example: phones, dates and times, amounts, numbers, ordinals.

They have Duckling's names, as Rasa's users know them, and are looked for only where the domain lists them: `time` (or
`date`, of the day alone), `amount-of-money`, `number`, `ordinal`, `phone-number`; with `_` too. `email` is always
found, for it is masked. What is found has its value in one form, whatever way it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from chatbot.dialogue.domain import Domain
from chatbot.messages import Entity
from chatbot.understanding.entities_money import amounts
from chatbot.understanding.entities_numbers import numbers, ordinals
from chatbot.understanding.entities_time import times

NAMES = ("time", "date", "amount-of-money", "phone-number", "number", "ordinal")
REGIONS = ("SG", "CN", "HK", "TW", "MY", "US", "GB", "AU", "NZ", "IN", "IE", "CA")
"""Where a number without a country code may be from: where English or Chinese is spoken."""
Local = Callable[[], datetime]


def here() -> datetime:
    """Now, in the time zone of this machine."""
    return datetime.now().astimezone()


class BuiltInEntities:
    """The recognisers of some names. Safe to call from several threads."""

    def __init__(self, names: Iterable[str], now: Local = here) -> None:
        """names: as the domain writes them; those that are none of NAMES are left to others."""
        self.called = {canonical(name): name for name in names if canonical(name) in NAMES}
        self.now = now

    def __call__(self, text: str, formed: Sequence[Entity]) -> Iterator[Entity]:
        """What is found in a normalised text; the same characters may be several. formed: the long numbers in it."""
        called = self.called
        if "time" in called or "date" in called:
            yield from times(text, self.now(), called.get("date", ""), called.get("time", ""))
        if "amount-of-money" in called:
            yield from amounts(text, called["amount-of-money"])
        if "phone-number" in called and formed:
            yield from phones(formed, called["phone-number"])
        if "ordinal" in called:
            yield from ordinals(text, called["ordinal"])
        if "number" in called:
            yield from numbers(text, called["number"])


def wanted(domain: Domain) -> tuple[str, ...]:
    """The entities of the domain that are looked for here.

    Where slots of text alone take a `number`, digits as they stand are meant, the last four of a phone: "two chairs"
    would fill them.
    """
    takers = [
        rules.type
        for rules in domain.slots.values()
        if any(mapped.kind == "from_entity" and canonical(mapped.entity) == "number" for mapped in rules.mappings)
    ]
    only_text = bool(takers) and set(takers) == {"text"}
    return tuple(name for name in domain.entities if not (only_text and canonical(name) == "number"))


def canonical(name: str) -> str:
    """A name as NAMES has it."""
    return name.casefold().replace("_", "-")


def phones(formed: Iterable[Entity], name: str) -> Iterator[Entity]:
    """Those of the long numbers that are somebody's phone: with its country code in E.164, else its digits.

    Only what is masked in the log is looked at.
    """
    import phonenumbers  # 40 ms; only an assistant that asks for phones needs it

    for entity in formed:
        regions = (None,) if entity.value.startswith("+") else REGIONS
        for region in regions:
            try:
                number = phonenumbers.parse(entity.value, region)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number):
                value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
                digits = "".join(char for char in entity.value if char.isdigit())
                yield Entity(name, digits if region else value, entity.start, entity.end)
                break
