"""nftables rule files, nft(8): tables and chains with their rules as text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from guestshell.guest import paths
from guestshell.guest.facts.files import Files, matching, read_small
from guestshell.guest.facts.firewall.rule import Rule
from guestshell.guest.facts.services.boot_links import starts_at_boot
from guestshell.values import Name

_FILES = (
    "/etc/nftables.conf",
    "/etc/sysconfig/nftables.conf",
    "/etc/nftables.nft",
    "/var/lib/nftables/rules-save",
)
_INCLUDES = "/etc"
"""Where nft looks for a relative include, by the compiled-in default."""

_MOST_INCLUDED = 200
_DEEPEST = 16
"""Files that include each other in a row, as nft itself takes no more."""

_FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
_VERDICTS = {"accept", "drop", "reject", "queue", "continue", "return", "masquerade"}
_NAMED = {"jump", "goto", "dnat", "snat", "redirect"}

_TOKEN = re.compile(
    r"""[^\S\n]+|\#[^\n]*|\\\n|(\n)|([{};])|("[^"\n]*"|'[^'\n]*'|[^\s{};#"'\\]+|["'\\])""",
    re.VERBOSE,
)


@dataclass
class _Place:
    """Where in nested braces the reader is: in a `table`, a `chain`, or anything else."""

    kind: str
    name: str = ""
    family: str = ""


@dataclass
class _Reading:
    files: Files
    active: bool | None
    read: set[str] = field(default_factory=set)
    included: int = 0
    depth: int = 0
    warned: bool = False

    def file(self, path: str) -> Iterator[Rule]:
        if path in self.read:
            return
        if len(self.read) >= _MOST_INCLUDED:
            self._warn_of_includes(path)
            return
        self.read.add(path)
        self.depth += 1
        data = read_small(self.files, path)
        if data is not None:
            yield from self._statements(data.decode("utf-8", "surrogateescape"), Name(path))
        self.depth -= 1

    def _warn_of_includes(self, path: str) -> None:
        if not self.warned:
            self.warned = True
            self.files.warn(f"{path}: includes too many files; some were not read")

    def _statements(self, text: str, path: Name) -> Iterator[Rule]:
        places: list[_Place] = []
        given: list[str] = []
        inner = 0  # braces within a statement, as of `{ 22, 80 }`
        line = began = 1
        for match in _TOKEN.finditer(text):
            newline, sign, word = match.groups()
            line += match[0].count("\n")
            if word is not None:
                began = began if given else line
                given.append(word)
            elif sign == "{" and not inner and _opens(given, places):
                places.append(_place(given))
                given = []
            elif sign == "{":
                inner += 1
                given.append("{")
            elif sign == "}" and inner:
                inner -= 1
                given.append("}")
            elif inner:
                given += [sign] if sign else []
            elif newline or sign:
                if given:
                    yield from self._statement(given, places, path, began)
                    given = []
                if sign == "}" and places:
                    places.pop()
        if given:
            yield from self._statement(given, places, path, began)
        if places or inner:
            self.files.warn(f"{path}: a brace is never closed")

    def _statement(
        self, given: list[str], places: list[_Place], path: Name, line: int
    ) -> Iterator[Rule]:
        if given[0] == "include" and len(given) == 2:
            self.included += 1
            if self.included > _MOST_INCLUDED or self.depth > _DEEPEST:
                self._warn_of_includes(path)
                return
            pattern = paths.lexical(paths.join(_INCLUDES, given[1].strip("\"'")))
            for place in matching(self.files, pattern):
                yield from self.file(place)
            return
        table = next((place for place in places if place.kind == "table"), _Place(""))
        chain = places[-1].name if places and places[-1].kind == "chain" else ""
        if not places and given[:2] in (["add", "rule"], ["insert", "rule"]):
            family = given[2] if given[2:3] and given[2] in _FAMILIES else ""
            rest = given[3:] if family else given[2:]
            table, chain, given = _Place("table", "".join(rest[:1]), family), "", rest[1:]
            chain, given = "".join(given[:1]), given[1:]
        elif not places or (places[-1].kind == "table" and given[0] != "elements"):
            return  # define, flush, delete; flags of a table
        if given:
            yield Rule(
                system="nftables",
                family=table.family or "ip",
                table=table.name,
                chain=chain or places[-1].name,
                rule=" ".join(given),
                target=_target(given),
                port=_port(given),
                active=self.active,
                file=path,
                line=line,
            )


def _opens(given: list[str], places: list[_Place]) -> bool:
    """Say whether a brace opens a block here, and not a set within a rule."""
    if not places:
        verb = given[:1] in (["add"], ["create"])
        return given[verb : verb + 1] in (["table"], ["chain"])
    return places[-1].kind == "table"


def _place(given: list[str]) -> _Place:
    words = given[1:] if given[:1] in (["add"], ["create"]) else given
    kind, *names = words or [""]
    if kind == "table":
        family = names[0] if len(names) > 1 and names[0] in _FAMILIES else ""
        return _Place("table", "".join(names[-1:]), family)
    return _Place(kind, "".join(names[-1:]))


def _target(given: list[str]) -> str:
    if given[:1] == ["type"] and "policy" in given:
        return ""
    for at, word in enumerate(given):
        if word in _VERDICTS:
            return word
        if word in _NAMED:
            named = word in ("jump", "goto")
            return " ".join(given[at : at + 2]) if named else word
    return ""


def _port(given: list[str]) -> str:
    if "dport" not in given:
        return ""
    at = given.index("dport") + 1
    if given[at : at + 1] == ["{"]:
        end = given.index("}", at) if "}" in given[at:] else len(given)
        return " ".join(given[at + 1 : end]).replace(" ,", ",")
    return "".join(given[at : at + 1])


def read_nftables(files: Files) -> Iterator[Rule]:
    """Yield the rules of each rule file and what it includes; sets give their elements."""
    reading = _Reading(files, starts_at_boot(files, "nftables"))
    for path in _FILES:
        yield from reading.file(path)
