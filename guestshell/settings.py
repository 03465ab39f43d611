"""What the user may choose: each setting declared once, read from config.toml, kept there.

output = "json"
startup = ["cd /var/log"]
[alias]
ll = "ls -l"
[variables]
case = "/srv/cases/17"
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guestshell.errors import HostError, UsageError
from guestshell.homes import directory_of

Value = str | bool

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ALIAS_NAME = re.compile(r"[\w@.+][\w@.+-]*")
"""What an alias can be called: a word that needs no quotes and is no option."""

_TABLES = ("startup", "alias", "variables")
_PLACEHOLDERS = ("path", "directory", "image")
_TRUTHS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing to choose; `choices` are all its values, empty where any text will do."""

    name: str
    default: Value
    help: str
    choices: tuple[str, ...] = ()
    check: Callable[[str], str] = lambda text: ""
    """Gives what is wrong with a text, empty for nothing."""

    def parse(self, value: object) -> Value:
        """Give the value of a text or a TOML value. Raises UsageError."""
        if isinstance(self.default, bool):
            truth = value if isinstance(value, bool) else _TRUTHS.get(str(value).lower())
            if truth is None:
                raise UsageError(f"{self.name}: {value!r} is neither yes nor no")
            return truth
        if not isinstance(value, str):
            raise UsageError(f"{self.name}: {value!r} is no text", 'write it as "…"')
        if self.choices and value not in self.choices:
            remedy = f"they are {', '.join(self.choices)}"
            raise UsageError(f"{self.name}: {value!r} is none of its values", remedy)
        if wrong := self.check(value):
            raise UsageError(f"{self.name}: {wrong}")
        return value


def _check_theme(text: str) -> str:
    from pygments.styles import get_all_styles

    return "" if text in set(get_all_styles()) else f"{text!r} is no Pygments style"


def _check_prompt(text: str) -> str:
    unknown = [name for name in re.findall(r"\{(.*?)\}", text) if name not in _PLACEHOLDERS]
    known = ", ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
    return f"{{{unknown[0]}}} is none of {known}" if unknown else ""


def _check_seconds(text: str) -> str:
    return "" if text.isascii() and text.isdecimal() else f"{text!r} is no number of seconds"


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("output", "table", "Format of rows where -o does not say.",
                ("table", "json", "jsonl", "csv", "yaml")),
        Setting("prompt", "guestctl{path}> ",
                "Text before the line; {directory}, {image}, or {path}: nothing at the root.",
                check=_check_prompt),
        Setting("color", "auto", "Colours where the terminal has them, or never.",
                ("auto", "never")),
        Setting("theme", "default", "Pygments style for cat --color.", check=_check_theme),
        Setting("pager", "", "Program for tall output; empty: $PAGER, else less; off: none."),
        Setting("completion", "columns", "How Tab shows what fits.",
                ("columns", "list", "readline")),
        Setting("complete_while_typing", False, "Show what fits without Tab."),
        Setting("suggest", True, "Show the rest of the line from the history, in grey."),
        Setting("editing", "emacs", "Keys of the line editor.", ("emacs", "vi")),
        Setting("history", "global", "Keep lines for all images together, for each image, or not.",
                ("global", "image", "off")),
        Setting("call_limit", "300", "Seconds after which a call without an answer ends; 0: never.",
                check=_check_seconds),
    )
}  # fmt: skip
"""Every setting by name."""


class Settings:
    """The settings in force, with where each comes from, and the user's variables and aliases."""

    def __init__(self, path: Path | None = None) -> None:
        """`path` is config.toml; without one nothing is read, and nothing can be kept."""
        self.path = path
        self._values: dict[str, Value] = {}
        self._sources: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.startup: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> "Settings":
        """Read config.toml; one that is not there is empty.

        Raises UsageError for what is not understood in it, HostError when it cannot be read.
        """
        settings = cls(path)
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return settings
        except OSError as error:
            raise HostError(f"{path}: {(error.strerror or str(error)).lower()}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: {error}", "mend that line") from None
        try:
            settings._take(table)
        except UsageError as error:
            raise UsageError(f"{path}: {error.message}", error.remedy) from None
        return settings

    def _take(self, table: dict[str, Any]) -> None:
        for key, value in table.items():
            if key == "startup":
                if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
                    raise UsageError('startup: is no list of lines such as ["cd /etc"]')
                self.startup = tuple(value)
            elif key in ("alias", "variables"):
                pattern = ALIAS_NAME if key == "alias" else _NAME
                if not isinstance(value, dict) or not all(
                    isinstance(text, str) and pattern.fullmatch(name)
                    for name, text in value.items()
                ):
                    raise UsageError(f'{key}: is no table of NAME = "text"')
                (self.aliases if key == "alias" else self.variables).update(value)
            elif key in SETTINGS:
                self._values[key] = SETTINGS[key].parse(value)
                self._sources[key] = "config.toml"
            else:
                close = difflib.get_close_matches(key, [*SETTINGS, *_TABLES], 1)
                remedy = f"did you mean {close[0]}?" if close else "guestctl config lists them"
                raise UsageError(f"there is no setting {key!r}", remedy)

    def __getitem__(self, name: str) -> Value:
        return self._values.get(name, SETTINGS[name].default)

    def text(self, name: str) -> str:
        """Give a setting that is a text."""
        return str(self[name])

    @staticmethod
    def text_of(value: Value) -> str:
        """Give a value as it is typed."""
        return ("yes" if value else "no") if isinstance(value, bool) else value

    def source(self, name: str) -> str:
        """Say where a setting's value comes from: `default`, `config.toml` or `session`."""
        return self._sources.get(name, "default")

    def variable(self, name: str) -> str:
        """Give what `$name` stands for. Raises UsageError when it was never set."""
        if name in self.variables:
            return self.variables[name]
        if name in SETTINGS:
            return self.text_of(self[name])
        close = difflib.get_close_matches(name, [*self.variables, *SETTINGS], 1)
        remedy = f"did you mean ${close[0]}?" if close else f"set {name} VALUE sets it"
        raise UsageError(f"${name} is not set", remedy)

    def set(self, name: str, text: str) -> None:
        """Set a setting, or a variable of the user's own. Raises UsageError."""
        if name in SETTINGS:
            self._values[name] = SETTINGS[name].parse(text)
            self._sources[name] = "session"
            return
        if not _NAME.fullmatch(name) or name in _TABLES:
            raise UsageError(f"{name!r} is no name for a variable", "letters, digits and _")
        if close := difflib.get_close_matches(name, SETTINGS, 1, cutoff=0.8):
            raise UsageError(f"there is no setting {name!r}", f"did you mean {close[0]}?")
        self.variables[name] = text

    def unset(self, name: str) -> None:
        """Forget a variable, or give a setting its default again. Raises UsageError."""
        if name in SETTINGS:
            self._values.pop(name, None)
            self._sources.pop(name, None)
        elif self.variables.pop(name, None) is None:
            raise UsageError(f"${name} is not set")

    # -- keeping ---------------------------------------------------------------------------------

    def keep(self, name: str) -> None:
        """Write a setting or variable into config.toml, or its absence. Raises HostError."""
        if name in SETTINGS:
            value = self._values.get(name)
            self._edit((), name, value)
            if value is not None:
                self._sources[name] = "config.toml"
        else:
            self._edit(("variables",), name, self.variables.get(name))

    def keep_alias(self, name: str) -> None:
        """Write an alias into config.toml, or its absence. Raises HostError."""
        self._edit(("alias",), name, self.aliases.get(name))

    def _edit(self, table: tuple[str, ...], key: str, value: Value | None) -> None:
        import tomlkit

        from guestshell.output.host_file import HostFile

        if self.path is None:
            raise HostError("there is no config.toml in this run to keep it in")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            document = (
                tomlkit.parse(self.path.read_text(encoding="utf-8"))
                if self.path.exists()
                else tomlkit.document()
            )
            place: Any = document
            for name in table:
                if name not in place:
                    place[name] = tomlkit.table()
                place = place[name]
            if value is None:
                place.pop(key, None)
            else:
                place[key] = value
            with HostFile(self.path, overwrite=True) as file:
                file.write(tomlkit.dumps(document).encode())
        except OSError as error:
            raise HostError(f"{self.path}: {(error.strerror or str(error)).lower()}") from None


def config_path() -> Path:
    """Give where config.toml stands: $GUESTCTL_CONFIG, or in the user's config directory."""
    import platformdirs

    chosen = os.environ.get("GUESTCTL_CONFIG")
    return Path(chosen) if chosen else directory_of(platformdirs.user_config_dir) / "config.toml"
