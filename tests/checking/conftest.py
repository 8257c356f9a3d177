"""A small project without a fault, on real files, into which a test plants one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from chatbot.checking import faults, gather
from chatbot.project import Project, load_project

DOMAIN = """intents: [greet, order, faq]
entities: [order_number]
slots:
  order_number: {type: text, mappings: [{type: from_entity, entity: order_number}]}
forms:
  order_form: {required_slots: [order_number]}
actions: [action_search_knowledge_base]
responses:
  utter_greet: [{text: Hi}]
  utter_clarify: [{text: Which one}]
  utter_fallback: [{text: Sorry}]
  utter_action_failed: [{text: Sorry}]
  utter_ask_order_number: [{text: Which order}]
  utter_did_you_mean_order: [{text: Your order}]
"""
RULES = """rules:
  - {rule: Greet, steps: [{intent: greet}, {action: utter_greet}]}
  - {rule: Order, steps: [{intent: order}, {action: order_form}]}
  - rule: Filled
    condition: [{active_loop: order_form}]
    steps: [{action: order_form}, {active_loop: null}, {action: utter_greet}]
  - {rule: Question, steps: [{intent: faq}, {action: action_search_knowledge_base}]}
"""
NLU = r"""nlu:
  - regex: order_number
    examples: |
      - \b\d{6}\b
  - intent: greet
    examples: |
      - hi
      - hello there
      - 你好
  - intent: order
    examples: |
      - where is my parcel
      - when does it arrive [100234](order_number)
  - intent: faq
    examples: |
      - what does shipping cost
"""
LOG = """{"conversation_id": "a", "turn": 1, "at": "2026-08-03T02:00:00Z", "speaker": "customer", "text": "hi", "intent": "greet"}
{"conversation_id": "a", "turn": 2, "at": "2026-08-03T02:00:05Z", "speaker": "bot", "text": "Hi"}
{"conversation_id": "a", "turn": 3, "at": "2026-08-03T02:00:40Z", "speaker": "customer", "text": "it is [order]"}
"""  # noqa: E501 - a line of JSONL cannot be broken
PAIRS = """question,answer,similar_questions,category,language,valid_from,valid_until,source_url
How long does a refund take?,You have your money back within 7 working days.,,Returns,en,,,
What does gift wrapping cost?,Gift wrapping costs S$4.,wrap it as a present?,Service,en,,,
礼品包装多少钱？,礼品包装 4 新元。,,服务,zh,,,
"""
JUDGE = """text,label,language
good day to you,greet,en
my package never showed up,order,en
"""
ASKED = """text,question,language
until when do I wait for my cash,How long does a refund take?,en
can you answer this at all,,en
"""
FILES = {
    "domain.yml": DOMAIN,
    "data/rules.yml": RULES,
    "data/nlu.yml": NLU,
    "logs/chat.jsonl": LOG,
    "knowledge_base/pairs.csv": PAIRS,
    "heldout/intents.csv": JUDGE,
    "heldout/retrieval.csv": ASKED,
}


@dataclass(frozen=True)
class Files:
    """The project's folder."""

    folder: Path

    def replace(self, name: str, old: str, new: str) -> None:
        """Plants: `old`, which must be there, becomes `new`."""
        text = (self.folder / name).read_text("utf-8")
        assert old in text
        (self.folder / name).write_text(text.replace(old, new), "utf-8")

    def add(self, name: str, text: str) -> None:
        """Plants: text at the end of a file, which may be new."""
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def load(self) -> Project:
        """The project as it is on the disk now."""
        return load_project(self.folder)

    def faults(self) -> list[str]:
        """What the check says of it."""
        project = self.load()
        return [str(fault) for fault in faults(project, gather(project))]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A small project without a fault."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return Files(tmp_path)
