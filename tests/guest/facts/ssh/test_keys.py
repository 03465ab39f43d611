import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.ssh.keys import read_ssh_keys
from guestshell.guest.facts.ssh.public_key import parse_key, parse_key_line
from guestshell.guest.facts.ssh.ssh_key import SshKey
from guestshell.guest.facts.ssh.sshd_config import place_of
from tests.guest.facts.host_tree import HostTree, make_tree

PASSWD = """root:x:0:0:root:/root:/bin/bash
alice:x:1000:1000::/home/alice:/bin/bash
bob:x:1001:1001::/home/bob:/bin/sh
"""
ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIL9jB8E5mjwq6oX8mMZm7VnMcQZyBv3zO7V2q0mLx1hT"
SK = (
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIL9jB8E5mjwq6oX8mMZm7VnMcQZyBv3zO7V2q0mLx1hTAAAABH"
    "NzaDo="
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give public keys and certificates by name, made by ssh-keygen."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("no ssh-keygen here")
    place = tmp_path_factory.mktemp("keys")

    def keygen(*words: str) -> None:
        subprocess.run(["ssh-keygen", "-q", *words], cwd=place, check=True, capture_output=True)

    for name, kind, bits in (
        ("ed25519", "ed25519", "256"), ("rsa", "rsa", "2048"), ("ecdsa", "ecdsa", "521"),
    ):  # fmt: skip
        keygen("-t", kind, "-b", bits, "-N", "", "-C", f"{name} of somebody", "-f", name)
        keygen("-s", "ed25519", "-I", "an id", "-n", "alice", f"{name}.pub")
    return {path.stem: path.read_text().strip() for path in place.glob("*.pub")}


def asked_of_ssh_keygen(place: Path, lines: list[str]) -> list[tuple[str, ...]]:
    """Give bits, SHA256, MD5 and comment of each line as ssh-keygen reads them."""
    (place / "lines").write_text("\n".join(lines))
    outputs = [
        subprocess.run(
            ["ssh-keygen", "-l", "-E", digest, "-f", "lines"],
            cwd=place, capture_output=True, text=True, check=True,
        ).stdout.splitlines()
        for digest in ("sha256", "md5")
    ]  # fmt: skip
    found: list[tuple[str, ...]] = []
    for sha256, md5 in zip(*outputs, strict=True):
        bits, fingerprint, rest = sha256.split(" ", 2)
        found.append((bits, fingerprint, md5.split(" ")[1], rest.rpartition(" (")[0]))
    return found


def test_fingerprints_are_those_of_ssh_keygen(tmp_path: Path, made: dict[str, str]) -> None:
    assert len(made) == 6
    lines = [
        *made.values(),
        f'command="/bin/x \\"a b\\"",from="10.0.0.0/8,!x",no-pty {made["rsa"]}',
        f"cert-authority\t{made['ecdsa']}",
        f"ssh-ed25519 {ED25519} fixed",
        f"sk-ssh-ed25519@openssh.com {SK} a token",
    ]
    tree = make_tree(
        tmp_path, {"/etc/passwd": PASSWD, "/root/.ssh/authorized_keys": "\n".join(lines)}
    )
    keys = list(read_ssh_keys(tree))
    asked = asked_of_ssh_keygen(tmp_path, lines)
    assert [(str(k.bits), k.fingerprint, k.md5, k.comment) for k in keys] == asked
    assert keys[-4].options == ('command="/bin/x \\"a b\\""', 'from="10.0.0.0/8,!x"', "no-pty")
    assert keys[-3].options == ("cert-authority",)
    assert {key.type for key in keys} >= {"ssh-rsa", "ssh-rsa-cert-v01@openssh.com"}
    assert tree.warnings == []


def places(keys: list[SshKey]) -> list[tuple[str, str, str, int]]:
    return [(key.user, key.kind, key.file, key.line) for key in keys]


def test_keys_are_found_where_sshd_looks(tmp_path: Path) -> None:
    line = f"# a comment\n\nssh-ed25519 {ED25519} x\n"
    tree = make_tree(
        tmp_path,
        {
            "/etc/passwd": PASSWD,
            "/etc/ssh/sshd_config": 'AuthorizedKeysFile=%h/.ssh/keys "/etc/keys/%u" /etc/all\n'
            "Include sshd_config.d/*.conf\n",
            "/etc/ssh/sshd_config.d/a.conf": "authorizedkeysfile none\n"
            "TrustedUserCAKeys /etc/ssh/ca.pub\nMatch Group sftp\n AuthorizedKeysFile .sftp/%u%%\n",
            "/etc/ssh/sshd_config.d/b.bak": "AuthorizedKeysFile /no\n",
            "/etc/ssh/ca.pub": line,
            "/etc/ssh/ssh_host_ed25519_key.pub": line,
            "/etc/all": line,
            "/etc/keys/bob": line,
            "/no": line,
            "/home/alice/.ssh/keys": line,
            "/home/alice/.ssh/authorized_keys": line,
            "/home/alice/.ssh/id_ed25519.pub": line,
            "/home/bob/.sftp/bob%": line,
            "/home/gone/.ssh/keys": line,
        },
    )
    gone = str((tmp_path / "home/gone").stat().st_uid)
    assert places(list(read_ssh_keys(tree))) == [
        ("", "authorized", "/etc/all", 3),
        ("alice", "authorized", "/home/alice/.ssh/keys", 3),
        ("alice", "own", "/home/alice/.ssh/id_ed25519.pub", 3),
        ("bob", "authorized", "/etc/keys/bob", 3),
        ("bob", "authorized", "/home/bob/.sftp/bob%", 3),
        (gone, "authorized", "/home/gone/.ssh/keys", 3),
        ("", "authority", "/etc/ssh/ca.pub", 3),
        ("", "host", "/etc/ssh/ssh_host_ed25519_key.pub", 3),
    ]
    assert tree.warnings == []


def test_sshd_looks_in_two_places_by_itself(tmp_path: Path) -> None:
    line = f"ssh-ed25519 {ED25519}\n"
    tree = make_tree(
        tmp_path,
        {
            "/etc/passwd": PASSWD,
            "/root/.ssh/authorized_keys2": line,
            "/home/bob/.ssh/authorized_keys": "-> /root/.ssh/authorized_keys2",
            "/etc/dropbear/authorized_keys": line,
            "/etc/ssh/sshd_config": "Include /etc/*/x.conf\nMatch User x\nAuthorizedKeysFile /x\n",
        },
    )
    assert places(list(read_ssh_keys(tree))) == [
        ("root", "authorized", "/root/.ssh/authorized_keys2", 1),
        ("bob", "authorized", "/home/bob/.ssh/authorized_keys", 1),
        ("root", "authorized", "/etc/dropbear/authorized_keys", 1),
    ]
    assert tree.warnings == ["/etc/*/x.conf: is not included: its directory is a pattern"]


def test_a_damaged_key_stays_in_sight(tmp_path: Path) -> None:
    text = (
        f"ssh-ed25519 {ED25519[:-8]} short\nssh-rsa {ED25519} other\nssh-rsa\njunk\n"
        f"1024 35 12345 old@kind\nssh-ed25519 {ED25519}AAAA long\nssh-ed25519 {ED25519} good\n"
    )
    tree = make_tree(tmp_path, {"/etc/passwd": PASSWD, "/root/.ssh/authorized_keys": text})
    keys = list(read_ssh_keys(tree))
    assert [(key.line, key.comment, key.bits) for key in keys] == [
        (1, "short", None), (2, "other", None), (3, "", None), (6, "long", None), (7, "good", 256),
    ]  # fmt: skip
    assert [bool(key.fingerprint and key.md5) for key in keys] == [False] * 4 + [True]
    assert tree.warnings == [
        "/root/.ssh/authorized_keys: lines 1, 2, 3, 4, 5 and 1 more: no key that can be read"
    ]


def test_tokens_of_a_place() -> None:
    assert place_of("%h/.ssh/k", "bob", 1001, "/home/bob") == "/home/bob/.ssh/k"
    assert place_of(".ssh/k", "bob", 1001, "/home/bob") == "/home/bob/.ssh/k"
    assert place_of("/k/%u-%U-%%u-%x", "b%h", 1, "/h") == "/k/b%h-1-%u-%x"
    assert place_of("../../etc/k", "bob", 1001, "/home/bob") == "/etc/k"


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parsers_fail(data: bytes) -> None:
    parse_key_line(data.decode("utf-8", "surrogateescape"))
    parse_key(data.decode("latin-1"))


@settings(deadline=None)
@given(st.text('AuthorizedKeysFileInclude%hu*[]?= "\\\n/.#', max_size=200))
def test_no_configuration_makes_it_fail(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    root = tmp_path_factory.getbasetemp() / "sshd"
    (root / "etc/ssh").mkdir(parents=True, exist_ok=True)
    (root / "etc/ssh/sshd_config").write_text(f"AuthorizedKeysFile {text}\nInclude {text}\n{text}")
    list(read_ssh_keys(HostTree(root)))
