"""How much memory and processor time a process has taken, from Linux's /proc (man 5 proc)."""

from __future__ import annotations

import os
import re
from pathlib import Path


def peak_mb(process: int | str = "self") -> float | None:
    """The most memory that the process ever held, in MB (10^6 bytes); None where there is no /proc.

    Not getrusage's ru_maxrss: exec carries the parent's peak over into it, so that a small child of a large process
    would seem large.
    """
    return field_mb(process, "VmHWM")


def resident_mb(process: int | str = "self") -> float | None:
    """The memory that the process holds now, in MB; None where there is no /proc."""
    return field_mb(process, "VmRSS")


def field_mb(process: int | str, name: str) -> float | None:
    """A field of /proc/PROCESS/status, which is in KiB, in MB."""
    try:
        status = Path(f"/proc/{process}/status").read_text("utf-8")
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    return round(int(found[1]) * 1024 / 1e6, 1) if found else None


def processor_seconds(process: int) -> float | None:
    """Processor time of all threads of the process so far; None where there is no /proc."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("utf-8")
    except OSError:
        return None
    user, system = stat.rpartition(")")[2].split()[11:13]  # the name before may hold blanks, and ends with a bracket
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
