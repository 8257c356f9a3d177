from __future__ import annotations

import logging
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chatbot.actions.calls import ActionMissingError, ActionRejectedError, ActionUnavailableError, Call
from chatbot.actions.endpoint import Endpoint
from chatbot.actions.remote import Remote
from chatbot.errors import ActionError
from tests.actions.servers import free_port, scripted

CALL: Call = {
    "next_action": "action_look_up",
    "sender_id": "c1",
    "tracker": {"slots": {"contact": "mei@example.com"}},
    "domain": {"slots": {"contact": {}}},
    "domain_digest": "d1",
    "idempotency_key": "c1:3:0:abc",
}
RESULT = {"events": [{"event": "slot", "name": "seen", "value": 1}], "responses": [{"text": "Hi"}]}


def run(url: str, seconds: float = 30, **endpoint: Any) -> Any:
    with closing(Remote(Endpoint(url, **endpoint))) as remote:
        return remote.run(CALL, seconds)


def test_a_call_has_all_that_an_action_server_reads() -> None:
    with scripted((200, RESULT)) as server:
        found = run(server.url, headers={"X-Shop": "maple"}, params={"token": "s3cret"}, auth=("bot", "word"))
    assert found == RESULT
    (asked,) = server.asked
    assert asked.path == "/webhook?token=s3cret"
    assert {name: asked.headers[name] for name in ("X-Shop", "Authorization", "Idempotency-Key", "Content-Type")} == {
        "X-Shop": "maple",
        "Authorization": "Basic Ym90OndvcmQ=",
        "Idempotency-Key": "c1:3:0:abc",
        "Content-Type": "application/json",
    }
    version = asked.body.pop("version")
    assert version.split(".")[0] == "3"
    assert asked.body == CALL


def test_connections_are_kept() -> None:
    with scripted((200, RESULT)) as server, closing(Remote(Endpoint(server.url))) as remote:
        for _ in range(3):
            remote.run(CALL, 30)
    assert len({asked.port for asked in server.asked}) == 1


def test_a_server_that_misses_the_domain_gets_it_in_a_second_call() -> None:
    with scripted((449, {"error": "Missing domain", "action_name": "action_look_up"}), (200, RESULT)) as server:
        assert run(server.url, selective=True) == RESULT
    first, second = (asked.body for asked in server.asked)
    assert "domain" not in first
    assert first["domain_digest"] == second["domain_digest"] == "d1"
    assert second["domain"] == CALL["domain"]


def test_a_server_that_knows_the_domain_does_not_get_it_again() -> None:
    with scripted((200, RESULT)) as server:
        assert run(server.url, selective=True) == RESULT
    assert ["domain" in asked.body for asked in server.asked] == [False]


ABOUT = {"action_name": "action_look_up", "error": "mei@example.com said no"}
REJECTED = (ActionRejectedError, "The action 'action_look_up' declined to run.")


@pytest.mark.parametrize(
    ("status", "body", "kind", "why"),
    [
        (400, ABOUT, *REJECTED),
        (
            400,
            {"error": "Invalid body request"},
            ActionError,
            "The action server answered 'action_look_up' with status 400.",
        ),
        (404, ABOUT, ActionMissingError, "The action server has no action 'action_look_up'."),
        (404, b"<h1>Not Found</h1>", ActionError, "The action server answered 'action_look_up' with status 404."),
        (449, ABOUT, ActionError, "The action server answered 'action_look_up' with status 449."),
        (
            500,
            {"error": "mei@example.com", "request_body": {"tracker": {"slots": {"contact": "mei@example.com"}}}},
            ActionError,
            "The action server answered 'action_look_up' with status 500.",
        ),
        (302, b"", ActionError, "The action server answered 'action_look_up' with status 302."),
        (200, b"no JSON", ActionError, "The action 'action_look_up' gave no result."),
        (200, None, ActionError, "The action 'action_look_up' gave no result."),
        (200, [], ActionError, "The action 'action_look_up' gave no result."),
        (503, b"", ActionUnavailableError, "The action server did not answer for 'action_look_up': status 503."),
        (
            0,
            b"",
            ActionUnavailableError,
            "The action server did not answer for 'action_look_up': RemoteProtocolError.",
        ),
    ],
)
def test_what_is_no_result_is_told_without_what_the_server_says(
    status: int, body: Any, kind: type[ActionError], why: str
) -> None:
    with scripted((status, body)) as server, pytest.raises(ActionError) as failure:
        run(server.url)
    assert (type(failure.value), str(failure.value)) == (kind, why)
    assert len(server.asked) == 1  # what may have been done is not done again


def test_a_server_that_nobody_started_is_not_there() -> None:
    with pytest.raises(ActionUnavailableError) as failure:
        run(f"http://127.0.0.1:{free_port()}/webhook")
    assert str(failure.value) == "The action server did not answer for 'action_look_up': ConnectError."


def test_a_server_that_hangs_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    go_on = threading.Event()

    def hangs() -> tuple[int, Any]:
        go_on.wait(30)
        return 200, RESULT

    with scripted(hangs) as server:
        with pytest.raises(ActionUnavailableError):
            run(server.url, seconds=0.05)
        go_on.set()
    assert len(server.asked) == 1
    assert "mei@example.com" not in caplog.text


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"events": None}, {"events": [], "responses": []}),
        ({"events": "none", "responses": ["Hi", {"text": "Ho"}]}, {"events": [], "responses": [{"text": "Ho"}]}),
        ({"responses": [{"text": "half a pair: \ud83d"}]}, {"events": [], "responses": [{"text": "half a pair: ?"}]}),
    ],
)
def test_an_odd_result_is_read_as_far_as_it_goes(given: Any, read: Any) -> None:
    with scripted((200, given)) as server:
        assert run(server.url) == read


def test_certificates_that_cannot_be_read_are_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ActionError) as refusal:
        Remote(Endpoint("https://h/webhook", cafile=str(tmp_path / "none.pem")))
    assert str(refusal.value) == f"The certificates of action_endpoint.cafile cannot be read: {tmp_path / 'none.pem'}."


def test_nothing_of_the_call_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="chatbot")
    with scripted((500, ABOUT)) as server, pytest.raises(ActionError):
        run(server.url)
    assert caplog.messages == []
