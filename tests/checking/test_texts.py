"""Each kind of fault in the texts themselves is planted into a clean project, and named by file and line."""

from __future__ import annotations

import pytest

from tests.checking.conftest import Files

NLU, LOG, PAIRS = "data/nlu.yml", "logs/chat.jsonl", "knowledge_base/pairs.csv"
JUDGE, ASKED = "heldout/intents.csv", "heldout/retrieval.csv"
TURN = (
    '{{"conversation_id": "b", "turn": 1, "at": "2026-08-04T02:00:00Z", '
    '"speaker": "{}", "text": "{}", "intent": "{}"}}\n'
)


@pytest.mark.parametrize(
    ("file", "planted", "fault"),
    [
        ("domain.yml", "\n- oops: [", None),
        (NLU, "  - intent: greet\n   examples: [hi]\n", "nlu.yml line 18: is no YAML: "),
        (
            "data/more.csv",
            "text,label\nhey,greet\nhi,\n",
            "more.csv line 3: label is empty. 1 read, nothing used. [broken]",
        ),
        (LOG, '{"conversation_id": \n', "chat.jsonl line 4: is no JSON ("),
        (
            LOG,
            TURN.format("robot", "hi", "greet"),
            "chat.jsonl line 4: speaker is 'robot', allowed are customer, bot, agent.",
        ),
        (PAIRS, "Why?,,,,,,,\n", "pairs.csv line 5: answer is empty. 3 pairs read, nothing imported. [broken]"),
        (PAIRS, "When?,Now.,,,,2026-13-01,,\n", "pairs.csv line 5: valid_from is '2026-13-01'; a day such as"),
        (JUDGE, "hm,,en\n", "intents.csv line 4: label is empty. 2 read, nothing used. [broken]"),
        (ASKED, ",Why?,en\n", "retrieval.csv line 4: text is empty. Nothing is used. [broken]"),
    ],
)
def test_a_broken_file_is_told_by_its_line_and_the_others_are_checked(
    files: Files, file: str, planted: str, fault: str | None
) -> None:
    files.add(file, planted)
    if fault is None:  # without a domain there is no project
        with pytest.raises(Exception, match=r"domain\.yml line 16: is no YAML"):
            files.load()
        return
    files.add("data/other.yml", "nlu:\n  - intent: greet\n    examples: |\n      - hello there\n")
    told = files.faults()
    assert told[0].startswith(fault)
    assert told[-1].startswith("other.yml:4: 'hello there' is also nlu.yml:8") or file == NLU


def test_two_broken_files_are_both_told(files: Files) -> None:
    files.add(LOG, "{\n")
    files.add(PAIRS, "Why?,,,,,,,\n")
    assert [fault.partition(" ")[0] for fault in files.faults()] == ["chat.jsonl", "pairs.csv"]


@pytest.mark.parametrize(
    ("intent", "planted", "fault"),
    [
        ("greet", "Hello there!!", "nlu.yml:19: 'Hello there!!' is also nlu.yml:8 'hello there'. Remove one. [double]"),
        ("greet", "你好！", "nlu.yml:19: '你好！' is also nlu.yml:9 '你好'. Remove one. [double]"),
        (
            "order",
            "when does it arrive [100999](order_number)?",
            "nlu.yml:19: 'when does it arrive 100999?' is also nlu.yml:13 'when does it arrive 100234'. Remove one. "
            "[double]",
        ),
        (
            "order",
            "where is my parcels",
            "nlu.yml:19: 'where is my parcels' is nearly nlu.yml:12 'where is my parcel'. Remove one. [double]",
        ),
        ("order", "is my parcel where", "nlu.yml:19: 'is my parcel where' is nearly nlu.yml:12 'where is my parcel'"),
    ],
)
def test_an_example_that_is_there_twice_or_nearly(files: Files, intent: str, planted: str, fault: str) -> None:
    files.add(NLU, f"  - intent: {intent}\n    examples: |\n      - {planted}\n")
    [told] = files.faults()
    assert told.startswith(fault)


def test_repeated_texts_of_customers_in_a_log_are_no_fault(files: Files) -> None:
    for _ in range(2):
        files.add(LOG, TURN.format("customer", "hello there", "greet").replace('"b"', f'"{_}"'))
    assert files.faults() == []


@pytest.mark.parametrize("file", [NLU, LOG])
def test_one_text_under_two_intents(files: Files, file: str) -> None:
    planted = {
        NLU: "  - intent: greet\n    examples: |\n      - Where is my parcel?\n",
        LOG: TURN.format("customer", "Where is my parcel?", "greet"),
    }
    files.add(file, planted[file])
    where = {NLU: "nlu.yml:19", LOG: "chat.jsonl:4"}[file]
    assert files.faults() == [
        f"{where}: 'Where is my parcel?' is 'greet' here and is 'order' in nlu.yml:12. Relabel one. [clash]"
    ]


def test_nearly_one_text_under_two_intents(files: Files) -> None:
    files.add(NLU, "  - intent: faq\n    examples: |\n      - where is my parcels\n")
    assert files.faults() == [
        "nlu.yml:19: 'where is my parcels' is 'faq' here and is nearly 'where is my parcel', which is 'order' in "
        "nlu.yml:12. Relabel one. [clash]"
    ]


def test_numbers_of_orders_make_two_texts_no_more_alike(files: Files) -> None:
    texts = {"greet": "ok 100234, 100235, 100236, 100237", "order": "no 100238, 100239, 100240, 100241"}
    for intent, text in texts.items():
        files.add(NLU, f"  - intent: {intent}\n    examples: |\n      - {text}\n")
    assert files.faults() == []


def test_a_stored_phrasing_that_is_an_example_of_an_intent_with_an_answer_of_its_own(files: Files) -> None:
    files.replace(PAIRS, "wrap it as a present?", "Where is my parcel?")
    assert files.faults() == [
        "nlu.yml:12: 'where is my parcel' is an example of 'order' and a stored phrasing of "
        "'What does gift wrapping cost?' (pairs.csv:3), which always wins. Keep one. [clash]"
    ]
    files.replace(PAIRS, "Where is my parcel?", "what does shipping cost")  # of the intent that searches
    assert files.faults() == []


@pytest.mark.parametrize(
    ("file", "planted", "fault"),
    [
        (JUDGE, "Hello there,greet,en\n", "intents.csv:4: 'Hello there' is also in nlu.yml:8. Write another one, "),
        (JUDGE, "HI,greet,en\n", "intents.csv:4: 'HI' is also in chat.jsonl:1. Write another one, "),
        (
            JUDGE,
            "wheres my parcel,order,en\n",
            "intents.csv:4: 'wheres my parcel' is nearly 'where is my parcel' in nlu.yml:12.",
        ),
        (
            ASKED,
            "wrap it as presents,,en\n",
            "retrieval.csv:4: 'wrap it as presents' is nearly 'wrap it as a present?' in",
        ),
        (ASKED, "礼品包装多少钱,礼品包装多少钱？,zh\n", "retrieval.csv:4: '礼品包装多少钱' is also in pairs.csv:4."),
    ],
)
def test_a_held_out_text_that_was_seen(files: Files, file: str, planted: str, fault: str) -> None:
    files.add(file, planted)
    [told] = files.faults()
    assert told.startswith(fault)
    assert told.endswith("[leak]")


def test_a_held_out_text_that_is_there_twice(files: Files) -> None:
    files.add(JUDGE, "Good day to you!,greet,en\n")
    assert files.faults() == [
        "intents.csv:4: 'Good day to you!' is, or is nearly, intents.csv:2 'good day to you'. Remove one. [double]"
    ]


def test_two_pairs_that_the_search_cannot_tell_apart(files: Files) -> None:
    files.add(PAIRS, "How do you wrap?,In paper.,wrap it as a present,Service,en,,,\n")
    assert files.faults() == [
        "pairs.csv:5: 'wrap it as a present' is also pairs.csv:3 'wrap it as a present?'. "
        "Say what is different about it, or merge the two pairs. [double]"
    ]


@pytest.mark.parametrize(
    ("question", "answer", "differ"),
    [
        ("How long do refunds take?", "It takes 14 working days.", "days"),
        ("how long does my refund take", "Fourteen? No: two days.", "days"),
        ("How much does gift wrapping cost?", "It costs 5 dollars.", "money"),
    ],
)
def test_two_answers_to_one_question_with_other_numbers(files: Files, question: str, answer: str, differ: str) -> None:
    files.add(PAIRS, f'{question},"{answer}",,Returns,en,,,\n')
    [told] = [fault for fault in files.faults() if "[double]" not in fault]
    assert told.startswith(f"pairs.csv:5: '{question}' is answered '{answer}'; pairs.csv:")
    assert told.endswith(f": their numbers ({differ}) differ. Correct one, or ask more precisely. [contradiction]")


@pytest.mark.parametrize(
    ("days", "contradict"),
    [("2026-12-20,2027-01-03", False), ("2026-12-01,2026-12-31", True), (",2026-12-15", True), ("2026-12-16,", False)],
)
def test_answers_for_certain_days_contradict_on_the_same_days(files: Files, days: str, contradict: bool) -> None:
    """The stored answer holds from 1 to 15 December."""
    files.replace(PAIRS, "7 working days.,,Returns,en,,,", "7 working days.,,Returns,en,2026-12-01,2026-12-15,")
    files.add(PAIRS, f"How long do refunds take?,It takes 14 working days.,,Returns,en,{days},\n")
    assert [fault.rpartition("[")[2] for fault in files.faults() if "double" not in fault] == (
        ["contradiction]"] if contradict else []
    )


def test_a_pair_for_any_language_is_told_once(files: Files) -> None:
    files.add(PAIRS, "OK?,Yes.,OK??,Service,any,,,\nOk,No.,,Service,any,,,\n")
    assert len(files.faults()) == 1


def test_chinese_answers_that_contradict(files: Files) -> None:
    files.add(PAIRS, "包装礼品要多少钱？,收五块钱。,,服务,zh,,,\n")
    [told] = files.faults()
    assert "pairs.csv:4 answers '礼品包装多少钱？' with '礼品包装 4 新元。': their numbers (money) differ" in told


def test_a_response_that_contradicts_a_pair(files: Files) -> None:
    files.replace("domain.yml", "utter_greet: [{text: Hi}]", "utter_greet: [{text: It takes 9 days.}]")
    files.add(NLU, "  - intent: greet\n    examples: |\n      - how long would a refund take\n")
    [told] = files.faults()
    assert told.startswith("domain.yml:9: 'how long would a refund take' is answered 'It takes 9 days.'; pairs.csv:2")


@pytest.mark.parametrize(
    "row",
    [
        "How long is the warranty for lamps?,Two years.,,W,en,,,\nHow long is the warranty on beds?,5 years.,,,en,,,\n",
        "How long do refunds for furniture bought abroad take?,30 days.,,Returns,en,,,\n",
        "When is the refund desk open?,From 9:00 to 21:00.,,Returns,en,,,\n",
        "How long does a refund take at Christmas?,14 days.,,Returns,en,2026-12-20,2027-01-03,\n",
    ],
)
def test_answers_to_other_questions_may_have_other_numbers(files: Files, row: str) -> None:
    files.add(PAIRS, row)
    assert files.faults() == []


@pytest.mark.parametrize(
    ("file", "planted", "found", "kind"),
    [
        (NLU, "  - intent: order\n    examples: |\n      - mine is at jo@firma.sg\n", "jo@firma.sg", "email"),
        (NLU, "  - intent: order\n    examples: |\n      - ring 9123 4567 first\n", "9123 4567", "number"),
        (JUDGE, "pay from 4111 1111 1111 1111,order,en\n", "4111 1111 1111 1111", "number"),
        (ASKED, "S1234567D wants it,,en\n", "S1234567D", "identity"),
        (PAIRS, "May I write to jo@firma.sg?,Yes.,,,en,,,\n", "jo@firma.sg", "email"),
    ],
)
def test_personal_data_in_clear(files: Files, file: str, planted: str, found: str, kind: str) -> None:
    files.add(file, planted)
    [told] = files.faults()
    assert f"'{found}' looks like personal data ({kind}). Invent one, as name@example.com. [personal]" in told


@pytest.mark.parametrize("speaker", ["customer", "bot", "agent"])
def test_a_log_must_be_masked_as_frontdesk_masks_it(files: Files, speaker: str) -> None:
    files.add(LOG, TURN.format("customer", "[order] and [email]", ""))
    files.add(LOG, TURN.format(speaker, "100234, mei@example.com", "").replace('"turn": 1', '"turn": 2'))
    assert files.faults() == [
        "chat.jsonl:5: '100234' is in clear (order_number). Put [order] in its place. [personal]",
        "chat.jsonl:5: 'mei@example.com' is in clear (email). Put [email] in its place. [personal]",
    ]


def test_what_is_nobodys_and_what_is_no_person_is_no_personal_data(files: Files) -> None:
    files.add(NLU, "  - intent: order\n    examples: |\n      - it is under mei@example.com since 2026-08-03\n")
    files.add(PAIRS, "How can I call you?,Call 6123 4567.,,,en,,,\n")
    assert files.faults() == []


def test_turns_that_do_not_follow_one_another(files: Files) -> None:
    files.add(LOG, TURN.format("agent", "hello", "").replace('"b"', '"a"').replace('"turn": 1', '"turn": 5'))
    files.add(LOG, TURN.format("agent", "hello", ""))
    files.replace(LOG, "02:00:40Z", "01:00:40Z")
    assert files.faults() == [
        "chat.jsonl:3: Turn 3 of 'a' is at 01:00:40, before the turn above it. Correct one. [order]",
        "chat.jsonl:4: Turn 5 of 'a' follows turn 3. Number the turns 1, 2, 3, in their order. [order]",
        "chat.jsonl:5: Conversation 'b' has no turn of a customer. Remove it. [order]",
    ]


def test_two_emojis_are_two_texts(files: Files) -> None:
    files.add(
        NLU,
        "  - intent: greet\n    examples: |\n      - 👋\n      - 🙂\n  - intent: order\n    examples: |\n      - 📦\n",
    )
    assert files.faults() == []
