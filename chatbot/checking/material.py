"""Everything that an assistant learns from, answers with and is judged by; which of its files are broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeVar

import yaml

from chatbot.checking.fault import Fault
from chatbot.dialogue.domain import domain_files
from chatbot.project import Project
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.importing import read_numbered
from knowledge_base.pairs import Pair
from training_data.examples import Example, TrainingDataError
from training_data.logs import Turn, labelled, read_logs
from training_data.nlu import NluData
from training_data.questions import Asked, asks_pairs, read_questions
from training_data.reading import files_of, is_log, read_file

Place = tuple[str, str]
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Stored:
    """A pair of a file. where: file and line."""

    where: str
    pair: Pair

    @property
    def phrasings(self) -> tuple[str, ...]:
        """The question and the similar ones."""
        return (self.pair.question, *self.pair.similar)


@dataclass(frozen=True, slots=True)
class Material:
    """nlu: examples that somebody wrote down as such, with regexes. turns: of the logs. judged, asked: held out.

    broken: files that could not be read. lines: where the domain names a thing, by section and name.
    """

    nlu: NluData
    turns: tuple[Turn, ...]
    stored: tuple[Stored, ...]
    judged: tuple[Example, ...]
    asked: tuple[Asked, ...]
    broken: tuple[Fault, ...]
    lines: dict[Place, str]

    @property
    def taught(self) -> tuple[Example, ...]:
        """All labelled examples, those of the logs among them."""
        return (*self.nlu.examples, *labelled(self.turns))

    def place(self, section: str, name: str) -> str:
        """File and line where the domain names it; '' if it does not."""
        return self.lines.get((section, name), "")


class Careful:
    """Calls what reads a path; what cannot be read becomes a fault, and `nothing` is read."""

    def __init__(self) -> None:
        self.broken: list[Fault] = []

    def __call__(self, read: Callable[[Path], Read], path: Path, nothing: Read) -> Read:
        """What `read` gives for the path."""
        try:
            return read(path)
        except (TrainingDataError, KnowledgeBaseError) as error:
            self.broken.append(Fault("broken", "", str(error)))
            return nothing


def gather(project: Project) -> Material:
    """Reads all files of a project; a file that cannot be read becomes a fault, and the others are read."""
    tried = Careful()
    nlu, turns, stored = NluData(), list[Turn](), list[Stored]()
    judged, asked = list[Example](), list[Asked]()
    files = [tried(files_of, folder, list[Path]()) for folder in project.examples]
    for path in (path for group in files for path in group):
        if tried(is_log, path, False):
            turns += tried(read_logs, path, [])
        else:
            nlu += tried(read_file, path, NluData())
    for path in project.pairs:
        stored += tried(read_stored, path, [])
    for path in project.heldout:
        if tried(asks_pairs, path, False):
            asked += tried(read_questions, path, [])
        else:
            judged += tried(read_file, path, NluData()).examples
    lines = dict(chain.from_iterable(map(named_lines, domain_files(project.domain_file))))
    return Material(nlu, tuple(turns), tuple(stored), tuple(judged), tuple(asked), tuple(tried.broken), lines)


def read_stored(path: Path) -> list[Stored]:
    """The pairs of a file with their lines."""
    return [Stored(f"{path.name}:{line}", pair) for line, pair in read_numbered(path)]


def named_lines(path: Path) -> Iterator[tuple[Place, str]]:
    """Section, name, and file and line of each thing that a YAML file of Rasa's lists or maps on its second level."""
    root = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    for section, body in root.value if isinstance(root, yaml.MappingNode) else ():
        for item in body.value if isinstance(body, yaml.CollectionNode) else ():
            name = item[0] if isinstance(item, tuple) else item
            while isinstance(name, yaml.MappingNode) and name.value:
                name = name.value[0][0]  # an intent with settings: {greet: {use_entities: false}}
            if isinstance(name, yaml.ScalarNode):
                yield (str(section.value), str(name.value)), f"{path.name}:{name.start_mark.line + 1}"
