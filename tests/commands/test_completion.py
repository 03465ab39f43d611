"""Completion asked as the prompt asks it, on the teaching image."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from guestshell import Guest
from guestshell.commands.completion import Candidate, candidates, usage_hint
from guestshell.commands.context import Context
from guestshell.demo import story
from guestshell.language.cursor import at_cursor
from guestshell.language.lexer import lex
from guestshell.language.quoting import quote
from guestshell.session import Session
from guestshell.shell.completion import ShellCompleter
from guestshell.values import Name
from tests.conftest import Console

pytestmark = pytest.mark.appliance


@pytest.fixture(scope="module")
def context(demo_guest: Guest) -> Context:
    demo_guest.layout()
    return Context(demo_guest)


def values(context: Context, *words: str) -> list[str]:
    return [candidate.value for candidate in found(context, " ".join(words))]


def found(context: Context, line: str) -> list[Candidate]:
    cursor = at_cursor(line)
    return candidates(context, cursor) if cursor else []


def test_what_fits(context: Context) -> None:
    assert values(context, "ca") == ["cat"]
    assert values(context, "cat", "/etc/hostn") == ["/etc/hostname"]
    assert values(context, "cat", "etc/hostn") == ["etc/hostname"]
    assert values(context, "ls", "/home/a") == ["/home/alice/"]
    assert values(context, "ls", "/bi") == ["/bin/"]
    assert values(context, "ls", "--al") == ["--all"]
    assert values(context, "hash", "-a", "sha5") == ["sha512"]
    assert values(context, "find", "/", "-type", "p") == ["p"]
    assert values(context, "find", "/", "-user", "al") == ["alice"]
    assert values(context, "mount", "/dev/") == ["/dev/sda1"]
    assert values(context, "help", "fin") == ["find"]
    assert values(context, "cd", "/etc/host") == []
    assert values(context, "nothing", "x") == []
    assert values(context, "cat", "/home/alice/.b") == [
        "/home/alice/.bash_history",
        "/home/alice/.bashrc",
    ]
    assert values(context, "cat", "/home/alice/") == ["/home/alice/notes.txt"]
    context.cwd = Name("/srv/names")
    assert "./-rf" in values(context, "cat", "")
    context.cwd = Name("/")


def test_a_directory_of_many_names_completes_what_they_share(context: Context) -> None:
    assert values(context, "cat", f"{story.MANY}/s") == [f"{story.MANY}/sess_0"]
    shown = found(context, f"cat {story.MANY}/sess_0")
    assert len(shown) == 1000
    assert shown[-1].explanation == "and 9000 more"
    assert len(values(context, "cat", f"{story.MANY}/sess_00")) == 1000
    assert values(context, "cat", f"{story.MANY}/sess_01234") == [f"{story.MANY}/sess_01234"]


def test_the_target_of_a_save_is_a_host_path(context: Context, tmp_path: object) -> None:
    assert f"{tmp_path}/" in values(context, "save", "/etc/hostname", str(tmp_path)[:-1])
    assert values(context, "save", "/etc/hostna") == ["/etc/hostname"]


def test_a_completed_line_lexes_back_to_the_name(demo_guest: Guest, console: Console) -> None:
    completer = ShellCompleter(Session(demo_guest, console.session.sink))
    for path in story.TEXTS:
        word = quote(path)
        for end in range(1, len(word) + 1):
            text = f"cat {word[:end]}"
            if lex(text)[1].value.rpartition("/")[0] != path.rpartition("/")[0]:
                continue
            found = completer.get_completions(Document(text), CompleteEvent())
            lines = [text[: len(text) + item.start_position] + item.text for item in found]
            names = [lex(line)[1].value for line in lines]
            if lex(text)[1].value and path.startswith(lex(text)[1].value):
                shown = not path.rpartition("/")[2].startswith(".") or "/." in lex(text)[1].value
                assert (path in names) == shown, (text, names)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40) | st.sampled_from(["cat ", "find / -", "save /etc/ "]).flatmap(
    lambda start: st.text(max_size=20).map(lambda rest: start + rest)))  # fmt: skip
def test_no_line_makes_completion_fail(demo_guest: Guest, console: Console, line: str) -> None:
    completer = ShellCompleter(Session(demo_guest, console.session.sink))
    for item in completer.get_completions(Document(line), CompleteEvent()):
        assert item.start_position <= 0


def test_usage_hints() -> None:
    assert usage_hint("pwd", is_filter=False).startswith("pwd [OPTIONS]")
    assert usage_hint("nothing", is_filter=False) == ""
    assert usage_hint("where", is_filter=True).startswith("where [OPTIONS]")
