"""Settings, read once: defaults, then the environment (CHATBOT_...), then the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chatbot.errors import SettingsError

AUTO = "auto"
"""As a base model: the built-in one whose vocabulary has the texts' language."""


def default_home() -> Path:
    """`var` in the checkout that the code lies in, from whichever directory it is called; else in the current one."""
    checkout = Path(__file__).resolve().parents[1]
    return checkout / "var" if (checkout / "pyproject.toml").is_file() else Path("var").resolve()


Listed = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(lambda given: given.replace(",", " ").split() if isinstance(given, str) else given),
]
"""Several texts; in the environment parted by commas or blanks."""


class Settings(BaseSettings):
    """Each can be set in the environment: CHATBOT_HOME, CHATBOT_PORT, ...

    home: where files made at run time lie. project: the assistant's folder, in Rasa's layout; the demo shop if none is
    named. base_model: 'auto' (by the language of the examples), 'english', 'multilingual', 'multilingual-full', a
    folder, or a Hugging Face id; the sentence encoders of English and Chinese likewise (docs/benchmarks.md tells
    why two). Thresholds are no settings: they are computed (`chatbot thresholds`).
    """

    model_config = SettingsConfigDict(env_prefix="CHATBOT_", env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = Field(default_factory=default_home)
    project: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(7860, ge=0, le=65535)
    base_model: str = Field(AUTO, min_length=1)
    sentence_encoder_en: str = Field("english", min_length=1)
    sentence_encoder_zh: str = Field("multilingual", min_length=1)
    embed_origins: Listed = Field((), description="sites that may frame the chat page and call the REST channel")
    trusted_proxies: Listed = Field((), description="addresses and networks whose X-Forwarded-For is believed")
    messages_a_minute: int = Field(60, ge=1, le=100_000, description="of one address, that are answered")
    threads: int = Field(1, ge=1, le=64, description="that one call of an encoder may use")
    keep_live_hours: float = Field(72.0, gt=0, description="after the last turn, until raw text is deleted")
    action_endpoint: str = Field("", description="address of an action server, or 'in-process'; else as endpoints.yml")
    action_seconds: float = Field(10.0, gt=0, le=30, description="that an action is waited for")
    rest_token: str | None = Field(None, min_length=8, repr=False, description="that the REST channel demands")
    api_token: str | None = Field(None, min_length=8, repr=False, description="of operators, for their HTTP routes")
    open_payloads: Listed = Field((), description="intents that front ends may send unasked, as /greet")
    own_servers: Listed = Field((), description="addresses and networks of callers that speak for many customers")


def load_settings(**given: Any) -> Settings:
    """The settings; `given` (of the command line) wins where it is not None.

    Raises SettingsError naming each key, what was got and what is allowed.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))} is {e['input']!r}: {e['msg'].lower()}" for e in error.errors()]
        raise SettingsError("Settings (environment CHATBOT_..., or options): " + "; ".join(faults)) from error
