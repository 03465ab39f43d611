import contextlib
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.errors import HostError, UsageError
from guestshell.settings import ALIAS_NAME, SETTINGS, Settings
from tests.test_cli import guestctl


def test_every_setting_has_a_default_that_it_accepts() -> None:
    for name, setting in SETTINGS.items():
        assert setting.parse(setting.default) == setting.default
        assert Settings()[name] == setting.default
        assert Settings().source(name) == "default"
        assert setting.help.endswith(".")


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'output = "json"\nsuggest = false\nstartup = ["cd /etc"]\n'
        '[alias]\nll = "ls -l"\n[variables]\ncase = "/srv"\n'
    )
    settings = Settings.load(file)
    assert settings["output"] == "json"
    assert settings["suggest"] is False
    assert settings.source("output") == "config.toml"
    assert settings.startup == ("cd /etc",)
    assert settings.aliases == {"ll": "ls -l"}
    assert settings.variable("case") == "/srv"
    assert settings.variable("suggest") == "no"


def test_no_file_is_no_error(tmp_path: Path) -> None:
    assert Settings.load(tmp_path / "nothing")["output"] == "table"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('ouput = "json"', "did you mean output?"),
        ('zzz = "json"', "guestctl config lists them"),
        ('output = "xml"', "they are table, json, jsonl, csv, yaml"),
        ("output = 3", "is no text"),
        ('suggest = "perhaps"', "neither yes nor no"),
        ('prompt = "{cwd}"', "{cwd} is none of {path}, {directory}, {image}"),
        ('theme = "nothing"', "no Pygments style"),
        ("startup = 'cd'", "is no list of lines"),
        ("alias = 'x'", "is no table of"),
        ("[alias]\n'a b' = 'x'", "is no table of"),
        ("output =", "Invalid value"),
        ("\x00", "config.toml"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_a_line(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as raised:
        Settings.load(file)
    assert str(file) in str(raised.value)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="is a directory"):
        Settings.load(tmp_path)


def test_keeping_leaves_the_rest_of_the_file_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "config.toml"
    settings = Settings.load(file)
    settings.set("output", "csv")
    settings.keep("output")
    file.write_text("# mine\n" + file.read_text() + "# end\n")
    settings.aliases["ll"] = "ls -l"
    settings.keep_alias("ll")
    settings.set("case", "a \"b\" 'c'\n")
    settings.keep("case")
    kept = Settings.load(file)
    assert kept["output"] == "csv"
    assert kept.aliases == {"ll": "ls -l"}
    assert kept.variable("case") == "a \"b\" 'c'\n"
    settings.unset("output")
    settings.keep("output")
    text = file.read_text()
    assert "output" not in tomllib.loads(text)
    assert text.startswith("# mine\n")
    assert "# end" in text


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings(tmp_path / "file" / "config.toml")
    settings.set("output", "csv")
    with pytest.raises(HostError, match="file exists"):
        settings.keep("output")
    with pytest.raises(HostError, match="no config"):
        Settings().keep("output")


@pytest.mark.parametrize("name", ["..", "a.b", "2up", "@x", "l-l", "+"])
def test_any_alias_that_can_be_kept_can_be_read(tmp_path: Path, name: str) -> None:
    settings = Settings(tmp_path / "config.toml")
    assert ALIAS_NAME.fullmatch(name)
    settings.aliases[name] = "cd .."
    settings.keep_alias(name)
    assert Settings.load(tmp_path / "config.toml").aliases == {name: "cd .."}


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("config.toml")
    settings = Settings(tmp_path / "link")
    settings.set("output", "csv")
    settings.keep("output")
    assert (tmp_path / "link").is_symlink()
    assert Settings.load(tmp_path / "config.toml")["output"] == "csv"


def test_variables() -> None:
    settings = Settings()
    settings.set("case", "17")
    assert settings.variable("case") == "17"
    with pytest.raises(UsageError, match="did you mean \\$case"):
        settings.variable("cas")
    with pytest.raises(UsageError, match="did you mean output"):
        settings.set("outputs", "json")
    with pytest.raises(UsageError, match="is no name"):
        settings.set("a b", "x")
    with pytest.raises(UsageError, match="is no name"):
        settings.set("startup", "x")
    settings.unset("case")
    with pytest.raises(UsageError, match="is not set"):
        settings.unset("case")


@given(st.binary(max_size=60))
def test_no_file_makes_reading_fail_otherwise(tmp_path_factory, data: bytes) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path_factory.mktemp("config") / "config.toml"
    file.write_bytes(data)
    with contextlib.suppress(UsageError):
        Settings.load(file)


def test_the_program_shows_them(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('output = "csv"\n')
    done = guestctl("config", "-o", "jsonl", environment={"GUESTCTL_CONFIG": str(file)})
    assert done.returncode == 0
    assert b'"name": "output", "value": "csv", "source": "config.toml"' in done.stdout
    assert str(file).encode() in done.stderr
    file.write_text('ouput = "csv"\n')
    done = guestctl("config", environment={"GUESTCTL_CONFIG": str(file)})
    assert done.returncode == 2
    assert b"did you mean output?" in done.stderr
    assert done.stderr.count(b"\n") == 1
