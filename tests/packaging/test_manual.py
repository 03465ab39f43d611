"""The manual page guestctl(1)."""

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.cli import program
from guestshell.commands import COMMANDS, FILTERS
from guestshell.manual import roff, write
from guestshell.settings import SETTINGS
from tests.packaging.build import output_of


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("man")
    write(directory)
    return directory / "guestctl.1"


@pytest.fixture(scope="module")
def shown(page: Path) -> str:
    """What a reader sees, every run of blanks as one."""
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc shows the page as text; this host has none")
    text = re.sub(".\b", "", output_of("mandoc", "-Tutf8", "-Owidth=1000", page))
    return " ".join(text.split())


def test_groff_has_nothing_to_warn_of(page: Path) -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    command = ["groff", "-man", "-ww", "-Kutf8", "-Tutf8", "-z", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_mandoc_has_nothing_to_warn_of(page: Path) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    done = subprocess.run(
        ["mandoc", "-Tlint", "-Wwarning", str(page)], capture_output=True, text=True, check=False
    )
    # a date would be one more thing that every release has to say
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []


@pytest.mark.parametrize("name", sorted({*COMMANDS, *FILTERS, *program.commands}))
def test_every_command_is_there(shown: str, name: str) -> None:
    assert f" {name} [OPTIONS]" in shown


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_setting_is_there(shown: str, name: str) -> None:
    assert f" {name} {SETTINGS[name].help}" in shown


@pytest.mark.parametrize("name", sorted({*COMMANDS, *FILTERS}))
def test_every_option_and_example_is_there_as_it_is_typed(shown: str, name: str) -> None:
    declared = COMMANDS.get(name) or FILTERS[name]
    for example in declared.examples:
        assert " ".join(example.split()) in shown
    for option in declared.params:
        if isinstance(option, click.Option):
            assert ", ".join(option.opts) in shown


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).map(str.strip))
def test_text_is_shown_as_it_is(text: str) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc shows the page as text; this host has none")
    source = ".TH A 1\n.SH B\n.nf\n" + roff(f"begin {text} end") + "\n" + roff(text) + "\n"
    done = subprocess.run(
        ["mandoc", "-Tascii", "-Owidth=1000"], input=source, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    visible = [line.strip() for line in re.sub(".\b", "", done.stdout).splitlines()]
    bare = text.replace("`", "")
    assert f"begin {bare} end" in visible
    assert bare.strip() in visible
