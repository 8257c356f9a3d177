"""A small assistant in Rasa's layout, for test stories: a workshop that mends bicycles."""

from __future__ import annotations

from pathlib import Path

from chatbot.deciding import Policy, Thresholds
from chatbot.project import load_project
from chatbot.testing.reading import TestStory, read_test_stories
from chatbot.testing.running import Verdict, play

DOMAIN = """
version: "3.1"
intents: [greet, thank, faq, ask_stored, book_repair, inform, ask_price]
entities: [bike, colour]
slots:
  bike:
    type: categorical
    values: [city, race]
    mappings: [{type: from_entity, entity: bike}]
  fault:
    type: text
    influence_conversation: false
    mappings: [{type: from_text, conditions: [{active_loop: repair_form, requested_slot: fault}]}]
  member: {type: bool, initial_value: false, mappings: [{type: custom}]}
forms:
  repair_form: {required_slots: [bike, fault]}
responses:
  utter_greet: [{text: "Hello!"}]
  utter_greet_member: [{text: "Hello again!"}]
  utter_thank: [{text: "You are welcome."}]
  utter_faq/hours: [{text: "From nine to five."}]
  utter_faq/place: [{text: "At the bridge."}]
  utter_price:
    - text: "That depends."
      buttons: [{title: "Have it looked at", payload: "/book_repair"}]
  utter_ask_bike:
    - text: "Which bicycle?"
      buttons: [{title: "The city one", payload: '/inform{"bike": "city"}'}]
  utter_ask_fault: [{text: "What is wrong with it?"}]
  utter_default: [{text: "Pardon?"}]
actions: [action_book]
"""
RULES = """
version: "3.1"
rules:
  - rule: Greet
    condition: [{slot_was_set: [{member: false}]}]
    steps: [{intent: greet}, {action: utter_greet}]
  - rule: Greet a member
    condition: [{slot_was_set: [{member: true}]}]
    steps: [{intent: greet}, {action: utter_greet_member}]
  - rule: Thank
    steps: [{intent: thank}, {action: utter_thank}]
  - rule: What is often asked
    steps: [{intent: faq}, {action: utter_faq}]
  - rule: What is stored
    steps: [{intent: ask_stored}, {action: action_search_knowledge_base}]
  - rule: Price
    steps: [{intent: ask_price}, {action: utter_price}]
  - rule: Begin
    steps: [{intent: book_repair}, {action: repair_form}, {active_loop: repair_form}]
  - rule: Book
    condition: [{active_loop: repair_form}]
    steps: [{action: repair_form}, {active_loop: null}, {action: action_book}]
  - rule: Not understood
    steps: [{intent: nlu_fallback}, {action: utter_default}]
"""
SURE = Thresholds(1.0, 1.0, 1.0, 1.0)


def project(folder: Path) -> Path:
    """The assistant's folder."""
    (folder / "data").mkdir(parents=True)
    (folder / "domain.yml").write_text(DOMAIN, "utf-8")
    (folder / "data" / "rules.yml").write_text(RULES, "utf-8")
    return folder


def told(folder: Path, stories: str) -> Path:
    """A file of test stories in the assistant's folder."""
    (folder / "tests").mkdir(exist_ok=True)
    file = folder / "tests" / "test_stories.yml"
    file.write_text(f"stories:\n{stories}", "utf-8")
    return file


def policy(folder: Path) -> Policy:
    """The assistant's, for marked intents."""
    assistant = load_project(folder)
    return Policy(assistant.domain, assistant.rules, SURE)


def read(folder: Path, stories: str) -> list[TestStory]:
    """The stories as they are read."""
    return read_test_stories([told(folder, stories)])


def played(folder: Path, steps: str) -> Verdict:
    """The verdict on one story, `steps` in YAML from the second line of the file on, without a model."""
    (story,) = read(folder, f"- story: One\n  steps:\n{steps}")
    return play(story, policy(folder))
