"""What comes next, as rules and stories say it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from chatbot.dialogue.domain import Domain, Variant
from chatbot.dialogue.paths import LISTEN, RESTART, TWO_STAGE
from chatbot.dialogue.paths import Path as Way
from chatbot.dialogue.rules import Rules, read_rules
from chatbot.dialogue.slots import SlotRules
from chatbot.errors import ProjectError
from chatbot.messages import Happened, HappenedKind, Slot
from tests.dialogue.small import rules

SLOTS = {
    "member": SlotRules("bool"),
    "tier": SlotRules("categorical", values=("gold", "silver")),
    "name": SlotRules(),
    "points": SlotRules("float"),
    "wishes": SlotRules("list"),
    "note": SlotRules("any", influences=False),
    "order_number": SlotRules(),
}
DOMAIN = Domain(
    intents=("greet", "order_status", "faq", "stop", "affirm", "deny", "help", "out_of_scope"),
    slots=SLOTS,
    forms={"order_form": ("order_number",), "other_form": ("order_number",)},
    responses={
        name: (Variant("Hi"),)
        for name in ("utter_greet", "utter_more", "utter_help", "utter_stop", "utter_faq/price", "utter_faq/hours")
    },
    actions=("action_look_up", "action_other"),
)


def read(folder: Path, text: str, domain: Domain = DOMAIN) -> Rules:
    (folder / "rules.yml").write_text(text, "utf-8")
    return read_rules([folder / "rules.yml"], domain)


def happened(*words: str) -> tuple[Happened, ...]:
    """`order_status > order_form > begun order_form`: an intent, an action, a form; inside a form each with its name.

    An action has a name that no intent has.
    """
    found, loop = [], ""
    for word in words:
        kind, _, name = word.rpartition(" ")
        named = kind or ("intent" if DOMAIN.knows_intent(name) or name == "nlu_fallback" else "action")
        assert named in get_args(HappenedKind)
        found.append(Happened(named, name, loop))  # type: ignore[arg-type]
        loop = {"begun": name, "done": "", "left": ""}.get(named, loop)
    return tuple(found)


def says(known: Rules, *words: str, slots: Mapping[str, Slot] | None = None) -> str:
    """What comes next; '' for nothing."""
    found = known.next(happened(*words), slots or {})
    return found.name if found else ""


FORM = """
- rule: Ask
  steps: [{intent: order_status}, {action: order_form}, {active_loop: order_form}]
- rule: Look up
  condition: [{active_loop: order_form}]
  steps:
  - action: order_form
  - active_loop: null
  - slot_was_set: [{requested_slot: null}]
  - action: action_look_up
  - action: utter_more
"""


def test_rules_become_two_tables(tmp_path: Path) -> None:
    text = """
- rule: Greet
  steps: [{intent: greet}, {action: utter_greet}, {action: utter_more}]
- rule: Search
  condition: [{active_loop: null}]
  steps: [{intent: faq}, {action: action_search_knowledge_base}]
"""
    known = read(tmp_path, f'version: "3.1"\nrules:{text}{FORM}')
    assert known.by_intent == {
        "greet": ("utter_greet", "utter_more"),
        "order_status": ("order_form",),
        "faq": ("action_search_knowledge_base",),
    }
    assert known.after_form == {"order_form": ("action_look_up", "utter_more")}


def test_no_rules_are_no_rules(tmp_path: Path) -> None:
    assert read(tmp_path, "rules:") == read(tmp_path, 'version: "3.1"') == Rules((), SLOTS)
    assert Rules().next(happened("greet"), {}) is None
    assert rules({"greet": ("utter_greet",)}).next((), {}) is None


# --- rules ------------------------------------------------------------------------------------------------------------


def test_a_rule_leads_from_an_intent_through_its_actions_to_the_customer(tmp_path: Path) -> None:
    known = read(tmp_path, "rules: [{rule: A, steps: [{intent: greet}, {action: utter_greet}, {action: utter_more}]}]")
    ways = ["greet"], ["greet", "utter_greet"], ["greet", "utter_greet", "utter_more"], ["greet", "utter_more"], ["faq"]
    assert [says(known, *way) for way in ways] == ["utter_greet", "utter_more", LISTEN, "", ""]


def test_a_rule_that_does_not_wait_leaves_what_comes_next_to_others(tmp_path: Path) -> None:
    text = """
    rules:
    - rule: A
      wait_for_user_input: false
      steps: [{intent: greet}, {action: utter_greet}]
    stories:
    - story: B
      steps: [{intent: greet}, {action: utter_greet}, {action: utter_more}]
    """
    assert says(read(tmp_path, text), "greet", "utter_greet") == "utter_more"
    waits = text.replace("wait_for_user_input: false", "wait_for_user_input: true")
    assert says(read(tmp_path, waits), "greet", "utter_greet") == LISTEN


def test_a_rule_for_the_beginning_of_a_conversation_holds_nowhere_else(tmp_path: Path) -> None:
    text = """
    rules:
    - {rule: A, conversation_start: true, steps: [{intent: greet}, {action: utter_greet}]}
    - {rule: B, steps: [{intent: greet}, {action: utter_more}]}
    """
    known = read(tmp_path, text)
    assert (says(known, "greet"), says(known, "faq", "utter_more", "greet")) == ("utter_greet", "utter_more")


def test_a_rule_with_a_form_as_its_condition_holds_in_that_form_only(tmp_path: Path) -> None:
    text = """
    rules:
    - {rule: A, condition: [{active_loop: order_form}], steps: [{intent: help}, {action: utter_help}]}
    - {rule: B, condition: [{active_loop: null}], steps: [{intent: help}, {action: utter_more}]}
    """
    known = read(tmp_path, text)
    inside = says(known, "order_status", "order_form", "begun order_form", "help")
    other = says(known, "order_status", "other_form", "begun other_form", "help")
    assert (inside, says(known, "help"), other) == ("utter_help", "utter_more", "")


@pytest.mark.parametrize(
    ("condition", "holds", "fails"),
    [
        ("member: true", {"member": True}, [{"member": False}, {}]),
        ("member: false", {"member": False}, [{"member": True}, {}]),
        ("member: null", {}, [{"member": True}, {"member": False}]),
        ("member", {"member": True}, [{"member": False}, {}]),
        ("tier: gold", {"tier": "Gold"}, [{"tier": "silver"}, {}]),
        ("name: Mei", {"name": "any name"}, [{}, {"name": None}]),
        ("name", {"name": "any name"}, [{}]),
        ("name: null", {"name": None}, [{"name": "Mei"}]),
        ("points: 3", {"points": 3.0}, [{"points": 2.0}, {}]),
        ("wishes: [a]", {"wishes": ["b"]}, [{"wishes": []}, {}]),
        ("wishes: null", {"wishes": []}, [{"wishes": ["b"]}]),
        ("note: 1", {}, []),
        ("requested_slot: null", {}, []),
    ],
)
def test_a_rule_holds_while_its_slots_are_as_rasa_would_see_them(
    tmp_path: Path, condition: str, holds: dict[str, Slot], fails: list[dict[str, Slot]]
) -> None:
    first = (
        f"{{rule: A, condition: [slot_was_set: [{condition}]], steps: [{{intent: greet}}, {{action: utter_greet}}]}}"
    )
    known = read(tmp_path, f"rules: [{first}]")
    assert says(known, "greet", slots=holds) == "utter_greet"
    assert [says(known, "greet", slots=slots) for slots in fails] == [""] * len(fails)


def test_slots_in_the_middle_of_a_rule_hold_from_there_on(tmp_path: Path) -> None:
    steps = "{intent: greet}, {action: action_look_up}, {slot_was_set: [{tier: %s}]}, {action: %s}"
    both = ", ".join(
        f"{{rule: {tier}, steps: [{steps % (tier, then)}]}}"
        for tier, then in (("gold", "utter_greet"), ("silver", "utter_more"))
    )
    known = read(tmp_path, f"rules: [{both}]")
    assert says(known, "greet") == "action_look_up"
    done = ("greet", "action_look_up")
    assert [says(known, *done, slots={"tier": tier}) for tier in ("gold", "silver", "tin")] == [
        "utter_greet", "utter_more", "",
    ]  # fmt: skip


def test_the_rule_with_more_conditions_wins(tmp_path: Path) -> None:
    text = """
    rules:
    - {rule: A, steps: [{intent: greet}, {action: utter_greet}]}
    - {rule: B, condition: [{slot_was_set: [{member: true}]}], steps: [{intent: greet}, {action: utter_more}]}
    - {rule: C, steps: [{intent: greet, entities: [name]}, {action: utter_help}]}
    """
    known = read(tmp_path, text)
    assert (says(known, "greet"), says(known, "greet", slots={"member": True})) == ("utter_greet", "utter_more")
    named = (Happened("intent", "greet", "", ("city", "name")),)
    assert [found.name for found in [known.next(named, {})] if found] == ["utter_help"]


def test_or_makes_a_rule_of_each_way(tmp_path: Path) -> None:
    ways = (
        "{or: [{intent: greet}, {intent: help, entities: [name]}]}, {or: [{action: utter_greet}, {action: utter_more}]}"
    )
    known = read(tmp_path, f"stories: [{{story: A, steps: [{ways}, {{action: utter_help}}]}}]")
    assert [says(known, *way) for way in (["greet", "utter_greet"], ["greet", "utter_more"])] == ["utter_help"] * 2
    assert says(known, "help") == ""
    assert known.next((Happened("intent", "help", "", ("name",)),), {}) is not None


def test_an_intent_of_an_old_domain_that_triggers_an_action_leads_to_it(tmp_path: Path) -> None:
    domain = Domain(("greet",), {}, {}, {}, ("action_look_up",), triggers={"greet": "action_look_up"})
    assert says(read(tmp_path, "rules:", domain), "greet") == "action_look_up"


# --- stories ----------------------------------------------------------------------------------------------------------

STORIES = """
stories:
- story: A
  steps:
  - intent: greet
  - action: utter_greet
  - intent: affirm
  - action: utter_more
  - action: utter_help
- story: B
  steps: [{intent: help}, {action: utter_help}, {intent: affirm}, {action: utter_stop}]
- story: C
  steps: [{intent: affirm}, {action: utter_greet}]
"""


def test_a_story_is_followed_where_its_beginning_is_the_end_of_what_happened(tmp_path: Path) -> None:
    known = read(tmp_path, STORIES)
    assert says(known, "greet") == "utter_greet"
    assert says(known, "stop", "utter_stop", "greet", "utter_greet", "affirm") == "utter_more"
    assert says(known, "greet", "utter_greet", "affirm", "utter_more") == "utter_help"
    assert says(known, "help", "utter_help", "affirm") == "utter_stop"
    assert says(known, "help", "utter_more", "affirm") == "utter_greet"
    assert says(known, "greet", "utter_greet") == LISTEN
    assert says(known, "deny") == ""


def test_rules_beat_stories_however_long(tmp_path: Path) -> None:
    known = read(tmp_path, f"{STORIES}\nrules: [{{rule: Yes, steps: [{{intent: affirm}}, {{action: utter_stop}}]}}]")
    assert says(known, "greet", "utter_greet", "affirm") == "utter_stop"


CHECKPOINTS = """
stories:
- story: beginning
  steps: [{intent: greet}, {action: utter_greet}, {checkpoint: asked}]
- story: another beginning
  steps: [{intent: help}, {action: utter_help}, {checkpoint: asked}]
- story: yes
  steps: [{checkpoint: asked}, {intent: affirm}, {action: utter_more}]
- story: no, as a member
  steps:
  - checkpoint: asked
    slot_was_set: [{member: true}]
  - intent: deny
  - action: utter_stop
  - checkpoint: asked
"""


def test_checkpoints_join_stories(tmp_path: Path) -> None:
    known = read(tmp_path, CHECKPOINTS)
    assert says(known, "greet", "utter_greet", "affirm") == says(known, "help", "utter_help", "affirm") == "utter_more"
    assert says(known, "affirm") == ""
    ways = [says(known, "greet", "utter_greet", "deny", slots={"member": member}) for member in (True, False)]
    assert ways == ["utter_stop", ""]
    again = ("greet", "utter_greet", "deny", "utter_stop", "affirm")
    assert says(known, *again, slots={"member": True}) == "", "a checkpoint is passed once"


def test_what_a_slot_was_before_a_checkpoint_is_no_condition_behind_it(tmp_path: Path) -> None:
    steps = "[{slot_was_set: [{member: true}]}, {intent: greet}, {action: action_look_up}, {checkpoint: a}]"
    after = "[{checkpoint: a, slot_was_set: [{member: false}]}, {intent: help}, {action: utter_help}]"
    known = read(tmp_path, f"stories: [{{story: A, steps: {steps}}}, {{story: B, steps: {after}}}]")
    assert says(known, "greet", "action_look_up", "help", slots={"member": False}) == "utter_help"


def test_a_story_that_ends_a_form_knows_which_even_behind_a_checkpoint(tmp_path: Path) -> None:
    first = "[{intent: order_status}, {action: order_form}, {active_loop: order_form}, {checkpoint: a}]"
    after = "[{checkpoint: a}, {active_loop: null}, {action: action_look_up}]"
    known = read(tmp_path, f"stories: [{{story: A, steps: {first}}}, {{story: B, steps: {after}}}]")
    assert says(known, "order_status", "order_form", "begun order_form", "done order_form") == "action_look_up"


def test_stories_of_several_files_are_joined(tmp_path: Path) -> None:
    parts = CHECKPOINTS.partition("- story: yes")
    (tmp_path / "a.yml").write_text(parts[0])
    (tmp_path / "b.yml").write_text("stories:\n" + parts[1] + parts[2])
    known = read_rules([tmp_path / "a.yml", tmp_path / "b.yml"], DOMAIN)
    assert says(known, "greet", "utter_greet", "affirm") == "utter_more"


def test_ways_without_end_are_refused(tmp_path: Path) -> None:
    twice = "{or: [{intent: greet}, {intent: help}]}, {action: utter_greet}"
    with pytest.raises(ProjectError) as refusal:
        read(tmp_path, f"stories: [{{story: A, steps: [{', '.join([twice] * 13)}]}}]")
    assert str(refusal.value) == "rules.yml line 1: story 'A': its `or` steps make more than 5000 ways. Split it."
    joints = [
        f"{{story: {n}, steps: [{{checkpoint: c{n // 2}}}, {{intent: greet}}, {{action: utter_greet}}, "
        f"{{checkpoint: c{n // 2 + 1}}}]}}"
        for n in range(26)
    ]
    first = "{story: A, steps: [{intent: help}, {action: utter_help}, {checkpoint: c0}]}"
    with pytest.raises(ProjectError, match="checkpoints make more than 5000 ways"):
        read(tmp_path, f"stories: [{first}, {', '.join(joints)}]")


# --- forms ------------------------------------------------------------------------------------------------------------

BEGUN = ("order_status", "order_form", "begun order_form")


def test_a_rule_for_a_filled_form_is_followed_when_the_form_has_all_it_needs(tmp_path: Path) -> None:
    known = read(tmp_path, f"rules:\n{FORM}")
    assert says(known, *BEGUN, "done order_form") == "action_look_up"
    assert says(known, *BEGUN, "done order_form", "action_look_up") == "utter_more"
    assert says(known, "order_status", "other_form", "begun other_form", "done other_form") == ""


def test_a_rule_for_a_filled_form_is_not_followed_when_the_form_was_left(tmp_path: Path) -> None:
    known = read(tmp_path, f"rules:\n{FORM}")
    assert says(known, *BEGUN, "nlu_fallback", "action_default_fallback", "left order_form") == ""


def test_a_rule_that_ends_a_form_goes_on_once_it_is_left(tmp_path: Path) -> None:
    steps = "[{intent: stop}, {action: action_deactivate_loop}, {active_loop: null}, {action: utter_stop}]"
    known = read(
        tmp_path, f"rules:\n- {{rule: Stop, condition: [{{active_loop: order_form}}], steps: {steps}}}\n{FORM}"
    )
    left = (*BEGUN, "stop", "action_deactivate_loop", "left order_form")
    assert [says(known, *left[:length]) for length in (4, 5, 6)] == ["action_deactivate_loop", "", "utter_stop"]
    assert says(known, *left, "utter_stop") == LISTEN


INTERRUPTED = """
stories:
- story: A
  steps:
  - intent: order_status
  - action: order_form
  - active_loop: order_form
  - intent: help
  - action: utter_help
  - action: order_form
  - active_loop: null
  - action: action_other
- story: B
  steps:
  - intent: order_status
  - action: order_form
  - active_loop: order_form
  - active_loop: null
  - action: action_look_up
- story: Whether to go on
  steps:
  - intent: order_status
  - action: order_form
  - active_loop: order_form
  - intent: stop
  - action: utter_stop
  - or: [{intent: affirm}, {intent: greet}]
  - action: order_form
- story: Switch
  steps:
  - intent: order_status
  - action: order_form
  - active_loop: order_form
  - intent: faq
  - action: other_form
  - active_loop: other_form
  - active_loop: null
  - action: utter_more
"""


def test_a_story_of_an_interrupted_form_is_followed_in_the_form_and_behind_it(tmp_path: Path) -> None:
    known = read(tmp_path, INTERRUPTED)
    assert says(known, *BEGUN, "help") == "utter_help"
    assert says(known, *BEGUN, "help", "utter_help") == "order_form"
    assert says(known, *BEGUN, "help", "utter_help", "order_form", "done order_form") == "action_other"
    assert says(known, *BEGUN, "done order_form") == "action_look_up"


def test_a_story_ends_a_form_in_which_something_else_was_asked_that_it_does_not_tell_of(tmp_path: Path) -> None:
    known = read(tmp_path, INTERRUPTED)
    asked = (*BEGUN, "nlu_fallback", "action_search_knowledge_base", "order_form")
    assert says(known, *asked) == LISTEN
    assert says(known, *asked, "stop") == "utter_stop"
    assert says(known, *asked, "done order_form") == "action_look_up"
    assert says(known, *asked, "left order_form") == ""


def test_a_story_may_ask_in_the_forms_stead(tmp_path: Path) -> None:
    known = read(tmp_path, INTERRUPTED)
    found = known.next(happened(*BEGUN, "stop", "utter_stop"), {})
    assert found is not None
    assert (found.name, found.waits_within("order_form"), found.waits_within("other_form")) == (LISTEN, True, False)
    assert says(known, *BEGUN, "stop", "utter_stop", "affirm") == "order_form"


def test_a_story_may_switch_forms(tmp_path: Path) -> None:
    known = read(tmp_path, INTERRUPTED)
    switched = (*BEGUN, "faq", "other_form", "begun other_form")
    assert says(known, *BEGUN, "faq") == "other_form"
    assert says(known, *switched, "done other_form") == "utter_more"


# --- what Rasa has by itself ------------------------------------------------------------------------------------------


def test_retrieval_intents_are_met_by_their_family_and_by_their_own_name(tmp_path: Path) -> None:
    text = """
    rules:
    - {rule: A, steps: [{intent: faq}, {action: utter_faq}]}
    - {rule: B, steps: [{intent: faq/price}, {action: utter_more}]}
    """
    known = read(tmp_path, text)
    assert [says(known, intent) for intent in ("faq", "faq/hours", "faq/price")] == [
        "utter_faq", "utter_faq", "utter_more",
    ]  # fmt: skip


def test_what_rasa_knows_without_any_domain_may_be_named(tmp_path: Path) -> None:
    text = f"""
    rules:
    - {{rule: A, steps: [{{intent: nlu_fallback}}, {{action: {TWO_STAGE}}}, {{active_loop: {TWO_STAGE}}}]}}
    - {{rule: B, steps: [{{intent: restart}}, {{action: {RESTART}}}, {{action: action_listen}}]}}
    - {{rule: C, steps: [{{action: action_session_start}}, {{intent: greet}}, {{action: utter_greet}}]}}
    - {{rule: D, steps: [{{intent: out_of_scope}}, {{action: action_default_fallback}}]}}
    """
    known = read(tmp_path, text)
    asked = ("nlu_fallback", "restart", "greet", "out_of_scope")
    first = [known.next((Happened("intent", name),), {}) for name in asked]
    assert [found.name for found in first if found] == [TWO_STAGE, RESTART, "utter_greet", "action_default_fallback"]


# --- what is refused --------------------------------------------------------------------------------------------------

STEPS = "steps: [{intent: greet}, {action: utter_greet}]"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            f"[{{rule: A, {STEPS}}}, {{rule: B, steps: [{{intent: greet}}, {{action: utter_more}}]}}]",
            "rules.yml line 1: rule 'B' and rule 'A' contradict each other: in the same situation the one goes on with "
            "utter_more, the other goes on with utter_greet. Make them one, or give one a condition.",
        ),
        (
            f"[{{rule: A, {STEPS}}}, {{rule: B, {STEPS[:-1]}, {{action: utter_more}}]}}]",
            "rules.yml line 1: rule 'B' and rule 'A' contradict each other: in the same situation the one goes on with "
            "utter_more, the other waits for the customer. Make them one, or give one a condition.",
        ),
        (
            "[{rule: A, steps: [{intent: hello}, {action: utter_greet}]}]",
            "rules.yml line 1: rule 'A' names intent 'hello', which the domain does not have.",
        ),
        (
            "[{rule: A, steps: [{action: utter_greet}, {intent: greet}]}]",
            "rules.yml line 1: rule 'A' begins with an action; it must begin with an intent, or, where its condition "
            "is a form, with that form's action and `active_loop: null`.",
        ),
        (
            "[{rule: A, steps: [{intent: greet}, {action: utter_gret}]}]",
            "rules.yml line 1: rule 'A': 'utter_gret' is no response, form or action of the domain. Add it there.",
        ),
        (
            "[{rule: A, steps: [{intent: greet}, {action: action_back}]}]",
            "rules.yml line 1: rule 'A': 'action_back' is not supported. Remove it.",
        ),
        ("[{rule: A, steps: [{intent: greet}]}]", "rules.yml line 1: rule 'A' has no action. Add one, or remove it."),
        ("[{rule: A}]", "rules.yml line 1: rule 'A' has no action. Add one, or remove it."),
        (
            f"[{{rule: A, condition: [{{intent: greet}}], {STEPS}}}]",
            "rules.yml line 1: rule 'A': condition 'intent' is not supported; allowed: active_loop, slot_was_set.",
        ),
        (
            f"[{{rule: A, condition: [{{active_loop: no_form}}], {STEPS}}}]",
            "rules.yml line 1: rule 'A': active_loop 'no_form' is no form of the domain. Add it there.",
        ),
        (
            "[{rule: A, steps: [{intent: greet}, {action: utter_greet}, {active_loop: no_form}]}]",
            "rules.yml line 1: rule 'A': active_loop 'no_form' is no form of the domain. Add it there.",
        ),
        (
            "[{rule: A, steps: [{intent: greet}, {checkpoint: a}]}]",
            "rules.yml line 1: rule 'A': a rule has no checkpoints. Write each way as a rule of its own.",
        ),
        (
            "[{rule: A, steps: [{intent: greet}, {wait: 3}]}]",
            "rules.yml line 1: rule 'A': step 'wait' is not supported; allowed: action, active_loop, bot, checkpoint, "
            "entities, form, intent, or, slot_was_set, user.",
        ),
        (
            "[{rule: A, steps: [{user: hello}, {action: utter_greet}]}]",
            "rules.yml line 1: rule 'A': end-to-end training stories (`user:` without an intent, `bot:`) are not "
            "supported. Name the intent and the action.",
        ),
        ("[Greet]", "rules.yml: a rule is not of Rasa's shape ('str' object has no attribute 'get')."),
    ],
)
def test_rules_that_contradict_or_cannot_be_kept_are_refused_by_name(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ProjectError) as refusal:
        read(tmp_path, f"rules: {text}")
    assert str(refusal.value) == sentence


def test_a_refusal_names_the_line(tmp_path: Path) -> None:
    text = f"rules:\n- rule: A\n  {STEPS}\n\n- rule: B\n  steps:\n  - intent: greet\n  - intent: hello\n"
    with pytest.raises(ProjectError, match=r"rules\.yml line 8: rule 'B' names intent 'hello'"):
        read(tmp_path, text)
    with pytest.raises(ProjectError, match=r"^rules\.yml line 2: story 'A': 'utter_gret' is no response"):
        read(tmp_path, f"stories:\n- story: A\n  {STEPS.replace('utter_greet', 'utter_gret')}\n")
    with pytest.raises(ProjectError, match="A story is not of Rasa's shape"):
        read(tmp_path, "stories: [Greet]")


def test_two_rules_that_say_the_same_do_not_contradict(tmp_path: Path) -> None:
    assert says(read(tmp_path, f"rules: [{{rule: A, {STEPS}}}, {{rule: B, {STEPS}}}]"), "greet") == "utter_greet"


def test_two_rules_after_one_form_are_refused(tmp_path: Path) -> None:
    rule = (
        "{{rule: {}, condition: [{{active_loop: order_form}}], "
        "steps: [{{action: order_form}}, {{active_loop: null}}, {{action: {}}}]}}"
    )
    both = f"[{rule.format('A', 'action_look_up')}, {rule.format('B', 'action_other')}]"
    with pytest.raises(ProjectError) as refusal:
        read(tmp_path, f"rules: {both}")
    assert str(refusal.value) == (
        "rules.yml line 1: rule 'B' and rule 'A' contradict each other: in the same situation the one goes on with "
        "action_other, the other goes on with action_look_up. Make them one, or give one a condition."
    )


def test_of_many_rules_only_those_that_end_alike_are_looked_at() -> None:
    """The shop decides in well under a millisecond."""
    known = rules({f"intent_{number}": ("utter_greet",) for number in range(1000)})
    assert {key: len(each) for key, each in known.by_last.items()} == {
        **{("intent", f"intent_{number}"): 1 for number in range(1000)},
        ("action", "utter_greet"): 1000,
    }
    assert known.next((Happened("intent", "intent_999"),), {}) is not None
    assert isinstance(known.paths[0], Way)
