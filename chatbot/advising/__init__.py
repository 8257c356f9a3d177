"""What an editor is told of a pair before it is saved. Advice never blocks saving and never changes anything."""

from __future__ import annotations

from chatbot.advising.advice import Advice
from chatbot.advising.advisor import Advisor

__all__ = ["Advice", "Advisor"]
