from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.actions.breaker import Breaker
from chatbot.actions.endpoint import Endpoint, actions_of, read_endpoint
from chatbot.actions.in_process import InProcess
from chatbot.actions.remote import Remote
from chatbot.errors import ProjectError


def written(folder: Path, text: str) -> Path:
    (folder / "endpoints.yml").write_text(text, "utf-8")
    return folder


def test_an_endpoints_file_of_rasa_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTION_HOST", "actions.shop.example")
    monkeypatch.setenv("ACTION_TOKEN", "s3cret")
    folder = written(
        tmp_path,
        """
tracker_store: {type: SQL}
action_endpoint:
  url: "https://${ACTION_HOST}:5055/webhook"
  headers: {X-Shop: maple}
  params: {tier: 1}
  token: ${ACTION_TOKEN}
  basic_auth: {username: bot, password: "${ACTION_TOKEN}!"}
  cafile: ca.pem
  enable_selective_domain: true
""",
    )
    found = read_endpoint(folder)
    assert found == Endpoint(
        "https://actions.shop.example:5055/webhook",
        {"X-Shop": "maple"},
        {"tier": "1", "token": "s3cret"},
        ("bot", "s3cret!"),
        "ca.pem",
        True,
    )
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("tracker_store: {type: SQL}\n", None),
        ("action_endpoint:\n", None),
        ("action_endpoint: {url: http://localhost:5055}\n", Endpoint("http://localhost:5055/webhook")),
        ("action_endpoint: {url: http://localhost:5055/}\n", Endpoint("http://localhost:5055/webhook")),
        ("action_endpoint: {url: http://localhost:5055/run}\n", Endpoint("http://localhost:5055/run")),
        (
            "action_endpoint: {url: http://a/b, token: t, token_name: key}\n",
            Endpoint("http://a/b", params={"key": "t"}),
        ),
        ("action_endpoint: {actions_module: actions.shop}\n", "actions.shop"),
    ],
)
def test_what_an_endpoints_file_says_of_actions(tmp_path: Path, text: str, expected: Endpoint | str | None) -> None:
    assert read_endpoint(written(tmp_path, text)) == expected


def test_without_an_endpoints_file_there_is_no_server(tmp_path: Path) -> None:
    assert read_endpoint(tmp_path) is None
    assert read_endpoint(None) is None


@pytest.mark.parametrize(
    ("section", "why"),
    [
        (
            "{url: 'http://h/${FRONTDESK_NOT_SET}'}",
            "endpoints.yml line 1: action_endpoint.url needs the environment variable FRONTDESK_NOT_SET, which is not "
            "set.",
        ),
        (
            "{url: 'grpc://localhost:5055'}",
            "endpoints.yml line 1: action_endpoint.url: grpc://... is not supported; allowed is "
            "http://HOST:PORT/webhook, or https.",
        ),
        (
            "{headers: {a: b}}",
            "endpoints.yml line 1: action_endpoint.url: no address is not supported; allowed is "
            "http://HOST:PORT/webhook, or https.",
        ),
        (
            "{url: 'http://h', headers: [a]}",
            "endpoints.yml line 1: action_endpoint.headers is list; a mapping is expected.",
        ),
        (
            "{url: 'http://h', retries: 3}",
            "endpoints.yml line 1: action_endpoint: 'retries' is not supported; allowed: url, headers, params, token, "
            "token_name, basic_auth, cafile, actions_module, enable_selective_domain.",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_and_line(tmp_path: Path, section: str, why: str) -> None:
    with pytest.raises(ProjectError) as refusal:
        read_endpoint(written(tmp_path, f"action_endpoint: {section}\n"))
    assert str(refusal.value) == why


def test_the_setting_wins_over_the_project_and_the_project_over_its_package(tmp_path: Path) -> None:
    folder = written(tmp_path, "action_endpoint: {url: http://project:5055/webhook}\n")
    assert url_of(actions_of("", folder, "actions")) == "http://project:5055/webhook"
    assert url_of(actions_of("http://setting:5055", folder, "actions")) == "http://setting:5055/webhook"
    assert package_of(actions_of("in-process", folder, "actions")) == "actions"
    assert package_of(actions_of("", None, "chatbot.shop.actions")) == "chatbot.shop.actions"
    module = written(tmp_path, "action_endpoint: {actions_module: actions.shop}\n")
    assert package_of(actions_of("", module, "actions")) == "actions.shop"


def url_of(actions: object) -> str:
    assert isinstance(actions, Breaker)
    assert isinstance(actions.actions, Remote)
    return actions.actions.endpoint.url


def package_of(actions: object) -> str:
    assert isinstance(actions, InProcess)
    return actions.package


def test_a_setting_that_is_no_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"CHATBOT_ACTION_ENDPOINT: no address is not supported"):
        actions_of("localhost", tmp_path, "actions")
