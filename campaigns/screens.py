"""What of a hostile directory reaches the terminal from this program and from its peers.

Prints a table in Markdown: `python -m campaigns.screens`.
"""

import os
import subprocess
import sys
import threading
import unicodedata
from collections import Counter
from pathlib import Path

from benchmarks.dissect import installed
from tests.e2e.terminal import GUESTCTL
from tests.images.hostile import hostile_directory_image

_FILE = f"/hostile/{'L' * 255}"
"""Of the files of /hostile one with a harmless name: all hold the same."""

_KINDS = ("ESC", "other C0", "DEL", "C1", "bidirectional, invisible", "no UTF-8")


def _kind(character: str) -> str | None:
    code = ord(character)
    if code == 0x1B:
        return "ESC"
    if code < 0x20:
        return None if character in "\n\t" else "other C0"
    if code == 0x7F:
        return "DEL"
    if 0x80 <= code <= 0x9F:
        return "C1"
    if 0xDC80 <= code <= 0xDCFF:
        return "no UTF-8"
    odd = unicodedata.category(character) in ("Cf", "Zl", "Zp", "Co", "Cn")
    return "bidirectional, invisible" if odd else None


def _on_terminal(command: list[str], lines: str) -> bytes:
    """Give what a program writes to a terminal, and to standard error beside it."""
    ours, its = os.openpty()
    found: list[bytes] = []

    def read() -> None:
        try:
            while block := os.read(ours, 65536):
                found.append(block)
        except OSError:  # nobody has the other end any more
            pass

    reader = threading.Thread(target=read)
    reader.start()
    environment = {**os.environ, "NO_COLOR": "1", "PAGER": "cat", "TERM": "xterm"}
    environment |= {"LIBGUESTFS_BACKEND_SETTINGS": "force_tcg"}
    text = lines.encode("utf-8", "surrogateescape")
    done = subprocess.run(
        command, input=text, stdout=its, stderr=subprocess.PIPE, env=environment, check=False
    )
    os.close(its)
    reader.join(10)
    os.close(ours)
    return b"".join(found) + done.stderr


def _counts(output: bytes) -> Counter[str]:
    text = output.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    return Counter(kind for character in text if (kind := _kind(character)) is not None)


def _commands(image: Path) -> dict[str, dict[str, tuple[list[str], str]]]:
    """Give for each program how each thing is asked: a command and its standard input."""
    ours = [GUESTCTL, "run", "-q", "--keep-going", str(image)]
    fish = ["guestfish", "--ro", "--format=raw", "-a", str(image), "-m", "/dev/sda"]
    shell = [str(installed().home / "bin/target-shell"), str(image), "-q", "-c"]
    return {
        "guestctl": {
            "names": (ours, "ls /hostile\n"),
            "long listing": (ours, "ls -la /hostile\n"),
            "tree": (ours, "find /hostile\n"),
            "contents": (ours, f"cat {_FILE}\n"),
        },
        "guestfish": {
            "names": (fish, "ls /hostile\n"),
            "long listing": (fish, "ll /hostile\n"),
            "tree": (fish, "find /hostile\n"),
            "contents": (fish, f"cat {_FILE}\n"),
        },
        "target-shell": {
            "names": ([*shell, "ls /hostile"], ""),
            "long listing": ([*shell, "ls -l /hostile"], ""),
            "tree": ([*shell, "find /hostile"], ""),
            "contents": ([*shell, f"cat {_FILE}"], ""),
        },
    }


def main() -> None:
    """Print the table."""
    print("| asked | program | characters | " + " | ".join(_KINDS) + " |")
    print("|---|---|" + "--:|" * (len(_KINDS) + 1))
    asked = _commands(hostile_directory_image())
    for thing in asked["guestctl"]:
        for program, ways in asked.items():
            command, lines = ways[thing]
            output = _on_terminal(command, lines)
            counts = _counts(output)
            numbers = " | ".join(f"{counts[kind]:,}" for kind in _KINDS)
            print(f"| {thing} | {program} | {len(output):,} | {numbers} |", flush=True)
            if "-v" in sys.argv:
                print(output[-600:])


main()
