"""The first start: base model, sentence encoder, knowledge base, intent model. Each part is made if it is not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chatbot.models.registry import Registry, fingerprint_of
from chatbot.project import Project
from chatbot.settings import Settings
from chatbot.wiring import Knowledge, encoder_folder
from knowledge_base.importing import read_pairs
from knowledge_base.pairs import Pair
from training_data.reading import read_data

Progress = Callable[[str, float, float], None]


def set_up(settings: Settings, project: Project, progress: Progress) -> None:
    """Makes what is missing, and leaves alone what is there. Safe to run again after any interruption."""
    make_encoder(settings, project, progress)
    fill_knowledge(settings, project, progress)
    if Registry(settings.home).current() is None:
        train_and_promote(settings, project, progress)


def make_encoder(settings: Settings, project: Project, progress: Progress) -> None:
    """The sentence encoder of the settings, centred on the questions of the project."""
    from chatbot.training.sentence import make_sentence_encoder

    folder = encoder_folder(settings)
    if folder.is_dir():
        return
    progress("sentence encoder", 0.0, 0.0)
    questions = [question for pair in all_pairs(project) for question in (pair.question, *pair.similar)]
    examples = [example.text for example in read_data(project.examples).examples]
    make_sentence_encoder(settings.sentence_encoder, settings.home, questions + examples, folder)
    progress("sentence encoder", 1.0, 0.0)


def fill_knowledge(settings: Settings, project: Project, progress: Progress) -> None:
    """The project's pairs into a knowledge base that never held one; then the index."""
    knowledge = Knowledge(settings)
    try:
        if knowledge.store.count(state=None) == 0:
            knowledge.store.add_many(all_pairs(project))
        knowledge.index.refresh(lambda done, total: progress("knowledge base", done / max(1, total), 0.0))
    finally:
        knowledge.close()


def all_pairs(project: Project) -> list[Pair]:
    """The pairs of all files of the project."""
    return [pair for path in project.pairs for pair in read_pairs(path)]


def train_and_promote(settings: Settings, project: Project, progress: Progress) -> Path:
    """Trains the intent model on the project's examples and makes it current."""
    from chatbot.training.finetune import Options, train
    from chatbot.understanding.masking import Masker

    data = read_data(project.examples)
    registry = Registry(settings.home)
    output = registry.new_version(fingerprint_of([example.text for example in data.examples]))
    masker = Masker(data.regexes)
    train(data.examples, masker.masked, data.regexes, settings.base_model, settings.home, output, Options(), progress)
    registry.promote(output.name)
    return output
