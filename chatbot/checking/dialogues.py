"""Logs whose turns do not follow one another: a dialogue that cannot have happened teaches nothing about when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from chatbot.checking.fault import Fault
from chatbot.checking.material import Material
from training_data.logs import Turn


def faults_of_dialogues(material: Material) -> Iterator[Fault]:
    """Within a conversation: a turn's number that is not one more than the last, a time that goes back, no customer."""
    conversations: dict[str, list[Turn]] = defaultdict(list)
    for turn in material.turns:
        conversations[turn.conversation_id].append(turn)
    for name, turns in conversations.items():
        if all(turn.speaker != "customer" for turn in turns):
            yield Fault("order", turns[0].source, f"Conversation '{name}' has no turn of a customer. Remove it.")
        for last, turn in pairwise(turns):
            if turn.turn != last.turn + 1:
                what = (
                    f"Turn {turn.turn} of '{name}' follows turn {last.turn}. Number the turns 1, 2, 3, in their order."
                )
                yield Fault("order", turn.source, what)
            if turn.at < last.at:
                what = f"Turn {turn.turn} of '{name}' is at {turn.at:%H:%M:%S}, before the turn above it. Correct one."
                yield Fault("order", turn.source, what)
