#!/bin/sh
# Runs the tests that need no appliance on the oldest releases that pyproject.toml allows.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh tests
venv=.venv/floors
python=$(readlink -f .venv/bin/python)
[ -x $venv/bin/python ] || "$python" -m venv $venv
.venv/bin/python - >$venv/floors.txt <<'PYTHON'
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
for requirement in {*project["dependencies"], *(name for extra in extras if extra != "dev" for name in extras[extra])}:
    if ">=" in requirement:
        print(requirement.replace(">=", "=="))
PYTHON
sort -o $venv/floors.txt $venv/floors.txt
cat $venv/floors.txt
$venv/bin/python -m pip install --quiet --constraint $venv/floors.txt --editable '.[dev]'
exec $venv/bin/python -m pytest -m 'not appliance' "$@"
