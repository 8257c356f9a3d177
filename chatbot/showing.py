"""What the command line shows: a bar, a trace, a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from chatbot.conversations.codec import reply_json
from chatbot.messages import Reply
from chatbot.web.markdown import plain_of

if TYPE_CHECKING:
    from chatbot.checking import Fault
    from chatbot.models.thresholds import Band
    from chatbot.training.evaluate import Judgement
    from chatbot.understanding.intents import Why

SHOWN = 30
"""Faults of one kind on the terminal: a screen of them."""


class Bar:
    """A progress bar with the time left; a line at every tenth where there is no terminal."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.bar = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[left]}"),
            console=self.console, disable=not self.console.is_terminal,
        )  # fmt: skip
        self.task = self.bar.add_task("starting", total=1.0, left="")
        self.told = ("", 0)

    def __enter__(self) -> Bar:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def __call__(self, stage: str, share: float, seconds_left: float) -> None:
        """Told by whoever works: the stage, the share done in [0, 1], the seconds left (0: not known)."""
        left = f"about {seconds_left / 60:.0f} min left" if seconds_left > 90 else f"{seconds_left:.0f} s left"
        told = left if seconds_left > 0 else ""
        self.bar.update(self.task, description=stage, completed=share, left=told)
        tenth = (stage, int(share * 10))
        if tenth != self.told and not self.console.is_terminal:
            self.console.print(f"{stage}: {share:.0%} {told}", markup=False)
        self.told = tenth


def reply_as_json(reply: Reply) -> dict[str, Any]:
    """What `chatbot ask --json` prints."""
    value = reply_json(reply)
    return {
        "intent": reply.intent.name if reply.intent else None,
        "confidence": round(reply.intent.confidence, 4) if reply.intent else None,
        "steps": value["steps"],
        "reply": plain_of(reply.text),
        "utterances": value["utterances"],
        "language": reply.language,
        "model": reply.model,
        "index": reply.index,
        "ms": value["ms"],
    }


def explained(reply: Reply, why: Why | None, console: Console) -> None:
    """The reply, then why: the steps, the likeliest intents, and what spoke for the first of them."""
    for utterance in reply.utterances:
        console.print(plain_of(utterance.text), markup=False)
    table = Table("step", "of", "because", title=f"model {reply.model}, index {reply.index}", title_justify="left")
    for step in reply.steps:
        table.add_row(*map(escape, (step.kind, step.name, step.reason)))  # a masked "[order]" is no markup
    console.print(table)
    if why:
        for name, rows in (
            ("read", [repr(why.text)]),
            ("intents", [f"{intent.name} {intent.confidence:.2f}" for intent in why.intents]),
            ("like", [f"{each.text!r} ({each.intent}, {each.nearness:.2f})" for each in why.nearest]),
            ("words", [f"{word!r} {weight:+.2f}" for word, weight in why.carried]),
        ):
            console.print(f"{name}: " + (", ".join(rows) or "none"), markup=False)
    console.print("ms: " + ", ".join(f"{stage} {ms:.1f}" for stage, ms in reply.milliseconds.items()), markup=False)


def bands_table(bands: Mapping[str, Band]) -> Table:
    """A row for intents and one for stored answers."""
    table = Table("of", "answers from", "asks from", "coverage", "wrong", "budget", "questions", "certified")
    for name, band in bands.items():
        certified = "yes" if band.certified else f"not certified: about {band.needed} more labelled questions needed"
        shares = (f"{band.coverage:.1%}", f"{band.wrong:.1%}", f"{band.budget:.1%}")
        table.add_row(name, f"{band.answer:.3f}", f"{band.clarify:.3f}", *shares, str(band.trials), certified)
    return table


def told(faults: Sequence[Fault]) -> Iterator[str]:
    """A line a fault, at most SHOWN of a kind; then how many there are."""
    counts: Counter[str] = Counter()
    for fault in faults:
        counts[fault.kind] += 1
        if counts[fault.kind] <= SHOWN:
            yield str(fault)
    for kind, count in counts.items():
        if count > SHOWN:
            yield f"... and {count - SHOWN} more [{kind}]; --json shows all."
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    yield f"{len(faults)} fault(s): {kinds}." if faults else "No faults."


def judgement_table(judged: Judgement) -> Table:
    """A row for all, one for each language, one for each intent; the calibration error in the title."""
    table = Table(
        "of", "texts", "accuracy", "in scope", "macro F1", "out-of-scope AUROC",
        title=f"calibration error {judged.calibration_error:.3f}", title_justify="left",
    )  # fmt: skip
    for name, figures in {"all": judged.overall, **judged.per_language}.items():
        auroc = "" if figures.oos_auroc is None else f"{figures.oos_auroc:.3f}"
        shares = (figures.accuracy, figures.in_scope_accuracy, figures.macro_f1)
        table.add_row(name, str(figures.examples), *(f"{share:.3f}" for share in shares), auroc)
    return table


def intents_table(judged: Judgement) -> Table:
    """A row an intent."""
    table = Table("intent", "precision", "recall", "F1", "support")
    for name, score in judged.per_intent.items():
        table.add_row(
            escape(name), f"{score.precision:.3f}", f"{score.recall:.3f}", f"{score.f1:.3f}", str(score.support)
        )
    return table
