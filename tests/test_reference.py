"""The documentation says what the program does."""

import re
from pathlib import Path

import pytest

from guestshell.commands import COMMANDS, FILTERS
from guestshell.language.parser import parse
from guestshell.reference import pages

DOCS = Path(__file__).parent.parent / "docs"


def test_the_reference_is_fresh() -> None:
    kept = {file.name: file.read_text() for file in (DOCS / "reference").glob("*.md")}
    assert kept == pages(), "make docs writes it anew"


@pytest.mark.parametrize("name", sorted({*COMMANDS, *FILTERS}))
def test_every_command_has_its_place_in_the_reference(name: str) -> None:
    assert any(f"\n## {name}\n" in text for text in pages().values())


@pytest.mark.parametrize("file", [DOCS.parent / "README.md", *DOCS.glob("*.md")], ids=str)
def test_links_lead_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text()):
        assert (file.parent / target).exists(), target


def lines_typed(file: Path) -> list[str]:
    text = file.read_text()
    return re.findall(r"^    (?:guestctl(?:\S*)>|\$) (.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("file", [DOCS.parent / "README.md", *DOCS.glob("*.md")], ids=str)
def test_lines_in_the_documentation_can_be_parsed(file: Path) -> None:
    for line in lines_typed(file):
        assert parse(line).problem is None, line
