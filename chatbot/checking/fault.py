"""One fault of an assistant's files, and the kinds there are."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = {
    "broken": "a file or a line of it cannot be read",
    "lists": "two lists that must agree do not: intents, rules, responses, forms, actions, labels",
    "language": "a response cannot be said in every language",
    "double": "two examples of one intent, or two stored questions, that are the same or nearly the same",
    "clash": "one text, or nearly one, under two intents",
    "leak": "a held-out text, or nearly it, among what is learned or stored",
    "contradiction": "two answers to nearly the same question with different numbers or dates",
    "personal": "personal data in clear",
    "order": "turns of a dialogue that do not follow one another",
}
"""What a fault is called in brackets, and what that means; the guide to the training data explains each."""


@dataclass(frozen=True, slots=True)
class Fault:
    """kind: one of KINDS. where: file and line, as 'nlu.yml:14'; '' for what is missing. what: a sentence."""

    kind: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where + ': ' if self.where else ''}{self.what} [{self.kind}]"
