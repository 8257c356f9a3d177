"""From a group of the inbox to the knowledge base: a new pair of it, or more phrasings of a pair that is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chatbot.errors import FrontdeskError
from chatbot.learning.grouping import Group
from chatbot.learning.wordings import PLACEHOLDER, Wording
from knowledge_base.changing import until_saved
from knowledge_base.checking import MAX_SIMILAR
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore


class NotAdded(FrontdeskError):  # noqa: N818 - named for what is wrong
    """The group cannot become what was asked for; nothing was saved."""


def offered(store: PairStore, wording: Wording, pair_id: int = 0) -> bool:
    """Whether a wording may become a phrasing of the pair (0: of a new one) unasked.

    Not if it holds a placeholder or is too long, nor if it is a phrasing of another pair already.
    """
    taken = store.exact(wording.text, wording.reading.language) if wording.publishable else None
    return wording.publishable and (taken is None or taken.id == pair_id)


def made_pair(store: PairStore, group: Group, pair: Pair, similar: Sequence[str] | None, by: str) -> Pair:
    """The new pair, stored. similar: further phrasings; None: all that are offered, as far as a pair can hold them.

    Raises NotAdded if the question is a customer's with its placeholder left in, DuplicateQuestion, InvalidPair.
    """
    theirs = {mark for wording in group.wordings for mark in PLACEHOLDER.findall(wording.text)}
    copied = theirs & set(PLACEHOLDER.findall(pair.question))
    if copied:
        raise NotAdded(
            f"The question holds {', '.join(sorted(copied))}, which stands for a customer's data. Word it without."
        )
    unasked = [wording.text for wording in group.wordings if offered(store, wording)]
    return store.add(replace(pair, similar=tuple(unasked[:MAX_SIMILAR] if similar is None else similar)), by=by)


def added_to(store: PairStore, group: Group, pair_id: int, texts: Sequence[str] | None, by: str) -> Pair:
    """The pair with further phrasings, stored. texts: None: all that are offered, as far as the pair can hold them.

    Raises PairNotFound, DuplicateQuestion, InvalidPair; NotAdded if the pair is withdrawn or of another language, or
    if there is nothing to add; PairChanged if somebody else saves it all the time.
    """
    return until_saved(lambda: _added_to(store, group, pair_id, texts, by))


def _added_to(store: PairStore, group: Group, pair_id: int, texts: Sequence[str] | None, by: str) -> Pair:
    stored = store.stored(pair_id)
    pair = stored.pair
    if pair.state == "withdrawn":
        raise NotAdded(f"Pair {pair_id} is withdrawn, so it answers nobody. Restore it first.")
    if pair.language not in ("", group.language):
        raise NotAdded(
            f"Pair {pair_id} answers questions in '{pair.language}'; these are in '{group.language}'. Make a new pair."
        )
    unasked = [wording.text for wording in group.wordings if offered(store, wording, pair_id)]
    new = unasked[: MAX_SIMILAR - len(pair.similar)] if texts is None else texts
    if not new:
        raise NotAdded(
            f"Nothing of this group can be added to pair {pair_id} as it is: the pair is full, or the texts hold "
            "placeholders, are too long, or are phrasings of other pairs. Name the texts to add."
        )
    return store.update(replace(pair, similar=(*pair.similar, *new)), revision=stored.revision, by=by)
