"""Faults of an assistant's files, found before a customer finds them: `chatbot check`."""

from __future__ import annotations

from chatbot.checking.dialogues import faults_of_dialogues
from chatbot.checking.fault import KINDS, Fault
from chatbot.checking.lists import faults_of_lists
from chatbot.checking.material import Material, gather
from chatbot.checking.texts import faults_of_texts
from chatbot.project import Project

__all__ = ["KINDS", "Fault", "Material", "faults", "gather"]


def faults(project: Project, material: Material) -> list[Fault]:
    """What is wrong with the project's files: broken ones first, then lists, texts, dialogues."""
    found = [
        *material.broken,
        *faults_of_lists(project, material),
        *faults_of_texts(project, material),
        *faults_of_dialogues(material),
    ]
    return list(dict.fromkeys(found))  # a pair for any language is looked at in each
