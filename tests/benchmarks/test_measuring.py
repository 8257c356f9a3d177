"""The measurements themselves, with stand-ins for what is slow: a hashing encoder, a server of a few lines."""

from __future__ import annotations

import itertools
import json
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from chatbot.benchmarks import nlu, rest, retrieval, speed
from chatbot.benchmarks.errors import BenchmarkError
from chatbot.benchmarks.homes import copied_home, fresh_home
from chatbot.benchmarks.intent_sets import intent_set
from chatbot.benchmarks.knowledge_sets import knowledge_set
from chatbot.benchmarks.rest import Server, Turn, first_answer, load, turns_over
from chatbot.benchmarks.turns import held_out, stages
from chatbot.messages import Reply
from chatbot.models.thresholds import Band, Trials
from chatbot.settings import load_settings
from chatbot.training.floor import floor_report
from chatbot.training.retrieval import calibrated
from chatbot.understanding.pairs import PairCalibration
from knowledge_base.index import KnowledgeIndex
from knowledge_base.pairs import Hit, Pair
from knowledge_base.search import KnowledgeBase
from knowledge_base.store import PairStore
from tests.benchmarks.test_sets import folder
from tests.fakes import HashingEncoder
from training_data.examples import Example
from training_data.nlu import NluData

TURNS = {"en": ["where is it", "hello"], "zh": ["退款"]}


# --- intents ---------------------------------------------------------------------------------------------------------


def test_a_set_that_no_time_is_left_for_is_named_and_not_begun(tmp_path: Path) -> None:
    rows = [Example("a", "one", "en", ""), Example("b", "two", "en", "")]
    told: list[str] = []
    [found] = nlu.measure([intent_set("set", NluData(examples=tuple(rows)), rows)], tmp_path, False, 1.0, told.append)
    assert found == nlu.LeftOut("set", "the time of the quick form was over; --full measures it")
    assert told == ["set: 2 training rows, 2 test rows", f"set is left out: {found.left_out}"]


def test_what_is_told_of_a_set_comes_from_its_judgement() -> None:
    rows = [Example(f"{word} {n}", word, "en", "") for word in ("parcel", "refund", "oos") for n in range(5)]
    each = intent_set("set", NluData(examples=tuple(rows)), rows)
    judged = floor_report(each.taught, each.asked)
    band = Band(0.5, 0.2, 0.03, True, 10, 0.9, 0.0, 0)
    metrics = {"base": "english", "confusion": [[1]], "epochs": 3}
    told = nlu.result(each, judged, band, None, metrics, 61.23, 0.3, 900.0).as_json()
    assert [told[name] for name in ("in_scope_accuracy", "macro_f1", "oos_auroc", "coverage_at_budget")] == [
        1,
        1,
        1,
        None,
    ]
    assert [told[name] for name in ("budget", "certified", "train_seconds", "judge_ms_per_text")] == [
        0.03,
        True,
        61.2,
        20,
    ]
    assert (told["labels"], told["training_rows"], told["floor"]) == (3, 15, None)
    assert told["training"] == {"base": "english", "epochs": 3}


# --- retrieval -------------------------------------------------------------------------------------------------------


def test_the_search_is_judged_by_the_files_ids_also_where_a_question_is_there_twice(tmp_path: Path) -> None:
    kb = (
        "id,question,answer\nparis,Où est le magasin ?,À Paris.\nlyon,Où est le magasin ?,À Lyon.\n"
        "prix,Combien coûte l'envoi ?,Cinq euros.\n"
    )
    queries = "query,gold_id\noù est votre magasin,paris|lyon\ncombien pour l'envoi,prix\n"
    each = knowledge_set(folder(tmp_path / "faq", kb=kb, queries=queries))
    store = PairStore(tmp_path / "knowledge.db")
    index = KnowledgeIndex(store, HashingEncoder(), tmp_path / "index")
    stored = store.add_many(each.pairs.values(), on_duplicate="keep")
    index.refresh()
    base = KnowledgeBase(store, index)
    ids = dict(zip((pair.id for pair in stored), each.pairs, strict=True))
    made = retrieval.Made(load_settings(), ids, 3, calibrated(base), 1.0, 2.0, 3.0, 100.0)
    told = retrieval.result(each, each.asked[0], base, made).as_json()
    index.close()
    store.close()
    assert [told[name] for name in ("set", "r_at_1", "r_at_5", "mrr", "pairs", "queries")] == ["faq", 1, 1, 1, 3, 2]
    assert 0 < told["query_p50_ms"] <= told["query_p95_ms"] <= told["query_p99_ms"]
    assert (told["coverage_at_budget"], told["error_at_budget"], told["certified"]) == (0, 0, False)  # no pair has two


def test_a_query_is_answered_from_the_fitted_confidence_on(tmp_path: Path) -> None:
    hit = Hit(Pair("q", "a"), "q", score=0.6, dense=0.6, lexical=0.5)
    sure, unsure = (PairCalibration(0.8, (1.0, 0.0, 0.0), 0.0, Band(answer, 0.1, 0.03, True, 1, 1.0, 0.0, 0),
                                    Trials((), (), (), ()), "1", "e", 1) for answer in (0.6, 0.7))  # fmt: skip
    assert retrieval.answered([hit], sure)  # 1 / (1 + exp(-0.6)) is 0.65
    assert not retrieval.answered([hit], unsure)
    assert not retrieval.answered([], sure)


def test_made_up_texts_and_vectors_are_the_same_each_time() -> None:
    assert speed.made_up_pairs(5) == speed.made_up_pairs(5)
    vectors = speed.ChanceEncoder().encode(["a", "b", "a"])
    assert vectors.dtype == np.float32
    assert (vectors[0] == vectors[2]).all()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert speed.ChanceEncoder().encode([]).shape == (0, 384)


def test_the_speed_of_a_small_knowledge_base_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "QUERIES", 10)
    told = speed.measured(100, tmp_path).as_json()
    assert (told["phrasings"], told["pairs"], told["queries"]) == (100, 20, 10)
    assert 0 < told["query_p50_ms"] <= told["query_p99_ms"]


# --- turns -----------------------------------------------------------------------------------------------------------


def test_each_stage_is_told_over_the_turns_that_went_through_it() -> None:
    replies = [
        Reply("c", "m", "en", (), (), None, "", "", {"search": 2.0, "total": 4.0}),
        Reply("c", "m", "en", (), (), None, "", "", {"total": 6.0}),
    ]
    found = stages(replies)
    assert {name: times.p50 for name, times in found.items()} == {"search": 2.0, "total": 5.0}


def test_the_held_out_questions_of_both_judges_are_asked() -> None:
    assert len(held_out("en")) > 600
    assert len(held_out("zh")) > 600
    with pytest.raises(BenchmarkError, match="none in 'fr'"):
        held_out("fr")


def test_no_conversation_is_named_twice_and_every_name_is_one_for_the_page() -> None:
    turns = [*itertools.islice(turns_over(TURNS), 500), *itertools.islice(turns_over(TURNS, "en"), 500)]
    assert len({turn.conversation for turn in turns}) == 1000
    assert {len(turn.conversation) for turn in turns} == {32}
    assert [turn.text for turn in turns[:4]] == ["where is it", "退款", "hello", "退款"]


class Answering(BaseHTTPRequestHandler):
    """Rasa's REST channel, or the chat page, whichever the server has; 'fail' as a text gets no answer."""

    protocol_version = "HTTP/1.1"
    has_rest = True

    def do_GET(self) -> None:
        self.say(200, 'x<script>window.gradio_config = {"components": [{"id": 7, "type": "html"}]};</script>')

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == rest.REST and self.has_rest:
            answer = [] if sent["message"] == "fail" else [{"recipient_id": sent["sender"], "text": "yes"}]
            self.say(200, json.dumps(answer))
        elif self.path == rest.PAGE and sent["component_id"] == 7 and sent["fn_name"] == "send_message":
            self.say(200, json.dumps({"problem": "failed"} if sent["data"]["text"] == "fail" else {"reply": {}}))
        else:
            self.say(404, "Not found.")

    def say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


class WithoutRest(Answering):
    has_rest = False


@contextmanager
def served(handler: type[Answering]) -> Iterator[Server]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Server("127.0.0.1", server.server_port, 0, 0.0)
        server.shutdown()


@pytest.mark.parametrize(("handler", "path"), [(Answering, rest.REST), (WithoutRest, rest.PAGE)])
def test_a_server_is_asked_over_rest_and_without_that_as_the_page_does(handler: type[Answering], path: str) -> None:
    with served(handler) as server:
        turns = list(itertools.islice(turns_over(TURNS), 41))
        way, answered = first_answer(server, turns[0])
        assert (way.path, answered) == (path, True)
        bad = [Turn("y" * 32, "fail", "en")] * 3
        told = load(server, way, [*bad, *turns], 8, "en+zh")
    assert (told.clients, told.requests, told.failed, told.server_cpu_ms) == (8, 44, 3, None)
    assert told.turns_per_s == pytest.approx(41 / told.seconds, rel=0.5)
    assert 0 < told.ms.p50 <= told.ms.p99


def test_a_server_that_answers_nothing_is_no_result() -> None:
    with served(Answering) as server, pytest.raises(BenchmarkError, match="None of 3 requests"):
        load(server, rest.over_rest(), [Turn("y" * 32, "fail", "en")] * 3, 2, "en")


@contextmanager
def started(log: Path, program: str) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as said,
        subprocess.Popen([sys.executable, "-c", program], stdout=said, stderr=said, process_group=0) as process,
    ):
        try:
            yield process
        finally:
            rest.stop(process)


def test_a_server_is_ready_when_it_says_where_it_is_and_is_stopped_in_the_end(tmp_path: Path) -> None:
    program = "print('Frontdesk is ready: http://127.0.0.1:4711/', flush=True); import time; time.sleep(60)"
    with started(tmp_path / "log", program) as process:
        assert rest.ready(process, tmp_path / "log") == ("127.0.0.1", 4711)
    assert process.returncode == -signal.SIGTERM


def test_a_server_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    with (
        started(tmp_path / "log", "print('the port is taken', flush=True); raise SystemExit(2)") as process,
        pytest.raises(BenchmarkError, match="ended with code 2: the port is taken"),
    ):
        rest.ready(process, tmp_path / "log")


def test_a_page_that_cannot_be_read_is_told() -> None:
    with pytest.raises(BenchmarkError, match="neither /webhooks"):
        rest.over_the_page("<html></html>")


# --- homes -----------------------------------------------------------------------------------------------------------


def test_a_copied_home_has_models_pairs_and_index_and_nobodys_conversations(tmp_path: Path) -> None:
    home = tmp_path / "var"
    for name in ("models", "encoders", "index/000001"):
        (home / name).mkdir(parents=True)
    (home / "models" / "current").write_text("v1")
    (home / "conversations.db").touch()
    (home / "secret.key").touch()
    with closing(sqlite3.connect(home / "knowledge.db")) as pairs:
        pairs.execute("PRAGMA journal_mode = WAL")
        pairs.execute("CREATE TABLE t (x)")
        pairs.execute("INSERT INTO t VALUES (7)")
        pairs.commit()  # still in the journal beside the file
        copy = copied_home(home, tmp_path / "copy")
    assert sorted(path.name for path in copy.iterdir()) == ["encoders", "index", "knowledge.db", "models"]
    assert (copy / "models" / "current").read_text() == "v1"
    assert (copy / "index" / "000001").is_dir()
    assert not (copy / "index").is_symlink()
    with closing(sqlite3.connect(copy / "knowledge.db")) as pairs:
        assert pairs.execute("SELECT x FROM t").fetchall() == [(7,)]


def test_fresh_homes_share_the_base_models_alone(tmp_path: Path) -> None:
    one, other = (fresh_home(tmp_path / name, tmp_path / "shared") for name in ("one", "other"))
    (one / "base_models" / "english").mkdir()
    assert [path.name for path in other.iterdir()] == ["base_models"]
    assert (other / "base_models" / "english").is_dir()
