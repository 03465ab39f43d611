"""The manual page guestctl(1), made of the declarations: `python -m guestshell.manual DIRECTORY`.

Written in man(7) macros, which man-db and mandoc both read.
"""

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from guestshell import __version__
from guestshell.cli import program
from guestshell.commands import COMMANDS, FILTERS, GuestCommand
from guestshell.commands.declaration import CATEGORIES
from guestshell.oneshot import one_shots
from guestshell.opening import OPENING_OPTIONS
from guestshell.reference import option_of, usage_of
from guestshell.settings import SETTINGS, Settings

_EXIT_STATUS = {
    "0": "Done.",
    "1": "A command failed.",
    "2": "The command line, a line of a script or the configuration is not understood.",
    "3": "The appliance or the libguestfs binding could not be had.",
    "130": "Interrupted.",
}
_ENVIRONMENT = {
    "GUESTCTL_CONFIG": "The configuration file, instead of the one in the user's directory.",
    "GUESTCTL_APPLIANCE": "With stock, libguestfs's own appliance is started.",
    "LIBGUESTFS_BACKEND, LIBGUESTFS_BACKEND_SETTINGS, LIBGUESTFS_HV, LIBGUESTFS_PATH": (
        "Are libguestfs's, see guestfs(3)."
    ),
    "NO_COLOR": "If set, no colours are written.",
    "PAGER": "The program for tall output, where the setting pager names none.",
}
_FILES = {
    "~/.config/guestctl/config.toml": "Settings, aliases, variables and startup lines.",
    "~/.cache/guestctl": "What is known of images, the teaching image, the lean appliance.",
    "~/.local/state/guestctl": "The history of lines.",
}


def page() -> str:
    """Give the page as man(7) source. Everything but its frame comes from the declarations."""
    return "\n".join([*_head(), *_program(), *_shell(), *_settings(), *_tail()]) + "\n"


def _head() -> Iterator[str]:
    yield f'.TH GUESTCTL 1 "" "guestctl {__version__}" "User Commands"'
    yield from (".SH NAME", r"guestctl \- the shell for disk images", ".SH SYNOPSIS")
    for name in ("interactive", "run"):
        yield from (".B guestctl", roff(usage_of(program.commands[name])), ".br")
    yield from (".B guestctl", roff("COMMAND IMAGE [ARGUMENTS]..."))
    yield from (".SH DESCRIPTION", roff(inspect.cleandoc(program.help or "")))
    yield ".PP"
    yield roff(
        "Images are opened through throw-away overlays and mounted read-only; there is no option "
        "to write. Nothing of the guest is run, and nothing of it reaches the terminal raw."
    )


def _program() -> Iterator[str]:
    yield ".SH COMMANDS"
    yield from _commands("", program.commands.values())
    yield from (".SH OPENING IMAGES", "Every command that opens an image takes:")
    yield from _options(OPENING_OPTIONS)


def _commands(prefix: str, commands: Iterable[click.Command]) -> Iterator[str]:
    shared = {option.name for option in OPENING_OPTIONS}
    for command in commands:
        yield from (f".SS {roff(prefix + usage_of(command))}", *_paragraphs(command.help or ""))
        options = (option for option in command.params if option.name not in shared)
        yield from _options(options)
        if isinstance(command, click.Group):
            yield from _commands(f"{command.name} ", command.commands.values())


def _options(parameters: Iterable[click.Parameter]) -> Iterator[str]:
    for option in parameters:
        if isinstance(option, click.Option) and option.help and "--version" not in option.opts:
            yield from (".TP", f".B {roff(option_of(option))}", roff(option.help))


def _shell() -> Iterator[str]:
    yield ".SH THE SHELL"
    yield roff(
        "These are the commands of the prompt and of scripts. Those that ask something of an image "
        "are commands of the program too, guestctl COMMAND IMAGE ARGUMENTS: "
        f"{', '.join(one_shots())}."
    )
    for category in CATEGORIES:
        declared = [c for _, c in sorted(COMMANDS.items()) if c.category == category]
        yield from _category(category, declared)
    yield from _category("filters, after a |", (c for _, c in sorted(FILTERS.items())))


def _category(title: str, commands: Iterable[GuestCommand]) -> Iterator[str]:
    yield f".SH {roff(title.upper())}"
    for command in commands:
        yield from (f".SS {roff(usage_of(command))}", *_paragraphs(command.help or ""))
        yield from _options(command.params)
        yield from (".PP", "Examples:", ".PP", ".nf", ".RS")
        yield from (roff(example) for example in command.examples)
        yield from (".RE", ".fi")


def _settings() -> Iterator[str]:
    yield from (".SH SETTINGS", roff("set NAME VALUE chooses one, set --save keeps it."))
    for setting in SETTINGS.values():
        values = f" One of {', '.join(setting.choices)}." if setting.choices else ""
        default = Settings.text_of(setting.default)
        was = f" By default {default}." if default.strip() else ""
        yield from (".TP", f".B {roff(setting.name)}", roff(setting.help + values + was))


def _tail() -> Iterator[str]:
    for title, entries in (
        ("EXIT STATUS", _EXIT_STATUS),
        ("ENVIRONMENT", _ENVIRONMENT),
        ("FILES", _FILES),
    ):
        yield f".SH {title}"
        for name, meaning in entries.items():
            yield from (".TP", f".B {roff(name)}", roff(meaning))
    yield from (".SH SEE ALSO", ".BR guestfish (1),", ".BR virt\\-inspector (1),")
    yield ".BR guestfs (3)"


def _paragraphs(help_text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", inspect.cleandoc(help_text))):
        if number:
            yield ".PP"
        yield roff(" ".join(paragraph.replace("\b", "").split()))


def roff(plain: str) -> str:
    """Give text so that roff(7) shows it as it is: no macro, no escape, no typeset dash."""
    marked = plain.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")
    marked = marked.replace("^", r"\(ha").replace("~", r"\(ti").replace("`", "")
    return rf"\&{marked}" if marked.startswith(".") else marked


def write(directory: Path) -> None:
    """Write the page as guestctl.1."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "guestctl.1").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
