"""A customer's own words inside of a text that is Markdown: shown as they stand, whatever signs they hold."""

from __future__ import annotations

import re

ANYWHERE = re.compile(
    r"[\\`*\[\]<>&|]"  # code, emphasis, links, pictures, addresses, HTML, entities, tables
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside of a word it means nothing: a_b@shop.example stays as it is
    r"|~(?=~)"  # code again
    r"|:(?=//)"  # a bare address would become a link
    r"|!\Z|\A[(:]"  # with the text around it: ![..](..), [..](..)
)
AT_THE_START = re.compile(
    r"(?m)^(?:(?P<mark>#{1,6}|[-+])(?=\s|\Z)|(?P<number>\d{1,9})(?P<dot>[.)])(?=\s|\Z)|(?P<line>[-=~])(?=[-=~\s]*$))"
)
BLANK = re.compile(r"[^\S\n]*\n\s*")


def literal(words: str) -> str:
    r"""The words as Markdown that is displayed as exactly these words: `[a](b)` becomes `\[a\](b)`.

    Only where a sign could mean something is a backslash put before it (CommonMark 0.31, 2.4), so that order numbers
    and phone numbers are still found by whoever masks the text. Blank lines and indentation are dropped.
    """
    words = BLANK.sub("\n", words.strip())
    words = ANYWHERE.sub(lambda match: "\\" + match[0], words)
    return AT_THE_START.sub(_escaped_start, words)


def _escaped_start(match: re.Match[str]) -> str:
    """What would begin a heading, a list or a rule."""
    if match["number"]:
        return f"{match['number']}\\{match['dot']}"
    return "\\" + match[0]
