"""The trained shop keeps silent where it knows nothing, and keeps its error budget: on the real model, whole."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from chatbot.messages import Message
from chatbot.models.thresholds import BUDGET, Trials
from chatbot.settings import load_settings
from chatbot.training.calibrate import band
from chatbot.training.train import tried
from chatbot.wiring import Frontdesk
from tests.running import copied
from training_data.reading import read_data

PUBLIC = Path(__file__).resolve().parents[3] / "shared" / "data"
HELD_OUT = Path(__file__).resolve().parents[2] / "training_data" / "heldout" / "intents.csv"
SPLITS, SPLIT_BUDGET = 40, 0.08
"""Half of the judge, 560 messages, certifies 8 % on this model, and seldom less."""
STRANGE = (
    "asdkjh qwe", "你好吗 今天股票怎么样", "qwertyuiop", "xxxxxxxxxx", "....", "?!?!?!", "🙃🙃🙃", "0", "嗯嗯啊啊",
    "lorem ipsum dolor sit amet", "the mitochondria is the powerhouse of the cell", "SELECT * FROM users", "<i>zzz</i>",
    "{{ 7 * 7 }}", "../../etc/passwd", "what is the airspeed velocity of a swallow", "who won the cup final in 1998",
    "does my cat love me", "bitcoin to the moon", "my tooth hurts", "translate cheese into klingon",
    "明天会下雨吗", "给我讲个鬼故事", "宇宙的尽头是什么", "哈哈哈哈哈哈", "阿巴阿巴", "谁发明了电灯",
    "asdf 订 qwe 单 zxc",
    "ƃuıɥʇʎuɐ", "ааааа ббббб", "\u202eolleh\u202c zzz", "blah blah blah blah", "12 34 56 78 90 ab cd",
)  # fmt: skip


@pytest.fixture(scope="module")
def desk(shop_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Frontdesk]:
    """The trained shop, on a copy of its home."""
    running = Frontdesk(load_settings(home=copied(shop_home, tmp_path_factory.mktemp("honest") / "home")))
    running.knowledge.index.refresh()
    yield running
    running.close()


def answered(desk: Frontdesk, text: str, place: int) -> bool:
    """Whether a message is answered as if it were understood: by a template, an action, a form or a stored answer.

    The template that says "I can only help with the shop" is no such answer.
    """
    reply = desk.answer(Message(f"strange-{place}-{len(text)}", text, "1"))
    first = reply.steps[0]
    return first.kind in ("template", "action", "form", "retrieval") and first.name != "utter_out_of_scope"


def test_strange_messages_are_not_answered_as_if_they_were_understood(desk: Frontdesk) -> None:
    assert len(STRANGE) >= 32
    wrong = [text for place, text in enumerate(STRANGE) if answered(desk, text, place)]
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("name", ["clinc150"])  # hint3 is a mattress shop: ours answers much of what it cannot
def test_what_others_call_out_of_scope_is_answered_no_more_often_than_the_budget_allows(
    desk: Frontdesk, name: str
) -> None:
    path = PUBLIC / name / "test.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there: public data, read where it lies and never copied")
    with path.open(encoding="utf-8") as lines:
        texts = [row["text"] for row in csv.DictReader(lines) if row["label"] == "oos"]
    some = random.Random(1).sample(texts, min(150, len(texts)))
    wrong = [text for place, text in enumerate(some) if answered(desk, text, place)]
    assert len(wrong) <= BUDGET * len(some), wrong


def test_the_error_budget_is_kept_in_at_least_95_of_100_random_splits(desk: Frontdesk) -> None:
    """Certified thresholds of one half of the judge's messages, on the other half. Of others nothing is promised."""
    trials, kept, certified = judged(desk), 0, 0
    for seed in range(SPLITS):
        order = random.Random(seed).sample(range(len(trials.scores)), len(trials.scores))
        half = len(order) // 2
        found = band(some_of(trials, order[:half]), SPLIT_BUDGET)
        asked = [place for place in order[half:] if trials.scores[place] >= found.answer]
        certified += found.certified
        kept += not found.certified or sum(not trials.right[place] for place in asked) <= SPLIT_BUDGET * len(asked)
    assert certified >= SPLITS / 2
    assert kept >= 0.95 * SPLITS


def judged(desk: Frontdesk) -> Trials:
    """What the model would answer to the judge's messages."""
    classifier, examples = desk.classifier, read_data([HELD_OUT]).examples
    labels = classifier.labels.intents
    truth = np.array([labels.index(example.intent) for example in examples], np.int64)
    reading = classifier.read([classifier.masker.masked(example.text) for example in examples])
    return tried(reading, classifier.labels.calibration, truth, labels)


def some_of(trials: Trials, places: list[int]) -> Trials:
    """Some of the trials."""
    columns = (trials.scores, trials.right, trials.among, trials.inside)
    return Trials(*(tuple(column[place] for place in places) for column in columns))  # type: ignore[arg-type]
