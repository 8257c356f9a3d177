"""What `chatbot test` shows: every story, the steps that differ, and how many were right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.testing.running import Check, Verdict


@dataclass(frozen=True, slots=True)
class Count:
    """How many stories went as they must, and how many of all the steps that were predicted."""

    stories: int
    passed: int
    steps: int
    right: int


def counted(verdicts: Sequence[Verdict]) -> Count:
    """The count over all stories."""
    checks = [check for verdict in verdicts for check in verdict.checks]
    return Count(
        stories=len(verdicts),
        passed=sum(not verdict.differences for verdict in verdicts),
        steps=len(checks),
        right=sum(check.right for check in checks),
    )


def lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A line a story, one for each step that differs, and the count."""
    for verdict in verdicts:
        story, differences = verdict.story, verdict.differences
        yield f"{'FAILED' if differences else 'passed'}  {story.title} ({story.file.name} line {story.line})"
        yield from (f"        {difference(story.file.name, check)}" for check in differences)
    count = counted(verdicts)
    failed = count.stories - count.passed
    yield f"Stories: {count.passed} passed, {failed} failed. Steps: {count.right} of {count.steps} right."


def difference(file: str, check: Check) -> str:
    """One step that differs, in a sentence."""
    return f"{file} line {check.line}: {check.kind}: expected {check.expected}, got {check.predicted} ({check.reason})"


def as_json(verdicts: Sequence[Verdict], model: str) -> dict[str, Any]:
    """The same for programs. model: version of the one that read the texts; '' if none did."""
    count = counted(verdicts)
    return {
        "passed": count.passed,
        "failed": count.stories - count.passed,
        "steps": count.steps,
        "right": count.right,
        "model": model or None,
        "stories": [story_json(verdict) for verdict in verdicts],
    }


def story_json(verdict: Verdict) -> dict[str, Any]:
    """One story."""
    story = verdict.story
    return {
        "story": story.title,
        "file": str(story.file),
        "line": story.line,
        "passed": not verdict.differences,
        "steps": len(verdict.checks),
        "differences": [
            {
                "kind": check.kind,
                "line": check.line,
                "expected": check.expected,
                "predicted": check.predicted,
                "reason": check.reason,
            }
            for check in verdict.differences
        ],
    }
