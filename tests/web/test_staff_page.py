"""The staff console's page as a client without a browser sees it: what is open beside its routes, and its texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from chatbot.web.staff.texts import LANGUAGES, TEXTS, console_texts
from chatbot.web.staff_page import FILES, SCRIPTS, STYLES
from tests.web.fake_staff import SHOP, FakeStaff, console

SOURCES = "\n".join((FILES / name).read_text(encoding="utf-8") for name in ("console.html", *SCRIPTS))
HEADER = {"X-Frontdesk": "1"}
FROM_SERVER = ("error_", "state_", "kind_", "step_", "route_", "role_", "handled_", "use_", "format_", "language_")
"""Beginnings of keys whose end is a word of the server's: named("state_", pair.state)."""
BUILT = ("nav_", "sort_", "field_", "duplicates_", "count_")
"""Beginnings of keys whose end is in a list of the scripts'."""


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(console(FakeStaff()), follow_redirects=False) as client:
        yield client


# -- the page and what is open


@pytest.mark.parametrize(
    ("accepted", "tag", "title"),
    [
        ("en-GB", "en", "<title>Maple &amp; Moss – Staff console</title>"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "<title>枫苔家居 – 客服工作台</title>"),
    ],
)
def test_the_document_is_in_the_browsers_language(client: TestClient, accepted: str, tag: str, title: str) -> None:
    text = client.get("/staff/", headers={"accept-language": accepted}).text
    assert f'<html lang="{tag}"' in text.replace("\n\t", " ").replace("  ", " ")
    assert title in text


def test_the_document_names_no_other_host_and_runs_only_its_own_scripts(client: TestClient) -> None:
    response = client.get("/staff/")
    named = set(re.findall(r"https?://[\w.-]+", response.text)) - {"http://testserver", "http://www.w3.org"}
    assert named == set()
    nonce = re.search(r"'nonce-([\w-]+)'", response.headers["content-security-policy"])
    assert nonce
    assert all(f'nonce="{nonce[1]}"' in script for script in re.findall(r"<script\b[^>]*>", response.text))
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/staff/gradio_api/run/predict"),
        ("POST", "/staff/gradio_api/component_server/"),
        ("POST", "/staff/gradio_api/component_server"),
        ("POST", "/staff/gradio_api/queue/join"),
        ("POST", "/staff/gradio_api/upload"),
        ("POST", "/staff/gradio_api/call/predict"),
        ("GET", "/staff/gradio_api/info"),
        ("GET", "/staff/config"),
        ("POST", "/staff/"),
    ],
)
def test_no_way_of_calling_gradio_is_open(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path, json={}).status_code == 404


@pytest.mark.parametrize("path", ["/staff/api/../gradio_api/info", "/staff/api/%2e%2e/gradio_api/run/predict"])
def test_the_way_to_the_api_leads_nowhere_else(client: TestClient, path: str) -> None:
    assert client.post(path, json={}, headers=HEADER).status_code in (404, 405)


def test_requests_to_the_api_pass_the_page_with_their_query(client: TestClient) -> None:
    refused = client.get("/staff/api/pairs?search=x&__theme=dark")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "not_signed_in")
    assert "default-src 'none'" in refused.headers["content-security-policy"]


def test_writing_needs_the_header_of_the_console(client: TestClient) -> None:
    refused = client.post("/staff/api/session", json={"name": "ana", "password": "x"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "no_header")


def test_a_file_of_the_page_is_served(client: TestClient) -> None:
    script = re.search(r'src="\./(assets/index-[\w-]+\.js)"', client.get("/staff/").text)
    assert script
    assert client.get("/staff/" + script[1]).status_code == 200


# -- the scripts


def test_the_scripts_keep_to_what_is_safe_and_small() -> None:
    assert SOURCES.count(".innerHTML") == 1  # `cleaned`, of the server's own HTML
    for forbidden in (
        "insertAdjacentHTML",
        "outerHTML",
        "document.write",
        "eval(",
        "new Function",
        "http://",
        "</script",
    ):
        assert forbidden not in SOURCES.replace("http://www.w3.org/2000/svg", "")
    assert re.search(r"\son\w+=", SOURCES) is None
    for name in (*SCRIPTS, *STYLES):
        assert (FILES / name).read_text(encoding="utf-8").count("\n") <= 250, name


def test_every_script_of_the_folder_is_part_of_the_page() -> None:
    assert {path.name for path in FILES.glob("*.js")} == set(SCRIPTS)
    assert {path.name for path in FILES.glob("*.css")} == set(STYLES)


def test_the_template_passes_gradios_own_template_languages_untouched() -> None:
    template = (FILES / "console.html").read_text(encoding="utf-8")
    assert not any(sign in template for sign in ("{{", "${", "`"))


# -- the texts


def test_both_languages_have_the_same_keys_and_places() -> None:
    texts = console_texts(SHOP)
    assert tuple(texts) == LANGUAGES
    assert texts["en"].keys() == texts["zh"].keys()
    for key, (english, chinese) in TEXTS.items():
        assert english.strip(), key
        assert chinese.strip(), key
        places, translated = (set(re.findall(r"\{(\w+)\}", text)) for text in (english, chinese))
        assert translated - places <= ({"n"} if key.endswith("_one") else set()), key
        assert places <= translated, key


def test_chinese_texts_are_chinese() -> None:
    same = {"CSV", "MaxKB", "QnA Maker", "https://", "pair.updated", "question, answer, …", "{shop}", "{name}，{size}"}
    for key, (_, chinese) in TEXTS.items():
        assert chinese in same or re.search(r"[\u4e00-\u9fff（]", chinese), key


def test_a_text_for_exactly_one_belongs_to_one_for_many() -> None:
    assert {key.removesuffix("_one") for key in TEXTS if key.endswith("_one")} <= TEXTS.keys()


def test_the_page_uses_the_texts_there_are() -> None:
    used = set(re.findall(r"[\"'](\w+)[\"']", SOURCES)) | {"title", "shop", "no_script"}
    spare = {
        key
        for key in TEXTS
        if key not in used and key.removesuffix("_one") not in used and not key.startswith((*FROM_SERVER, *BUILT))
    }
    assert spare == set()


def test_every_text_that_the_page_names_is_there() -> None:
    pieces = "words|unseen|paragraph|heading|announce|heard|field|button|section|badge|empty|notice|text"
    named = re.findall(rf"\b(?:{pieces})\(\[?\"(\w+)\"", SOURCES)
    named += re.findall(r"\b(?:say|label|hint|placeholder|title|said|saveText): \[?\"(\w+)\"", SOURCES)
    named += re.findall(r"data-(?:say|label)=\"(\w+)\"", SOURCES)
    assert len(named) > 250
    assert set(named) - TEXTS.keys() == set()


def test_every_word_of_the_server_that_is_told_to_people_has_a_text() -> None:
    from typing import get_args

    from chatbot.messages import StepKind
    from chatbot.web.staff.answers import ROLES
    from knowledge_base.history import Kind
    from knowledge_base.pairs import PairState

    named = {"state_": get_args(PairState), "kind_": get_args(Kind), "step_": get_args(StepKind), "role_": ROLES}
    assert [begin + word for begin, words in named.items() for word in words if begin + word not in TEXTS] == []
