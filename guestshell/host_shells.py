"""Completion of guestctl in bash, zsh and fish.

What fits is click's to say; how a shell tells what was typed and takes the answer stands here.
A name is offered only as a word that the shell reads back as that name, and nothing but
printable characters goes to the shell.
"""

import contextlib
import dataclasses
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

from guestshell.language.lexer import Kind, Token, lex
from guestshell.values import encode_name

COMPLETE_VARIABLE = "_GUESTCTL_COMPLETE"
"""Environment variable by which the shells ask, as click's completion does.

With it `COMP_WORDS` is the command's line as it was typed, up to the cursor.
"""

_OPEN = "open"
"""A candidate after which one goes on typing: no blank is added."""

_HOST_FILES = ("file", "dir")
"""Candidates that the shell finds itself; these words are click's."""

_PIECE = re.compile(r"""\\.|\$'(?:[^'\\]|\\.)*'?|'[^']*'?|"(?:[^"\\]|\\.)*"?|.""", re.DOTALL)
_LIVE_BARE = set("$`*?[]{}()!#^")
_LIVE_QUOTED = re.compile(r"(?:^|[^\\])(?:\\\\)*[$`]")


@dataclasses.dataclass(frozen=True, slots=True)
class _Typed:
    """The word at the cursor, or what follows `--option=` in it."""

    raw: str = ""
    option: str = ""
    """`--option=` where it was typed."""
    unexpanded: str = ""
    value: str = ""
    """What the shell will make of it."""
    quote: str = ""
    """The quote that is open at its end."""

    @property
    def is_live(self) -> bool:
        """Whether the shell will put something else in its place, which is not known here."""
        return any(
            piece in _LIVE_BARE or (piece[0] == '"' and _LIVE_QUOTED.search(piece[1:]))
            for piece in _PIECE.findall(self.raw)
        )

    @property
    def escape(self) -> str:
        """The backslash at its end that lacks its character."""
        backslashes = len(self.raw) - len(self.raw.rstrip("\\"))
        return "\\" if backslashes % 2 and self.quote != "'" else ""


def _value(token: Token, typed: str) -> str:
    """Give what a shell will make of a word, but for what only the shell itself knows."""
    text = "".join(
        os.environ.get(piece.text, piece.typed) if piece.kind is Kind.VARIABLE else piece.text
        for piece in token.pieces
    )
    if typed.startswith("~"):
        home, slash, rest = text.partition("/")
        with contextlib.suppress(RuntimeError):  # ~name of nobody
            return f"{Path(home).expanduser()}{slash}{rest}"
    return text


def _parse(line: str) -> tuple[list[str], _Typed | None]:
    """Give the arguments before the cursor and the word at it; None where `>` wants a file."""
    tokens = lex(line)
    at_cursor = Token("", len(line), len(line))
    if tokens and tokens[-1].end == len(line) and not tokens[-1].is_operator:
        at_cursor = tokens.pop()
    words = []
    before: Token | None = None
    for token, after in itertools.pairwise([*tokens, at_cursor]):
        is_target = before is not None and before.is_operator
        is_number = after.is_operator and after.start == token.end and token.value.isdigit()
        if not (token.is_operator or is_target or is_number):
            words.append(_value(token, line[token.start : token.end]))
        before = token
    if before is not None and before.is_operator:
        return words[1:], None
    typed = _word_at_cursor(words, at_cursor, line[at_cursor.start :])
    return words[1:], typed


def _word_at_cursor(words: list[str], token: Token, raw: str) -> _Typed:
    """Describe the word at the cursor; an option before its `=` goes to the other words."""
    option = ""
    if raw.startswith("--") and "=" in raw and "--" not in words:
        name, _, raw = raw.partition("=")
        words.append(name)
        option = f"{name}="
        token = next(iter(lex(raw)), Token("", 0, 0))
    quote = token.open_quote.strip("\\")  # a backslash at the end counts as one
    typed = _Typed(raw, option, token.value, _value(token, raw), quote)
    if typed.escape:
        unexpanded, value = typed.unexpanded.removesuffix("\\"), typed.value.removesuffix("\\")
        return dataclasses.replace(typed, unexpanded=unexpanded, value=value)
    return typed


def _bare(text: str) -> str:
    """Write text so that bash and zsh read it back outside of quotes."""
    written = ""
    for is_printable, run in itertools.groupby(text, str.isprintable):
        characters = "".join(run)
        if is_printable:
            written += re.sub(r"[^\w@%+:,./-]", r"\\\g<0>", characters)
        else:
            written += f"$'{_octets(characters)}'"
    return written


def _octets(text: str) -> str:
    return "".join("\\n" if byte == 10 else f"\\x{byte:02x}" for byte in encode_name(text))


def _rest(text: str, quote: str) -> str:
    """Write the rest of a word for bash, after what was typed of it; an open quote is closed."""
    if quote == "$'":
        # no \' is written: readline takes its quote for the end
        return re.sub(r"[^\w@%+:,./ -]", lambda found: _octets(found[0]), text) + quote[-1]
    if not quote:
        return _bare(text)
    # within double quotes ! would be taken for history, after a backslash too
    unfit = "'" if quote == "'" else '"\\$`!'
    written = ""
    for fits, run in itertools.groupby(text, lambda c: c.isprintable() and c not in unfit):
        characters = "".join(run)
        written += characters if fits else f"{quote}{_bare(characters)}{quote}"
    return written + quote


def _last(value: str) -> str:
    """Give the name at a path's end as a list of candidates shows it."""
    directory, slash, name = value.rstrip("/").rpartition("/")
    return _bare(value[len(directory) + len(slash) :] if name else value)


class _Complete(ShellComplete):
    """Asks click for candidates and answers a line, or some, for each."""

    def complete(self) -> str:
        """Give the candidates in the form that the shell's function reads."""
        try:
            return "\n".join(self._answer(os.environ["COMP_WORDS"]))
        except Exception:  # whatever is wrong is said once Enter is pressed, not amid a line
            return ""

    def _answer(self, line: str) -> Iterator[str]:
        arguments, typed = _parse(line)
        if typed is None:
            yield from self._lines("file", "", _Typed(), "")
            return
        for item in self.get_completions(arguments, typed.value):
            help_text = " ".join((item.help or "").split())
            if item.type in _HOST_FILES:
                yield from self._lines(item.type, "", typed, help_text)
            elif item.value.startswith(typed.value) and not typed.is_live:
                is_open = item.value.endswith("/") or item.type == "partial"
                kind = _OPEN if is_open else "plain"
                yield from self._lines(kind, item.value, typed, help_text)

    def _lines(self, kind: str, value: str, typed: _Typed, help_text: str) -> Iterator[str]:
        """Yield the lines of one candidate, or none if the shell cannot take it."""
        raise NotImplementedError

    def format_completion(self, item: CompletionItem) -> str:
        """Give a candidate as its value alone; nothing here asks for it."""
        return str(item.value)


class _Bash(_Complete):
    """Only adds to what was typed: readline replaces an unforeseeable part of the word."""

    name = "bash"
    source_template = """\
%(complete_func)s() {
    local program=${1/#\\~\\//$HOME/} kind rest name
    type -P "$program" >/dev/null || program=%(prog_name)s
    COMPREPLY=()
    while IFS= read -r kind && IFS= read -r rest && IFS= read -r name; do
        case $kind in
            dir) compopt -o dirnames; continue ;;
            file) compopt -o default; continue ;;
            open) compopt -o nospace ;;
        esac
        # 63: a second Tab, which only lists
        if [[ $COMP_TYPE == 63 ]]; then COMPREPLY+=("$name"); else COMPREPLY+=("$2$rest"); fi
    done < <(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" %(complete_var)s=bash_complete \\
        "$program" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def _lines(self, kind: str, value: str, typed: _Typed, help_text: str) -> Iterator[str]:
        rest = _rest(value[len(typed.value) :], typed.quote)
        if kind in _HOST_FILES:
            yield from (kind, "", "")
        elif rest.startswith(typed.escape):
            yield from (kind, rest.removeprefix(typed.escape), _last(value))


class _Zsh(_Complete):
    """Quotes itself outside of quotes; zsh does it within them."""

    name = "zsh"
    source_template = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local -a answer words_plain names_plain words_open names_open described quoted
    local kind word name help program=${words[1]/#\\~\\//$HOME/}
    (( $+commands[$program] )) || [[ -x $program ]] || program=%(prog_name)s
    answer=("${(@f)$(COMP_WORDS="${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" \\
        %(complete_var)s=zsh_complete $program 2>/dev/null)}")
    [[ -z $compstate[quote] ]] && quoted=(-Q)
    for kind word name help in "${(@)answer}"; do
        case $kind in
            dir|file)
                [[ $PREFIX == --*=* ]] && compset -P '*='
                if [[ $kind == dir ]]; then _files -/; else _files; fi ;;
            open) words_open+=("$word"); names_open+=("$name") ;;
            plain)
                if [[ $help == _ ]]; then words_plain+=("$word"); names_plain+=("$name")
                else described+=("${word//:/\\\\:}:$help"); fi ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#words_plain )) && compadd -U $quoted -V unsorted -d names_plain -a words_plain
    (( $#words_open )) && compadd -U $quoted -S '' -V unsorted -d names_open -a words_open
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

    def _lines(self, kind: str, value: str, typed: _Typed, help_text: str) -> Iterator[str]:
        rest = _rest(value[len(typed.value) :], "")
        if kind in _HOST_FILES:
            yield from (kind, "", "", "_")
        elif typed.quote and value.isprintable():
            yield from (kind, typed.option + value, _last(value), help_text or "_")
        elif not typed.quote and rest.startswith(typed.escape):
            whole = typed.option + typed.raw + rest.removeprefix(typed.escape)
            yield from (kind, whole, _last(value), help_text or "_")


class _Fish(_Complete):
    """Leaves the quoting to fish; what fish would write raw is not offered."""

    name = "fish"
    source_template = """\
function %(complete_func)s
    set -l token (commandline -ct | string collect)
    set -l option (string match -r -- '^--[^=]*=' "$token")
    set -l typed (string sub -s (math 1 + (string length -- "$option")) -- "$token")
    set -l program (string replace -r -- '^~/' "$HOME/" (commandline -opc)[1])
    command -q -- $program; or set program %(prog_name)s
    set -lx %(complete_var)s fish_complete
    set -lx COMP_WORDS (commandline -cp | string collect)
    begin
        command $program 2>/dev/null | while read -l kind
            read -l word
            read -l help
            switch $kind
                case dir
                    printf "$option%%s\\\\0" (__fish_complete_directories $typed)
                case file
                    printf "$option%%s\\\\0" (__fish_complete_path $typed)
                case '*'
                    printf '%%s\\t%%s\\0' (string unescape -- $word | string collect) $help
            end
        end
    end | string split0
end
complete --no-files --keep-order --command %(prog_name)s --arguments "(%(complete_func)s)"
"""

    def _answer(self, line: str) -> Iterator[str]:
        """Answer a line whose quotes are fish's, which differ from the others'."""
        return super()._answer(_FISH_PIECE.sub(_from_fish, line))

    def _lines(self, kind: str, value: str, typed: _Typed, help_text: str) -> Iterator[str]:
        # the shell compares with what was typed: a ~ stays
        whole = typed.option + typed.unexpanded + value[len(typed.value) :]
        # outside of quotes fish writes control characters and stray bytes as escapes; a tab
        # would begin the explanation
        is_fit = whole.isprintable() or (not typed.quote and all(map(_fish_escapes, whole)))
        if kind in _HOST_FILES:
            yield from (kind, "", "")
        elif is_fit:
            yield from (kind, _for_fish(whole), help_text)


_FISH_PIECE = re.compile(
    r"""(?P<escape>\\(?:[xX][0-9a-fA-F]{2}|[abefnrtv]))|\\.|"(?:[^"\\]|\\.)*"?"""
    r"""|(?P<single>'(?:[^'\\]|\\.)*)""",
    re.DOTALL,
)


def _from_fish(piece: re.Match[str]) -> str:
    """Write a piece of a line as the other shells have it."""
    if escape := piece["escape"]:
        return f"$'{escape.lower()}'"
    if single := piece["single"]:
        return re.sub(r"\\(['\\])", lambda found: {"'": r"'\''"}.get(found[1], found[1]), single)
    return piece[0]


def _fish_escapes(character: str) -> bool:
    is_control = character < " " and character != "\t"
    return character.isprintable() or is_control or "\udc80" <= character <= "\udcff"


def _for_fish(text: str) -> str:
    """Write text as `string unescape` of fish reads it back."""
    return "".join(
        re.sub(r"[^\w@%+:,./=-]", r"\\\g<0>", character)
        if character.isprintable()
        else "".join(f"\\X{byte:02x}" for byte in encode_name(character))
        for character in text
    )


_SHELLS: dict[str, type[_Complete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def register() -> None:
    """Have click answer the shells by these."""
    for name, kind in _SHELLS.items():
        add_completion_class(kind, name)


def completion_script(program: click.Command, shell: str) -> str:
    """Give what a shell has to read to complete guestctl."""
    return _SHELLS[shell](program, {}, "guestctl", COMPLETE_VARIABLE).source()
