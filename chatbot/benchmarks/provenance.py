"""On what, with what and when a figure was measured: without these it can be compared with nothing."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

Report = dict[str, Any]
"""What a file of results holds; read by `tables`, and by nothing else in here."""

SEED = 13
"""Start of every chance: of training, of thinning, and of made-up texts and vectors."""
MEASURED_WITH = ("frontdesk", "torch", "transformers", "onnxruntime", "faiss-cpu")


def report(benchmark: str, command: str, full: bool, **figures: object) -> Report:
    """The figures with the machine, the versions, the day and the seed. full: nothing was thinned."""
    return {
        "benchmark": benchmark,
        "command": command,
        "full": full,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": SEED,
        "machine": machine(),
        "versions": versions(),
        **figures,
    }


def machine() -> dict[str, str | int | float]:
    """Processor, the cores that this process may use, memory in GB (10^9 bytes)."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": processor(), "cores": cores(), "memory_gb": round(memory / 1e9, 1)}


def processor() -> str:
    """The processor's model as Linux tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def cores() -> int:
    """Those that this process may use: in a container fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Of Python and of the packages that a figure depends on."""
    return {"python": platform.python_version(), **{name: installed(name) for name in MEASURED_WITH}}


def installed(package: str) -> str:
    """The version of a package; '-' if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"
