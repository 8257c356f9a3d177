from __future__ import annotations

import importlib
import inspect
import pkgutil

import chatbot
import knowledge_base
import training_data
from chatbot import errors
from chatbot.errors import FrontdeskError
from knowledge_base.errors import KnowledgeBaseError
from training_data.examples import TrainingDataError

ROOTS = (FrontdeskError, KnowledgeBaseError, TrainingDataError)
"""What the command line turns into a sentence."""


def test_every_error_of_the_program_is_one_that_the_command_line_tells_in_a_sentence() -> None:
    found = set()
    for package in (chatbot, knowledge_base, training_data):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" in module.name or module.name.startswith(("chatbot.training", "chatbot.web")):
                continue  # heavy to import; their errors come from errors.py
            for one in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(one) and issubclass(one, BaseException) and one.__module__ == module.name:
                    found.add(one)
    assert {one.__name__ for one in found if not issubclass(one, ROOTS)} == set()
    assert {"ConversationError", "DuplicateQuestion", "TrainingDataError"} <= {one.__name__ for one in found}


def test_every_error_says_what_it_is_in_one_sentence() -> None:
    own = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, FrontdeskError)]
    assert len(own) >= 9
    for one in own:
        assert one.__doc__, one
        assert one.__doc__.endswith("."), one
        assert "\n" not in one.__doc__, one
