"""Where a project's actions run: here, or on the action server that its endpoints.yml names.

Format: https://rasa.com/docs/rasa/action-server/running-action-server
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chatbot.actions.breaker import Breaker
from chatbot.actions.calls import Actions
from chatbot.actions.in_process import InProcess
from chatbot.dialogue.yaml_files import place, read_yaml
from chatbot.errors import ProjectError

FILES = ("endpoints.yml", "endpoints.yaml")
SECTION = "action_endpoint"
IN_PROCESS = "in-process"
"""As an address: the project's own package, whatever its endpoints.yml says."""
KEYS = (
    "url",
    "headers",
    "params",
    "token",
    "token_name",
    "basic_auth",
    "cafile",
    "actions_module",
    "enable_selective_domain",
)
VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An action server. Secrets are not part of its text.

    params: of the address; rasa's token is one. auth: user name and password. cafile: certificates that are trusted.
    selective: whether the domain is sent only where the server asks for it (449), which servers of rasa-sdk 3.9 and
    later do; an older one would run the action without a domain.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)
    cafile: str = ""
    selective: bool = False


def actions_of(setting: str, folder: Path | None, package: str) -> Actions:
    """The project's actions, where they are to run.

    setting: an address, 'in-process', or '' for what the project says. folder: of the project, None for the demo shop.
    package: of its actions. Raises ProjectError for an address or an endpoints.yml that cannot be used.
    """
    if setting == IN_PROCESS:
        return InProcess(package)
    found = Endpoint(checked_url(setting, "CHATBOT_ACTION_ENDPOINT")) if setting else read_endpoint(folder)
    if found is None:
        return InProcess(package)
    if isinstance(found, str):
        return InProcess(found)
    from chatbot.actions.remote import Remote  # httpx takes a tenth of a second to import

    return Breaker(Remote(found))


def read_endpoint(folder: Path | None) -> Endpoint | str | None:
    """The action server that a project names; a package, where it names one (`actions_module`); None if neither.

    Raises ProjectError for a key that is not supported, an address that is none, or a variable that is not set.
    """
    files = [path for name in FILES if folder and (path := folder / name).is_file()]
    raw = read_yaml(files[0]).get(SECTION) if files else None
    if not raw:
        return None
    where = place(raw, files[0].name)
    unknown = sorted(set(raw) - set(KEYS)) if isinstance(raw, Mapping) else [str(raw)]
    if unknown:
        raise ProjectError(f"{where}: {SECTION}: '{unknown[0]}' is not supported; allowed: {', '.join(KEYS)}.")
    body = {key: expanded(value, f"{where}: {SECTION}.{key}") for key, value in raw.items()}
    if body.get("actions_module") and not body.get("url"):
        return str(body["actions_module"])
    return endpoint_of(body, where)


def endpoint_of(body: Mapping[str, Any], where: str) -> Endpoint:
    """The endpoint of a section whose variables are filled in."""
    for key in ("headers", "params", "basic_auth"):
        if not isinstance(body.get(key) or {}, Mapping):
            raise ProjectError(f"{where}: {SECTION}.{key} is {type(body[key]).__name__}; a mapping is expected.")
    basic = body.get("basic_auth") or {}
    token = {str(body.get("token_name") or "token"): str(body["token"])} if body.get("token") else {}
    return Endpoint(
        url=checked_url(str(body.get("url") or ""), f"{where}: {SECTION}.url"),
        headers={name: str(value) for name, value in (body.get("headers") or {}).items()},
        params={**{name: str(value) for name, value in (body.get("params") or {}).items()}, **token},
        auth=(str(basic.get("username", "")), str(basic.get("password", ""))) if basic else None,
        cafile=str(body.get("cafile") or ""),
        selective=bool(body.get("enable_selective_domain")),
    )


def checked_url(url: str, what: str) -> str:
    """The address; rasa-sdk's own path is added where it has none. Raises ProjectError if it is not http or https."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        shown = f"{parts.scheme}://..." if parts.scheme else "no address"
        raise ProjectError(f"{what}: {shown} is not supported; allowed is http://HOST:PORT/webhook, or https.")
    return url if parts.path.strip("/") else parts._replace(path="/webhook").geturl()


def expanded(value: Any, what: str) -> Any:
    """The value with `${NAME}` replaced by the environment's. Raises ProjectError if that has no such variable."""
    if isinstance(value, Mapping):
        return {str(key): expanded(each, f"{what}.{key}") for key, each in value.items()}
    if not isinstance(value, str):
        return value
    missing = [name for name in VARIABLE.findall(value) if name not in os.environ]
    if missing:
        raise ProjectError(f"{what} needs the environment variable {missing[0]}, which is not set.")
    return VARIABLE.sub(lambda match: os.environ[match[1]], value)
