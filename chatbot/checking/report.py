"""`chatbot check --report`: a page that draws the data, for the people who label it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chatbot.checking.doubts import Judged, doubts, judge
from chatbot.checking.fault import Fault
from chatbot.checking.material import Material
from chatbot.dialogue.responses import LANGUAGES
from chatbot.project import Project
from chatbot.settings import Settings
from training_data.examples import OUT_OF_SCOPE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 30
"""Rows of a table, of both languages: as many as somebody goes through with a coffee."""
LONG = 24
"""Characters of the longest intent's name, about: what is longer is prose."""
COLOURS = {"en": "#2f6f5e", "zh": "#d08c3c"}
LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}
STYLE = """body{font:16px/1.5 system-ui,"Noto Sans CJK SC","PingFang SC",sans-serif;
margin:0 auto;max-width:72rem;padding:1rem;color:#222;background:#fff}
h1,h2{line-height:1.2}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .5rem;border-bottom:1px solid #ddd;white-space:nowrap}
td.long{white-space:normal;min-width:18rem}svg{max-width:100%;height:auto}.wide{overflow-x:auto}"""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Two intents that a reader confuses. share: of each one's probability that goes to the other, in [0, 1].

    text: the example of `one` that looks most like `other`.
    """

    one: str
    other: str
    share: float
    text: str
    where: str


def draw(
    project: Project,
    material: Material,
    settings: Settings,
    found: Sequence[Fault],
    folder: Path,
    progress: Callable[[str, float, float], None],
) -> Path:
    """Writes report.html and its pictures into the folder; returns the page.

    Makes the sentence encoders if they are not there: nearness of meaning needs them.
    """
    from chatbot.setting_up import make_encoders
    from chatbot.wiring import sentence_encoder

    make_encoders(settings, project, progress)
    encoder = sentence_encoder(settings)
    judged = []
    for place, language in enumerate(LANGUAGES):
        progress("judging the labels", place / len(LANGUAGES), 0.0)
        examples = [example for example in material.taught if example.language == language]
        judged.append(judge(language, examples, encoder.encode))
    progress("drawing", 1.0, 0.0)
    folder.mkdir(parents=True, exist_ok=True)
    sizes_picture(project, material, folder / "sizes.svg")
    for each in (each for each in judged if each.examples):
        nearness_picture(each, folder / f"nearness_{each.language}.svg")
    page = folder / "report.html"
    page.write_text(as_html(project, material, found, judged, folder), "utf-8")
    return page


def sizes_picture(project: Project, material: Material, path: Path) -> None:
    """A bar an intent and language: examples that were written down, and above them those of the logs."""
    from matplotlib.figure import Figure

    written = Counter((example.intent, example.language) for example in material.nlu.examples)
    logged = Counter((example.intent, example.language) for example in material.taught if example.group)
    names = list(project.domain.intents)[::-1]
    figure = Figure(figsize=(9, 0.3 * len(names) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    for place, language in enumerate(LANGUAGES):
        heights = [at + (0.2 if place == 0 else -0.2) for at in range(len(names))]
        base = [written[name, language] for name in names]
        top = [logged[name, language] for name in names]
        colour = COLOURS[language]
        axes.barh(heights, base, 0.38, color=colour, label=f"{LANGUAGE_NAMES[language]}, written")
        axes.barh(heights, top, 0.38, left=base, color=colour, alpha=0.45, label=f"{LANGUAGE_NAMES[language]}, logs")
    axes.set_yticks(range(len(names)), names, fontsize=8, parse_math=False)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlabel("examples")
    axes.legend(fontsize=8, loc="upper right")
    save(figure, path)


def nearness_picture(judged: Judged, path: Path) -> None:
    """Rows: the label. Columns: where a reader that has not seen the example puts its probability."""
    from matplotlib.figure import Figure

    names, shares = judged.labels, spread(judged)
    size = 0.22 * len(names) + 2.5
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.add_subplot()
    axes.pcolormesh(np.sqrt(shares[::-1]), cmap="Blues", vmin=0, vmax=1)  # the root, so that a twentieth shows
    middles = [at + 0.5 for at in range(len(names))]
    axes.set_xticks(middles, names, rotation=90, fontsize=7, parse_math=False)
    axes.set_yticks(middles, names[::-1], fontsize=7, parse_math=False)
    axes.set_xlabel("read as")
    axes.set_ylabel("labelled")
    axes.set_title(f"{LANGUAGE_NAMES[judged.language]}: {len(judged.examples)} examples", fontsize=9)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """As SVG that is the same each time: no date, no random names."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "frontdesk"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def spread(judged: Judged) -> NDArray[np.float64]:
    """Shape (labels, labels): mean probability of each label over the examples of each label; rows sum to 1."""
    given = np.array([judged.labels.index(example.intent) for example in judged.examples])
    rows = [judged.shares[given == at].mean(axis=0) for at in range(len(judged.labels))]
    return np.array(rows, dtype=np.float64)


def neighbours(judged: Judged) -> list[Neighbours]:
    """Every two intents, the most confused first; out of scope is near to everything, and left out."""
    shares, found = spread(judged), []
    members: dict[int, list[int]] = defaultdict(list)
    for place, example in enumerate(judged.examples):
        members[judged.labels.index(example.intent)].append(place)
    for i, one in enumerate(judged.labels):
        for j, other in enumerate(judged.labels):
            if i < j and not {one, other} & OUT_OF_SCOPE:
                a, b = (i, j) if shares[i, j] >= shares[j, i] else (j, i)
                nearest = judged.examples[max(members[a], key=lambda place: judged.shares[place, b])]
                share = float(shares[i, j] + shares[j, i]) / 2
                found.append(Neighbours(judged.labels[a], judged.labels[b], share, nearest.text, nearest.source))
    return sorted(found, key=lambda pair: -pair.share)


def as_html(
    project: Project, material: Material, found: Sequence[Fault], judged: Sequence[Judged], folder: Path
) -> str:
    """The page; the pictures stand in it. Texts of customers are escaped."""
    doubtful = [doubts(each) for each in judged]
    shown = [doubt for group in doubtful for doubt in group[: SHOWN // len(judged)]]
    more = sum(map(len, doubtful)) - len(shown)
    near = sorted((pair for each in judged for pair in neighbours(each)[:SHOWN]), key=lambda pair: -pair.share)[:SHOWN]
    left_out = sorted({f"{label} ({each.language})" for each in judged for label in each.too_few})
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width,initial-scale=1'>",
        f"<title>What {escape(project.name['en'])} learns from</title><style>{STYLE}</style></head><body>",
        f"<h1>What {escape(project.name['en'])} learns from</h1>",
        table(("what", *LANGUAGE_NAMES.values()), totals(material)),
        f"<p>{len(found)} fault(s) found by <code>chatbot check</code>.</p>" if found else "<p>No faults.</p>",
        "<h2>Examples of each intent</h2>",
        picture(folder / "sizes.svg"),
        "<h2>Labels in doubt</h2>",
        "<p>A reader that has not seen the example (logistic regression on sentence vectors, five-fold, by "
        "conversation) is surer of another label than of this one, by the measure of confident learning (cleanlab). "
        "Read them, and relabel those that are wrong; many are right, and only unlike the others.</p>",
        table(
            ("where", "text", "label", "read as", "sure of the label"),
            [(d.where, d.text, d.label, d.read_as, f"{d.confidence:.2f}") for d in shown],
        ),
        f"<p>{more} more are not shown.</p>" if more else "",
        f"<p>Too few examples to judge (five are needed): {escape(', '.join(left_out))}.</p>" if left_out else "",
        "<h2>Nearest intents</h2>",
        "<p>How much of the one's probability goes to the other, and the example that is most in between.</p>",
        table(
            ("intent", "read as", "share", "example", "where"),
            [(pair.one, pair.other, f"{pair.share:.1%}", pair.text, pair.where) for pair in near],
        ),
        *(picture(folder / f"nearness_{each.language}.svg") for each in judged if each.examples),
        "</body></html>",
    ]
    return "\n".join(parts)


def totals(material: Material) -> list[tuple[str, ...]]:
    """Rows of the first table: how much there is of everything, in each language."""
    spoken: Mapping[str, Counter[str]] = {
        "examples written down": Counter(example.language for example in material.nlu.examples),
        "labelled turns of logs": Counter(example.language for example in material.taught if example.group),
        "stored pairs": Counter(each.pair.language for each in material.stored),
        "stored phrasings": Counter(each.pair.language for each in material.stored for _ in each.phrasings),
        "held-out messages": Counter(example.language for example in material.judged),
        "held-out questions for the search": Counter(asked.language for asked in material.asked),
    }
    return [(name, *(str(counts[language]) for language in LANGUAGES)) for name, counts in spoken.items()]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; every cell is escaped."""
    head = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(map(cell_of, row)) + "</tr>" for row in rows)
    return f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def cell_of(text: str) -> str:
    """A cell; long texts may be broken."""
    return f"<td class='long'>{escape(text)}</td>" if len(text) > LONG else f"<td>{escape(text)}</td>"


def picture(path: Path) -> str:
    """A drawing, from its <svg> on: an XML declaration has no place inside a page."""
    drawn = path.read_text("utf-8")
    return drawn[drawn.index("<svg") :]
