"""Actions of rasa-sdk, run in this process."""

from __future__ import annotations

import asyncio
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from chatbot.actions.calls import ActionMissingError, ActionRejectedError, Call, Result, read_result
from chatbot.actions.time_limit import TimeLimit
from chatbot.errors import ActionError


class InProcess:
    """The actions of one package, loaded when the first is run (rasa-sdk takes a second to import).

    Each call has a thread and an event loop of its own: an action that blocks, as most do, holds up nobody else.
    """

    def __init__(self, package: str, calls: TimeLimit | None = None) -> None:
        self.package = package
        self.calls = calls or TimeLimit()
        self.loaded: Any = None
        self.loading = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """The actions that the package has. Raises ActionError if it cannot be imported."""
        return tuple(self.executor().actions)

    def executor(self) -> Any:
        """rasa-sdk's own executor with the package's actions."""
        with self.loading:
            if self.loaded is None:
                from rasa_sdk.executor import ActionExecutor

                executor = ActionExecutor()
                try:
                    executor.register_package(self.package)
                except (Exception, SystemExit) as error:  # rasa-sdk ends the process where an import fails
                    reason = error.__context__ or error
                    raise ActionError(f"The actions package '{self.package}' cannot be imported: {reason}.") from error
                self.loaded = executor
            return self.loaded

    def run(self, call: Call, seconds: float) -> Result:
        """The result of one action, as Actions.run."""
        name = str(call["next_action"])
        return self.calls.run(name, lambda: self.performed(name, call), seconds)

    def close(self) -> None:
        """Nothing is held."""

    def performed(self, name: str, call: Call) -> Result:
        """Runs the action to its end. An error's own text is not told: it may hold what the customer wrote."""
        executor = self.executor()
        if name not in executor.actions:
            raise ActionMissingError(f"The action '{name}' is in no module of '{self.package}'.")
        from rasa_sdk.interfaces import ActionExecutionRejection

        try:
            result = asyncio.run(executor.run(call))
        except ActionExecutionRejection as error:
            raise ActionRejectedError(f"The action '{name}' declined to run.") from error
        except (Exception, SystemExit) as error:
            where = place(error.__traceback__, self.package)
            raise ActionError(f"The action '{name}' failed: {type(error).__name__}{where}.") from error
        return read_result(result.model_dump() if hasattr(result, "model_dump") else result, name)


def place(trace: TracebackType | None, package: str) -> str:
    """` at orders.py:41`: the last line of the project's own that an error went through; '' if there is none."""
    own = [frame for frame in traceback.walk_tb(trace) if is_of(frame[0].f_globals.get("__name__"), package)]
    return f" at {Path(own[-1][0].f_code.co_filename).name}:{own[-1][1]}" if own else ""


def is_of(module: object, package: str) -> bool:
    """Whether a module is the package or lies in it."""
    return isinstance(module, str) and (module == package or module.startswith(f"{package}."))
