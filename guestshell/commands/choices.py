"""What the user chooses: set, unset, alias, unalias."""

from collections.abc import Iterable
from dataclasses import dataclass

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.parameters import Known, context_of
from guestshell.errors import UsageError
from guestshell.language.parser import parse
from guestshell.language.quoting import quote
from guestshell.output.results import Records
from guestshell.settings import ALIAS_NAME, SETTINGS, Settings

_SAVE = click.option("--save", "keep", is_flag=True, help="Keep it in config.toml.")


@dataclass(frozen=True)
class Choice:
    """A setting or variable, its value and where that comes from."""

    name: str
    value: str
    source: str
    default: str
    help: str


@dataclass(frozen=True)
class Alias:
    """A name and the line it stands for."""

    name: str
    line: str


class SettingName(Known):
    """The name of a setting or variable."""

    name = "name"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the settings and the variables there are."""
        yield from ((name, setting.help) for name, setting in SETTINGS.items())
        context = context_of(ctx)
        yield from ((name, "") for name in sorted(context.settings.variables if context else ()))


class SettingValue(Known):
    """A value for the setting named before it."""

    name = "value"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the values that the setting can have."""
        setting = SETTINGS.get(ctx.params.get("name") or "")
        if setting is None:
            return ()
        choices = ("yes", "no") if isinstance(setting.default, bool) else setting.choices
        return ((choice, "") for choice in choices)


class AliasName(Known):
    """The name of an alias."""

    name = "name"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the aliases there are."""
        context = context_of(ctx)
        return sorted(context.settings.aliases.items()) if context else ()


@command(name="set", category="shell", examples=["set", "set output json", "set case /srv/case17"])
@_SAVE
@click.argument("name", required=False, type=SettingName())
@click.argument("value", required=False, type=SettingValue())
@click.pass_obj
def set_(
    context: Context, name: str | None, value: str | None, keep: bool
) -> Records[Choice] | None:
    """Choose a setting, give a variable a value, or list them all.

    Any name that is no setting is a variable of your own: $NAME stands for its value in later
    lines, and $? for the status of the last one.
    """
    if name is None:
        return Records(choices(context.settings), Choice, ("name", "value", "source", "help"))
    if value is None and "=" in name:  # as in bash
        name, _, value = name.partition("=")
    if value is None:
        context.settings.variable(name)
        rows = [row for row in choices(context.settings) if row.name == name]
        return Records(rows, Choice, ("name", "value", "source", "help"))
    context.settings.set(name, value)
    if keep:
        context.settings.keep(name)
    return None


def choices(settings: Settings) -> list[Choice]:
    """Give every setting and variable."""
    found = [
        Choice(
            name,
            settings.variable(name),
            settings.source(name),
            settings.text_of(setting.default),
            setting.help,
        )
        for name, setting in SETTINGS.items()
    ]
    variables = sorted(settings.variables.items())
    return found + [Choice(name, value, "variable", "", "") for name, value in variables]


@command(category="shell", examples=["unset output", "unset case"])
@_SAVE
@click.argument("name", type=SettingName())
@click.pass_obj
def unset(context: Context, name: str, keep: bool) -> None:
    """Forget a variable, or give a setting its default again."""
    context.settings.unset(name)
    if keep:
        context.settings.keep(name)


@command(
    category="shell",
    examples=["alias", "alias ll 'ls -l'", "alias --save logs 'cd /var/log'"],
)
@_SAVE
@click.argument("name", required=False, type=AliasName())
@click.argument("line", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def alias(
    context: Context, name: str | None, line: tuple[str, ...], keep: bool
) -> Records[Alias] | None:
    """Have a name stand for the beginning of a line, or list what does.

    It may stand for a place: alias logs 'cd /var/log' is a bookmark. A line with blanks, pipes
    or options is written in quotes.
    """
    aliases = context.settings.aliases
    if name is None:
        return Records([Alias(name, text) for name, text in sorted(aliases.items())], Alias)
    if not line and "=" in name:  # as in bash
        name, _, text = name.partition("=")
        line = (text,)
    if not line:
        if name not in aliases:
            raise UsageError(f"{name}: no such alias", "alias lists them")
        return Records([Alias(name, aliases[name])], Alias)
    text = line[0] if len(line) == 1 else " ".join(map(quote, line))
    if not ALIAS_NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name an alias", "letters, digits and _ . @ + -")
    if problem := parse(text).problem:
        raise UsageError(f"{text!r}, column {problem.column + 1}: {problem.message}")
    aliases[name] = text
    if keep:
        context.settings.keep_alias(name)
    return None


@command(category="shell", examples=["unalias ll"])
@_SAVE
@click.argument("name", type=AliasName())
@click.pass_obj
def unalias(context: Context, name: str, keep: bool) -> None:
    """Forget an alias."""
    if context.settings.aliases.pop(name, None) is None:
        raise UsageError(f"{name}: no such alias", "alias lists them")
    if keep:
        context.settings.keep_alias(name)
