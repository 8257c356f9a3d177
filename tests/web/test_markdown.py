"""Staff write answers in Markdown: whatever they write, only what is allowed is displayed, and no link lies."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatbot.escaping import literal
from chatbot.web.markdown import CLEANER, html_of, html_of_words, plain_of, problems_of
from tests.web.payloads import PAYLOADS

# Written down here once more: a test of the allowlist must not read it from what it tests.
NOTHING = ("p", "br", "hr", "strong", "em", "small", "code", "pre", "blockquote", "ul", "li", "h3", "h4", "h5", "h6")
ALLOWED = {
    **{tag: set[str]() for tag in NOTHING},
    "ol": {"start"},
    "a": {"href", "title", "target", "rel"},
}
ADDRESS = re.compile(r"https?://[\w.:\[\]-]+([/?#].*)?|mailto:[^@\s]+@.+|tel:\+?[\d().-]+", re.IGNORECASE | re.DOTALL)
REL = "noopener noreferrer nofollow"


class Seen(HTMLParser):
    """Reads HTML as it is served; fails at whatever is not allowed. text: what is displayed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.elements, self.open, self.links = "", list[str](), list[str](), list[tuple[str, str]]()
        self.feed(html)
        self.close()
        assert self.open == [], f"not closed: {self.open} in {html!r}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        values = dict(attrs)
        assert len(values) == len(attrs)
        assert values.keys() <= ALLOWED[tag], attrs
        self.elements.append(tag)
        if tag not in ("br", "hr"):
            self.open.append(tag)
        if tag == "a":
            address = values["href"] or ""
            assert ADDRESS.fullmatch(address), address
            assert (values["title"], values["rel"]) == (address, REL)
            assert values.get("target") == ("_blank" if address.lower().startswith("http") else None)
            self.links.append((address, ""))
        if tag == "ol":
            assert (values.get("start") or "1").isdecimal()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "a" in self.open:
            address, label = self.links[-1]
            self.links[-1] = address, label + data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")


def folded(text: str) -> str:
    return " ".join(text.split())


# -- nothing but the allowlist


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("make", [html_of, html_of_words])
def test_a_payload_leaves_nothing_but_what_is_allowed(payload: str, make: Callable[[str], str]) -> None:
    for around in ("{}", "- {}", "> {}", "**{}**", "[{}](https://shop.example/)", "text {} text", "# {}", "`{}`"):
        html = make(around.replace("{}", payload))
        Seen(html)
        assert CLEANER.clean(html) == html  # read again it stays what it is: nothing can mutate


def test_there_are_enough_payloads_and_no_two_alike() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 60


# fmt: off
PIECES = st.sampled_from([
    "<", ">", "[", "]", "(", ")", "!", "*", "_", "`", "\\", "&", "#", "-", "1.", ":", "//", '"', "'", "|", "~", "=",
    "\n", "\n\n", " ", "    ", "\t", "\x00", "\u202e", "\ud800", "\U0001f341", "，", "注意", "x", "{x}",
    "javascript:", "https://", "evil.example", "mailto:a@b.example", "tel:1", "<script>", "</a>", "<!--", "-->",
    "onload=", "&#x3c;", "&lt;",
])
# fmt: on


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join)))
def test_any_text_leaves_nothing_but_what_is_allowed(text: str) -> None:
    for make in (html_of, html_of_words):
        html = make(text)
        Seen(html)
        assert CLEANER.clean(html) == html
        html.encode()
    plain_of(text).encode()
    for problem in problems_of(text):
        problem.encode()


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_a_link_says_where_it_leads(text: str) -> None:
    for address, label in Seen(html_of(f"[{text}](https://evil.example/x) {text}")).links:
        host = re.sub(r"^(https?://|mailto:|tel:)", "", address, flags=re.IGNORECASE)
        host = re.split(r"[/?#]", host)[0]
        assert host in label or re.sub(r"\D", "", host) == re.sub(r"\D", "", label)
        assert label.rstrip().endswith(f"({host})") or label.strip().removesuffix("/") in address


# -- links


@pytest.mark.parametrize(
    ("markdown", "label", "address"),
    [
        ("[our terms](https://shop.example/t)", "our terms (shop.example)", "https://shop.example/t"),
        ("[https://bank.example](https://evil.example)", "https://bank.example (evil.example)", "https://evil.example"),
        ("[bank.example/x](https://evil.example/x)", "bank.example/x (evil.example)", "https://evil.example/x"),
        ("[evil.example](https://evil.example:8080)", "evil.example (evil.example:8080)", "https://evil.example:8080"),
        ("[shop.example](https://shop.example/)", "shop.example", "https://shop.example/"),
        ("[https://shop.example/](https://shop.example)", "https://shop.example/", "https://shop.example"),
        ("[](https://evil.example)", "(evil.example)", "https://evil.example"),
        ("[\u200b](https://evil.example)", "\u200b (evil.example)", "https://evil.example"),
        ("[http://shop.example](https://shop.example)", "http://shop.example (shop.example)", "https://shop.example"),
        (
            "<https://b\u0430nk.example>",
            "https://b\u0430nk.example (xn--bnk-6cd.example)",
            "https://xn--bnk-6cd.example",
        ),
        ("https://shop.example/a?b=1&c=2", "https://shop.example/a?b=1&c=2", "https://shop.example/a?b=1&c=2"),
        ("见https://shop.example/配送。", "https://shop.example/", "https://shop.example/"),
        ("[配送](https://shop.example/配送)", "配送 (shop.example)", "https://shop.example/%E9%85%8D%E9%80%81"),
        ("<help@shop.example>", "help@shop.example", "mailto:help@shop.example"),
        ("[us](mailto:help@shop.example?subject=x)", "us (help@shop.example)", "mailto:help@shop.example?subject=x"),
        ("[+65 6123 4567](tel:+6561234567)", "+65 6123 4567", "tel:+6561234567"),
        ("[1800 1](tel:+6561234567)", "1800 1 (+6561234567)", "tel:+6561234567"),
        ("![a lamp](https://cdn.example/l.png)", "a lamp (cdn.example)", "https://cdn.example/l.png"),
        ("![](https://cdn.example/l.png)", "https://cdn.example/l.png", "https://cdn.example/l.png"),
        (
            "[![a lamp](https://cdn.example/l.png)](https://shop.example)",
            "a lamp (shop.example)",
            "https://shop.example",
        ),
        ("[**x** `y`](https://shop.example)", "x y (shop.example)", "https://shop.example"),
        ('[x](https://shop.example "bank.example")', "x (shop.example)", "https://shop.example"),
    ],
)
def test_a_label_cannot_lie(markdown: str, label: str, address: str) -> None:
    assert Seen(html_of(markdown)).links == [(address, label)]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "ftp://shop.example/",
        "//evil.example",
        "/relative",
        "#fd",
        "https://bank.example@evil.example/",
        "https://u:p@evil.example/",
        "https:evil.example",
        "https:///evil.example",
        "https://bank.example\\@evil.example",
        "https://evil.example:port/",
        "mailto:",
        "mailto:nobody",
        "tel:abc",
        "",
    ],
)
def test_what_is_no_plain_address_is_no_link(address: str) -> None:
    for markdown in (f"[x]({address})", f"<{address}>", f"![x]({address})"):
        assert Seen(html_of(markdown)).links in ([], [("https://bank.example", "https://bank.example")])


# -- what staff may write


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>"),
        ("**bold** *italic* `code`", "<p><strong>bold</strong> <em>italic</em> <code>code</code></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("# A\n## B\n###### C", "<h3>A</h3>\n<h4>B</h4>\n<h6>C</h6>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("```python\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
        ("**注意：**请看*这里*。", "<p><strong>注意：</strong>请看<em>这里</em>。</p>"),
        ("订单**（MM-1）**已发货", "<p>订单<strong>（MM-1）</strong>已发货</p>"),
        ("2 * 3 * 4, a_b_c, 50 %", "<p>2 * 3 * 4, a_b_c, 50 %</p>"),
        ("<b>bold</b> & <br>", "<p>&lt;b&gt;bold&lt;/b&gt; &amp; &lt;br&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](/delivery)", "<p>[x](/delivery)</p>"),
        ("    indented", "<p>indented</p>"),
        ("Prices\n------", "<p>Prices</p>\n<hr>"),
        ("[Note]: please call", "<p>[Note]: please call</p>"),
        ("", ""),
        (" \n\u202e", ""),
    ],
)
def test_markdown_is_shown_as_its_writer_means_it(markdown: str, html: str) -> None:
    assert html_of(markdown) == html


@pytest.mark.parametrize(
    "text", ["{slot}", "{{7*7}}", "${7*7}", "<%= 7*7 %>", "{% if 1 %}x{% endif %}", "#{7*7}", "$x"]
)
def test_there_is_no_template_language(text: str) -> None:
    assert Seen(html_of(text)).text == text
    assert plain_of(text) == text


def test_what_is_nested_too_deeply_loses_no_word() -> None:
    deep = "- " * 60 + "x **bold**"
    assert Seen(html_of(">" * 300 + " word")).text == ">" * 300 + " word"
    assert folded(Seen(html_of(deep)).text) == folded(deep)


def test_a_persons_message_is_no_markdown_but_its_addresses_are_links() -> None:
    seen = Seen(html_of_words("# 2 * 3 * 4 <b> [x](https://a.example)\nsee https://shop.example/x."))
    assert seen.text == "# 2 * 3 * 4 <b> [x](https://a.example)\nsee https://shop.example/x."
    assert [address for address, _ in seen.links] == ["https://a.example", "https://shop.example/x"]
    assert seen.elements == ["p", "a", "br", "a"]


# -- channels without HTML


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        ("You **need**:\n- a\n- `b`\n  1. c\n  2. d\n- e\n\nend", "You need:\n- a\n- b\n  1. c\n  2. d\n- e\n\nend"),
        ("- a\n\n  more\n\n- b", "- a\n\n  more\n\n- b"),
        ("7. a\n8. b", "7. a\n8. b"),
        ("0. a", "0. a"),
        ("[terms](https://shop.example/t) https://shop.example", "terms (https://shop.example/t) https://shop.example"),
        ("[us](mailto:a@shop.example)", "us (a@shop.example)"),
        ("![a lamp](https://cdn.example/l.png)", "a lamp (https://cdn.example/l.png)"),
        ("# Head\ntext\n\n---\n\n> said", "Head\n\ntext\n\nsaid"),
        ("```\na <b>\n\nc\n```", "a <b>\n\nc"),
        (r"&lt;b&gt; \*not bold\* <i>", "<b> *not bold* <i>"),
        ("", ""),
    ],
)
def test_plain_text_keeps_words_lists_and_addresses(markdown: str, plain: str) -> None:
    assert plain_of(markdown) == plain


@settings(deadline=None)
@given(st.lists(st.text("abc 订单，。.,?!%$", min_size=1).map(str.strip).filter(bool), min_size=1))
def test_plain_writing_is_plain_text(lines: list[str]) -> None:
    assert plain_of("\n".join(lines)) == "\n".join(lines)


# -- a customer's words inside of a template


TEMPLATES = (
    "{}",
    "Dear {}, thanks.",
    "- {}\n- two",
    "[{}](https://shop.example/)",
    "{}(https://shop.example/)",
    "*{}* _x_",
)
SIGNS = st.text("ab \n*_`[]()<>!#-+=~|\\&:/.@1\"'{}，", max_size=40)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(TEMPLATES), st.one_of(SIGNS, st.text(max_size=40), st.sampled_from(PAYLOADS)))
@example("{}", "~~~1")
def test_a_customers_words_are_shown_as_they_stand(template: str, words: str) -> None:
    words = re.sub(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]", " ", words)
    shown = Seen(html_of(template.replace("{}", literal(words))))
    expected = Seen(html_of(template.replace("{}", "x")))
    assert set(shown.elements) <= {*expected.elements, "br", "p"}
    assert len(shown.links) <= len(expected.links)
    bare = [
        re.sub(r"[\s*_]|\[|\]|\(https://shop.example/\)|\(shop.example\)", "", text) for text in (shown.text, words)
    ]
    assert bare[1].strip("-") in bare[0]
    if template == "{}":
        assert folded(shown.text) == folded(words)
        assert folded(plain_of(literal(words))) == folded(words)


@pytest.mark.parametrize(
    "words", ["MM-10023", "a_b+c@shop.example", "+65 6123 4567", "Mei Lin", "配送到上海。", "S1234567D"]
)
def test_what_the_log_masks_is_not_touched(words: str) -> None:
    assert literal(words) == words


# -- what staff are told


@pytest.mark.parametrize(
    ("markdown", "told"),
    [
        (
            "<b>bold</b>",
            ["HTML is shown as it is written: '<b>'. Write Markdown, such as **bold** or [label](https://...)."],
        ),
        ("<!-- note -->", ["HTML is shown as it is written: '<!-- note -->'."]),
        ("[x](javascript:alert(1))", ["'javascript:alert(1)' is no link"]),
        ("[x](/delivery)", ["'/delivery' is no link"]),
        ("[x](ftp://a.example)", ["'ftp://a.example' is no link"]),
        ("<https://bank.example@evil.example>", ["'https://bank.example@evil.example' is no link"]),
        ("![x](https://cdn.example/l.png)", ["A picture is shown as a link"]),
        ("[x][y]\n\n[y]: https://shop.example", ["Shown as it is written: '[Y]: https://shop.example'."]),
        ("|a|b|\n|-|-|\n|1|2|", ["Tables are shown as they are written."]),
        ("a\u202eb", ["Invisible characters are left out: U+202E."]),
        (">" * 99 + "x", ["Lists or quotations are nested too deeply"]),
        ("<" + "x" * 200 + ">", ["HTML is shown as it is written: '<" + "x" * 59 + "…'."]),
        ("`<b>` **b** [x](https://shop.example) <help@shop.example> 1 < 2 {slot} &lt;b&gt; 3*4 [note]: x", []),
    ],
)
def test_staff_are_told_what_is_not_shown_as_written(markdown: str, told: list[str]) -> None:
    problems = problems_of(markdown)
    assert [problem[: len(begins)] for problem, begins in zip(problems, told, strict=True)] == told


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(st.characters(exclude_characters="<>[|", exclude_categories=["Cs"]), max_size=200),
        st.lists(st.sampled_from(["- ", "1. ", "* ", "+ ", "  ", "    ", "\n", "x", "> "]), max_size=150).map("".join),
    )
)
def test_a_quick_look_finds_as_many_problems_as_a_close_one(text: str) -> None:
    assert problems_of(text) == problems_of(f"{text}\n\n[")


def test_a_problem_is_told_once_and_not_more_than_twenty_of_them() -> None:
    assert len(problems_of("<b>x</b> <b>y</b>")) == 1
    assert len(problems_of(" ".join(f"<b{n}>" for n in range(100)))) == 20


def test_problems_are_told_in_chinese() -> None:
    assert problems_of("[x](javascript:1)", "zh")[0].startswith("“javascript:1”不会成为链接")
