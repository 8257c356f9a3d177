"""Ways to fine-tune the encoder, side by side: what each is worth, and what it costs.

The encoder is judged alone and pooled with the linear reader, as it is served; on the messages as they are, and with a
typing mistake in each. Nothing is calibrated: that costs each recipe the same.
"""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.benchmarks.homes import fresh_home, settings_for
from chatbot.benchmarks.intent_sets import IntentSet, learnable
from chatbot.benchmarks.provenance import SEED
from chatbot.benchmarks.variants import Teacher, held_still, merged, shallow, with_lora
from chatbot.setting_up import FIRST_EPOCHS, encoders_for
from chatbot.training.evaluate import alias
from chatbot.training.finetune import Extra, Options, fit, is_read_often, seed
from chatbot.training.mistakes import mistyped, sounds
from chatbot.training.network import Network, apply, attention, load_encoder, without_dropout
from chatbot.training.splits import usable
from chatbot.training.train import Base, Material, base_of, device, linear_reader, prepared
from chatbot.understanding.confidence import pooled, softmax
from chatbot.understanding.masking import Masker
from chatbot.wiring import sentence_encoder
from knowledge_base.text import simplified
from training_data.examples import OUT_OF_SCOPE, Example

LORA_RANK, LORA_RATE = 16, 1e-3
"""peft's own documentation advises ten times the rate of full fine-tuning."""
FULL = "full"
SETS = ("banking77 fewshot10", "hint3_sofmattress")
"""Public sets beside the shop: ten examples an intent, and a live bot's own."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """frozen: share of the layers, from below. lora: rank; 0: all weights move. depth: share of the layers kept.

    taught: by the logits of the full recipe's network, whose layers it begins with. mistyped: half of the texts of each
    batch get a typing mistake. adversarial: a loss on word vectors moved where they hurt most.
    """

    name: str
    frozen: float = 0.0
    lora: int = 0
    depth: float = 1.0
    taught: bool = False
    mistyped: bool = False
    adversarial: bool = False


RECIPES = (
    Recipe(FULL),
    Recipe("lower half frozen", frozen=0.5),
    Recipe("lower two thirds frozen", frozen=2 / 3),
    Recipe(f"LoRA, rank {LORA_RANK}", lora=LORA_RANK),
    Recipe("half the layers", depth=0.5),
    Recipe("half the layers, distilled", depth=0.5, taught=True),
    Recipe("typing mistakes", mistyped=True),
    Recipe("adversarial", adversarial=True),
    Recipe("typing mistakes, adversarial", mistyped=True, adversarial=True),
)


@dataclass(frozen=True, slots=True)
class Tried:
    """Of one recipe on one set; shares in [0, 1], by language and together.

    tuned: in-scope accuracy of the encoder alone; served: pooled with the linear reader; slips: the same with a typing
    mistake in each message. auroc: of the pooled confidence, in scope against out of scope. trained: millions of
    weights that moved. train_cpu_seconds, judge_cpu_ms (a text): processor time of all threads, in fp32.
    """

    set: str
    recipe: str
    tuned: Mapping[str, float]
    served: Mapping[str, float]
    slips: Mapping[str, float]
    auroc: Mapping[str, float | None]
    trained: float
    train_cpu_seconds: float
    judge_cpu_ms: float

    def as_json(self) -> dict[str, Any]:
        """As it is."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is the same for all recipes of a set."""

    name: str
    material: Material
    base: Base
    asked: Sequence[Example]
    slipped: Sequence[str]
    linear: Mapping[bool, np.ndarray]
    """Logits of the linear reader: of the messages with mistakes, and without."""
    options: Options


def measure(sets: Sequence[IntentSet], base_models: Path, tell: Callable[[str], None]) -> list[Tried]:
    """All recipes on all sets, in the order of the sets."""
    return [tried for each in sets for tried in measured(each, base_models, tell)]


def measured(each: IntentSet, base_models: Path, tell: Callable[[str], None]) -> list[Tried]:
    """All recipes on a set. What the first one learned teaches those that are taught."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as place:
        ground = grounded(each, fresh_home(Path(place), base_models))
        found: list[Tried] = []
        teacher: Network | None = None
        for recipe in RECIPES:
            tell(f"{each.name}: {recipe.name}")
            network, tried = one(ground, recipe, teacher)
            teacher = network if recipe.name == FULL else teacher
            found.append(tried)
            tell(f"  {tried.as_json()}")
    return found


def grounded(each: IntentSet, home: Path) -> Ground:
    """The rows as the trainer reads them, their sentence vectors, and what the linear reader says of the messages."""
    taught = learnable(each.taught)
    texts = [example.text for example in taught.examples]
    settings = settings_for(home, texts)
    encoders_for(settings, texts, lambda *_: None)
    sentences = sentence_encoder(settings)
    masked = Masker(taught.regexes).masked
    rows = usable(taught.examples, lambda text: simplified(masked(text)))
    options = Options(fewest_epochs=FIRST_EPOCHS, seed=SEED)
    material = prepared(rows, sentences)
    asked = [replace(example, text=simplified(masked(example.text))) for example in each.asked]
    slipped = mistyped([example.text for example in asked], sounds(texts), SEED)
    reader = linear_reader(material, range(len(rows)))
    linear = {
        wrong: reader.read(words, [sentences.place(text) for text in words], sentences.encode(words))[0]
        for wrong, words in ((False, [example.text for example in asked]), (True, slipped))
    }
    return Ground(
        each.name, material, base_of(settings.base_model, rows, home, options), asked, slipped, linear, options
    )


def one(ground: Ground, recipe: Recipe, teacher: Network | None) -> tuple[Network, Tried]:
    """Trains one recipe and judges it."""
    seed(ground.options.seed)
    rows, reader = ground.material.rows, ground.base.reader()
    network = begun(ground, recipe, teacher if recipe.taught else None).to(device())
    if not is_read_often(len(rows), ground.options):
        without_dropout(network)
    options = replace(
        ground.options,
        learning_rate=LORA_RATE if recipe.lora else 0.0,
        mistakes=ground.options.mistakes if recipe.mistyped else 0.0,
        adversarial=ground.options.adversarial if recipe.adversarial else 0.0,
    )
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad) / 1e6
    extra: Extra | None = None
    if recipe.taught and teacher is not None:
        extra = Teacher(apply(teacher, reader, [row.text for row in rows])[2].to(device()))
    began = time.process_time()
    with attention(network.encoder, "eager"):
        fit(network, reader, rows, (), ground.material.labels, options, lambda *_: None, extra)
    spent = time.process_time() - began
    if recipe.lora:
        network.encoder = merged(network.encoder)
    began = time.process_time()
    plain = apply(network, reader, [example.text for example in ground.asked])[2].numpy()
    judged = (time.process_time() - began) / len(ground.asked)
    slipped = apply(network, reader, ground.slipped)[2].numpy()
    served = pooled(softmax(plain), softmax(ground.linear[False]))
    slips = pooled(softmax(slipped), softmax(ground.linear[True]))
    return network, Tried(
        ground.name,
        recipe.name,
        in_scope(ground, softmax(plain)),
        in_scope(ground, served),
        in_scope(ground, slips),
        out_of_scope(ground, served),
        round(trained, 2),
        round(spent, 1),
        round(1000 * judged, 2),
    )


def begun(ground: Ground, recipe: Recipe, teacher: Network | None) -> Network:
    """The network before training."""
    encoder = copy.deepcopy(teacher.encoder) if teacher is not None else load_encoder(ground.base.folder)
    if recipe.depth < 1:
        shallow(encoder, recipe.depth)
    if recipe.frozen:
        held_still(encoder, recipe.frozen)
    if recipe.lora:
        encoder = with_lora(encoder, recipe.lora)
    width: Any = encoder.config
    return Network(encoder, width.hidden_size, len(ground.material.labels))


def by_language(ground: Ground, of: Callable[[np.ndarray], Any]) -> dict[str, Any]:
    """The figure for all messages, and for each language if there are several. of: a mask of shape (n,) to a figure."""
    languages = np.array([example.language for example in ground.asked])
    found = {"all": of(np.ones(len(languages), bool))}
    names = sorted(map(str, set(languages)))
    return found | ({name: of(languages == name) for name in names} if len(names) > 1 else {})


def right_labels(ground: Ground) -> tuple[np.ndarray, np.ndarray]:
    """The index of each message's label (-1: not learned), and whether it is in scope."""
    labels = ground.material.labels
    number = {label: at for at, label in enumerate(labels)}
    truth = np.array([number.get(alias(example.intent, labels), -1) for example in ground.asked])
    return truth, np.array([example.intent not in OUT_OF_SCOPE for example in ground.asked])


def in_scope(ground: Ground, shares: np.ndarray) -> dict[str, float]:
    """Accuracy on the messages in scope. shares: shape (n, labels)."""
    truth, inside = right_labels(ground)
    right = shares.argmax(1) == truth
    return by_language(ground, lambda some: round(float(right[some & inside].mean()), 4))


def out_of_scope(ground: Ground, shares: np.ndarray) -> dict[str, float | None]:
    """AUROC of the likeliest intent's share."""
    from sklearn.metrics import roc_auc_score

    _, inside = right_labels(ground)
    columns = [at for at, label in enumerate(ground.material.labels) if label not in OUT_OF_SCOPE]
    score = shares[:, columns].max(1)

    def auroc(some: np.ndarray) -> float | None:
        return None if inside[some].all() else round(float(roc_auc_score(inside[some], score[some])), 4)

    return by_language(ground, auroc)
