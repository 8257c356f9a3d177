"""The inbox: what the bot could not answer, grouped by meaning, until somebody does something about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from chatbot.conversations.unanswered import unanswered
from chatbot.deciding import LEAST_CHOICE
from chatbot.errors import FrontdeskError
from chatbot.learning.grouping import Group, clusters
from chatbot.learning.handled import Handled, Handling, How
from chatbot.learning.vectors import Encode, Vectors
from chatbot.learning.wordings import Wording, wordings_of
from chatbot.messages import Language, Reply
from knowledge_base.connections import Connections
from knowledge_base.pairs import Hit
from training_data.examples import LANGUAGES

MOST_WORDINGS = 2_000
"""The latest ones are grouped: time and memory grow with the square."""
MOST_MEASURED = 200
"""Wordings of a group that the bot is asked again: two seconds."""
OUTSIDE = "out_of_scope"
"""The label of what is none of the assistant's business."""


class NoSuchGroup(FrontdeskError):  # noqa: N818 - named for what is wrong, as PairNotFound is
    """Nobody asked this within these days."""

    def __init__(self, key: str, days: int) -> None:
        super().__init__(f"There is no group '{key}' in the last {days} days. Load the list again.")


class Labels(Protocol):
    """Keeps what staff say that a text means, for the next training."""

    def add(self, text: str, intent: str, language: Language, by: str) -> object:
        """One more label; text is masked."""
        ...


@dataclass(frozen=True, slots=True)
class Running:
    """What the inbox asks of the running assistant; none of it is logged.

    encode, encoder: the vectors of texts, and the name of the weights. answers: to a text in a language, the id of the
    pair that answers it; 0 where something else does (a response, an action, a form), None where nothing does (a
    fallback, a question back). nearest: the stored pair nearest to a text, with the confidence that it is the right one
    as its score. refresh: returns once what was saved is found.
    """

    encode: Encode
    encoder: str
    answers: Callable[[str, Language], int | None]
    nearest: Callable[[str, Language], Hit | None]
    refresh: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Groups:
    """The open groups, that of the most customers first. left_out: older wordings, too many to be grouped."""

    groups: tuple[Group, ...]
    left_out: int


class Inbox:
    """Reads the log, groups, and remembers what was handled. Safe to call from several threads."""

    def __init__(self, log: Connections, kept: Connections, labels: Labels, running: Running) -> None:
        """log: conversations.db. kept: inbox.db, see migrations.inbox_file; whoever opened them closes them."""
        self.log, self.labels, self.running = log, labels, running
        self.handled, self.vectors = Handled(kept), Vectors(kept, running.encode, running.encoder)
        self.clustered: dict[Language, tuple[tuple[str, ...], list[list[int]]]] = {}
        self.one_at_a_time = threading.Lock()

    def open(self, days: int) -> Groups:
        """What was asked within these days and is not handled; of a handled wording the turns since then."""
        wordings = self.asked(days)
        handled = self.handled.latest([wording.key for wording in wordings])
        since = [unhandled(wording, handled.get(wording.key)) for wording in wordings]
        left = sorted((wording for wording in since if wording), key=lambda wording: -wording.turns[0].id)
        latest = left[:MOST_WORDINGS]
        found = [
            Group(tuple(members), last_of([handled[one.key] for one in members if one.key in handled]))
            for language in LANGUAGES
            for members in self.grouped([wording for wording in latest if wording.reading.language == language])
        ]
        # Of two with equally many customers and turns the latest; then by key, so that pages do not overlap.
        found.sort(key=lambda group: (group.customers, group.size, group.last_at, group.key), reverse=True)
        return Groups(tuple(found), len(left) - len(latest))

    def group(self, key: str, days: int) -> Group:
        """The open group that the wording of this key is in, or else what was handled together with it.

        Raises NoSuchGroup.
        """
        for group in self.open(days).groups:
            if key in group.keys:
                return group
        handling = self.handled.latest([key]).get(key)
        keys = self.handled.keys(handling.id) if handling else frozenset()
        together = [wording for wording in self.asked(days) if wording.key in keys]
        if not together:
            raise NoSuchGroup(key, days)
        by_key = {wording.key: wording for wording in together}
        first = by_key.pop(key, None) or by_key.pop(min(by_key))
        return Group((first, *by_key.values()), handling)

    def is_open(self, group: Group) -> bool:
        """Whether it was asked since it was last handled."""
        return group.handled is None or group.last_at > group.handled.at

    def suggestion(self, group: Group) -> Hit | None:
        """The stored pair that the group may belong to; None if none of its language is likely."""
        hit = self.running.nearest(group.wordings[0].text, group.language)
        likely = hit and hit.score >= LEAST_CHOICE and hit.pair.language in ("", group.language)
        return hit if likely else None

    def settle(self, group: Group, how: How, subject: str, by: str) -> Handling:
        """The group leaves the inbox; what is asked again later, and is not answered then, comes back."""
        return self.handled.add(group.keys, how, subject, by)

    def outside(self, group: Group, by: str) -> Handling:
        """Its wordings become examples of what is out of scope, for the next training."""
        for wording in group.wordings:
            self.labels.add(wording.text, OUTSIDE, group.language, by)
        return self.settle(group, "outside", "", by)

    def measured(self, group: Group, handling: Handling | None) -> float:
        """The share of the group's turns that would be answered now, in [0, 1]; it is kept with the handling.

        Where a pair is to answer it, only what that pair answers counts: a wrong answer was there before. Of more than
        MOST_MEASURED wordings those nearest the middle are asked.
        """
        self.running.refresh()
        wanted = handling.pair_id if handling else None
        answered = asked = 0
        for wording in group.wordings[:MOST_MEASURED]:
            by = self.running.answers(wording.text, group.language)
            answered += len(wording.turns) if by is not None and wanted in (None, by) else 0
            asked += len(wording.turns)
        share = round(answered / asked, 4)
        if handling:
            self.handled.measured(handling.id, share)
        return share

    def asked(self, days: int) -> list[Wording]:
        """All that was not answered within these days, the latest first."""
        return wordings_of(unanswered(self.log, datetime.now(UTC) - timedelta(days=days)))

    def grouped(self, wordings: Sequence[Wording]) -> list[list[Wording]]:
        """The wordings of one language by meaning. The same ones are not grouped again."""
        if not wordings:
            return []
        language = wordings[0].reading.language
        ordered = sorted(wordings, key=lambda wording: wording.key)  # whoever came first, the groups are the same
        keys = tuple(wording.key for wording in ordered)
        with self.one_at_a_time:
            before, found = self.clustered.get(language, ((), []))
            if before != keys:
                found = clusters(self.vectors.of([wording.reading.bare for wording in ordered]))
                self.clustered[language] = (keys, found)
        return [[ordered[row] for row in rows] for rows in found]


def unhandled(wording: Wording, handling: Handling | None) -> Wording | None:
    """The wording with the turns since it was handled; None if there are none."""
    if handling is None:
        return wording
    since = tuple(turn for turn in wording.turns if turn.at > handling.at)
    return replace(wording, turns=since) if since else None


def last_of(handlings: Sequence[Handling]) -> Handling | None:
    """The latest of them, if there is one."""
    return max(handlings, key=lambda handling: handling.id, default=None)


def answering(reply: Reply) -> int | None:
    """What a reply amounts to, as Running.answers has it."""
    if not reply.steps or reply.steps[-1].kind in ("fallback", "clarify"):
        return None
    return next((int(step.name) for step in reply.steps if step.kind == "retrieval"), 0)
