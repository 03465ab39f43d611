"""Logs and traces of the teaching image, through a real appliance."""

import json

import pytest

from tests.conftest import Console

pytestmark = pytest.mark.appliance


def test_logs_are_one_in_time(console: Console) -> None:
    lines = console.lines("logs")
    assert console.error == ""
    times = [line.split(" identifier")[0][:20] for line in lines]
    assert times == sorted(times)
    assert any("COMMAND=/usr/bin/install" in line for line in lines)
    # 02:11 in Berlin, in March, is 01:11 in UTC
    [accepted] = json.loads(console.run("logs -u sshd -g '^Accepted password' -o json"))
    assert accepted["time"] == "2026-03-14T01:23:07.000000000Z"
    assert (accepted["pid"], accepted["host"]) == (2301, "web01")
    assert console.lines("logs -n 3") == lines[-3:]
    assert console.lines("logs -n 3 --reverse") == lines[-3:][::-1]
    in_text = "logs -u sshd -u sudo | where source =~ auth.log"
    assert console.lines("logs /var/log/auth.log*") == console.lines(in_text)


def test_the_journal_kept_what_was_taken_out_of_the_text(console: Console) -> None:
    rows = json.loads(console.run("logs --grep sysupd -o json"))
    assert [row["source"].rpartition("/")[2] for row in rows] == 2 * ["system.journal"]


def test_a_unit_typed_as_a_path_is_explained(console: Console) -> None:
    assert console.run("logs sshd") == ""
    assert "logs -u sshd" in console.error
    console.run("logs -p loud")
    assert "emerg" in console.error
    console.run("logs --since yesteryear")
    assert "neither a time nor an age" in console.error


def test_traces_of_the_break_in(console: Console) -> None:
    assert any("/usr/lib/.cache/kworker" in line for line in console.lines("suid -o csv"))
    rows = json.loads(console.run("recent -n 30 -o json"))
    changed = [row["changed"] for row in rows]
    assert len(rows) == 30
    assert changed == sorted(changed, reverse=True)
    assert not any(row["kind"] == "directory" for row in rows)
    assert console.run("world-writable -o json") != ""
    sticky = json.loads(console.run("world-writable --sticky -o json"))
    assert "/tmp" in [row["path"] for row in sticky]
    [longest] = json.loads(console.run("large --apparent -n 1 -o json"))
    assert longest["path"] == "/var/log/huge.log"
    assert json.loads(console.run("large /etc --at-least 1G -o json")) == []
