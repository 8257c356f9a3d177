"""What an action is called with, and what comes back: the action server protocol of rasa-sdk.

https://rasa.com/docs/rasa/action-server/pages/action-server-api
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from chatbot.errors import ActionError

Call = Mapping[str, Any]
"""`next_action`, `sender_id`, `tracker`, `domain`, `domain_digest`, `idempotency_key`."""
Result = Mapping[str, Any]
"""`events` and `responses`, each a list of mappings."""


class ActionUnavailableError(ActionError):
    """No answer, or none in time. Whether the action has run is not known, so it is not called again."""


class ActionRejectedError(ActionError):
    """The action says that it is not the one to run now (rasa-sdk's ActionExecutionRejection)."""


class ActionMissingError(ActionError):
    """Nobody has written the action, or its server does not have it."""


class Actions(Protocol):
    """Where the project's actions run."""

    def run(self, call: Call, seconds: float) -> Result:
        """The result of one action. seconds: how long it is waited for.

        Raises ActionRejectedError, ActionUnavailableError, ActionMissingError, or ActionError if it fails.
        """
        ...

    def close(self) -> None:
        """Lets go of what is held for the next call."""


def read_result(raw: Any, name: str) -> Result:
    """What an action gave back, as if it had come over the wire: JSON, and nothing that UTF-8 cannot hold.

    An object that an action has put into a slot is kept as its text: a turn that cannot be written would be lost, with
    what the action has done. Raises ActionError for what is no result at all.
    """
    if not isinstance(raw, Mapping):
        raise ActionError(f"The action '{name}' gave no result.")
    try:
        text = json.dumps({key: raw.get(key) for key in ("events", "responses")}, default=str, ensure_ascii=False)
        result = json.loads(text.encode("utf-8", "replace"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ActionError(f"The action '{name}' gave what is no JSON: {type(error).__name__}.") from error
    return {key: [each for each in listed(result[key]) if isinstance(each, dict)] for key in result}


def listed(value: Any) -> list[Any]:
    """The value, if it is a list."""
    return value if isinstance(value, list) else []
