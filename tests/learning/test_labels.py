from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatbot.learning.labels import MIGRATIONS, Label, Labels
from knowledge_base.errors import StoreError
from training_data.examples import OUT_OF_SCOPE


@pytest.fixture
def labels(tmp_path: Path) -> Iterator[Labels]:
    labels = Labels(tmp_path / "training" / "labels.db")
    yield labels
    labels.close()


def test_a_label_is_kept_with_who_said_so_and_when(labels: Labels) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    label = labels.add("where is [order]", "order_status", "en", "mei")
    assert labels.all() == [label]
    assert label == Label("where is [order]", "order_status", "en", label.at, "mei")
    assert before <= datetime.fromisoformat(label.at) <= datetime.now(UTC)


def test_labels_are_there_after_reopening(labels: Labels, tmp_path: Path) -> None:
    label = labels.add("退款呢", "refund_status", "zh", "mei")
    again = Labels(tmp_path / "training" / "labels.db")
    assert again.all() == [label]
    again.close()


def test_of_two_labels_of_one_text_the_later_holds_and_the_earlier_stays_on_record(labels: Labels) -> None:
    labels.add("is it late", "refund_status", "en", "mei")
    other = labels.add("bonjour", sorted(OUT_OF_SCOPE)[0], "en", "mei")
    later = labels.add("is it late", "order_status", "en", "li")
    assert labels.all() == [other, later]
    with labels.connections.reading() as db:
        assert db.execute("SELECT count(*) FROM labels").fetchone()[0] == 3


def test_one_text_in_two_languages_has_two_labels(labels: Labels) -> None:
    said = [labels.add("ok", "affirm", "en", "mei"), labels.add("ok", "thank_you", "zh", "mei")]
    assert labels.all() == said


def test_another_language_is_refused_and_nothing_is_kept(labels: Labels) -> None:
    with pytest.raises(StoreError, match="CHECK constraint failed"):
        labels.add("bonjour", "greet", "fr", "mei")  # type: ignore[arg-type]
    assert labels.all() == []


def test_eight_threads_lose_no_label(labels: Labels) -> None:
    with ThreadPoolExecutor(8) as threads:
        said = set(threads.map(lambda n: labels.add(f"text {n}", "greet", "en", "mei"), range(80)))
    assert set(labels.all()) == said
    assert len(said) == 80


def test_each_step_of_the_schema_is_recorded(labels: Labels) -> None:
    with labels.connections.reading() as db:
        recorded = db.execute("SELECT number, name FROM migrations").fetchall()
    assert recorded == [(number, step.__name__) for number, step in enumerate(MIGRATIONS, 1)]
