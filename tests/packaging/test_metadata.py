"""One version everywhere, and files for others' programs in the form that those read."""

import re
import sys
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

import guestshell
from tests.packaging.build import ROOT, output_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def _first(pattern: str) -> Callable[[str], str]:
    def find(text: str) -> str:
        found = re.search(pattern, text, re.MULTILINE)
        assert found is not None, pattern
        return found[1]

    return find


@pytest.mark.parametrize(
    ("file", "version_in"),
    [
        ("CHANGELOG.md", _first(r"^## \[(\d.*?)\] - ")),
        ("CITATION.cff", _first(r"^version: (.*)")),
        ("packaging/debian/changelog", _first(r"^guestshell \((.*?)\)")),
        ("packaging/guestshell.spec", _first(r"^Version: +(.*)")),
        ("packaging/guestshell.spec", _first(r"^\* .* - (.*)-1$")),
        ("packaging/PKGBUILD", _first(r"^pkgver=(.*)")),
    ],
)
def test_the_version_is_the_same(file: str, version_in: Callable[[str], str]) -> None:
    assert version_in((ROOT / file).read_text()) == PROJECT["version"]


def test_the_package_knows_its_version() -> None:
    assert guestshell.__version__ == PROJECT["version"]


def test_the_release_has_one_date() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    released = date.fromisoformat(_first(r"^## \[\d.*?\] - (.*)")(changelog))
    assert citation["date-released"] == released.isoformat()
    debian = (ROOT / "packaging/debian/changelog").read_text()
    assert f"{released:%d %b %Y}" in _first(r"^ -- .*>  (.*)")(debian)


@pytest.mark.parametrize("pattern", ["packaging/debian/control", "packaging/guestshell.spec"])
def test_a_package_needs_what_the_project_needs(pattern: str) -> None:
    text = (ROOT / pattern).read_text()
    debian_names = {"prompt_toolkit": "prompt-toolkit"}
    if pattern.endswith("control"):
        debian_names["pyyaml"] = "yaml"
    for requirement in PROJECT["dependencies"]:
        name = re.split(r"[^\w-]", requirement)[0]
        assert f"python3-{debian_names.get(name, name)}" in text


SCHEMAS = [
    ("vendor.github-workflows", WORKFLOWS),
    ("vendor.github-issue-forms", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))),
    ("vendor.github-issue-config", [ROOT / ".github/ISSUE_TEMPLATE/config.yml"]),
    ("vendor.dependabot", [ROOT / ".github/dependabot.yml"]),
    ("vendor.citation-file-format", [ROOT / "CITATION.cff"]),
]


@pytest.mark.parametrize(("schema", "files"), SCHEMAS, ids=[schema for schema, _ in SCHEMAS])
def test_files_fit_their_schema(schema: str, files: list[Path]) -> None:
    assert files
    output_of(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files)


def test_zizmor_finds_no_weakness_in_the_workflows() -> None:
    output_of(Path(sys.executable).parent / "zizmor", "--offline", "--quiet", ROOT / ".github")


def _steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_an_action_is_pinned_by_commit_and_says_its_release(file: Path) -> None:
    for line in re.findall(r"uses: (.*)", file.read_text()):
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_calls_what_make_knows(file: Path) -> None:
    known = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    steps = _steps(yaml.safe_load(file.read_text()))
    asked = re.findall(r"^make (.*)", "\n".join(str(step.get("run")) for step in steps), re.M)
    assert {target for line in asked for target in line.split()} <= known


def test_only_the_jobs_that_publish_may_ask_for_an_identity() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    may = {name for name, job in jobs.items() if "id-token" in job["permissions"]}
    assert may == {"testpypi", "pypi"}
    # nothing is published before every package was built
    assert set(jobs["testpypi"]["needs"]) == {"python", "debian", "fedora", "arch"}
    assert jobs["pypi"]["needs"] == "testpypi"


def test_the_guide_names_the_packages_that_were_tried() -> None:
    guide = (ROOT / "docs/install.md").read_text()
    named = _first(r"^    sudo apt install (pipx .*)")(guide).split()
    tried = _first(r"^packages=(.*)")((ROOT / "scripts/pipx_check.sh").read_text()).split(",")
    assert set(tried) - {"ca-certificates"} == set(named)


def test_the_guide_names_the_files_of_this_version() -> None:
    guide = (ROOT / "docs/install.md").read_text()
    assert set(re.findall(r"guest(?:ctl|shell)[-_](\d+\.\d+\.\d+)", guide)) == {PROJECT["version"]}
