"""Tab in the shells of this host, as whoever types there meets it."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from guestshell.engine.bytecalls import Dirent
from guestshell.engine.machine import cache_directory
from guestshell.guest.image import open_image
from guestshell.guest.index import Index
from guestshell.guest.knowledge import Knowledge
from guestshell.values import Name, encode_name
from tests.e2e.terminal import GUESTCTL, Terminal

_OPTIONS = {"bash": ("--norc", "--noprofile"), "zsh": ("-f",), "fish": ("--no-config",)}

_SETTINGS = {
    "bash": 'PS1="$PROMPT_TEXT"; eval "$(guestctl completion bash)"',
    "zsh": "PS1=$PROMPT_TEXT; autoload -U compinit; compinit -u -D\n"
    'eval "$(guestctl completion zsh)"',
    "fish": "set fish_autosuggestion_enabled 0; function fish_prompt; echo -n $PROMPT_TEXT; end\n"
    "guestctl completion fish | source",
}

_PROMPT = "ready> "

# stands in for guestctl: answers a Tab as it does, else keeps the arguments it is given
_STAND_IN = """\
#!/bin/sh
if [ -n "$_GUESTCTL_COMPLETE" ] || [ "$1" = completion ]; then exec "$REAL_GUESTCTL" "$@"; fi
printf '%s\\0' "$@" >"$KEPT.new"
mv "$KEPT.new" "$KEPT"
"""

_ODD = (
    "a b",
    "b'c",
    'c"d',
    "d*e?[f]{g,h}",
    "e$HOME`id`$(id)",
    "f(g)&|;<>#~^=!h!",
    "g\\h\\",
    "hé→漢",
    "i:j=k@l,m",
)
"""Names of printable characters, each beginning with a letter of its own."""

_UNPRINTABLE = (
    "n\no",
    "o\x1b]777;owned\x07p",
    "p\udce9\udcff",
    "q\tr",
    "r\u202es",
    "s\x7f\x9bt",
)


@dataclass
class HostShell:
    """A shell at its prompt, which completes guestctl."""

    name: str
    terminal: Terminal
    kept: Path

    def line(self, text: str) -> str:
        """Wait until the line at the prompt is this one, and give all lines on the screen."""
        return self.terminal.wait_for(f"{_PROMPT}{text}", 20)

    def type(self, text: str) -> None:
        """Type the beginning of a line and have it completed."""
        self.terminal.type(text)
        self.terminal.press("tab")

    def show_all(self) -> None:
        """Ask for the list of what fits, once that is completed as far as it is alike."""
        self.terminal.press("tab")
        if self.name == "bash":
            self.terminal.press("tab")

    def clear(self) -> None:
        """Have an empty line on an empty screen."""
        for _ in range(20):  # an interrupt throws away what the shell has not read yet
            self.terminal.press("ctrl-c")
            self.terminal.settle(0.1)
            self.terminal.type("clear\r")
            for _ in range(20):
                if self.terminal.settle(0.1) == _PROMPT.strip():
                    return
        raise AssertionError(f"the screen stays as it is:\n{self.terminal.text}")

    def arguments(self) -> list[bytes]:
        """Press Enter and give what the shell makes of the line."""
        self.kept.unlink(missing_ok=True)
        self.terminal.press("enter")
        for _ in range(1000):
            if self.kept.exists():
                return self.kept.read_bytes().split(b"\0")[:-1]
            self.terminal.settle(0.02)
        raise AssertionError(f"nothing was run:\n{self.terminal.text}")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with an image of which some directories are known."""
    directory = tmp_path_factory.mktemp("host")
    (directory / "bin").mkdir()
    (directory / "bin" / "guestctl").write_text(_STAND_IN)
    (directory / "bin" / "guestctl").chmod(0o755)
    image = directory / "disk.img"
    image.write_bytes(bytes(4096))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(directory / "cache"))
        index = Knowledge(Index.of([open_image(image)]))
        for path, names in {
            "/": [("etc", "d"), ("odd", "d"), ("my dir", "d")],
            "/etc": [("fstab", "r"), ("host.conf", "r"), ("hostname", "r"), ("passwd", "r")],
            "/my dir": [("it's", "d")],
            "/my dir/it's": [("deep", "r")],
            "/odd": [(name, "r") for name in (*_ODD, *_UNPRINTABLE)],
        }.items():
            listing = [Dirent(Name(name), kind) for name, kind in names]
            index.learn_names(Name(path), sorted(listing, key=lambda d: encode_name(d.name)))
        index.index.close()
        yield directory


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def started(place: Path, request: pytest.FixtureRequest) -> Iterator[HostShell]:
    name: str = request.param
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed: its completion cannot be tried")
    kept = place / f"kept-{name}"
    environment = {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "HOME": str(place),
        "LC_ALL": "C.UTF-8",
        "XDG_CONFIG_HOME": str(place / "config"),
        "XDG_DATA_HOME": str(place / "data"),
        "REAL_GUESTCTL": GUESTCTL,
        "KEPT": str(kept),
        "PROMPT_TEXT": _PROMPT,
    }
    settings = place / f"settings.{name}"
    settings.write_text(f"{_SETTINGS[name]}\ncd {place}\nclear\n")
    with Terminal(*_OPTIONS[name], program=program, environment=environment) as terminal:
        terminal.settle(0.5)
        terminal.type(f"source {settings}\r")
        terminal.wait_for(_PROMPT.strip(), 30)
        yield HostShell(name, terminal, kept)


@pytest.fixture
def shell(started: HostShell) -> HostShell:
    started.clear()
    return started


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("guestctl ca", "guestctl cat x"),
        ("guestctl inter", "guestctl interactive x"),
        ("guestctl ls --rev", "guestctl ls --reverse x"),
        ("guestctl --ver", "guestctl --version x"),
        ("guestctl ls -o jsonl", "guestctl ls -o jsonl x"),
        ("guestctl ls --output=y", "guestctl ls --output=yaml x"),
        ("guestctl completion z", "guestctl completion zsh x"),
        ("guestctl interactive di", "guestctl interactive disk.img x"),
        ("guestctl cat di", "guestctl cat disk.img x"),
        ("guestctl ls --log=di", "guestctl ls --log=disk.img x"),
        ("guestctl cat disk.img /etc/hostn", "guestctl cat disk.img /etc/hostname x"),
        ("guestctl cat ~/disk.img /etc/hostn", "guestctl cat ~/disk.img /etc/hostname x"),
        ("guestctl cat disk.img '/etc/hostn", "guestctl cat disk.img '/etc/hostname' x"),
        ('guestctl cat "disk.img" "/etc/pa', 'guestctl cat "disk.img" "/etc/passwd" x'),
    ],
)
def test_a_word_is_completed(shell: HostShell, typed: str, completed: str) -> None:
    shell.type(typed)
    shell.terminal.type("x")
    shell.line(completed)


def test_choices_that_begin_alike_are_completed_so_far_and_listed(shell: HostShell) -> None:
    shell.type("guestctl ls -o js")
    shell.line("guestctl ls -o json")
    shell.show_all()
    shell.terminal.wait_for("jsonl")


def test_names_that_begin_alike_are_listed(shell: HostShell) -> None:
    shell.type("guestctl cat disk.img /etc/h")
    shell.line("guestctl cat disk.img /etc/host")
    shell.show_all()
    shell.terminal.wait_for("host.conf")
    shell.terminal.wait_for("hostname")


@pytest.mark.parametrize("typed", ["guestctl --", "guestctl ls --"])
def test_options_are_listed(shell: HostShell, typed: str) -> None:
    shell.type(typed)
    shell.terminal.press("tab")
    shell.terminal.wait_for("--help")


def test_one_types_on_after_a_directory(shell: HostShell) -> None:
    shell.type("guestctl cat disk.img /et")
    shell.line("guestctl cat disk.img /etc/")
    shell.type("fs")
    shell.line("guestctl cat disk.img /etc/fstab")
    assert shell.arguments() == [b"cat", b"disk.img", b"/etc/fstab"]


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_one_types_on_after_a_directory_with_odd_characters(shell: HostShell, quote: str) -> None:
    shell.type(f"guestctl cat disk.img {quote}/m")
    shell.terminal.wait_for("dir")
    shell.type("it")
    shell.terminal.wait_for("it")
    shell.type("d")
    assert shell.arguments() == [b"cat", b"disk.img", b"/my dir/it's/deep"]


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_odd_names_come_back_from_the_shell(shell: HostShell, quote: str) -> None:
    shell.terminal.type("guestctl cat disk.img ")
    for name in _ODD:
        shell.type(f"{quote}/odd/{name[0]}")
    assert shell.arguments()[2:] == [encode_name(f"/odd/{name}") for name in _ODD]


@pytest.mark.parametrize("name", _UNPRINTABLE)
def test_an_unprintable_name_comes_back_or_is_not_offered(shell: HostShell, name: str) -> None:
    shell.type(f"guestctl cat disk.img /odd/{name[0]}")
    (*_, found) = shell.arguments()
    # fish takes a tab for the end of a name, and writes some characters as they are
    is_offered = shell.name != "fish" or not set(name) & set("\t\u202e\x9b")
    assert found == encode_name(f"/odd/{name if is_offered else name[0]}")


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("name", _UNPRINTABLE)
def test_an_unprintable_name_in_quotes(shell: HostShell, name: str, quote: str) -> None:
    shell.type(f"guestctl cat disk.img {quote}/odd/{name[0]}")
    if shell.name == "bash":
        assert shell.arguments()[-1] == encode_name(f"/odd/{name}")
    else:
        shell.terminal.type(quote)
        assert shell.arguments()[-1] == encode_name(f"/odd/{name[0]}")


def test_a_list_of_odd_names_is_harmless(shell: HostShell) -> None:
    seen = len(shell.terminal.seen)
    shell.type("guestctl cat disk.img /odd/")
    shell.terminal.press("tab")
    shell.terminal.wait_for("漢")
    shell.terminal.settle(0.3)
    sent = shell.terminal.seen[seen:]
    for raw in (b"\x1b]777", "\u202e".encode(), b"\x9bt", b"\xe9", b"\x7f"):
        assert raw not in sent.replace("hé→漢".encode(), b"")


def _missing(_: Path) -> str:
    return "nowhere.img"


def _directory(_: Path) -> str:
    return "bin"


def _broken_config(place: Path) -> str:
    for name in ("guestshell", "guestctl"):
        (place / "config" / name).mkdir(parents=True, exist_ok=True)
        (place / "config" / name / "config.toml").write_text("]] broken\n")
    return "nowhere.img"


def _damaged_index(place: Path) -> str:
    other = place / f"other-{len(list(place.iterdir()))}.img"
    other.write_bytes(bytes(4096))
    index = Knowledge(Index.of([open_image(other)]))
    known = set((cache_directory() / "index").iterdir())
    index.learn_names(Name("/etc"), [Dirent(Name("hosts"), "r")])
    index.index.close()
    for file in set((cache_directory() / "index").iterdir()) - known:
        file.write_bytes(b"not a database " * 500)
    return other.name


@pytest.mark.parametrize("prepare", [_missing, _directory, _broken_config, _damaged_index])
def test_a_line_stays_as_it_is_when_nothing_is_known(
    shell: HostShell, place: Path, prepare: Callable[[Path], str]
) -> None:
    line = f"guestctl cat {prepare(place)} /etc/host"
    shell.type(line)
    shell.terminal.type("x")
    shell.line(f"{line}x")
    assert shell.terminal.settle() == f"{_PROMPT}{line}x"
