"""Where an assistant's domain, rules, actions, examples, logs and pairs lie: one loader.

A folder in Rasa's project layout: domain.yml, data/nlu.yml, data/rules.yml, actions/, with knowledge_base/*.csv and
logs/*.jsonl, confirmed/*.csv and heldout/*.csv beside. The bundled demo shop is the default.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import knowledge_base
import training_data
from chatbot.dialogue.domain import Domain, read_domain
from chatbot.dialogue.rules import Rules, read_rules
from chatbot.errors import ProjectError
from chatbot.messages import Language

SHOP = Path(__file__).parent / "shop"


@dataclass(frozen=True, slots=True)
class Project:
    """An assistant. examples: files and folders of labelled examples and logs. pairs: CSV files of pairs.

    confirmed: CSV files of what customers asked, with the question of the pair that answers it; they calibrate the
    search. heldout: CSV files of questions that it is judged by and never learns from. domain_file: where the domain
    was read.
    """

    name: Mapping[Language, str]
    domain: Domain
    rules: Rules
    examples: tuple[Path, ...]
    pairs: tuple[Path, ...]
    actions: str
    confirmed: tuple[Path, ...]
    heldout: tuple[Path, ...]
    domain_file: Path


def load_project(folder: Path | None) -> Project:
    """The project of a folder; the demo shop for None.

    Raises ProjectError if a file is missing or contradicts another.
    """
    if folder is None:
        return demo_shop()
    if not (folder / "domain.yml").is_file():
        raise ProjectError(f"{folder}: has no domain.yml. A project has Rasa's layout: domain.yml, data/, actions/.")
    domain = read_domain(folder / "domain.yml")
    rules_file = next(
        (p for p in (folder / "data/rules.yml", folder / "rules.yml") if p.is_file()), folder / "data/rules.yml"
    )
    place = folder.resolve()
    if (folder / "actions").is_dir() and str(place) not in sys.path:
        sys.path.insert(0, str(place))
    title = place.name
    return Project(
        name={"en": title, "zh": title},
        domain=domain,
        rules=read_rules(rules_file, domain),
        examples=tuple(path for path in (folder / "data", folder / "logs") if path.is_dir()),
        pairs=tuple(sorted((folder / "knowledge_base").glob("*.csv"))),
        actions="actions",
        confirmed=tuple(sorted((folder / "confirmed").glob("*.csv"))),
        heldout=tuple(sorted((folder / "heldout").glob("*.csv"))),
        domain_file=folder / "domain.yml",
    )


def demo_shop() -> Project:
    """Maple & Moss, the shop that comes with Frontdesk."""
    domain = read_domain(SHOP / "domain.yml")
    return Project(
        name={"en": "Maple & Moss", "zh": "枫苔家居"},
        domain=domain,
        rules=read_rules(SHOP / "rules.yml", domain),
        examples=(Path(training_data.__file__).parent / "seed",),
        pairs=tuple(sorted((Path(knowledge_base.__file__).parent / "seed").glob("*.csv"))),
        actions="chatbot.shop.actions",
        confirmed=tuple(sorted((Path(training_data.__file__).parent / "confirmed").glob("*.csv"))),
        heldout=tuple(sorted((Path(training_data.__file__).parent / "heldout").glob("*.csv"))),
        domain_file=SHOP / "domain.yml",
    )
