"""Answers in Markdown as markdown-it's tokens: what is read as Markdown at all, and what a link tells of itself.

There are paragraphs, line breaks, bold, italic, lists, links, code, quotations and small headings. HTML is shown as it
is written, and so is `{slot}`, `{{7*7}}` or `${x}`: no template language reads an answer.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.emphasis import tokenize
from markdown_it.token import Token

DEEPEST = 40  # lists and quotations inside of each other, a list counts twice; markdown-it drops what is deeper

# What changes the direction of the text around it, or is no character at all. Marks (U+200E) and joiners may stay.
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]")

# A bare address ends before white space, quotes, Chinese punctuation and Han characters, and before a closing .,;:!?)
INSIDE = "\\s<>\"'\\u3000-\\u303f\\u4e00-\\u9fff\\uff00-\\uffef"
ADDRESS = re.compile(f"(?<![A-Za-z0-9])https?://[^{INSIDE}]*[^{INSIDE}.,;:!?)\\]]", re.IGNORECASE)
HOST = re.compile(r"(?:[\w-]+(?:\.[\w-]+)*\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)
MAIL = re.compile(r"mailto:[^@?/:,;%\s]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:\?.*)?", re.IGNORECASE)
PHONE = re.compile(r"tel:\+?[0-9().-]{2,30}", re.IGNORECASE)
EAST_ASIAN = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


class Markdown(MarkdownIt):
    """markdown-it that makes links of allowed addresses only; the others stay the characters they are."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - markdown-it's name
        """Whether it may be a link."""
        return is_allowed(url)


def tokens_of(markdown: str) -> list[Token]:
    """The answer's tokens; if it is nested too deeply to be shown whole, those of its bare words."""
    tokens = ANSWERS.parse(visible(markdown))
    return tokens_of_words(markdown) if is_too_deep(tokens) else tokens


def tokens_of_words(text: str) -> list[Token]:
    """Words that are no Markdown: paragraphs, line breaks, and bare addresses as links."""
    return WORDS.parse(visible(text))


def is_too_deep(tokens: Sequence[Token]) -> bool:
    """Whether markdown-it has left something out."""
    return any(token.nesting == 1 and token.level + 1 >= DEEPEST for token in tokens)


def visible(text: str) -> str:
    """The text without what nobody sees and everything after it suffers from."""
    return HIDDEN.sub("", text)


def is_web_address(address: str) -> bool:
    """Whether it is an absolute http(s) address with a host and no user name, which would pass for the host."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(HOST.fullmatch(parts.netloc))


def is_allowed(address: str) -> bool:
    """Whether an answer may link there: a web address, one of e-mail, or a phone number."""
    return is_web_address(address) or bool(MAIL.fullmatch(address) or PHONE.fullmatch(address))


# -- links


def _rewritten(state: StateCore) -> None:
    """Bare addresses become links, pictures become links, every link tells its address, headings become small."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
        if token.type == "inline":
            token.children = list(_with_addresses(token.children or ()))


def _with_addresses(tokens: Sequence[Token]) -> Iterator[Token]:
    address, label = None, list[Token]()
    for token in tokens:
        if token.type == "link_open":
            address, label = str(token.attrGet("href")), []
        elif token.type == "link_close":
            yield from _link(str(address), label)
            address = None
        elif address is not None:
            label.append(_text(token.content) if token.type == "image" else token)
        elif token.type == "image":
            yield from _link(str(token.attrGet("src")), [_text(token.content or str(token.attrGet("src")))])
        elif token.type == "text":
            yield from _linked(token.content)
        else:
            yield token


def _linked(text: str) -> Iterator[Token]:
    """A text, its bare addresses as links."""
    done = 0
    for found in ADDRESS.finditer(text):
        yield _text(text[done : found.start()])
        yield from _link(ANSWERS.normalizeLink(found[0]), [_text(found[0])])
        done = found.end()
    yield _text(text[done:])


def _link(address: str, label: Sequence[Token]) -> Iterator[Token]:
    """A link, and behind its label where it leads, unless the label says just that.

    The token "address" holds the HTML of that in its content, and in its meta the whole address.
    """
    if not is_allowed(address):  # as in [label]()
        yield from label
        return
    opening, telling = Token("link_open", "a", 1), Token("address", "", 0)
    opening.attrs = {"href": address, "title": address}
    if is_web_address(address):  # a program for e-mail or phones would leave an empty tab behind
        opening.attrs["target"] = "_blank"
    telling.meta = {"address": re.sub(r"^(mailto|tel):", "", address, flags=re.IGNORECASE)}
    words = "".join(token.content for token in label).strip()
    yield opening
    yield from label
    if not _is_said_by(words, address):
        where = urlsplit(address).netloc or telling.meta["address"].partition("?")[0]
        telling.content = f"<small>{' ' if words else ''}({html.escape(where)})</small>"
        yield telling
    yield Token("link_close", "a", -1)


def _is_said_by(label: str, address: str) -> bool:
    """Whether the label is the address, with or without its scheme. A host in other letters than it looks is not."""
    scheme, _, rest = address.partition(":")
    if scheme.lower() == "tel":
        return re.sub(r"[^0-9]", "", label) == re.sub(r"[^0-9]", "", rest) and not re.search("[^0-9+() .-]", label)
    start, host, _ = label.partition(urlsplit(address).netloc or rest)
    if not host or start.lower() not in ("", f"{scheme}:".lower(), f"{scheme}://".lower()):
        return False
    whole = f"{'' if start else scheme + ':' + ('//' if rest.startswith('//') else '')}{label}"
    return ANSWERS.normalizeLink(whole).rstrip("/") == address.rstrip("/")


def _text(words: str) -> Token:
    token = Token("text", "", 0)
    token.content = words
    return token


# -- markdown-it, set up


def parser(preset: str) -> Markdown:
    """markdown-it with our rules. preset: which of its own rules there are."""
    made = Markdown(preset, {"html": False, "breaks": True, "xhtmlOut": False, "maxNesting": DEEPEST})
    made.core.ruler.after("inline", "addresses", _rewritten)
    made.add_render_rule("address", lambda _self, tokens, at, _options, _env: tokens[at].content)
    return made


def _emphasis(state: StateInline, silent: bool) -> bool:
    """markdown-it's rule, but Chinese punctuation does not keep `**注意：**请看` from being bold.

    Source: https://github.com/tats-u/markdown-cjk-friendly
    """
    start = state.pos
    if not tokenize(state, silent):
        return False
    before = state.src[start - 1] if start else " "
    after = state.src[state.pos] if state.pos < state.posMax else " "
    if state.src[start] == "*" and (EAST_ASIAN.match(before) or EAST_ASIAN.match(after)):
        for mark in state.delimiters[start - state.pos :]:
            mark.open, mark.close = not after.isspace(), not before.isspace()
    return True


# Without what turns plain writing into something else: indented code, underlined headings, definitions of references.
ANSWERS = parser("commonmark")
ANSWERS.disable(["code", "lheading", "reference", "html_block", "html_inline"])
ANSWERS.inline.ruler.at("emphasis", _emphasis)
WORDS = parser("zero")
WORDS.enable("newline")
