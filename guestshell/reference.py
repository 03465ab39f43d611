"""The reference pages in docs/reference, made of the declarations: `make docs`."""

import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from guestshell.commands import COMMANDS, FILTERS, GuestCommand
from guestshell.commands.declaration import CATEGORIES
from guestshell.output.fields import Field, fields_of
from guestshell.settings import SETTINGS, Settings
from guestshell.values import Mode, Name, Percent, Size, Timestamp

_KINDS = {
    Size: "bytes",
    Timestamp: "time",
    Mode: "mode",
    Name: "name",
    Percent: "per cent",
    str: "text",
    int: "number",
    float: "number",
    bool: "yes or no",
}
_MADE = "<!-- made by make docs; the declarations in guestshell/commands say what stands here -->"


def pages() -> dict[str, str]:
    """Give the text of every page by its file name."""
    found = {"README.md": "\n".join(_contents())}
    for category in CATEGORIES:
        declared = [c for _, c in sorted(COMMANDS.items()) if c.category == category]
        found[_file(category)] = "\n".join(_page(category.capitalize(), declared))
    filters = [declared for _, declared in sorted(FILTERS.items())]
    found["filters.md"] = "\n".join(_page("Filters", filters))
    found["settings.md"] = "\n".join(_settings())
    return found


def _file(category: str) -> str:
    return f"{category.replace(' ', '-')}.md"


def _contents() -> Iterator[str]:
    yield from (_MADE, "# Reference", "")
    for category in CATEGORIES:
        names = sorted(name for name, declared in COMMANDS.items() if declared.category == category)
        links = " ".join(f"[{name}]({_file(category)}#{name})" for name in names)
        yield f"- **{category}**: {links}"
    links = " ".join(f"[{name}](filters.md#{name})" for name in sorted(FILTERS))
    yield f"- **filters**, after a `|`: {links}"
    yield "- [settings](settings.md)"
    yield ""


def _page(title: str, declared: Iterable[GuestCommand]) -> Iterator[str]:
    yield from (_MADE, f"# {title}", "")
    for command in declared:
        yield from _command(command)


def _command(declared: GuestCommand) -> Iterator[str]:
    yield from (f"## {declared.name}", "", f"    {usage_of(declared)}", "")
    yield from (inspect.cleandoc(declared.help or ""), "")
    options = [option for option in declared.params if isinstance(option, click.Option)]
    if options:
        yield from ("| option | |", "|---|---|")
        for option in options:
            yield f"| `{option_of(option)}` | {option.help} |"
        yield ""
    yield from ("Examples:", "")
    yield from (f"    {example}" for example in declared.examples)
    yield ""
    for asked, row_type in declared.row_types().items():
        yield from _fields(row_type, asked)


# click's own words for these change with its versions; the pages should not


def usage_of(declared: click.Command) -> str:
    """Give how a command is called, e.g. `ls [OPTIONS] [PATH]...`."""
    words = [declared.name or "", "[OPTIONS]"]
    for argument in declared.params:
        if isinstance(argument, click.Argument):
            word = argument.metavar or (argument.name or "").upper()
            if not argument.required and not word.startswith("["):
                word = f"[{word}]"
            words.append(f"{word}..." if argument.nargs == -1 else word)
    return " ".join(words)


def option_of(option: click.Option) -> str:
    """Give an option's names and what it takes, e.g. `-n, --lines N`."""
    names = ", ".join(option.opts)
    if option.is_flag:
        return names
    if isinstance(option.type, click.Choice):
        return f"{names} {{{','.join(map(str, option.type.choices))}}}"
    return f"{names} {option.metavar or option.type.name.partition(' ')[0].upper()}"


def _fields(row_type: Any, option: str) -> Iterator[str]:
    described = " ".join(inspect.cleandoc(row_type.__doc__ or "").split())
    rows = f"Rows with `{option}`" if option else "Rows"
    yield from (f"{rows}: {described}", "", "| field | |", "|---|---|")
    for field in fields_of(row_type):
        yield f"| `{field.name}` | {_kind(field)} |"
    yield ""


def _kind(field: Field) -> str:
    if field.is_row:
        inner = ", ".join(f"`{inner.name}`" for inner in fields_of(field.kind))
        text = f"rows of {inner}" if field.many else f"a row of {inner}"
    else:
        text = f"{_KINDS[field.kind]}{', several' if field.many else ''}"
    return f"{text}, or nothing" if field.optional else text


def _settings() -> Iterator[str]:
    yield from (_MADE, "# Settings", "")
    yield "`set NAME VALUE` chooses one for the session, `set --save` keeps it in `config.toml`,"
    yield "`guestctl config` shows them all with the file's place."
    yield from ("", "| setting | default | values | |", "|---|---|---|---|")
    for setting in SETTINGS.values():
        values = ", ".join(setting.choices) or (
            "yes, no" if isinstance(setting.default, bool) else "text"
        )
        default = Settings.text_of(setting.default)
        yield f"| `{setting.name}` | `{default or ' '}` | {values} | {setting.help} |"
    yield ""


def write(directory: Path) -> None:
    """Write the pages, and take away those that are none any more."""
    directory.mkdir(parents=True, exist_ok=True)
    made = pages()
    for file in directory.glob("*.md"):
        if file.name not in made:
            file.unlink()
    for name, text in made.items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
