"""Makes what the staff console stands on, beside the running assistant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI, Request

from chatbot.accounts.store import Accounts
from chatbot.advising.advisor import Advisor
from chatbot.conversations.asked import Asked, asked_since
from chatbot.conversations.sealing import derived, secret
from chatbot.learning.inbox import OUTSIDE, Inbox, Running, answering
from chatbot.learning.labels import Labels
from chatbot.learning.migrations import inbox_file
from chatbot.messages import Language
from chatbot.settings import Settings
from chatbot.trial import Trial
from chatbot.understanding.understand import NEAREST
from chatbot.web.callers import Network, address_of, counted_as
from chatbot.web.markdown import html_of, problems_of
from chatbot.web.staff.answers import staff_app
from chatbot.web.staff.imports import import_routes
from chatbot.web.staff.inbox import inbox_routes
from chatbot.web.staff.pairs import pair_routes
from chatbot.web.staff.session import session_routes, signed_in
from chatbot.web.staff.team import team_routes
from chatbot.web.staff.templates import template_routes
from chatbot.web.staff.trying import try_routes
from chatbot.wiring import Frontdesk
from knowledge_base.pairs import Hit

ASKED_WITHIN = timedelta(days=30)
"""How old a logged question may be that tells what a change would change."""


def staff_accounts(settings: Settings) -> Accounts:
    """The staff of this installation."""
    return Accounts(settings.home / "accounts.db", derived(secret(settings.home), "staff sessions"))


class Console:
    """The staff console's accounts, labels and inbox, over an assistant that is running."""

    def __init__(self, desk: Frontdesk, trusted_proxies: Sequence[Network] = ()) -> None:
        """trusted_proxies: whose X-Forwarded-For tells where somebody signs in from."""
        home, base = desk.settings.home, desk.knowledge.base
        self.desk, self.trusted = desk, trusted_proxies
        self.accounts = staff_accounts(desk.settings)
        self.labels = Labels(home / "training" / "labels.db")
        self.inbox_file = inbox_file(home / "training" / "inbox.db")
        self.trial = Trial(desk.assistant, lambda text: desk.classifier.why(desk.classifier.masker.masked(text)))
        running = Running(
            encode=base.index.encode,
            encoder=desk.sentences.name,
            answers=self.answered_by,
            nearest=self.nearest,
            refresh=base.index.refresh,
        )
        self.inbox = Inbox(desk.conversations.connections, self.inbox_file, self.labels, running)

    def app(self) -> FastAPI:
        """The routes, to be mounted at /staff/api."""
        desk, store, audit = self.desk, self.desk.knowledge.store, self.accounts.audit
        masked = desk.classifier.masker.masked
        advise = Advisor(
            desk.search, lambda text: desk.classifier.classify(masked(text)), desk.policy, self.asked, desk.mended
        )
        intents = list(dict.fromkeys([*desk.project.domain.intents, OUTSIDE]))
        return staff_app(
            signed_in(self.accounts),
            [
                session_routes(self.accounts, self.address),
                team_routes(self.accounts),
                pair_routes(store, advise, html_of, problems_of, audit),
                try_routes(self.trial, store, self.label, intents, html_of, audit),
                import_routes(store, desk.settings.home / "uploads", audit, problems_of),
                template_routes(desk.templates, problems_of, audit, desk.project.rules),
                inbox_routes(self.inbox, store, problems_of, audit),
            ],
        )

    def address(self, request: Request) -> str:
        """Where a request comes from, as the throttle counts it."""
        return counted_as(address_of(request.scope, self.trusted))

    def asked(self) -> list[Asked]:
        """The latest questions of customers."""
        return asked_since(self.desk.conversations.connections, datetime.now(UTC) - ASKED_WITHIN)

    def label(self, text: str, intent: str, by: str) -> None:
        """A relabelled text for the night, masked as the log is."""
        masked = self.desk.classifier.masker.masked(text)
        self.labels.add(masked, intent, self.trial.asked(text)[1].language, by)

    def answered_by(self, text: str, language: Language) -> int | None:
        """The id of the pair that answers a text; 0: something else answers it; None: nothing does."""
        return answering(self.trial.asked(text, language)[0])

    def nearest(self, text: str, language: Language) -> Hit | None:
        """The stored pair nearest to a text, with its confidence for a score."""
        search = self.desk.search
        hits = search.search(text, language, NEAREST, search.encode(text))
        return hits[0] if hits else None

    def first_link(self) -> str | None:
        """Where the first admin can be made, below the server's address; None if there is one already."""
        token = self.accounts.first_token()
        return f"/staff/#first={token}" if token else None

    def close(self) -> None:
        """Closes the files."""
        closing: tuple[Callable[[], None], ...] = (self.accounts.close, self.labels.close, self.inbox_file.close)
        for close in closing:
            close()
