"""What intents are measured on: a folder in the public sets' format, all of those there are, and the shop's judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.thinning import few_of_each, thinned
from training_data.examples import OUT_OF_SCOPE, Example, TrainingDataError, csv_rows, language_of, read_csv
from training_data.nlu import NluData
from training_data.questions import asks_pairs

SMALL, A_LABEL, TEST_ROWS = 400, 7, 1000
"""Of a larger training set the quick form takes so many rows of each label, and so many test rows: eight sets then take
less than ten minutes on 2 cores. The trainer learns from so few without tuning the encoder; --full shows it tuned."""
NEEDED = ("train.csv", "test.csv")
COLUMNS = ("text", "label")
SHOWN = 8  # names of files in a message


@dataclass(frozen=True, slots=True)
class IntentSet:
    """What a model learns from and what it is judged on. *_there: how many rows there were before thinning."""

    name: str
    taught: NluData
    asked: tuple[Example, ...]
    taught_there: int
    asked_there: int


def intent_set(name: str, taught: NluData, asked: Sequence[Example]) -> IntentSet:
    """A whole set. Raises BenchmarkError if a classifier cannot be trained on it or cannot be judged by it."""
    labels = {label_of(example) for example in taught.examples}
    if len(labels) < 2:
        raise BenchmarkError(f"{name}: the training rows have {len(labels)} label(s); at least two are needed.")
    if not labels & {label_of(example) for example in asked}:
        raise BenchmarkError(f"{name}: the {len(asked)} test rows have no label of the training rows.")
    return IntentSet(name, taught, tuple(asked), len(taught.examples), len(asked))


def learnable(taught: NluData) -> NluData:
    """Less the labels of one text only, of which nothing can be held out: their test rows count as wrong."""
    texts = Counter(label for label, _ in {(label_of(each), each.text.casefold()) for each in taught.examples})
    return replace(taught, examples=tuple(each for each in taught.examples if texts[label_of(each)] > 1))


def label_of(example: Example) -> str:
    """The intent, with one name for out of scope."""
    return "oos" if example.intent in OUT_OF_SCOPE else example.intent


def quick(whole: IntentSet) -> IntentSet:
    """The set thinned to what ten minutes allow; as it is if it is small."""
    examples = whole.taught.examples
    labels = [label_of(example) for example in examples]
    taught = examples if len(examples) <= SMALL else few_of_each(examples, labels, A_LABEL)
    asked = thinned(whole.asked, [label_of(example) for example in whole.asked], TEST_ROWS)
    return replace(whole, taught=replace(whole.taught, examples=taught), asked=asked)


def folder_sets(folder: Path) -> list[IntentSet]:
    """The sets of a folder: train.csv, and each fewshot*.csv, against test.csv. All is read before any is trained.

    Columns `text,label`, others are ignored; the label `oos` or `out_of_scope` means out of scope. dev.csv is not read:
    the trainer holds out rows of its own. Raises BenchmarkError naming the file that is missing, the columns that were
    got, or the lines that are empty.
    """
    if not folder.is_dir():
        raise BenchmarkError(f"{folder}: is no folder. Name one that has {' and '.join(NEEDED)} (text,label).")
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        raise BenchmarkError(f"{folder}: {' and '.join(missing)} missing (text,label); {contents(folder)}.")
    asked, name = examples_in(folder / "test.csv"), folder.resolve().name
    few = sorted(folder.glob("fewshot*.csv"), key=lambda path: (len(path.stem), path.stem))
    named = {name: folder / "train.csv"} | {f"{name} {path.stem}": path for path in few}
    return [intent_set(one, NluData(examples=tuple(examples_in(path))), asked) for one, path in named.items()]


def contents(folder: Path) -> str:
    """The files that are there instead, for a message."""
    names = sorted(path.name for path in folder.iterdir())
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"it holds {', '.join(names[:SHOWN])}{more}" if names else "it is empty"


def examples_in(path: Path) -> list[Example]:
    """The rows of a CSV `text,label`. Not `read_csv`: a column `language` may name any language here."""
    examples, faults = [], []
    try:
        for line, row in csv_rows(path, COLUMNS):
            text, label = row["text"].strip(), row["label"].strip()
            if text and label:
                examples.append(Example(text, label, language_of(text), f"{path.name}:{line}"))
            else:
                faults.append(f"line {line}: {'label' if text else 'text'} is empty")
    except TrainingDataError as error:
        raise BenchmarkError(f"{path.parent}: {error}") from error
    if faults:
        more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise BenchmarkError(f"{path}: {'; '.join(faults[:SHOWN])}{more}. Nothing was measured.")
    if not examples:
        raise BenchmarkError(f"{path}: has a header and no rows below it.")
    return examples


def public_sets(shared: Path) -> list[IntentSet]:
    """The sets of all folders in `shared` that have train.csv and test.csv; of the others there is nothing to train."""
    found = sorted(folder for folder in shared.iterdir() if all((folder / name).is_file() for name in NEEDED))
    return [each for folder in found for each in folder_sets(folder)]


def shop_set() -> IntentSet:
    """The demo shop: all that its model learns from at the first start, and its held-out judge."""
    from chatbot.project import load_project
    from chatbot.setting_up import project_examples

    shop = load_project(None)
    judges = [path for path in shop.heldout if not asks_pairs(path)]
    return intent_set("shop", project_examples(shop), [example for path in judges for example in read_csv(path)])
