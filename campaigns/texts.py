"""Texts that people and other programs hand to guestctl, damaged and made up."""

import contextlib
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from guestshell.errors import GuestShellError
from guestshell.guest.image import open_image
from guestshell.guest.index import Index, Kind
from guestshell.language.cursor import at_cursor
from guestshell.language.expression import parse_expression
from guestshell.language.lexer import lex
from guestshell.language.parser import parse
from guestshell.language.words import as_typed, word_of
from guestshell.settings import Settings
from guestshell.shell.history import HistoryFile

_PIECES = [
    *"ab1 \t\n\r'\"\\$#|;<>&!-=~(){},*?[]^_?é\x1b\0\udcff\ud800/.%",
    "ls ", "cat ", "find / ", "where ", "sort ", "select ", " and ", " or ", " not ", " in ", " = ",
    ">>", ">|", "| ", "; ", "!!", "!1", "!-1", "!ls", "$'", "\\x1", "\\u20", "${", "$?", "{a,b}",
    "**",
    "-o json", "--", "'''", '"""', "é" * 50, "(" * 40, "{" * 40, "[" * 40, "9" * 50, "2026-03-14",
]  # fmt: skip


def _text(chance: random.Random, most: int) -> str:
    return "".join(chance.choices(_PIECES, k=chance.randrange(most)))


def _try_line(line: str, cut: int) -> None:
    words = [word_of(token, as_typed) for token in lex(line)]
    parse(line)
    at_cursor(line[:cut])
    with contextlib.suppress(GuestShellError):
        parse_expression(words)


def lines(count: int, seed: int) -> Iterator[str]:
    """Read, complete and explain lines that nobody would type."""
    for number in range(count):
        chance = random.Random(f"{seed}:{number}")
        line = _text(chance, 14)
        try:
            _try_line(line, chance.randrange(len(line) + 1))
        except Exception as error:
            yield f"{error!r} for {line!r}"


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Give data with bits turned, bytes taken out or put in, or its end cut off."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                del changed[at : at + chance.randrange(1, 20)]
            case 2:
                changed[at:at] = chance.randbytes(chance.randrange(1, 8))
            case 3:
                changed[at:at] = os.fsencode(chance.choice(_PIECES).replace("\ud800", "?"))
            case _ if chance.random() < 0.1:
                del changed[at:]
    return bytes(changed)


def flipped(data: bytes, chance: random.Random) -> bytes:
    """Give data with some bits turned, every other byte in its place."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 8)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


_CONFIGURATION = b"""output = "json"
complete_while_typing = true
startup = ["cd /var/log", "ls"]
[alias]
ll = "ls -l"
[variables]
case = "/srv/17"
"""


def configurations(count: int, seed: int) -> Iterator[str]:
    """Load damaged config.toml: settings or one error."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "config.toml"
        for number in range(count):
            data = damaged(_CONFIGURATION, random.Random(f"{seed}:{number}"))
            file.write_bytes(data)
            try:
                settings = Settings.load(file)
                settings.text("prompt")
            except GuestShellError:
                continue
            except Exception as error:
                yield f"{error!r} for {data!r}"


_HISTORY = b'"ls -l /etc"\n"cat \\u00e9 \\udcff"\n"where a = 1"\n'


def histories(count: int, seed: int) -> Iterator[str]:
    """Load damaged histories: some lines, never an error."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "history"
        for number in range(count):
            data = damaged(_HISTORY, random.Random(f"{seed}:{number}"))
            file.write_bytes(data)
            try:
                found = list(HistoryFile(lambda: file).load_history_strings())
                if not all(isinstance(line, str) for line in found):
                    yield f"{found!r} for {data!r}"
            except Exception as error:
                yield f"{error!r} for {data!r}"


def indexes(count: int, seed: int) -> Iterator[str]:
    """Ask damaged indexes: what was learned, or that it is not known, never anything else."""
    with tempfile.TemporaryDirectory() as directory:
        os.environ["XDG_CACHE_HOME"] = directory
        image = Path(directory) / "disk.img"
        image.write_bytes(bytes(4096))
        known = {f"/{name}": os.urandom(300) for name in range(60)}
        index = Index.of([open_image(image)])
        for key, value in known.items():
            index.put(Kind.CONTENT, key, value)
        index.close()
        whole = index.path.read_bytes()
        for number in range(count):
            chance = random.Random(f"{seed}:{number}")
            index.path.write_bytes((damaged if number % 2 else flipped)(whole, chance))
            asked = Index.of([open_image(image)])
            try:
                wrong = [k for k, v in known.items() if asked.get(Kind.CONTENT, k) not in (v, None)]
                if wrong:
                    yield f"a wrong value of {wrong[0]!r} for variant {number}"
                asked.close()
            except Exception as error:
                yield f"{error!r} for variant {number}"
