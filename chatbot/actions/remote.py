"""Actions on an action server: rasa-sdk's own, or any that speaks its protocol."""

from __future__ import annotations

import json
import ssl
from importlib.metadata import version
from typing import Any

import httpx

from chatbot.actions.calls import (
    ActionMissingError,
    ActionRejectedError,
    ActionUnavailableError,
    Call,
    Result,
    read_result,
)
from chatbot.actions.endpoint import Endpoint
from chatbot.actions.time_limit import MOST_AT_ONCE, TimeLimit
from chatbot.errors import ActionError

MISSING_DOMAIN = 449
NOT_THERE = (502, 503, 504)
"""What a proxy says for a server that does not answer."""
IDEMPOTENCY_KEY = "Idempotency-Key"
"""https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header"""


class Remote:
    """Calls one action server; its connections are kept.

    A call that may have reached the server is never made a second time: what it does, it may have done.
    """

    def __init__(self, endpoint: Endpoint, calls: TimeLimit | None = None) -> None:
        """Raises ActionError if the endpoint's certificates cannot be read."""
        self.endpoint = endpoint
        self.calls = calls or TimeLimit()
        self.version = version("rasa-sdk")
        self.client = httpx.Client(
            headers=dict(endpoint.headers),
            params=dict(endpoint.params),
            auth=endpoint.auth,
            verify=trusted(endpoint.cafile),
            trust_env=False,  # the address says all: no proxy, no .netrc
            limits=httpx.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=MOST_AT_ONCE),
        )

    def run(self, call: Call, seconds: float) -> Result:
        """The result of one action, as Actions.run."""
        name = str(call["next_action"])
        return self.calls.run(name, lambda: self.asked(name, call, seconds), seconds)

    def asked(self, name: str, call: Call, seconds: float) -> Result:
        """The whole exchange. An answer of 449 asks for the domain: nothing has been done yet."""
        body = {**call, "version": self.version}
        if self.endpoint.selective:
            response = self.sent(name, {key: body[key] for key in body if key != "domain"}, seconds)
            if response.status_code != MISSING_DOMAIN:
                return answer(name, response)
        return answer(name, self.sent(name, body, seconds))

    def sent(self, name: str, body: Call, seconds: float) -> httpx.Response:
        """One request. Only where no connection came about, nothing was sent, and it is tried once more."""
        content = json.dumps(body, default=str).encode()
        headers = {"Content-Type": "application/json", IDEMPOTENCY_KEY: str(body["idempotency_key"])}
        try:
            try:
                return self.client.post(self.endpoint.url, content=content, headers=headers, timeout=seconds)
            except httpx.ConnectError:
                return self.client.post(self.endpoint.url, content=content, headers=headers, timeout=seconds)
        except httpx.HTTPError as error:
            reason = type(error).__name__
            raise ActionUnavailableError(f"The action server did not answer for '{name}': {reason}.") from error

    def close(self) -> None:
        """Closes the connections."""
        self.client.close()


def answer(name: str, response: httpx.Response) -> Result:
    """The result in an answer. What a server says beside it is not told: rasa-sdk's 500 repeats the whole tracker."""
    status, body = response.status_code, body_of(response)
    about = isinstance(body, dict) and "action_name" in body
    if status == httpx.codes.OK:
        return read_result(body, name)
    if status == httpx.codes.BAD_REQUEST and about:
        raise ActionRejectedError(f"The action '{name}' declined to run.")
    if status == httpx.codes.NOT_FOUND and about:
        raise ActionMissingError(f"The action server has no action '{name}'.")
    if status in NOT_THERE:
        raise ActionUnavailableError(f"The action server did not answer for '{name}': status {status}.")
    raise ActionError(f"The action server answered '{name}' with status {status}.")


def body_of(response: httpx.Response) -> Any:
    """The JSON of an answer; None if it is none."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def trusted(cafile: str) -> ssl.SSLContext | bool:
    """Certificates that are trusted: those of the file, or the usual ones. Raises ActionError if it cannot be read."""
    if not cafile:
        return True
    try:
        return ssl.create_default_context(cafile=cafile)
    except (OSError, ssl.SSLError) as error:
        raise ActionError(f"The certificates of action_endpoint.cafile cannot be read: {cafile}.") from error
