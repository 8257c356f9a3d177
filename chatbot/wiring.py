"""Makes every real object; everything else receives what it needs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

from chatbot.actions.calls import Actions
from chatbot.actions.endpoint import actions_of
from chatbot.actions.in_process import InProcess
from chatbot.actions.tracker import MOST_TURNS, slots_json
from chatbot.conversations.sealing import Seal, derived, secret
from chatbot.conversations.store import ConversationStore
from chatbot.deciding import BY_DEFAULT, Policy, Thresholds
from chatbot.dialogue.templates import Templates
from chatbot.encoder import ByLanguage, OnnxEncoder
from chatbot.errors import ModelError
from chatbot.messages import TALK_TO_PERSON, Evidence, Exchange, Language, Message, Reply, Slot, State, StepKind
from chatbot.models.registry import Registry
from chatbot.models.thresholds import Band, read_thresholds
from chatbot.project import Project, load_project
from chatbot.reply.action import SECONDS, Action, Past, nothing
from chatbot.reply.clarify import Clarify
from chatbot.reply.fallback import Fallback
from chatbot.reply.form import Form
from chatbot.reply.human import human
from chatbot.reply.keeping import keeping
from chatbot.reply.retrieval import Retrieval
from chatbot.reply.template import Speaker
from chatbot.settings import Settings
from chatbot.turn import Assistant, Responder
from chatbot.understanding.entities_builtin import BuiltInEntities, wanted
from chatbot.understanding.intents import IntentClassifier, Why
from chatbot.understanding.meaning import Meaning
from chatbot.understanding.pairs import FILE as CALIBRATION
from chatbot.understanding.pairs import SureSearch, read_calibration
from chatbot.understanding.spelling import Speller
from chatbot.understanding.understand import Understanding
from knowledge_base.index import KnowledgeIndex
from knowledge_base.search import KnowledgeBase
from knowledge_base.store import PairStore

GREETING = "utter_greet"


def encoder_names(settings: Settings) -> Mapping[str, str]:
    """The base model of each language's sentence encoder."""
    return {"en": settings.sentence_encoder_en, "zh": settings.sentence_encoder_zh}


def encoder_folders(settings: Settings) -> Mapping[str, Path]:
    """Where the sentence encoder of each language lies."""
    return {lang: settings.home / "encoders" / Path(name).name for lang, name in encoder_names(settings).items()}


def sentence_encoder(settings: Settings) -> ByLanguage:
    """The encoders of both languages. Raises ModelError if one is not there yet or is damaged."""
    folders = encoder_folders(settings)
    for folder in folders.values():
        if not folder.is_dir():
            raise ModelError(f"There is no sentence encoder in {folder} yet. Run: chatbot setup")
    loaded = {folder: OnnxEncoder(folder, settings.threads) for folder in dict.fromkeys(folders.values())}
    return ByLanguage({language: loaded[folder] for language, folder in folders.items()})


def is_set_up(settings: Settings) -> bool:
    """Whether there are sentence encoders, a calibrated search, and a current model."""
    made = all(folder.is_dir() for folder in encoder_folders(settings).values())
    made = made and (settings.home / "index" / CALIBRATION).is_file()
    return made and Registry(settings.home).current() is not None


class Knowledge:
    """The knowledge base with its store and its index, opened together."""

    def __init__(self, settings: Settings, encoder: ByLanguage | None = None) -> None:
        """encoder: loaded already. Raises ModelError if there is no sentence encoder yet."""
        encoder = encoder or sentence_encoder(settings)
        self.store = PairStore(settings.home / "knowledge.db")
        self.index = KnowledgeIndex(self.store, encoder, settings.home / "index")
        self.base = KnowledgeBase(self.store, self.index)

    def close(self) -> None:
        """Stops watching and closes the file."""
        self.index.close()
        self.store.close()


class Frontdesk:
    """The running assistant, with all that it stands on. It is what the web pages and the command line talk to."""

    def __init__(self, settings: Settings) -> None:
        """Raises ModelError if there is no model yet, ProjectError if the project contradicts itself."""
        self.settings = settings
        # An action reads its settings itself, as it does in a process of its own: it is told of --home this way.
        os.environ["CHATBOT_HOME"] = str(settings.home.resolve())
        self.project = load_project(settings.project)
        folder = Registry(settings.home).current()
        if folder is None:
            raise ModelError(f"There is no model in {settings.home / 'models'} yet. Run: chatbot setup")
        pairs = read_calibration(settings.home / "index")
        limits = thresholds(read_thresholds(folder).band, pairs.band)
        self.sentences = sentences = sentence_encoder(settings)
        with ThreadPoolExecutor(2) as both:  # each takes half a second, mostly outside Python
            classifier = both.submit(IntentClassifier, folder, sentences, settings.threads)
            knowledge = both.submit(Knowledge, settings, sentences)
            self.classifier, self.knowledge = classifier.result(), knowledge.result()
        self.secret = secret(settings.home)
        self.policy = Policy(self.project.domain, self.project.rules, limits)
        masked = self.classifier.masker.masked
        self.conversations = ConversationStore(
            settings.home / "conversations.db", Seal(self.secret), masked, self.policy.thresholds
        )
        self.search = SureSearch(self.knowledge.base, pairs)
        speller = Speller(self.classifier.known, sentences.has_word, self.knowledge.store.word_counts)
        self.mended = speller.mended
        intents = (*self.project.domain.intents, *BY_DEFAULT)
        built_in = BuiltInEntities(wanted(self.project.domain))
        reading = Understanding(self.classifier, self.search, intents, self.mended, built_in)
        understand = Meaning(reading, TALK_TO_PERSON)
        self.templates = Templates(settings.home / "templates.db", self.project.domain)
        self.speaker = Speaker(self.project.domain, self.templates.responses)
        self.actions = actions_of(settings.action_endpoint, settings.project, self.project.actions)
        past = partial(self.conversations.history, most=MOST_TURNS)
        kinds = responders(self.policy, self.project, self.speaker, self.actions, settings.action_seconds, past)
        self.assistant = Assistant(self.conversations, understand, self.policy, kinds)

    def answer(self, message: Message) -> Reply:
        """The reply to one message."""
        return self.assistant.answer(message)

    def why(self, text: str, reply: Reply) -> Why | None:
        """What stands behind the intents of a text that was answered; None for a pressed button and for no text."""
        masked = self.classifier.masker.masked(self.mended(text))
        return self.classifier.why(masked) if masked and reply.intent and reply.intent.confidence < 1 else None

    def history(self, conversation_id: str) -> Sequence[Exchange]:
        """The answered turns of a conversation."""
        return self.conversations.history(conversation_id)

    def parse(self, text: str) -> Evidence:
        """What is known of a text alone, outside of any conversation."""
        return self.assistant.understand(Message("parse", text, "parse"), State("parse"))

    def state(self, conversation_id: str) -> State:
        """What is remembered of a conversation; a fresh state for one nobody began."""
        return self.conversations.state(conversation_id)

    def slots(self, state: State) -> Mapping[str, Slot]:
        """Every slot of the domain with its value, as actions and operators read them."""
        return slots_json(state, self.project.domain)

    def rate(self, conversation_id: str, message_id: str, rating: int) -> None:
        """Thumbs, kept with the turn."""
        self.conversations.rate(conversation_id, message_id, rating)

    def forget(self) -> int:
        """Deletes raw text whose time has passed; the masked log stays."""
        return self.conversations.forget(timedelta(hours=self.settings.keep_live_hours))

    def versions(self) -> Mapping[str, str]:
        """Versions of what answers."""
        return {"model": self.classifier.version, "index": self.knowledge.base.version}

    def starters(self) -> Mapping[Language, Sequence[str]]:
        """Questions to begin with, for each language: the titles of the greeting's buttons."""
        speaker = self.speaker
        if not speaker.knows(GREETING):
            return {}
        languages: tuple[Language, ...] = ("en", "zh")
        greetings = {language: speaker.say(GREETING, State("", language=language)) for language in languages}
        return {language: [button.title for button in said.buttons] for language, said in greetings.items()}

    @property
    def storage_secret(self) -> str:
        """The key with which the chat page seals what it keeps in the browser."""
        return derived(self.secret, "browser")

    def close(self) -> None:
        """Closes the files, and the connections to an action server."""
        self.actions.close()
        self.templates.close()
        self.knowledge.close()
        self.conversations.close()


def thresholds(model: Band, pairs: Band) -> Thresholds:
    """Those of the model folder and of the index."""
    return Thresholds(model.answer, model.clarify, pairs.answer, pairs.clarify)


def responders(
    policy: Policy,
    project: Project,
    speaker: Speaker,
    actions: Actions | None = None,
    seconds: float = SECONDS,
    past: Past = nothing,
) -> Mapping[StepKind, Responder]:
    """One for each kind of step. actions: where they run, in this process if nothing is said; the rest as Action's."""
    action = Action(actions or InProcess(project.actions), speaker, project.domain, seconds, past)
    kinds: Mapping[StepKind, Responder] = {
        "template": speaker,
        "action": action,
        "form": Form(speaker, policy, action.perform),
        "retrieval": Retrieval(policy.thresholds.pair_clarify),
        "clarify": Clarify(speaker),
        "fallback": Fallback(speaker),
        "human": human,
    }
    return {kind: keeping(responder, speaker) for kind, responder in kinds.items()}
