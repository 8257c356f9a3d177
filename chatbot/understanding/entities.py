"""Every entity of a message: what has a form, what a list names, what was learned, what is read as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from chatbot.messages import Entity
from chatbot.understanding.entities_lookup import Lookup, folded
from chatbot.understanding.masking import NUMBER, Masker

BuiltIn = Callable[[str, Sequence[Entity]], Iterable[Entity]]
"""The recognisers of dates, amounts and the like. Given: a text, and the long numbers in it."""
DERIVED = 2
"""Rank of what the built-in recognisers read; before it come the project's own forms and lists, then what was
learned."""

MOST = 100
"""Of a message, from lists and from the built-in recognisers each: a page of figures has no more to say."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What the NLU data say of values. lookups: entity to its names. synonyms: wording to the value it stands for."""

    lookups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    synonyms: Mapping[str, str] = field(default_factory=dict)


NO_TABLES = Tables()


def none_built_in(text: str, numbers: Sequence[Entity]) -> Iterable[Entity]:
    """For a domain that lists none of the built-in entities."""
    return ()


class EntityFinder:
    """The entities of normalised texts. Safe to call from several threads."""

    def __init__(self, masker: Masker, tables: Tables, built_in: BuiltIn) -> None:
        self.masker, self.lookup, self.built_in = masker, Lookup(tables.lookups), built_in
        self.synonyms = {folded(wording): value for wording, value in tables.synonyms.items()}

    def find(self, text: str, learned: Iterable[Entity] = ()) -> tuple[Entity, ...]:
        """All entities in order of place, none overlapping. learned: those that the tagger found.

        Of overlapping ones the project's own forms and lists stay, then the learned, then the built-in; of one kind the
        longer. An entity that was learned with a role gives it to one of its name that stays in its place.
        """
        formed = self.masker.entities(text)
        numbers = [entity for entity in formed if entity.name == NUMBER]
        own = [*(entity for entity in formed if entity.name != NUMBER), *islice(self.lookup.entities(text), MOST)]
        tagged = list(learned)
        ranked = [
            *((0, entity) for entity in own),
            *((1, entity) for entity in tagged),
            *((DERIVED, entity) for entity in (*islice(self.built_in(text, numbers), MOST), *numbers)),
        ]
        return tuple(self.meant(with_role(entity, tagged)) for entity in apart(ranked))

    def meant(self, entity: Entity) -> Entity:
        """The entity with the value that its wording stands for, as Rasa's EntitySynonymMapper."""
        value = self.synonyms.get(folded(entity.value))
        return entity if value is None else replace(entity, value=value)


def apart(ranked: Iterable[tuple[int, Entity]]) -> list[Entity]:
    """Those that stay where entities overlap: of the lowest rank, then the longest, then the first; by place.

    A learned entity yields to a built-in one of its name at its place, which is the same with its value read.
    """
    ranked = list(ranked)
    read = {(entity.name, entity.start) for rank, entity in ranked if rank == DERIVED}
    kept: list[Entity] = []
    order = sorted(ranked, key=lambda each: (each[0], each[1].start - each[1].end))
    for rank, entity in order:
        if rank == 1 and (entity.name, entity.start) in read:
            continue
        if all(not overlap(entity, other) for other in kept):
            kept.append(entity)
    return sorted(kept, key=lambda entity: entity.start)


def overlap(one: Entity, other: Entity) -> bool:
    """Whether two entities share a character."""
    return one.start < other.end and other.start < one.end


def with_role(entity: Entity, learned: Iterable[Entity]) -> Entity:
    """The entity with role and group of the learned one of its name at its place."""
    for other in learned:
        if other.name == entity.name and overlap(other, entity):
            return replace(entity, role=other.role, group=other.group)
    return entity
