"""Answers as staff write them, in Markdown: as HTML that can do no harm, as plain text, and what is wrong with them.

What markdown-it made is cleaned by nh3, whatever markdown-it did. What is Markdown here: chatbot.web.markdown_tokens.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from chatbot.messages import Language
from chatbot.web.markdown_tokens import (
    ANSWERS,
    DEEPEST,
    HIDDEN,
    is_allowed,
    is_too_deep,
    tokens_of,
    tokens_of_words,
    visible,
)

TAGS = frozenset({"p", "br", "hr", "strong", "em", "small", "a", "code", "pre", "blockquote", "ul", "ol", "li"}) | {
    f"h{level}" for level in (3, 4, 5, 6)
}
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
REL = "noopener noreferrer nofollow"

CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags={"script", "style"},
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    tag_attribute_values={"a": {"target": {"_blank"}}},
    url_schemes=set(SCHEMES),
    url_relative="deny",
    link_rel=REL,
)


def html_of(markdown: str) -> str:
    """The answer as cleaned HTML, to be put into a page as it is; '' for an answer without a word.

    Made anew at each display and never stored, so that a stricter rule holds for old answers at once.
    """
    return _cleaned(tokens_of(markdown))


def html_of_words(text: str) -> str:
    """What a person wrote as a message, not as an answer: its signs as they stand, its bare addresses as links."""
    return _cleaned(tokens_of_words(text))


def _cleaned(tokens: Sequence[Token]) -> str:
    return CLEANER.clean(visible(ANSWERS.renderer.render(tokens, ANSWERS.options, {}))).strip()


# -- channels without HTML


def plain_of(markdown: str) -> str:
    """The answer as plain text: bold is gone, lists keep their marks, links tell their address."""
    text, mark, tight, marks = "", "", False, list[Iterator[str]]()
    for token in tokens_of(markdown):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            marks.append(_marks(token))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            marks.pop()
        elif token.type == "list_item_open":
            mark = "  " * (len(marks) - 1) + next(marks[-1])
        elif token.type == "paragraph_open":
            tight = token.hidden
        elif token.type in ("inline", "fence"):
            words = token.content if token.type == "fence" else "".join(_words(token.children or ()))
            indent = "  " * len(marks)
            text += ("\n" if tight else "\n\n") + (mark or indent) + words.strip("\n").replace("\n", "\n" + indent)
            mark, tight = "", False
    return visible(text).strip()


def _marks(opening: Token) -> Iterator[str]:
    """What stands before each item of a list."""
    if opening.type == "bullet_list_open":
        return itertools.repeat("- ")
    start = opening.attrGet("start")
    return (f"{number}. " for number in itertools.count(1 if start is None else int(start)))


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    """The text of a paragraph, each link with its whole address where its label is another."""
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            yield "\n"
        else:
            yield f" ({token.meta['address']})" if token.type == "address" else token.content


# -- what staff are told when they save


class Everything(MarkdownIt):
    """markdown-it that takes all that Markdown knows, to see what of it we do not show."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - markdown-it's name
        """Whatever the address is."""
        return True


EVERYTHING = Everything("commonmark", {"maxNesting": DEEPEST})
EVERYTHING.enable("table").disable(["code", "lheading"])

# An answer without one of these, and with few marks of lists, has no problem; an import asks about a million answers.
SUSPECT = re.compile(rf"[<>\[|]|{HIDDEN.pattern}")
LIST_MARK = re.compile(r"[-+*]|[0-9][.)]")

LONGEST = 60  # characters of what a problem is about
MOST = 20  # problems told at once

PROBLEMS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "html": "HTML is shown as it is written: '{what}'. Write Markdown, such as **bold** or [label](https://...).",
            "address": "'{what}' is no link: links begin with https://, http://, mailto: or tel:, with no user name.",
            "picture": "A picture is shown as a link, since nothing is loaded from other sites: '{what}'.",
            "reference": "Shown as it is written: '{what}'. Write the address behind the label: [label](https://...).",
            "table": "Tables are shown as they are written. Use a list instead.",
            "hidden": "Invisible characters are left out: {what}.",
            "deep": "Lists or quotations are nested too deeply, so the whole answer is shown without any formatting.",
        },
        "zh": {
            "html": "HTML 会按原样显示：“{what}”。请改用 Markdown，例如 **加粗** 或 [文字](https://...)。",
            "address": "“{what}”不会成为链接：地址须以 https://、http://、mailto: 或 tel: 开头，且不能带用户名。",
            "picture": "这张图片会显示为链接，因为页面不加载其他网站的内容：“{what}”。",
            "reference": "这里会按原样显示：“{what}”。请把地址直接写在文字后面：[文字](https://...)。",
            "table": "表格会按原样显示，请改用列表。",
            "hidden": "看不见的字符会被去掉：{what}。",
            "deep": "列表或引用嵌套过深，整条回答将不带任何格式显示。",
        },
    }
)


def problems_of(markdown: str, language: Language = "en") -> list[str]:
    """What of the answer would not be shown as its writer may expect, a sentence each; none for a good answer."""
    told = dict.fromkeys(_problems(markdown))
    return [
        PROBLEMS[language][kind].replace("{what}", what if len(what) <= LONGEST else what[:LONGEST] + "…")
        for kind, what in itertools.islice(told, MOST)
    ]


def _problems(markdown: str) -> Iterator[tuple[str, str]]:
    """Kind, and what it is about."""
    if not SUSPECT.search(markdown) and len(LIST_MARK.findall(markdown)) < DEEPEST // 2 - 1:
        return
    for character in HIDDEN.findall(markdown):
        yield "hidden", f"U+{ord(character):04X}"
    if is_too_deep(ANSWERS.parse(visible(markdown))):
        yield "deep", ""
    read: dict[str, dict[str, dict[str, str]]] = {}
    for token in _flat(EVERYTHING.parse(visible(markdown), read)):
        address = str(token.attrGet("href") or token.attrGet("src") or "")
        if token.type in ("html_block", "html_inline"):
            yield from () if token.content.startswith("</") else [("html", token.content.strip())]
        elif token.type == "table_open":
            yield "table", ""
        elif token.type in ("link_open", "image") and not is_allowed(address):
            yield "address", address or "( )"
        elif token.type == "image":
            yield "picture", address
    for label, defined in read.get("references", {}).items():
        yield "reference", f"[{label}]: {defined['href']}"


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or ())
