#!/bin/sh
# Runs the tests that need no appliance on the oldest releases that pyproject.toml allows.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh tests
floors=.venv/floors
[ -x $floors/bin/python ] || "$(readlink -f .venv/bin/python)" -m venv $floors
.venv/bin/python - >$floors/requirements.txt <<'PYTHON'
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
allowed = {*project["dependencies"], *extras["all"]}
# what builds the site needs newer libraries than the program does
tools = [name for name in extras["dev"] if not name.startswith(("zensical", "mkdocstrings"))]
names = {name.split(">")[0] for name in allowed}
others = [name for name in tools if name.split(">")[0] not in names]
print(*sorted(name.replace(">=", "==") for name in allowed), "numpy<2", *others, sep="\n")
PYTHON
cat $floors/requirements.txt
$floors/bin/python -m pip install --quiet --requirement $floors/requirements.txt
$floors/bin/python -m pip install --quiet --no-deps --editable .
# and so does what checks the project's own files
exec $floors/bin/python -m pytest -m 'not appliance' --numprocesses auto --dist loadfile \
  --ignore tests/packaging/test_metadata.py --ignore tests/test_site.py "$@"
