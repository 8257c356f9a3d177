from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import SettingsError
from chatbot.settings import Settings, default_home, load_settings


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CHATBOT_{name.upper()}", raising=False)


def test_every_setting_has_a_default_that_is_allowed() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.project) == ("127.0.0.1", 7860, None)
    assert settings.home == default_home()
    assert settings.home.is_absolute()


def test_the_environment_wins_over_defaults_and_the_command_line_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_PORT", "8001")
    monkeypatch.setenv("CHATBOT_HOME", "/srv/desk")
    monkeypatch.setenv("CHATBOT_KEEP_LIVE_HOURS", "0.5")
    settings = load_settings(port=8002, home=None)
    assert (settings.port, settings.home, settings.keep_live_hours) == (8002, Path("/srv/desk"), 0.5)


def test_an_empty_value_in_the_environment_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files and shells set what is not set to ''; an empty home would be the current directory."""
    for name in ("HOME", "PORT", "PROJECT", "BASE_MODEL"):
        monkeypatch.setenv(f"CHATBOT_{name}", "")
    assert load_settings() == Settings()
    assert (load_settings().home, load_settings().project) == (default_home(), None)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"port": 70000}, "port is 70000: input should be less than or equal to 65535"),
        ({"port": "many"}, "port is 'many': input should be a valid integer, unable to parse string as an integer"),
        ({"threads": 0}, "threads is 0: input should be greater than or equal to 1"),
        ({"keep_live_hours": 0}, "keep_live_hours is 0: input should be greater than 0"),
        ({"base_model": ""}, "base_model is '': string should have at least 1 character"),
        (
            {"port": -1, "threads": 65},
            "port is -1: input should be greater than or equal to 0; "
            "threads is 65: input should be less than or equal to 64",
        ),
    ],
)
def test_a_bad_value_is_refused_by_name(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(**given)
    assert str(refusal.value) == f"Settings (environment CHATBOT_..., or options): {sentence}"


def test_a_bad_value_in_the_environment_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_THREADS", "all")
    with pytest.raises(SettingsError, match=r"threads is 'all': input should be a valid integer"):
        load_settings()


def test_thresholds_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are computed from an error budget; one left over in an environment changes nothing and stops nothing."""
    monkeypatch.setenv("CHATBOT_INTENT_ANSWER", "0.9")
    assert load_settings() == Settings()
    assert [name for name in Settings.model_fields if "answer" in name or "clarify" in name] == []


def test_the_base_model_follows_from_the_examples_unless_one_is_named() -> None:
    assert load_settings().base_model == "auto"
    assert load_settings(base_model="english").base_model == "english"
