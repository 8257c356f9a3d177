"""Responses as staff edit them: checked like the file, with history, in every process, never in the project's files."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import IO

import pytest
from sqlite_utils import Database

from chatbot.dialogue.domain import Domain, Variant
from chatbot.dialogue.responses import situations, written
from chatbot.dialogue.slots import SlotRules
from chatbot.dialogue.templates import (
    EVERY,
    Saved,
    Template,
    TemplateChangedError,
    TemplateError,
    TemplateRefusedError,
    Templates,
    UnknownTemplateError,
)
from chatbot.messages import Button, State
from chatbot.project import Project, load_project
from chatbot.reply.template import Speaker
from knowledge_base.errors import StoreError
from tests.dialogue.small import from_entities

EN, ZH = {"language": "en"}, {"language": "zh"}
PERSON = Button("Talk to a person", "/talk_to_person")
OWN = {
    "utter_greet": (Variant("Hello", (PERSON,), "", EN), Variant("你好", (), "", ZH)),
    "utter_ticket": (Variant("Ticket {ticket}.", (), "", EN), Variant("工单 {ticket}。", (), "", ZH)),
    "utter_order": (Variant("Order {order_number}: {state}, {item}.", (), "", EN), Variant("{state}", (), "", EN)),
    "utter_member": (
        Variant("Hi", (), "", {}),
        Variant("Hi, member", (), "", {"member": True}),
        Variant("会员您好", (), "", {"member": True, "language": "zh"}),
    ),
    "utter_english": (Variant("Only English", (), "", EN),),
}
DOMAIN = Domain(
    intents=("talk_to_person", "order_status"),
    slots={
        "language": SlotRules(),
        "order_number": from_entities("order_number"),
        "ticket": SlotRules(),
        "member": SlotRules(),
    },
    forms={},
    responses=OWN,
    actions=(),
)
NEW = (Variant("Good day", (PERSON,), "", EN), Variant("您好", (), "", ZH))
NEWER = (Variant("Good evening", (), "", EN), Variant("晚上好", (), "", ZH))


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "templates.db"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def templates(path: Path, clock: Clock) -> Iterator[Templates]:
    with closing(Templates(path, DOMAIN, clock)) as opened:
        yield opened


def refused(act: Callable[[], object]) -> tuple[str, ...]:
    """The sentences of a refusal."""
    with pytest.raises(TemplateRefusedError) as refusal:
        act()
    assert str(refusal.value) == " ".join(refusal.value.flaws)
    return refusal.value.flaws


def said(template: Template) -> tuple[str, ...]:
    return tuple(variant.text for variant in template.variants)


# -- saving


def test_before_any_edit_the_responses_are_the_files(templates: Templates) -> None:
    assert templates.responses() == OWN
    assert templates.all() == [Template(name, variants) for name, variants in OWN.items()]
    assert templates.history("utter_greet") == [Template("utter_greet", OWN["utter_greet"])]


def test_a_saved_edit_is_said_at_once_and_alone(templates: Templates) -> None:
    saved = templates.save("utter_greet", NEW, 0, "mei")
    assert saved == Saved(Template("utter_greet", NEW, 1, True, saved.template.updated_at, "mei"))
    assert templates.get("utter_greet") == saved.template
    assert templates.responses() == {**OWN, "utter_greet": NEW}
    speaker = Speaker(DOMAIN, templates.responses)
    assert [speaker.say("utter_greet", State("c", language)).text for language in ("en", "zh")] == ["Good day", "您好"]


def test_an_edit_outlives_the_process(path: Path) -> None:
    for revision, variants in enumerate((NEW, NEWER)):
        with closing(Templates(path, DOMAIN)) as opened:
            opened.save("utter_greet", variants, revision, "mei")
    with closing(Templates(path, DOMAIN)) as opened:
        assert opened.responses()["utter_greet"] == NEWER


def test_every_revision_is_kept_newest_first_with_who_and_when(templates: Templates) -> None:
    templates.save("utter_greet", NEW, 0, "mei")
    templates.save("utter_greet", NEWER, 1, "jon")
    history = templates.history("utter_greet")
    assert [(one.revision, one.updated_by, one.edited, one.variants) for one in history] == [
        (2, "jon", True, NEWER),
        (1, "mei", True, NEW),
        (0, "", False, OWN["utter_greet"]),
    ]
    times = [one.updated_at for one in history]
    assert times[2] is None
    assert times[0] is not None
    assert times[1] is not None
    assert times[0] >= times[1]
    assert times[0].endswith("+00:00")


def test_of_two_people_the_second_is_told_and_nothing_is_overwritten(templates: Templates) -> None:
    first = templates.save("utter_greet", NEW, 0, "mei").template
    for stale in (0, 2):
        with pytest.raises(TemplateChangedError, match="changed by mei meanwhile") as changed:
            templates.save("utter_greet", NEWER, stale, "jon")
        assert changed.value.now == first
        with pytest.raises(TemplateChangedError):
            templates.back("utter_greet", 0, stale, "jon")
    assert templates.history("utter_greet")[0] == first


def test_ten_writers_of_one_revision_make_one_and_nine_are_told(path: Path) -> None:
    stores = [Templates(path, DOMAIN) for _ in range(10)]
    outcomes: list[str] = []
    start = threading.Barrier(len(stores))

    def write(number: int) -> None:
        start.wait()
        try:
            stores[number].save("utter_english", [Variant(f"Text {number}", (), "", EN)], 0, f"staff {number}")
            outcomes.append(f"staff {number}")
        except TemplateChangedError as changed:
            outcomes.append("told of " + changed.now.updated_by)

    threads = [threading.Thread(target=write, args=[number]) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = [outcome for outcome in outcomes if not outcome.startswith("told")]
    assert sorted(outcomes) == sorted([winner, *[f"told of {winner}"] * 9])
    assert len(stores[0].history("utter_english")) == 2
    for store in stores:
        store.close()


def test_a_save_that_changes_nothing_is_no_revision(templates: Templates) -> None:
    assert templates.save("utter_greet", OWN["utter_greet"], 0, "mei").template == templates.get("utter_greet")
    templates.save("utter_greet", NEW, 0, "mei")
    assert templates.save("utter_greet", NEW, 1, "jon").template.updated_by == "mei"
    assert len(templates.history("utter_greet")) == 2


def test_ends_of_texts_are_trimmed_as_the_file_is_read(templates: Templates) -> None:
    spaced = (replace(NEW[0], text="  Good\r\nday \n"), NEW[1])
    assert said(templates.save("utter_greet", spaced, 0, "mei").template) == ("Good\nday", "您好")


# -- going back


def test_going_back_says_what_an_earlier_revision_said_as_a_new_one(templates: Templates) -> None:
    templates.save("utter_greet", NEW, 0, "mei")
    templates.save("utter_greet", NEWER, 1, "mei")
    back = templates.back("utter_greet", 1, 2, "jon").template
    assert (back.revision, back.variants, back.updated_by) == (3, NEW, "jon")
    assert templates.responses()["utter_greet"] == NEW
    assert [one.revision for one in templates.history("utter_greet")] == [3, 2, 1, 0]


def test_going_back_to_0_says_what_the_file_says_today_and_tomorrow(templates: Templates, path: Path) -> None:
    templates.save("utter_greet", NEW, 0, "mei")
    back = templates.back("utter_greet", 0, 1, "mei").template
    assert (back.revision, back.edited, back.variants) == (2, False, OWN["utter_greet"])
    assert templates.responses() == OWN
    newer_file = replace(DOMAIN, responses={**OWN, "utter_greet": NEWER})
    with closing(Templates(path, newer_file)) as opened:
        assert opened.responses()["utter_greet"] == NEWER
        assert opened.save("utter_greet", NEW, 2, "mei").template.revision == 3


def test_saving_what_the_file_says_goes_back_to_the_file(templates: Templates) -> None:
    templates.save("utter_greet", NEW, 0, "mei")
    assert templates.save("utter_greet", OWN["utter_greet"], 1, "mei").template.edited is False


def test_there_is_no_way_to_a_revision_or_a_response_that_is_not_there(templates: Templates) -> None:
    with pytest.raises(UnknownTemplateError, match="has no revision 4"):
        templates.back("utter_greet", 4, 0, "mei")
    for act in (
        lambda: templates.get("utter_new"),
        lambda: templates.history("utter_new"),
        lambda: templates.save("utter_new", NEW, 0, "mei"),
        lambda: templates.back("utter_new", 0, 0, "mei"),
    ):
        with pytest.raises(UnknownTemplateError, match=r"no response 'utter_new'\. New ones are made in domain\.yml"):
            act()
    assert issubclass(UnknownTemplateError, TemplateError)


# -- checked like the file


@pytest.fixture(scope="module")
def shop() -> Project:
    return load_project(None)


def test_every_response_of_the_shop_may_be_saved_as_it_is_and_with_a_word_more(shop: Project, path: Path) -> None:
    with closing(Templates(path, shop.domain)) as opened:
        for name, variants in shop.domain.responses.items():
            assert opened.save(name, variants, 0, "mei") == Saved(Template(name, variants))
            more = [replace(variant, text=f"{variant.text} !") for variant in variants]
            saved = opened.save(name, more, 0, "mei")
            assert (saved.template.revision, saved.warnings) == (1, ()), name


def test_the_projects_files_are_never_written(shop: Project, path: Path) -> None:
    folder = shop.domain_file.parent
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]

    def state() -> list[tuple[Path, int, str]]:
        return [(file, file.stat().st_mtime_ns, sha256(file.read_bytes()).hexdigest()) for file in files]

    before = state()
    with closing(Templates(path, shop.domain)) as opened:
        opened.save("utter_goodbye", [Variant("Bye", (), "", EN), Variant("再见", (), "", ZH)], 0, "mei")
        opened.back("utter_goodbye", 0, 1, "mei")
    assert state() == before


@pytest.mark.parametrize(
    ("name", "variants", "sentence"),
    [
        ("utter_english", [Variant(" \u200b", (), "", EN)], "Response 'utter_english': a variant has no text."),
        (
            "utter_english",
            [Variant("x" * 4001, (), "", EN)],
            "Response 'utter_english': a variant has 4001 characters; at most 4000 are allowed. Shorten it.",
        ),
        (
            "utter_english",
            [Variant("half \ud800", (), "", EN)],
            "Response 'utter_english': a variant holds a character that is no text (NUL, or half a pair).",
        ),
        (
            "utter_english",
            [Variant("Hi", (), "/a\0.png", EN)],
            "Response 'utter_english': an image holds a character that is no text (NUL, or half a pair).",
        ),
        (
            "utter_english",
            [Variant("Hi", (), "", {"ticket": "\udc00"})],
            "Response 'utter_english': a condition holds a character that is no text (NUL, or half a pair).",
        ),
        (
            "utter_english",
            [Variant("Hi", (Button(" ", "/talk_to_person"),), "", EN)],
            "Response 'utter_english': a button has no text.",
        ),
        ("utter_english", [], "Response 'utter_english' has no variant for language 'en'. Add one."),
        ("utter_greet", [NEW[0]], "Response 'utter_greet' has no variant for language 'zh'. Add one."),
        ("utter_greet", [NEW[1]], "Response 'utter_greet' has no variant for language 'en'. Add one."),
        (
            "utter_greet",
            [*NEW, Variant("Hallo", (), "", {"language": "de"})],
            "Response 'utter_greet': condition language 'de' never holds; allowed: en, zh.",
        ),
        (
            "utter_member",
            [Variant("Hi", (), "", {"member": False}), Variant("Hi", (), "", {"member": True})],
            "Response 'utter_member' has no variant for language 'en'. Add one. "
            "Response 'utter_member' has no variant for language 'zh'. Add one.",
        ),
        (
            "utter_greet",
            [*NEW, Variant("Hi", (), "", {"vip": True})],
            "Response 'utter_greet': a condition is on slot 'vip', which domain.yml does not have.",
        ),
        (
            "utter_greet",
            [Variant("Hi {name}, {ticket} {language}", (Button("{title}", "x"),), "", EN), NEW[1]],
            "Response 'utter_greet': nothing fills in {name}; allowed: {language}, {member}, {order_number}, {ticket}. "
            "Response 'utter_greet': nothing fills in {title}; allowed: {language}, {member}, {order_number}, "
            "{ticket}.",
        ),
        (
            "utter_ticket",
            [Variant("A colleague will answer.", (), "", EN), OWN["utter_ticket"][1]],
            "Response 'utter_ticket': 'A colleague will answer.' lacks {ticket}, which is told nowhere else. Add it.",
        ),
        (
            "utter_order",
            [Variant("It is underway, and should be with you very soon indeed", (), "", EN)],
            "Response 'utter_order': 'It is underway, and should be with you v...' lacks {state}, which is told "
            "nowhere else. Add it.",
        ),
        (
            "utter_english",
            [Variant("Hi", (Button("Refund", "/refund"),), "", EN)],
            "Response 'utter_english': button '/refund' names an intent that domain.yml does not have.",
        ),
        (
            "utter_english",
            [Variant("Hi", (Button("Order", "/order_status{"),), "", EN)],
            "Response 'utter_english': button '/order_status{' carries no JSON; write /order_status{\"slot\": 1}.",
        ),
        (
            "utter_english",
            [Variant("Hi", (), "javascript:alert(1)", EN)],
            "Response 'utter_english': image 'javascript:alert(1)' is neither a path (/...) nor an https address, and "
            "would not be shown.",
        ),
        (
            "utter_english",
            [Variant("Hi", (), "https://[", EN)],
            "Response 'utter_english': image 'https://[' is neither a path (/...) nor an https address, and would not "
            "be shown.",
        ),
    ],
)
def test_what_the_file_may_not_say_staff_may_not_either(
    templates: Templates, name: str, variants: list[Variant], sentence: str
) -> None:
    assert " ".join(refused(lambda: templates.save(name, variants, 0, "mei"))) == sentence
    assert templates.responses() == OWN
    assert len(templates.history(name)) == 1


@pytest.mark.parametrize(
    ("name", "variants"),
    [
        ("utter_english", [Variant("x" * 4000, (), "", EN)]),
        ("utter_english", [Variant("In whichever language", (), "", {})]),
        ("utter_english", [*OWN["utter_english"], Variant("也会中文", (), "", ZH)]),
        ("utter_member", [Variant("Hi to all", (), "", {})]),
        ("utter_order", [Variant("{state} {item} {order_number}", (Button("{item}", "Where is {item}?"),), "", EN)]),
        ("utter_english", [Variant("Hi", (Button("A", '/order_status{"a": {"b": 1}}'), PERSON), "/a.png", EN)]),
        ("utter_english", [Variant("Hi", (), "https://shop.example/a.png?x=1", EN)]),
    ],
)
def test_what_the_file_may_say_staff_may_too(templates: Templates, name: str, variants: list[Variant]) -> None:
    saved = templates.save(name, variants, 0, "mei")
    assert (saved.warnings, saved.template.variants) == ((), tuple(variants))


def test_words_of_the_customer_may_be_left_out_with_a_warning(templates: Templates) -> None:
    own = (Variant("Your order {order_number}", (), "", EN),)
    with closing(Templates(templates.connections.path, replace(DOMAIN, responses={"utter_a": own}))) as opened:
        saved = opened.save("utter_a", [Variant("Your order { order_number }", (), "", EN)], 0, "mei")
    assert saved.template.revision == 1
    assert saved.warnings == (
        "'Your order { order_number }' no longer repeats {order_number}, which the customer has said.",
        "'Your order { order_number }' has braces that are shown as they are; a slot is written {slot}.",
    )


def test_a_response_may_be_said_wherever_the_files_variants_could() -> None:
    assert situations(OWN["utter_member"]) == [
        {"language": "en"},
        {"language": "zh"},
        {"language": "en", "member": True},
        {"language": "zh", "member": True},
    ]


# -- the file changes under an edit


def test_a_response_that_the_file_has_no_more_is_not_said(templates: Templates, path: Path) -> None:
    templates.save("utter_greet", NEW, 0, "mei")
    fewer = replace(DOMAIN, responses={name: own for name, own in OWN.items() if name != "utter_greet"})
    with closing(Templates(path, fewer)) as opened:
        assert opened.responses() == fewer.responses
        assert "utter_greet" not in [template.name for template in opened.all()]
    with closing(Templates(path, DOMAIN)) as opened:
        assert opened.responses()["utter_greet"] == NEW


def test_an_edit_that_the_file_allows_no_more_is_kept_and_told_and_not_said(templates: Templates, path: Path) -> None:
    templates.save("utter_english", [Variant("Hi", (PERSON,), "", EN)], 0, "mei")
    newer = {**OWN, "utter_english": (*OWN["utter_english"], Variant("中文", (), "", ZH))}
    with closing(Templates(path, replace(DOMAIN, intents=("order_status",), responses=newer))) as opened:
        assert opened.responses() == newer
        edit = opened.get("utter_english")
        assert (said(edit), edit.edited) == (("Hi",), True)
        assert edit.unfit == (
            "Response 'utter_english' has no variant for language 'zh'. Add one.",
            "Response 'utter_english': button '/talk_to_person' names an intent that domain.yml does not have.",
        )
        assert refused(lambda: opened.back("utter_english", 1, 1, "mei")) == edit.unfit
        assert opened.save("utter_english", newer["utter_english"], 1, "mei").template.unfit == ()


def test_an_edit_that_a_later_rule_forbids_is_not_said(templates: Templates, path: Path) -> None:
    templates.save("utter_english", NEW[:1], 0, "mei")
    db = Database(path)
    db.execute("UPDATE revisions SET variants = ?", [json.dumps(written([Variant("")]))])
    db.close()
    with closing(Templates(path, DOMAIN)) as opened:
        assert opened.responses() == OWN
        unfit = ("Response 'utter_english': a variant has no text.",)
        assert opened.get("utter_english").unfit == unfit
        assert refused(lambda: opened.back("utter_english", 1, 1, "mei")) == unfit


# -- several processes


def test_the_store_is_looked_at_five_times_a_second_and_read_only_when_it_changed(
    templates: Templates, path: Path, clock: Clock
) -> None:
    with closing(Templates(path, DOMAIN)) as other:
        before = templates.responses()
        other.save("utter_greet", NEW, 0, "mei")
        clock.now += EVERY * 0.9
        assert templates.responses() is before
        clock.now += EVERY * 0.2
        after = templates.responses()
        assert after["utter_greet"] == NEW
        clock.now += EVERY * 2
        assert templates.responses() is after


def test_a_thread_that_saves_and_the_threads_beside_it_see_the_edit_at_once(templates: Templates) -> None:
    templates.responses()
    threads = [threading.Thread(target=lambda: templates.save("utter_greet", NEW, 0, "mei"))]
    seen: list[tuple[Variant, ...]] = []
    threads.append(threading.Thread(target=lambda: seen.append(templates.responses()["utter_greet"])))
    for thread in threads:
        thread.start()
        thread.join()
    assert [*seen, templates.responses()["utter_greet"]] == [NEW, NEW]


def test_a_store_that_cannot_be_read_silences_nobody(
    templates: Templates, path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    templates.save("utter_greet", NEW, 0, "mei")
    for broken in ("ALTER TABLE revisions RENAME TO gone", "ALTER TABLE gone RENAME TO revisions"):
        db = Database(path)
        db.execute(broken)
        db.close()
        for _ in range(3):
            clock.now += EVERY
            assert templates.responses()["utter_greet"] == NEW
        if "gone" in broken.split()[-1]:
            with pytest.raises(StoreError):
                templates.get("utter_greet")
    assert [record.message for record in caplog.records] == [
        "the edited responses cannot be read; those read before go on being said"
    ]
    with closing(Templates(path, DOMAIN)) as other:
        other.save("utter_greet", NEWER, 1, "mei")
        clock.now += EVERY
        assert templates.responses()["utter_greet"] == NEWER


WATCH = """
import sys, time
from pathlib import Path
from chatbot.dialogue.templates import Templates
from chatbot.project import load_project
from chatbot.messages import State
from chatbot.reply.template import Speaker

domain = load_project(None).domain
templates = Templates(Path(sys.argv[1]), domain)
speaker, last = Speaker(domain, templates.responses), ""
while True:
    now = speaker.say("utter_goodbye", State("c", "en")).text
    if now != last:
        print(now, flush=True)
        last = now
    time.sleep(0.005)
"""


def line_of(output: IO[str] | None) -> str:
    assert output
    return output.readline().rstrip("\n")


def test_processes_say_an_edit_of_another_one_within_a_second(shop: Project, path: Path) -> None:
    own = shop.domain.responses["utter_goodbye"]
    watching = [
        subprocess.Popen([sys.executable, "-c", WATCH, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    try:
        with closing(Templates(path, shop.domain)) as opened:
            assert [line_of(process.stdout) for process in watching] == [own[0].text] * 2
            for revision, text in enumerate(("See you.", "So long.", own[0].text)):
                opened.save("utter_goodbye", [replace(own[0], text=text), own[1]], revision, "mei")
                began = time.monotonic()
                assert [line_of(process.stdout) for process in watching] == [text] * 2
                assert time.monotonic() - began < 1
    finally:
        for process in watching:
            process.kill()
            process.communicate()
