"""Which of the buttons that were shown is meant by who writes instead of pressing: "yes", "the second", its title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chatbot.messages import Button

LONGEST = 24
"""Characters of a yes, or of the place in a list; what is longer says more than that."""
YES = re.compile(
    r"(?:yes|yes please|yeah|yep|yup|sure|sure thing|ok|okay|please|please do|correct|right|exactly|that one|that's it"
    r"|是|是的|对|对的|好|好的|嗯|嗯嗯|可以|行|没错|就是这个|要|需要)(?:[,，]?\s?please)?",
    re.IGNORECASE,
)
PLACES: Sequence[re.Pattern[str]] = [
    re.compile(rf"(?:the |number |no\.? |option |第|选|选第)?(?:{names})(?: one| option)?(?:个|项|条)?", re.IGNORECASE)
    for names in ("1|1st|first|one|一", "2|2nd|second|two|二", "3|3rd|third|three|三")
]
LAST = re.compile(r"(?:the )?last(?: one| option)?|最后(?:一)?(?:个|项|条)", re.IGNORECASE)
ENDS = " .!?。！？~～,，、"


def picked(text: str, offered: Sequence[Button], way_out: str) -> str:
    """The payload of the button that a normalised text means; '' if it means none.

    way_out: the payload of the button that is always offered beside the choices. A yes means the only choice; where
    there is none, the way out. Where several are offered a yes means none of them, but a place in their list does.
    """
    said = text.strip(ENDS).casefold()
    titles = {button.title.strip(ENDS).casefold(): button.payload for button in reversed(offered)}
    if not said or not offered:
        return ""
    if said in titles:
        return titles[said]
    if len(said) > LONGEST:
        return ""
    choices = [button.payload for button in offered if button.payload != way_out]
    if YES.fullmatch(said):
        return choices[0] if len(choices) == 1 else "" if choices else way_out
    if len(choices) < 2:
        return ""
    if LAST.fullmatch(said):
        return choices[-1]
    return next((payload for payload, place in zip(choices, PLACES, strict=False) if place.fullmatch(said)), "")
