"""The real product in a test: a home with the trained demo assistant, and a server process on it."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WHAT_TRAINING_DEPENDS_ON = (
    "training_data/seed",
    "training_data/confirmed",
    "training_data/*.py",
    "knowledge_base",
    "chatbot/training",
    "chatbot/understanding",
    "chatbot/models",
    "chatbot/encoder.py",
    "chatbot/settings.py",
    "chatbot/setting_up.py",
    "chatbot/shop/rules.yml",
)


def trained_home() -> Path:
    """The home of the demo assistant, trained as a user's first start does; kept while code and data stay the same."""
    digest = hashlib.sha256()
    for pattern in WHAT_TRAINING_DEPENDS_ON:
        for path in sorted(ROOT.glob(pattern)):
            for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix != ".pyc"):
                digest.update(file.read_bytes() if file.is_file() else b"")
    homes = ROOT / "var" / "test-home"
    home = homes / digest.hexdigest()[:16]
    if not (home / "ready").exists():
        shutil.rmtree(homes, ignore_errors=True)
        command = [sys.executable, "-m", "chatbot", "setup", "--home", str(home)]
        subprocess.run(command, check=True, cwd=ROOT, stdin=subprocess.DEVNULL)
        (home / "ready").touch()
    return home


def copied(home: Path, to: Path) -> Path:
    """A home of one's own: the models are shared, the databases and the index are copies."""
    to.mkdir(parents=True, exist_ok=True)
    for name in ("models", "encoders"):
        (to / name).symlink_to(home / name)
    shutil.copytree(home / "index", to / "index")
    shutil.copy(home / "knowledge.db", to / "knowledge.db")
    return to


class Server:
    """`chatbot serve` as a process of its own."""

    def __init__(self, home: Path, port: int = 0, **environment: str) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chatbot", "serve", "--home", str(home), "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "CHATBOT_MESSAGES_A_MINUTE": "5000", **environment},
        )
        assert self.process.stdout is not None
        self.lines: list[str] = []
        for line in self.process.stdout:
            self.lines.append(line)
            if "Frontdesk is ready: " in line:
                self.url = line.split("ready: ")[1].strip()
                break
        else:
            raise AssertionError("the server did not start:\n" + "".join(self.lines))
        self.port = int(self.url.rstrip("/").rsplit(":", 1)[1])
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reading.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()


def chatbot(*arguments: str, home: Path) -> str:
    """Standard output of a command of the command line that must succeed."""
    command = [sys.executable, "-m", "chatbot", *arguments, "--home", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
