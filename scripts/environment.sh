#!/usr/bin/env bash
# Make the virtual environment from a hashed lock file, or leave a finished one alone.
# The stamp holds the digest of what was installed and is written last: an interrupted set-up starts again.
set -euo pipefail

venv=$1
lock=$2
python=${PYTHON:-python3}
stamp=$venv/.lock-digest

digest=$(cksum < "$lock" | tr ' ' '-')
if [[ -x $venv/bin/python && -f $stamp && $(<"$stamp") == "$digest" ]]; then
  exit 0
fi

if ! found=$("$python" -c 'import platform; print(platform.python_version())' 2>/dev/null); then
  echo "dynamo-platform needs Python 3.11 or newer, and '$python' was not found: install python3.11 or name one with PYTHON=python3.12." >&2
  exit 2
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "dynamo-platform needs Python 3.11 or newer, and '$python' is $found: install python3.11 or name one with PYTHON=python3.12." >&2
  exit 2
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  minor=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  echo "dynamo-platform needs the module venv, and '$python' ($found) comes without it: install the package python$minor-venv." >&2
  exit 2
fi

echo "Making $venv with Python $found (once; about a minute) ..." >&2
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
printf '%s' "$digest" > "$stamp"
