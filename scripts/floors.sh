#!/bin/sh
# Runs the tests that need no appliance on the oldest releases that pyproject.toml allows.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh tests
floors=.venv/floors
[ -x $floors/bin/python ] || "$(readlink -f .venv/bin/python)" -m venv $floors
.venv/bin/python - >$floors/constraints.txt <<'PYTHON'
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
allowed = {*project["dependencies"], *project["optional-dependencies"]["all"]}
print(*sorted(name.replace(">=", "==") for name in allowed), "numpy<2", sep="\n")
PYTHON
cat $floors/constraints.txt
$floors/bin/python -m pip install --quiet --constraint $floors/constraints.txt --editable '.[dev]'
# what checks the project's own files needs newer libraries than the program does
exec $floors/bin/python -m pytest -m 'not appliance' --ignore tests/packaging/test_metadata.py "$@"
