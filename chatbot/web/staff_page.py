"""The staff console's page: Gradio carries it, the files in chatbot/web/staff are what staff see.

It has no function of Gradio's: its scripts speak to /staff/api, where who may do what is decided. What a role may not
do is left out of the page as well, for calm and not for safety.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from pathlib import Path

import gradio as gr

from chatbot.messages import Language
from chatbot.web.chat_page import ICON
from chatbot.web.staff.texts import console_texts

HERE = Path(__file__).parent
FILES = HERE / "staff"
STYLES = ("console.css", "console_views.css")
SCRIPTS = (  # one function body, in this order
    "console_base.js",
    "console_api.js",
    "console_pieces.js",
    "console_dialogs.js",
    "console_routes.js",
    "console_difference.js",
    "console_signing_in.js",
    "console_pairs.js",
    "console_advice.js",
    "console_form.js",
    "console_pair.js",
    "console_conflict.js",
    "console_history.js",
    "console_templates.js",
    "console_template.js",
    "console_try.js",
    "console_import.js",
    "console_inbox.js",
    "console_group.js",
    "console_team.js",
    "console_start.js",
)


def staff_page(shop_name: Mapping[Language, str]) -> gr.Blocks:
    """The page, to be mounted at /staff beside the routes of chatbot.web.staff at /staff/api."""
    texts = console_texts(shop_name)
    with gr.Blocks(analytics_enabled=False, title=texts["en"]["title"], fill_width=True) as page:
        gr.HTML(
            html_template=(FILES / "console.html").read_text(encoding="utf-8"),
            js_on_load="\n".join((FILES / script).read_text(encoding="utf-8") for script in SCRIPTS),
            apply_default_css=False,
            texts=texts,
        )
    return page


def staff_head(shop_name: Mapping[Language, str]) -> Callable[[Language], str]:
    """What the page's document has in its head: there from the first byte on, before any script has run."""
    texts = console_texts(shop_name)
    style = "\n".join((FILES / name).read_text(encoding="utf-8") for name in STYLES)
    script = (HERE / "chat_storage.js").read_text(encoding="utf-8")

    def head(language: Language) -> str:
        said = {key: html.escape(texts[language][key]) for key in ("title", "no_script")}
        return (
            f'<title>{said["title"]}</title><meta name="robots" content="noindex">'
            f'<meta name="color-scheme" content="light dark"><link rel="icon" href="{ICON}"><style>{style}</style>'
            f"<script>{script}</script><noscript><style>body::before {{ content: '{said['no_script']}' !important }}"
            "body::after { display: none }</style></noscript>"
        )

    return head
