"""One small tree of errors. A message says what was got, what is allowed, and what to do."""

from __future__ import annotations


class FrontdeskError(Exception):
    """A mistake of the user or of the surroundings; the command line prints its sentence without a traceback."""


class SettingsError(FrontdeskError):
    """A setting has a value that is not allowed."""


class ProjectError(FrontdeskError):
    """The assistant's domain, rules or actions contradict one another or cannot be read."""


class BaseModelError(FrontdeskError):
    """A base model is missing, damaged, or not the one that was pinned."""


class ModelError(FrontdeskError):
    """A model folder is missing, incomplete or damaged."""


class TrainingError(FrontdeskError):
    """The examples do not suffice to train or to judge a model."""


class ConversationError(FrontdeskError):
    """A conversation cannot be read, or a turn of it cannot be begun."""


class ActionError(FrontdeskError):
    """An action of the assistant failed or is not there."""


class MessageError(FrontdeskError):
    """A message that a customer sent is not one: too long, no text, or a malformed id."""
