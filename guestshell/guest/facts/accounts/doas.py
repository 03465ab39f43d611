"""The rules of doas: doas.conf(5)."""

from dataclasses import dataclass

from guestshell.guest.facts.accounts.sudoers import logical_lines, pieces
from guestshell.guest.facts.files import Files, files_below, read_small
from guestshell.guest.facts.text import warn_of_lines

_PLACES = ("/etc/doas.conf", "/usr/local/etc/doas.conf")
_DIRECTORY = "/etc/doas.d"

_PLAIN_OPTIONS = {"nopass", "nolog", "persist", "keepenv"}


@dataclass(frozen=True, slots=True)
class DoasRule:
    """One rule: `identity` is a user, or a group behind a `:`."""

    identity: str
    words: str


def read_doas(files: Files) -> list[DoasRule]:
    """Give doas's rules in their order, worded as those of sudo with `doas` before them."""
    found: list[DoasRule] = []
    for path in (*_PLACES, *files_below(files, _DIRECTORY, ".conf")):
        damaged = []
        for number, line in logical_lines(read_small(files, path) or b""):
            rule = _rule([word.replace('"', "") for word, _ in pieces(line, " \t") if word])
            if rule is None:
                damaged.append(number)
            else:
                found.append(rule)
        warn_of_lines(files, path, damaged, "cannot be understood")
    return found


def _rule(words: list[str]) -> DoasRule | None:
    """Understand `permit|deny [options] identity [as target] [cmd command [args argument…]]`."""
    if not words or words[0] not in ("permit", "deny"):
        return None
    denied, free = words[0] == "deny", False
    words = words[1:]
    while words and (words[0] in _PLAIN_OPTIONS or words[0].startswith("setenv")):
        if words[0].startswith("setenv"):
            while words and not words[0].endswith("}"):
                words = words[1:]
        elif words[0] == "nopass":
            free = True
        words = words[1:]
    if not words:
        return None
    identity, *words = words
    target, command = "ALL", "ALL"
    if words[:1] == ["as"] and len(words) > 1:
        target, words = words[1], words[2:]
    if words[:1] == ["cmd"] and len(words) > 1:
        command, words = words[1], words[2:]
        if words[:1] == ["args"]:  # none behind it: only without arguments, sudoers' ""
            command, words = " ".join([command, *(words[1:] or ['""'])]), []
    if words:
        return None
    tag = "NOPASSWD: " if free else ""
    return DoasRule(identity, f"doas ({target}) {tag}{'!' if denied else ''}{command}")
