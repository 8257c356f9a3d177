"""A small assistant on the real engine and the real store, behind the real web app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from chatbot.actions.tracker import slots_json
from chatbot.messages import Evidence, Exchange, Message, Reply, Slot, State
from chatbot.project import load_project
from chatbot.web.app import Api, create_app
from tests.fakes import SmallDesk
from tests.web.fake_chat import limited

HOOK = "/webhooks/rest/webhook"
SECRET = "the same after a restart"
TOKEN = "a token of operators"
INFORM = '/inform{"order_number": "100234"}'
DOMAIN = """
version: "3.1"
intents: [greet, order_status, inform, delete_account, talk_to_person]
entities: [order_number]
slots:
  order_number:
    type: text
    mappings: [{type: from_entity, entity: order_number}]
forms:
  order_form: {required_slots: [order_number]}
responses:
  utter_greet:
    - text: Hello!
      buttons:
        - {title: My last order, payload: '/inform{"order_number": "100234"}'}
        - {title: Another order, payload: /order_status}
  utter_ask_order_number: [{text: "What is its number?"}]
  utter_found: [{text: "Order **{order_number}** is on its way.", image: /van.png}]
  utter_deleted: [{text: Your account is deleted.}]
  utter_person: [{text: A person will come.}]
"""
RULES = """
version: "3.1"
rules:
  - rule: greeting
    steps: [{intent: greet}, {action: utter_greet}]
  - rule: begin
    steps: [{intent: order_status}, {action: order_form}, {active_loop: order_form}]
  - rule: end
    condition: [{active_loop: order_form}]
    steps: [{action: order_form}, {active_loop: null}, {action: utter_found}]
  - rule: told
    steps: [{intent: inform}, {action: utter_found}]
  - rule: delete
    steps: [{intent: delete_account}, {action: utter_deleted}]
  - rule: person
    steps: [{intent: talk_to_person}, {action: utter_person}]
"""


class SmallBot:
    """What create_app needs of an assistant. Another one on the same home is what a restart is."""

    def __init__(self, home: Path) -> None:
        folder = home / "project"
        (folder / "data").mkdir(parents=True, exist_ok=True)
        (folder / "domain.yml").write_text(DOMAIN, "utf-8")
        (folder / "data" / "rules.yml").write_text(RULES, "utf-8")
        self.project = load_project(folder)
        self.small = SmallDesk(home, project=self.project)

    def answer(self, message: Message) -> Reply:
        return self.small.assistant.answer(message)

    def history(self, conversation_id: str) -> Sequence[Exchange]:
        return self.small.conversations.history(conversation_id)

    def rate(self, conversation_id: str, message_id: str, rating: int) -> None:
        self.small.conversations.rate(conversation_id, message_id, rating)

    def parse(self, text: str) -> Evidence:
        return self.small.understand(Message("parse", text, "parse"), State("parse"))

    def state(self, conversation_id: str) -> State:
        return self.small.conversations.state(conversation_id)

    def slots(self, state: State) -> Mapping[str, Slot]:
        return slots_json(state, self.project.domain)

    def app(self, embed_origins: Sequence[str] = (), **api: Any) -> FastAPI:
        """The web app with this assistant; api: of chatbot.web.app.Api."""
        masked = self.small.classifier.masker.masked
        return limited(
            create_app(
                self,
                shop_name={"en": "Maple & Moss", "zh": "枫苔家居"},
                storage_secret=SECRET,
                status=lambda: {"model": "intents-7", "index": "index-3"},
                embed_origins=embed_origins,
                api=Api(desk=self, masked=masked, **api),
            )
        )

    def close(self) -> None:
        self.small.close()
