"""What guestctl answers to a shell at a Tab, and that it says nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from guestshell.engine.bytecalls import Dirent
from guestshell.engine.machine import cache_directory
from guestshell.guest.image import open_image
from guestshell.guest.index import Index
from guestshell.guest.knowledge import Knowledge
from guestshell.values import Name
from tests.e2e.terminal import GUESTCTL

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture(autouse=True)
def _own_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """An image with a blank in its name, of which /etc is known."""
    image = tmp_path / "my disk.img"
    image.write_bytes(bytes(4096))
    index = Knowledge(Index.of([open_image(image)]))
    names = ("a\n", "a b", "a!c", "caf\udce9", "hostname", "q'q", 'r"$r', "rl\u202eo", "w*")
    listing = [Dirent(Name(name), "r") for name in names]
    index.learn_names(Name("/etc"), [*listing, Dirent(Name("x y"), "d")])
    index.index.close()
    return image


def asked(shell: str, line: str) -> subprocess.CompletedProcess[bytes]:
    environment = {"_GUESTCTL_COMPLETE": f"{shell}_complete", "COMP_WORDS": line}
    return subprocess.run(
        [GUESTCTL], env={**os.environ, **environment}, capture_output=True, check=True
    )


def answers(shell: str, line: str) -> list[list[str]]:
    """Give the fields of each candidate."""
    done = asked(shell, line)
    assert done.stderr == b""
    lines = done.stdout.decode().split("\n")[:-1]
    assert all(field.isprintable() for field in lines)
    size = 4 if shell == "zsh" else 3
    return [lines[at : at + size] for at in range(0, len(lines) - len(lines) % size, size)]


@pytest.mark.parametrize(
    ("typed", "kind", "rest"),
    [
        ("/etc/h", "plain", "ostname"),
        ("'/etc/h", "plain", "ostname'"),
        ("/etc/a\\ ", "plain", "b"),
        ("'/etc/a ", "plain", "b'"),
        ("/etc/a\\!", "plain", "c"),
        ("/etc/caf", "plain", r"$'\xe9'"),
        ("\"/etc/caf", "plain", r'''"$'\xe9'""'''),
        ("'/etc/caf", "plain", r"""'$'\xe9'''"""),
        ("$'/etc/caf", "plain", r"\xe9'"),
        ("/etc/q", "plain", r"\'q"),
        ("'/etc/q", "plain", r"""'\''q'"""),
        ("$'/etc/q", "plain", r"\x27q'"),
        ("/etc/r\\", "plain", r'"\$r'),
        ("'/etc/r\"", "plain", "$r'"),
        ('"/etc/r\\"', "plain", r'''"\$"r"'''),
        ("/etc/rl", "plain", r"$'\xe2\x80\xae'o"),
        ("/etc/w", "plain", r"\*"),
        ("/etc/x", "open", r"\ y/"),
        ('/etc"/x', "open", ' y/"'),
    ],
)  # fmt: skip
def test_bash_adds_to_what_was_typed(disk: Path, typed: str, kind: str, rest: str) -> None:
    found = answers("bash", f"guestctl cat 'my disk.img' {typed}")
    assert [answer[:2] for answer in found] == [[kind, rest]]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "typed", ["/etc/$(id)h", "/etc/`id`h", "/etc/*", "/etc/$", '"/etc/$(h', "/{etc,", "/etc/$HOME/"]
)
def test_what_the_shell_would_expand_is_left_alone(disk: Path, shell: str, typed: str) -> None:
    assert answers(shell, f"guestctl cat my\\ disk.img {typed}") == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "image",
    ["my\\ disk.img", '"my disk.img"', "$'my disk.img'", "~/my\\ disk.img", '"$HOME/my disk.img"'],
)
def test_the_image_is_found_as_it_was_typed(
    disk: Path, shell: str, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(disk.parent))
    assert len(answers(shell, f"guestctl cat {image} /etc/host")) == 1


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("line", ["guestctl interactive ", "guestctl cat ", "guestctl run -f "])
def test_files_of_this_host_are_the_shells_own_business(shell: str, line: str) -> None:
    assert [answer[0] for answer in answers(shell, line)] == ["file"]


@pytest.mark.parametrize("line", ["cat disk /etc/x >", "cat disk 2>/tm", "cat disk >>fo"])
def test_a_redirection_wants_a_file(line: str) -> None:
    assert [answer[0] for answer in answers("bash", f"guestctl {line}")] == ["file"]


def test_a_redirection_is_no_argument(disk: Path) -> None:
    found = answers("bash", "guestctl cat 2>/dev/null 'my disk.img' >out /etc/host")
    assert [answer[1] for answer in found] == ["name"]


@pytest.mark.parametrize("shell", SHELLS)
def test_an_option_and_its_value_in_one_word(shell: str) -> None:
    found = [answer[1] for answer in answers(shell, "guestctl ls --output=js")]
    assert (
        found
        == {
            "bash": ["on", "onl"],
            "zsh": ["--output=json", "--output=jsonl"],
            "fish": ["--output=json", "--output=jsonl"],
        }[shell]
    )


def _missing(_: Path) -> str:
    return "nowhere.img"


def _directory(disk: Path) -> str:
    return str(disk.parent)


def _text(disk: Path) -> str:
    disk.with_name("text").write_text("no disk\n")
    return "text"


def _damaged_qcow2(disk: Path) -> str:
    disk.with_name("cut.qcow2").write_bytes(b"QFI\xfb\0\0\0\x03")
    return "cut.qcow2"


def _damaged_index(disk: Path) -> str:
    for file in (cache_directory() / "index").iterdir():
        file.write_bytes(b"not a database at all" * 100)
    return "my\\ disk.img"


def _broken_config(disk: Path) -> str:
    for path in (disk.parent / "config" / "guestshell", disk.parent / "config" / "guestctl"):
        path.mkdir(parents=True)
        (path / "config.toml").write_text("]] broken\n")
    return "nowhere.img"


def _no_cache(disk: Path) -> str:
    for file in (cache_directory() / "index").iterdir():
        file.unlink()
    cache_directory().joinpath("index").rmdir()
    cache_directory().joinpath("index").write_text("a file\n")
    return "my\\ disk.img"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "prepare",
    [_missing, _directory, _text, _damaged_qcow2, _damaged_index, _broken_config, _no_cache],
)
def test_nothing_is_said_in_the_midst_of_a_line(
    disk: Path, shell: str, prepare: Callable[[Path], str]
) -> None:
    done = asked(shell, f"guestctl cat {prepare(disk)} /etc/host")
    assert done.stdout.strip() == b""
    assert done.stderr == b""


@pytest.mark.parametrize("line", ["", "guestctl", "guestctl nonsense x", "guestctl ls -o"])
@pytest.mark.parametrize("shell", SHELLS)
def test_no_line_is_too_odd(shell: str, line: str) -> None:
    answers(shell, line)


def test_a_tab_loads_no_libguestfs(disk: Path) -> None:
    environment = {
        **os.environ,
        "_GUESTCTL_COMPLETE": "bash_complete",
        "COMP_WORDS": "guestctl cat my\\ disk.img /etc/host",
    }
    command = [sys.executable, "-X", "importtime", GUESTCTL]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"plain\nname\n" in done.stdout
    modules = {line.rpartition(b"|")[2].strip() for line in done.stderr.splitlines()}
    assert b"guestshell.guest.index" in modules
    assert not modules & {b"guestfs", b"libguestfsmod", b"prompt_toolkit", b"rich"}
