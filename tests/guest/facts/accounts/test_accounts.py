import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.accounts.homes import read_homes
from guestshell.guest.facts.accounts.passwd import check_groups, parse_groups
from guestshell.guest.facts.accounts.shadow import DAY, hash_scheme, parse_shadow
from guestshell.guest.facts.accounts.users import read_accounts
from tests.guest.facts.host_tree import make_tree
from tests.guest.facts.logins.test_sessions import LOGIN, packed

PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
alice:x:1000:1000:Alice Example,,,:/home/alice:/bin/bash
bob:x:1001:100::/home/bob:/bin/zsh
toor:x:0:0::/tmp:/bin/sh
old:$1$salt$hash:1002:100::/home/old:/bin/sh
+nis::::::
"""
SHADOW = """root:!:20100:0:99999:7:::
daemon:*:20100:0:99999:7:::
alice:$y$j9T$salt$hash:20454:0:90:7::20820:
bob:!$6$salt$hash:0:0:99999:7:::
toor::20526:0:99999:7:::
"""
GROUP = """root:x:0:
sudo:x:27:alice
users:x:100:
docker:x:998:alice,bob
alice:x:1000:
"""


FILES = {"/etc/passwd": PASSWD, "/etc/shadow": SHADOW, "/etc/group": GROUP}


def test_an_account_is_put_together(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            **FILES,
            "/etc/sudoers": "%sudo ALL=(ALL:ALL) ALL\n",
            "/var/log/wtmp": packed(LOGIN, "alice", "pts/0", "192.0.2.15", 1773389400),
        },
    )
    accounts = {str(account.name): account for account in read_accounts(tree)}
    assert tree.warnings == []
    assert list(accounts) == ["root", "daemon", "alice", "bob", "toor", "old"]
    alice = accounts["alice"]
    assert (alice.uid, alice.group, alice.groups) == (1000, "alice", ("sudo", "docker"))
    assert (alice.password, alice.scheme) == ("set", "yescrypt")
    assert alice.password_changed == 20454 * DAY
    assert alice.password_ends == (20454 + 90) * DAY
    assert alice.expires == 20820 * DAY
    assert (alice.last_login, alice.login_from) == (1773389400 * 10**9, "192.0.2.15")
    assert alice.sudo == ("(ALL : ALL) ALL",)
    bob = accounts["bob"]
    assert (bob.group, bob.password, bob.scheme, bob.must_change) == (
        "users", "locked", "sha512crypt", True,
    )  # fmt: skip
    assert bob.password_changed is bob.password_ends is bob.expires is bob.last_login is None
    assert bob.sudo == ()
    assert (accounts["toor"].uid, accounts["toor"].password) == (0, "none")
    assert (accounts["old"].password, accounts["old"].scheme) == ("set", "md5crypt")


def test_lastlog_is_of_all_who_share_a_uid(tmp_path: Path) -> None:
    at = 1773389400
    tree = make_tree(
        tmp_path,
        {
            **FILES,
            "/var/log/wtmp": packed(LOGIN, "root", "pts/0", "192.0.2.15", at - 1000),
            "/var/log/lastlog": struct.pack("<I32s256s", at, b"pts/1", b"203.0.113.77"),
        },
    )
    last = {str(a.name): (a.last_login, a.login_from) for a in read_accounts(tree)}
    assert last["root"] == last["toor"] == (at * 10**9, "203.0.113.77")
    assert last["alice"] == (None, "")


def test_what_is_missing_or_damaged_is_said(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/etc/passwd": "root:x:0:0::/root:/bin/sh\nbroken\nx:x:y:0::/:/\n"})
    [root] = read_accounts(tree)
    assert (root.name, root.group, root.password, root.scheme) == ("root", "0", "unknown", "")
    assert tree.warnings == ["/etc/passwd: lines 2, 3: damaged, and left out"]


def test_no_passwd_is_warned_of(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/etc/group": GROUP})
    assert read_accounts(tree) == []
    assert tree.warnings == ["/etc/passwd: no such file or directory"]


def test_groups_know_their_users_and_administrators(tmp_path: Path) -> None:
    groups = parse_groups(GROUP.encode(), PASSWD.encode(), b"docker:!:alice,bob:bob\nsudo:*::\n")
    by_name = {str(group.name): group for group in groups}
    assert by_name["docker"].administrators == ("alice", "bob")
    assert by_name["docker"].members == ("alice", "bob")
    assert by_name["users"].primary == ("bob", "old")
    assert by_name["root"].primary == ("root", "toor")
    tree = make_tree(tmp_path, {"/etc/group": f"{GROUP}torn:x:\n"})
    check_groups(tree)
    assert tree.warnings == ["/etc/group: line 6: damaged, and left out"]


SALTS = {
    "$y$j9T$abcdefgh": "yescrypt",
    "$gy$j9T$abcdefgh": "gost-yescrypt",
    "$7$CU..../....abcdefgh": "scrypt",
    "$2b$05$abcdefghijklmnopqrstuu": "bcrypt",
    "$6$abcdefgh": "sha512crypt",
    "$5$abcdefgh": "sha256crypt",
    "$sha1$40000$abcdefgh": "sha1crypt",
    "$md5,rounds=100$abcdefgh$": "sunmd5",
    "$1$abcdefgh": "md5crypt",
    "$3$": "nt",
    "_J9..rasm": "bsdicrypt",
    "ab": "descrypt",
}


@pytest.mark.parametrize("salt", SALTS)
def test_schemes_are_those_of_libcrypt(salt: str) -> None:
    try:
        made = subprocess.run(
            ["perl", "-e", 'print crypt("secret", $ARGV[0]) // ""', salt],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    except FileNotFoundError:
        pytest.skip("no perl here")
    if not made or made.startswith("*"):
        pytest.skip("this host's libcrypt does not know it")
    assert hash_scheme(made) == hash_scheme(f"!{made}") == SALTS[salt]


def test_what_is_no_hash_has_no_scheme() -> None:
    assert {hash_scheme(field) for field in ("", "*", "!", "!!", "x", "NP", "*LK*", "$9$a")} == {""}


def test_ages_that_are_none() -> None:
    lines = b"a:x:20000:0:10000:7:::\nb:x:-1:0:90::::\nc:x:99999999999:0:9:::-1:\nd:x\n"
    found = {str(name): password for name, password in parse_shadow(lines).items()}
    assert all(password.ends is None for password in found.values())
    assert found["a"].changed == 20000 * DAY
    assert found["b"].changed is found["c"].changed is found["c"].account_ends is None


def test_homes_are_each_given_once(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/etc/passwd": f"{PASSWD}twin:x:2:100::/home/alice/:/bin/sh\nno:x:5:5::none:/\n",
            "/home/gone/.bash_history": "ls\n",
        },
    )
    homes = {str(home.path): str(home.user) for home in read_homes(tree)}
    assert homes["/home/alice"] == "alice"
    assert homes["/home/gone"] == str((tmp_path / "home/gone").stat().st_uid)
    assert "none" not in homes and "/none" not in homes


@given(st.binary(max_size=400))
def test_no_bytes_make_the_parsers_fail(data: bytes) -> None:
    parse_shadow(data)
    parse_groups(data, data, data)
    for line in data.split(b"\n"):
        hash_scheme(line.decode("utf-8", "surrogateescape"))
