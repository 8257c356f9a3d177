"""The scripts on a machine of their own: a copy of them, a PATH with nothing but what they need, and a Python that is
told what to be. Nothing is installed, and the network is not asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHELL = [path for path in [*sorted((ROOT / "scripts").iterdir()), ROOT / ".ci" / "run"] if path.suffix in ("", ".sh")]
TOOLS = (
    "bash",
    "env",
    "cat",
    "cksum",
    "dirname",
    "basename",
    "grep",
    "tail",
    "rm",
    "mkdir",
    "cp",
    "touch",
    "chmod",
    "id",
)

PYTHON = r"""#!/usr/bin/env bash
# Is Python FAKE_VERSION. FAKE_VENV=missing: Debian without python3-venv. FAKE_INSTALL: how `pip install` ends.
echo "$(basename "$0") $*" >>"$FAKE_LOG"
root=$(dirname "$(dirname "$0")")
new() { [[ ! $FAKE_VERSION =~ ^3\.([0-9]|10)\. ]]; }
case "$*" in
    --version) echo "Python $FAKE_VERSION" ;;
    *"import pip"*) [ -f "$root/pip" ] && new ;;
    *version_info*) new ;;
    *"import venv"*) [ "$FAKE_VENV" != missing ] ;;
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python && touch .venv/pip ;;
    *"pip install"*)
        case "$FAKE_INSTALL" in
            ok)
                printf '#!/usr/bin/env bash\necho "chatbot $* in $PWD"\n' >.venv/bin/chatbot
                chmod +x .venv/bin/chatbot ;;
            network) echo "ERROR: Could not fetch URL: Max retries exceeded"; exit 1 ;;
            full) echo "ERROR: [Errno 28] No space left on device"; exit 1 ;;
            *) echo "ERROR: something else"; exit 1 ;;
        esac ;;
    *) echo "python $*" ;;
esac
"""


@dataclass
class Machine:
    """A checkout with the real scripts, and a PATH."""

    root: Path
    path: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command of bash, in a directory that has nothing to do with the checkout."""
        elsewhere = self.root.parent / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        known = {"PATH": str(self.path), "FAKE_LOG": str(self.log), "FAKE_VERSION": "3.12.1", "FAKE_INSTALL": "ok"}
        return subprocess.run(
            [shutil.which("bash") or "bash", "-c", command],
            cwd=elsewhere,
            env=known | self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def environment_sh(self, call: str = "environment", **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(
            f"set -euo pipefail; source '{self.root}/scripts/environment.sh'; {call}; echo ready", **environment
        )

    @property
    def log(self) -> Path:
        return self.root.parent / "log"

    def called(self, words: str) -> int:
        """How often a Python was called with these words."""
        return sum(words in line for line in self.log.read_text().splitlines()) if self.log.exists() else 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    root, path = tmp_path / "front desk", tmp_path / "bin"  # a checkout may lie in a place with a space
    root.mkdir()
    path.mkdir()
    shutil.copytree(ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, root)
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (path / tool).symlink_to(found)
    python(path / "python3")
    return Machine(root, path)


def python(path: Path) -> Path:
    path.write_text(PYTHON)
    path.chmod(0o755)
    return path


# --- as they are -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SHELL, ids=lambda path: path.name)
def test_a_script_is_bash_executable_and_short(script: Path) -> None:
    checked = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert len(script.read_text("utf-8").splitlines()) <= 45
    if script.suffix != ".sh":
        assert script.read_text("utf-8").startswith("#!/usr/bin/env bash\n")
        assert "set -euo pipefail" in script.read_text("utf-8")
        assert os.access(script, os.X_OK)


def test_ci_calls_the_scripts_and_holds_no_logic() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert lines[3:] == ["scripts/check", "scripts/test"]


# --- the first run ---------------------------------------------------------------------------------------------------


def test_a_first_run_installs_and_a_second_does_nothing(machine: Machine) -> None:
    first = machine.environment_sh()
    assert (first.returncode, first.stdout) == (0, "ready\n")
    assert first.stderr.startswith("Installing the locked packages into .venv")
    assert machine.called("pip install --disable-pip-version-check -c requirements.lock -e .") == 1
    second = machine.environment_sh()
    assert (second.returncode, second.stdout, second.stderr) == (0, "ready\n", "")
    assert machine.called("pip install") == 1


def test_development_needs_more_and_has_all_the_rest(machine: Machine) -> None:
    machine.environment_sh()
    machine.environment_sh("environment dev")
    assert machine.called("-e .[dev]") == 1
    for call in ("environment", "environment dev"):
        assert machine.environment_sh(call).stderr == ""
    assert machine.called("pip install") == 2
    assert machine.called("-m venv") == 1


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements.lock"])
def test_changed_requirements_are_installed(machine: Machine, file: str) -> None:
    machine.environment_sh()
    with (machine.root / file).open("a") as stream:
        stream.write("# new\n")
    machine.environment_sh()
    assert machine.called("pip install") == 2
    assert machine.called("-m venv") == 1


def test_an_environment_made_by_hand_is_kept(machine: Machine) -> None:
    bin_ = machine.root / ".venv" / "bin"
    bin_.mkdir(parents=True)
    python(bin_ / "python")
    (machine.root / ".venv" / "pip").touch()
    (machine.root / ".venv" / "mine").touch()
    assert machine.environment_sh().stdout == "ready\n"
    assert machine.called("-m venv") == 0
    assert (machine.root / ".venv" / "mine").exists()


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_too_old_a_python_is_told(machine: Machine) -> None:
    done = machine.environment_sh(FAKE_VERSION="3.10.12")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "frontdesk: Python 3.11 or newer is needed; found Python 3.10.12. Install it, or name one: "
        "PYTHON=/path/to/python3.\n"
    )
    assert not (machine.root / ".venv").exists()


def test_no_python_at_all_is_told(machine: Machine) -> None:
    (machine.path / "python3").unlink()
    done = machine.environment_sh()
    assert done.returncode == 1
    assert done.stderr.startswith("frontdesk: Python 3.11 or newer is needed; found none. Install it")
    assert len(done.stderr.splitlines()) == 1


def test_a_newer_python_beside_an_old_one_is_taken(machine: Machine) -> None:
    old = machine.path / "python3"
    old.write_text('#!/usr/bin/env bash\n[ "$*" = --version ] && echo "Python 3.9.2"; exit 1\n')
    python(machine.path / "python3.12")
    assert machine.environment_sh().stdout == "ready\n"
    assert machine.called("python3.12 -m venv .venv") == 1


def test_the_python_that_is_named_is_taken_and_no_other(machine: Machine) -> None:
    named = python(machine.root.parent / "my python")
    assert machine.environment_sh(PYTHON=str(named)).stdout == "ready\n"
    assert machine.called("my python -m venv .venv") == 1
    shutil.rmtree(machine.root / ".venv")
    done = machine.environment_sh(PYTHON="/nowhere/python3")
    assert done.returncode == 1
    assert "found none" in done.stderr


def test_a_missing_venv_module_is_told_and_what_is_there_stays(machine: Machine) -> None:
    (machine.root / ".venv").mkdir()
    (machine.root / ".venv" / "half").touch()
    done = machine.environment_sh(FAKE_VENV="missing")
    assert done.returncode == 1
    assert done.stderr == (
        "frontdesk: The venv module of python3 is missing. On Debian and Ubuntu: apt install python3-venv\n"
    )
    assert (machine.root / ".venv" / "half").exists()


@pytest.mark.parametrize("left", ["nothing", "python without pip", "a link to nowhere", "pip, but no packages"])
def test_an_interrupted_first_run_is_taken_up_again(machine: Machine, left: str) -> None:
    bin_ = machine.root / ".venv" / "bin"
    bin_.mkdir(parents=True)
    if left == "a link to nowhere":
        (bin_ / "python").symlink_to("/nowhere/python3")
    elif left != "nothing":
        python(bin_ / "python")
    if left == "pip, but no packages":
        (machine.root / ".venv" / "pip").touch()
    done = machine.environment_sh()
    assert (done.returncode, done.stdout) == (0, "ready\n")
    assert machine.called("-m venv .venv") == (left != "pip, but no packages")
    assert machine.called("pip install") == 1


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ("network", "The packages could not be downloaded. Is there a network?"),
        ("full", "The disk is full. Make room"),
        ("other", "Installing failed; run this again. Details: "),
    ],
)
def test_an_install_that_fails_is_told_and_tried_again_next_time(machine: Machine, ends: str, told: str) -> None:
    done = machine.environment_sh(FAKE_INSTALL=ends)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"frontdesk: {told}" in done.stderr
    assert "ERROR: " in done.stderr  # pip's own word on it
    assert machine.environment_sh().stdout == "ready\n"
    assert machine.called("-m venv") == 1


def test_an_environment_of_too_old_a_python_is_made_again(machine: Machine) -> None:
    bin_ = machine.root / ".venv" / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "python").write_text("#!/usr/bin/env bash\nexit 1\n")
    (bin_ / "python").chmod(0o755)
    assert machine.environment_sh().stdout == "ready\n"
    assert machine.called("python3 -m venv .venv") == 1


def test_an_environment_that_was_moved_is_made_again(machine: Machine) -> None:
    machine.environment_sh()
    (machine.root.parent / "link").symlink_to(machine.root)  # another way to the same place
    assert Machine(machine.root.parent / "link", machine.path).environment_sh().stderr == ""
    moved = Machine(machine.root.rename(machine.root.with_name("moved")), machine.path)
    assert moved.environment_sh().stdout == "ready\n"
    assert moved.called("-m venv") == 2
    assert moved.environment_sh().stderr == ""


# --- from anywhere ---------------------------------------------------------------------------------------------------


def test_serve_runs_from_another_directory_and_stays_there(machine: Machine) -> None:
    done = machine.run(f"'{machine.root}/scripts/serve' --port 0 --project './my shop'")
    assert (done.returncode, done.stdout) == (
        0,
        f"chatbot serve --port 0 --project ./my shop in {machine.root.parent / 'elsewhere'}\n",
    )


def test_a_search_path_for_cd_leads_nobody_astray(machine: Machine) -> None:
    (machine.root.parent / "other" / "scripts").mkdir(parents=True)
    done = machine.run(f"cd '{machine.root}'; bash scripts/serve", CDPATH=str(machine.root.parent / "other"))
    assert (done.returncode, done.stdout) == (0, f"chatbot serve in {machine.root}\n")


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        ("", "python -m pytest -m not slow"),
        ("--slow -x", "python -m pytest -x"),
        ("tests/web -k 'a b'", "python -m pytest -m not slow tests/web -k a b"),
    ],
)
def test_the_test_script_leaves_slow_tests_out_unless_asked(machine: Machine, arguments: str, passed: str) -> None:
    done = machine.run(f"'{machine.root}/scripts/test' {arguments}")
    assert (done.returncode, done.stdout) == (0, f"{passed}\n")
    assert "browser tests will be skipped and counted" in done.stderr


def test_the_check_script_stops_at_the_first_fault(machine: Machine) -> None:
    machine.environment_sh("environment dev")
    ruff = machine.root / ".venv" / "bin" / "ruff"
    ruff.write_text('#!/usr/bin/env bash\necho "ruff $*"; [ "$1" = format ]\n')
    ruff.chmod(0o755)
    done = machine.run(f"'{machine.root}/scripts/check'")
    assert (done.returncode, done.stdout) == (1, "ruff format --check .\nruff check .\n")
