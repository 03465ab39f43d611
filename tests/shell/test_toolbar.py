from guestshell.commands import COMMANDS
from guestshell.language.lexer import lex
from guestshell.shell.highlighting import style_of


def styles(line: str) -> list[str]:
    tokens = lex(line)
    command = COMMANDS.get(tokens[0].value)
    return [style_of(token, index, command) for index, token in enumerate(tokens)]


def test_what_is_known_is_coloured_so() -> None:
    assert styles("ls -ltr --all '/a b'") == [
        "class:command", "class:option", "class:option", "class:quoted",
    ]  # fmt: skip
    assert styles("lls -q") == ["class:command.unknown", ""]
    assert styles("ls --nope -lq | x") == [
        "class:command", "class:option.unknown", "class:option.unknown", "class:operator", "",
    ]  # fmt: skip
    assert styles("find / -name x")[2] == "class:option"
