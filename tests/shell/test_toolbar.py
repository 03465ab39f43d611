from prompt_toolkit.document import Document

from guestshell.shell.highlighting import LineLexer


def styles(line: str) -> list[str]:
    fragments = LineLexer({"ll": "ls -l"}).lex_document(Document(line))(0)
    return [style for style, text, *_ in fragments if text.strip()]


def test_what_is_known_is_coloured_so() -> None:
    assert styles("ls -ltr --all '/a b'") == [
        "class:command", "class:option", "class:option", "class:quoted",
    ]  # fmt: skip
    assert styles("lls -q") == ["class:command.unknown", ""]
    assert styles("ls --nope -lq | x") == [
        "class:command", "class:option.unknown", "class:option.unknown", "class:operator",
        "class:command.unknown",
    ]  # fmt: skip
    assert styles("find / -name x")[2] == "class:option"
    assert styles("ls | where size > 3 | !sort $x")[1:] == [
        "class:operator", "class:command", "", "class:operator", "", "class:operator",
        "", "class:program", "class:variable",
    ]  # fmt: skip
    assert styles("ll /etc")[0] == "class:command"
