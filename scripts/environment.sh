# Sourced by the scripts: goes to the project's root and sees to .venv. `environment` alone, or `environment dev`.

stop() { printf 'frontdesk: %s\n' "$*" >&2; exit 1; }

CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export OMP_WAIT_POLICY=PASSIVE TOKENIZERS_PARALLELISM=false HF_HUB_DISABLE_TELEMETRY=1 GRADIO_ANALYTICS_ENABLED=False
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

find_python() {
    local candidate candidates=(python3 python3.13 python3.12 python3.11 python)
    if [ -n "${PYTHON:-}" ]; then candidates=("$PYTHON"); fi
    for candidate in "${candidates[@]}"; do
        "$candidate" -c "$new_enough" 2>/dev/null && { echo "$candidate"; return; }
    done
    stop "Python 3.11 or newer is needed; found $("${candidates[0]}" --version 2>/dev/null || echo none). Install it, or name one: PYTHON=/path/to/python3."
}

whole() {  # .venv has its pip, and was not moved here: its programs name the place that it was made in
    .venv/bin/python -c "import pip; $new_enough" 2>/dev/null && [ "$(cat .venv/place 2>/dev/null || pwd -P)" = "$(pwd -P)" ]
}

environment() {
    local extra=${1:-} wanted log=.venv/install.log python
    wanted=$(cat pyproject.toml requirements.lock | cksum)
    if ! whole; then
        python=$(find_python) || exit 1
        "$python" -c 'import venv, ensurepip' 2>/dev/null ||
            stop "The venv module of $python is missing. On Debian and Ubuntu: apt install python3-venv"
        rm -rf .venv
        "$python" -m venv .venv || stop ".venv could not be made in $PWD. Is there room on the disk (df -h .), and may you write here?"
        pwd -P >.venv/place
    elif grep -qsxF "$wanted $extra" .venv/installed; then return; fi
    echo "Installing the locked packages into .venv (once; about 700 MB of downloads with the CPU build of torch) ..." >&2
    if ! .venv/bin/python -m pip install --disable-pip-version-check -c requirements.lock -e ".${extra:+[$extra]}" >"$log" 2>&1; then
        grep -E '^ERROR' "$log" | tail -n 3 >&2
        if grep -q 'No space left' "$log"; then stop "The disk is full. Make room (3 GB are needed) and run this again."; fi
        if grep -qE 'Max retries|NewConnectionError|Temporary failure|Could not fetch|Network is unreachable|No matching distribution' "$log"; then
            stop "The packages could not be downloaded. Is there a network? Run this again; details: $PWD/$log"
        fi
        stop "Installing failed; run this again. Details: $PWD/$log"
    fi
    printf '%s\n' "$wanted " "$wanted $extra" >.venv/installed
}
