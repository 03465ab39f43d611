"""Files of `[section]` and `key=value`: systemd.syntax(7), nm-settings-keyfile(5), wg(8).

configparser is no help: these files repeat sections and keys, and both mean something.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from guestshell.guest.facts.text import joined_lines, numbered_lines


@dataclass
class Section:
    """One section as it stands in the file; `pairs` keeps order and repetition."""

    name: str
    pairs: list[tuple[str, str]] = field(default_factory=list)

    def last(self, key: str, default: str = "") -> str:
        """Give the value that a key was given last."""
        return next((value for name, value in reversed(self.pairs) if name == key), default)

    def all(self, key: str) -> list[str]:
        """Give every value of a key that adds up; an empty one takes back those before it."""
        found: list[str] = []
        for name, value in self.pairs:
            if name == key and value:
                found.append(value)
            elif name == key:
                found.clear()
        return found

    def beginning(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the pairs whose key begins so."""
        return (pair for pair in self.pairs if pair[0].startswith(prefix))


def parse_sections(data: bytes, comments: str = "#;", *, joined: bool = True) -> list[Section]:
    """Give the sections in their order; `joined` if a backslash at a line's end goes on.

    What is neither a heading, a pair nor a comment is passed over.
    """
    sections: list[Section] = []
    for line in _lines(data, comments, joined):
        if line.startswith("[") and line.endswith("]"):
            sections.append(Section(line[1:-1]))
        elif sections:
            key, equals, value = line.partition("=")
            if equals:
                sections[-1].pairs.append((key.strip(), value.strip()))
    return sections


def _lines(data: bytes, comments: str, joined: bool) -> Iterator[str]:
    if joined:
        return (line for _, line in joined_lines(data, comments))
    stripped = (line.strip() for _, line in numbered_lines(data))
    return (line for line in stripped if not line.startswith(tuple(comments)))


def merged(sections: list[Section], name: str) -> Section:
    """Give all sections of one name as one."""
    return Section(name, [pair for each in sections if each.name == name for pair in each.pairs])
