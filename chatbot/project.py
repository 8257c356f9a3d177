"""Where an assistant's domain, rules, actions, examples, logs and pairs lie: one loader.

A folder in Rasa's project layout: domain.yml, data/nlu.yml, data/rules.yml, actions/, with knowledge_base/*.csv and
logs/*.jsonl, confirmed/*.csv and heldout/*.csv beside. The bundled demo shop is the default.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import knowledge_base
import training_data
from chatbot.dialogue.domain import Domain, read_domain
from chatbot.dialogue.rules import Rules, read_rules
from chatbot.errors import ProjectError
from chatbot.messages import Language

SHOP = Path(__file__).parent / "shop"
DEFAULTS = Path(__file__).parent / "dialogue" / "defaults.yml"


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
    domain_file = next(
        (p for p in (folder / "domain.yml", folder / "domain.yaml", folder / "domain") if p.exists()), None
    )
    if domain_file is None:
        raise ProjectError(f"{folder}: has no domain.yml. A project has Rasa's layout: domain.yml, data/, actions/.")
    files = data_files(folder)
    domain = with_defaults(read_domain(domain_file, *(file for file in files if says(file, "responses"))))
    place = folder.resolve()
    if is_importable(folder) and str(place) not in sys.path:
        sys.path.insert(0, str(place))
    title = place.name
    return Project(
        name={"en": title, "zh": title},
        domain=domain,
        rules=read_rules([file for file in files if says(file, "rules", "stories")], domain),
        examples=tuple(path for path in (folder / "data", folder / "logs") if path.is_dir()),
        pairs=tuple(sorted((folder / "knowledge_base").glob("*.csv"))),
        actions="actions",
        confirmed=tuple(sorted((folder / "confirmed").glob("*.csv"))),
        heldout=tuple(sorted((folder / "heldout").glob("*.csv"))),
        domain_file=domain_file,
    )


def data_files(folder: Path) -> list[Path]:
    """The YAML files that may hold rules, stories and responses, in order of their names."""
    places = [*(folder / "data").rglob("*"), folder / "rules.yml", folder / "stories.yml"]
    return sorted(path for path in places if path.suffix in (".yml", ".yaml") and path.is_file())


def says(file: Path, *keys: str) -> bool:
    """Whether a YAML file has one of these keys at its top; long files of examples are not parsed for it.

    Raises ProjectError if it cannot be read.
    """
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file}: cannot be read ({error}).") from error
    return any(re.search(rf"^[\"']?{key}[\"']?\s*:", text, re.MULTILINE) for key in keys)


def is_importable(folder: Path) -> bool:
    """Whether the project has actions of its own: a folder, or one file."""
    return (folder / "actions").is_dir() or (folder / "actions.py").is_file()


def with_defaults(domain: Domain) -> Domain:
    """The domain with what every assistant must be able to say, where it says nothing itself.

    What Rasa's projects call utter_default is what is said where nothing is known.
    """
    own = dict(domain.responses)
    if "utter_default" in own:
        own.setdefault("utter_fallback", own["utter_default"])
    return replace(domain, responses={**read_domain(DEFAULTS).responses, **own})


def demo_shop() -> Project:
    """Maple & Moss, the shop that comes with Frontdesk."""
    domain = with_defaults(read_domain(SHOP / "domain.yml"))
    return Project(
        name={"en": "Maple & Moss", "zh": "枫苔家居"},
        domain=domain,
        rules=read_rules([SHOP / "rules.yml"], domain),
        examples=(Path(training_data.__file__).parent / "seed",),
        pairs=tuple(sorted((Path(knowledge_base.__file__).parent / "seed").glob("*.csv"))),
        actions="chatbot.shop.actions",
        confirmed=tuple(sorted((Path(training_data.__file__).parent / "confirmed").glob("*.csv"))),
        heldout=tuple(sorted((Path(training_data.__file__).parent / "heldout").glob("*.csv"))),
        domain_file=SHOP / "domain.yml",
    )
