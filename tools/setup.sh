#!/bin/sh
# Make .venv and install the pinned requirements, once: a second call returns at once.
# Usage: sh tools/setup.sh requirements.txt [requirements-dev.txt]
set -eu
cd "$(dirname "$0")/.."

stamp() { echo ".venv/installed-$(cat "$@" pyproject.toml | cksum | tr ' ' '-')"; }
[ -e "$(stamp "$@")" ] && exit 0

files=
for file in "$@"; do files="$files -r $file"; done

if command -v uv >/dev/null 2>&1; then
    echo "Setting up .venv with uv (once; about a minute, 3 GB)"
    [ -x .venv/bin/python ] || uv venv --quiet --python 3.11 .venv
    # shellcheck disable=SC2086
    uv pip install --quiet --compile-bytecode --python .venv/bin/python $files
    uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
elif command -v python3.11 >/dev/null 2>&1 && python3.11 -c 'import venv, ensurepip' 2>/dev/null; then
    echo "Setting up .venv with pip (once; about three minutes, 3 GB)"
    [ -x .venv/bin/python ] || python3.11 -m venv .venv
    # shellcheck disable=SC2086
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --progress-bar on $files
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    # pip leaves some byte code out where PYTHONDONTWRITEBYTECODE is set; starting would be slow.
    .venv/bin/python -m compileall -q .venv/lib >/dev/null 2>&1 || true
else
    echo "This needs Python 3.11 with venv, or uv, which brings it: https://docs.astral.sh/uv" >&2
    exit 2
fi
# What is installed for the tests serves the demo too.
touch "$(stamp "$1")" "$(stamp "$@")"
