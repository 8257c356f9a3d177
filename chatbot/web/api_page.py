"""What the HTTP routes are, for operators: /openapi.json for programs, /api to be read; it runs no script."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse
from pydantic.json_schema import models_json_schema

from chatbot.messages import Language
from chatbot.web.api_texts import PURPOSES, SETTINGS, TEXTS
from chatbot.web.problems import Problem, told
from chatbot.web.rest_messages import Asked, Sent
from chatbot.web.texts import TAGS, preferred_language
from chatbot.web.tokens import Guard

STYLE = (Path(__file__).parent / "api.css").read_text(encoding="utf-8")
ALLOWED = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{ALLOWED}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
REF = "#/components/schemas/{model}"


def description_routes(app: FastAPI, guard: Guard) -> APIRouter:
    """GET /openapi.json, and /api: with the token in the address, or typed into its form."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/openapi.json", dependencies=[Depends(guard)])
    def get_openapi() -> dict[str, Any]:
        return described(app)

    @routes.get("/api")
    @routes.post("/api")
    async def get_page(request: Request) -> HTMLResponse:
        """The page; without the token the form that asks for it."""
        language = language_of(request)
        typed = parse_qs((await request.body()).decode(errors="replace")).get("token", [])
        shown = [*typed, *request.query_params.getlist("token"), *bearer(request)]
        try:
            guard.check(request, shown[0] if shown else None)
        except Problem as problem:
            said = told(language, "api_off") if problem.status == 404 else TEXTS[language]["wrong"] if shown else ""
            page = asking(language, said, form=problem.status == 401)
            return HTMLResponse(page, problem.status, HEADERS)
        return HTMLResponse(reading(described(app), language), 200, HEADERS)

    return routes


def described(app: FastAPI) -> dict[str, Any]:
    """OpenAPI's description of the routes, with the bodies that they read by themselves."""
    spec = app.openapi()
    _, bodies = models_json_schema([(Sent, "validation"), (Asked, "validation")], ref_template=REF)
    schemas = spec["components"].get("schemas", {})
    return {**spec, "components": {**spec["components"], "schemas": {**schemas, **bodies["$defs"]}}}


def language_of(request: Request) -> Language:
    """As the address says (`?lang=zh`), else as the browser does."""
    return preferred_language(request.query_params.get("lang") or request.headers.get("accept-language", ""))


def bearer(request: Request) -> list[str]:
    """The token of the header Authorization, if there is one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return [token] if scheme.lower() == "bearer" else []


def asking(language: Language, said: str, *, form: bool) -> str:
    """The page before the token is known. said: what is wrong, if something is."""
    texts = TEXTS[language]
    wrong = f'<p role="alert">{html.escape(said)}</p>' if said else ""
    field = (
        f'<form method="post"><label for="token">{texts["token"]}</label>'
        '<input id="token" name="token" type="password" autocomplete="off" required autofocus>'
        f"<button>{texts['show']}</button></form>"
    )
    return document(language, f"<h1>{texts['title']}</h1>{wrong}{field if form else ''}")


def reading(spec: Mapping[str, Any], language: Language) -> str:
    """The page: what each route is for, what it takes and what it gives."""
    texts = TEXTS[language]
    routes = [(path, method, route) for path, found in spec["paths"].items() for method, route in found.items()]
    links = "".join(
        f'<li><a href="#{route["operationId"]}"><code>{method.upper()} {html.escape(path)}</code></a></li>'
        for path, method, route in routes
    )
    sections = "".join(section(spec, path, method, route, language) for path, method, route in routes)
    version = html.escape(spec["info"]["version"])
    intro = f"<p>{texts['version']} {version}. {texts['tokens']}</p>"
    return document(
        language,
        f"<h1>{texts['title']}</h1>{intro}<nav aria-label='{texts['routes']}'><ul>{links}</ul></nav>{sections}",
    )


def section(spec: Mapping[str, Any], path: str, method: str, route: Mapping[str, Any], language: Language) -> str:
    """One route."""
    texts = TEXTS[language]
    takes = [
        (one["name"], one["schema"], bool(one.get("required")), one.get("description", ""))
        for one in route.get("parameters", ())
    ]
    parts = [
        f'<section aria-labelledby="{route["operationId"]}"><h2 id="{route["operationId"]}">'
        f"<code>{method.upper()} {html.escape(path)}</code></h2><p>{html.escape(PURPOSES[path][language])}</p>"
    ]
    if route.get("security"):
        parts.append(f"<p>{texts['guarded']} <code>{SETTINGS[path]}</code></p>")
    if takes:
        parts.append(f"<h3>{texts['parameters']}</h3>{table(takes, texts)}")
    if body := route.get("requestBody"):
        parts.append(f"<h3>{texts['body']}</h3>{fields(spec, body, texts)}")
    if answer := fields(spec, route["responses"]["200"], texts):
        parts.append(f"<h3>{texts['answer']}</h3>{answer}")
    return "".join((*parts, "</section>"))


def fields(spec: Mapping[str, Any], content: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    """The fields of a JSON body, each a row; '' for one that OpenAPI knows nothing of."""
    told = content["content"]["application/json"]
    schema = told["schema"]
    named = named_in(schema.get("items", schema))
    if not named:
        return example(told["example"], texts) if "example" in told else ""
    known = spec["components"]["schemas"][named]
    rows = [
        (name, one, name in known.get("required", ()), one.get("description", ""))
        for name, one in known["properties"].items()
    ]
    inner = [found for _, one, _, _ in rows for found in schemas_in(one)]
    parts = [f"<p>{texts['array']}</p>" if "items" in schema else "", table(rows, texts)]
    parts += [
        f"<h4><code>{name}</code></h4>" + fields(spec, {"content": {"application/json": {"schema": one}}}, texts)
        for name, one in inner
    ]
    parts += [example(one, texts) for one in known.get("examples", ())]
    return "".join(parts)


def example(value: Any, texts: Mapping[str, str]) -> str:
    """What is sent or what comes, as JSON."""
    shown = html.escape(json.dumps(value, ensure_ascii=False, indent=2))
    label = texts["example"]
    return f"<h4>{label}</h4><pre class='wide' tabindex='0' role='region' aria-label='{label}'>{shown}</pre>"


def schemas_in(schema: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The schemas that a field refers to, by their names."""
    within = [schema, *schema.get("anyOf", ()), *(one["items"] for one in schema.get("anyOf", ()) if "items" in one)]
    return [(named_in(one), one) for one in within if named_in(one)]


def table(rows: list[tuple[str, Mapping[str, Any], bool, str]], texts: Mapping[str, str]) -> str:
    """Name, type, and what it is; wide ones can be scrolled, by keyboard too."""
    head = "".join(f"<th scope='col'>{texts[key]}</th>" for key in ("name", "type", "meaning"))
    body = "".join(
        f"<tr><th scope='row'><code>{html.escape(name)}</code></th><td>{html.escape(type_of(schema))}"
        f"{'' if required else ', ' + texts['optional']}</td><td>{html.escape(meaning)}</td></tr>"
        for name, schema, required, meaning in rows
    )
    label = texts["table"]
    return (
        f"<div class='wide' tabindex='0' role='region' aria-label='{label}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def type_of(schema: Mapping[str, Any]) -> str:
    """`string`, `array of Pressable`, `Metadata`: in a word or two."""
    if "anyOf" in schema:
        return " / ".join(type_of(one) for one in schema["anyOf"] if one.get("type") != "null")
    if named := named_in(schema):
        return named
    if schema.get("type") == "array":
        return f"array of {type_of(schema['items'])}"
    return json.dumps(schema["enum"])[1:-1] if "enum" in schema else str(schema.get("type", "JSON"))


def named_in(schema: Mapping[str, Any]) -> str:
    """The name of the schema that is referred to."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def document(language: Language, body: str) -> str:
    """A whole page."""
    return (
        f'<!doctype html><html lang="{TAGS[language]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<meta name="color-scheme" content="light dark"><title>{TEXTS[language]["title"]}</title>'
        f"<style>{STYLE}</style></head><body><main>{body}"
        '<footer><a href="?lang=en" lang="en">English</a> · <a href="?lang=zh" lang="zh-CN">中文</a></footer>'
        "</main></body></html>"
    )
