"""The first start: base model, sentence encoder, knowledge base, intent model. Each part is made if it is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.messages import SEARCH
from chatbot.models.registry import Registry, fingerprint_of
from chatbot.models.thresholds import BUDGET
from chatbot.project import Project
from chatbot.settings import Settings
from chatbot.understanding.pairs import FILE as CALIBRATION
from chatbot.understanding.pairs import PairCalibration, write_calibration
from chatbot.wiring import Knowledge, encoder_folders, encoder_names, sentence_encoder
from knowledge_base.importing import read_pairs
from knowledge_base.pairs import Pair
from knowledge_base.store import PairStore
from knowledge_base.trials import Confirmed
from training_data.examples import Example, language_of
from training_data.nlu import NluData
from training_data.questions import Asked, read_questions
from training_data.reading import read_data

if TYPE_CHECKING:
    from chatbot.training.finetune import Options

STORED_WORDINGS = 1
FIRST_EPOCHS = 2
"""Whoever tries the product waits for the first training; `chatbot train` reads the data once more."""
Progress = Callable[[str, float, float], None]


def set_up(settings: Settings, project: Project, progress: Progress) -> None:
    """Makes what is missing, and leaves alone what is there. Safe to run again after any interruption."""
    make_encoders(settings, project, progress)
    fill_knowledge(settings, project, progress)
    if not (settings.home / "index" / CALIBRATION).is_file():
        calibrate_search(settings, confirmed_questions(project), BUDGET, progress)
    if Registry(settings.home).current() is None:
        from chatbot.training.finetune import Options

        options = Options(fewest_epochs=FIRST_EPOCHS)
        train_model(settings, project_examples(project), options, None, progress)


def make_encoders(settings: Settings, project: Project, progress: Progress) -> None:
    """The sentence encoders of the settings, each centred on the project's questions in its languages."""
    if all(folder.is_dir() for folder in encoder_folders(settings).values()):
        return
    questions = [question for pair in all_pairs(project) for question in (pair.question, *pair.similar)]
    encoders_for(settings, questions + [example.text for example in read_data(project.examples).examples], progress)


def encoders_for(settings: Settings, texts: Sequence[str], progress: Progress) -> None:
    """The sentence encoders of the settings that are not there yet, each centred on the texts in its languages."""
    from chatbot.training.choosing import chosen
    from chatbot.training.sentence import make_sentence_encoder

    names, folders = encoder_names(settings), encoder_folders(settings)
    missing = {folder: names[language] for language, folder in folders.items() if not folder.is_dir()}
    for place, (folder, name) in enumerate(missing.items()):
        progress("sentence encoders", place / len(missing), 0.0)
        spoken = {language for language, other in names.items() if other == name}
        mine = [text for text in texts if language_of(text) in spoken] or ["hello", "你好"]
        make_sentence_encoder(chosen(name, mine, settings.home), settings.home, mine, folder)


def fill_knowledge(settings: Settings, project: Project, progress: Progress) -> None:
    """The project's pairs into a knowledge base that never held one; then the index."""
    knowledge = Knowledge(settings)
    try:
        if knowledge.store.count(state=None) == 0:
            knowledge.store.add_many(all_pairs(project))
        knowledge.index.refresh(lambda done, total: progress("knowledge base", done / max(1, total), 0.0))
    finally:
        knowledge.close()


def calibrate_search(
    settings: Settings, confirmed: Sequence[Asked], budget: float, progress: Progress
) -> PairCalibration:
    """The search's weight and thresholds, kept beside the index.

    A confirmed question whose pair is not published any more is left out.
    """
    from chatbot.training.retrieval import calibrated

    knowledge = Knowledge(settings)
    try:
        knowledge.index.refresh()
        questions = [question for each in confirmed if (question := confirmed_as(each, knowledge.store))]
        found = calibrated(
            knowledge.base,
            questions,
            budget,
            lambda done, total: progress("thresholds", done / max(1, total), 0.0),
        )
    finally:
        knowledge.close()
    write_calibration(settings.home / "index", found)
    return found


def confirmed_questions(project: Project) -> list[Asked]:
    """What customers asked, with the stored question that is right, or with '' where none is."""
    return [each for path in project.confirmed for each in read_questions(path)]


def confirmed_as(asked: Asked, store: PairStore) -> Confirmed | None:
    """The question with its pair's id; None if the pair is gone."""
    pair = store.exact(asked.question, asked.language) if asked.question else None
    if asked.question and pair is None:
        return None
    return Confirmed(asked.text, asked.language, pair.id or 0 if pair else 0)


def all_pairs(project: Project) -> list[Pair]:
    """The pairs of all files of the project."""
    return [pair for path in project.pairs for pair in read_pairs(path)]


def project_examples(project: Project) -> NluData:
    """All that the project's intent model learns from: its examples and logs, and some of its stored questions.

    A stored question is an example of the intent whose rule searches the stored answers; without them the classifier
    is sure of some other intent for what only a pair can answer. STORED_WORDINGS of each pair are enough for that.
    """
    data = read_data(project.examples)
    searching = [intent for intent, chain in project.rules.by_intent.items() if chain[0] == SEARCH]
    if not searching:
        return data
    known = {example.text.casefold() for example in data.examples}
    texts = [text for pair in all_pairs(project) for text in (pair.question, *pair.similar)[:STORED_WORDINGS]]
    stored = [
        Example(text, searching[0], language_of(text), "stored question")
        for text in texts
        if text.casefold() not in known
    ]
    return data + NluData(examples=tuple(stored))


def train_model(
    settings: Settings, data: NluData, options: Options, output: Path | None, progress: Progress
) -> tuple[Path, Mapping[str, Any]]:
    """Trains the intent model; returns its folder and metrics. output: the new folder; None: a version made current."""
    from chatbot.training.train import check_new, train
    from chatbot.understanding.entities import Tables
    from chatbot.understanding.masking import Masker

    registry = Registry(settings.home)
    folder = output or registry.new_version(fingerprint_of([example.text for example in data.examples]))
    check_new(folder)  # told before the long work
    encoders_for(settings, [example.text for example in data.examples], progress)
    masked = Masker(data.regexes).masked
    metrics = train(
        data.examples,
        masked,
        data.regexes,
        settings.base_model,
        sentence_encoder(settings),
        settings.home,
        folder,
        options,
        progress,
        Tables(data.lookups, data.meanings),
    )
    if output is None:
        registry.promote(folder.name)
    return folder, metrics
