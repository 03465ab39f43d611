"""Every command on the teaching image, as lines of a session."""

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from guestshell import Guest
from guestshell.commands import COMMANDS, FILTERS
from guestshell.commands.context import Leave
from guestshell.demo import story
from guestshell.errors import ExitCode, GuestError
from guestshell.output.bytes import numbered_lines
from tests.conftest import Console

pytestmark = pytest.mark.appliance


def host(root: Path, *command: str) -> list[str]:
    done = subprocess.run(
        command, cwd=root, capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=False
    )
    return done.stdout.decode("utf-8", "surrogateescape").splitlines()


EXAMPLES = [
    example
    for declared in [*COMMANDS.values(), *FILTERS.values()]
    for example in declared.examples
    if not example.startswith(("mount ", "umount "))
]
PREPARED = {
    "unset case": "set case /srv",
    "echo $case": "set case /srv",
    "unalias ll": "alias ll 'ls -l'",
    "source ~/case/first-look.guestctl": (
        "!mkdir -p ~/case; echo pwd > ~/case/first-look.guestctl"
    ),
    "save /var/log/auth.log ~/case/auth.log": "!mkdir -p ~/case",
    "log stop": "log start x.jsonl",
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_runs(
    console: Console, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    console.session.settings.path = tmp_path / "config.toml"
    if example in ("exit", "quit"):
        with pytest.raises(Leave):
            console.run(example)
        return
    console.run("cd /etc")
    console.run("cd /")
    if prepare := PREPARED.get(example):
        console.run(prepare)
    console.run(example)
    if example.startswith("record "):
        assert "record stop" in example or "no terminal to record" in console.error
        return
    if example.startswith("index"):
        assert "nothing is kept" in console.error
        return
    assert console.status in (ExitCode.DONE, ExitCode.FAILED), console.error
    if console.status is ExitCode.FAILED:
        # an example may name a file that this image does not have, or be of Windows
        problem = "no such file|there is no Windows here|there are no event logs"
        assert re.search(problem, console.error), console.error


def test_cd_and_pwd(console: Console) -> None:
    console.run("cd /srv/names/..")
    assert console.run("pwd") == "/srv\n"
    console.run("cd names")
    console.run("cd -")
    assert console.run("pwd") == "/srv\n"
    console.run("cd")
    assert console.run("pwd") == "/\n"
    console.run("cd /bin")
    console.run("cd ..")
    assert console.run("pwd") == "/\n", "a symlink is left by name, as shells do"
    console.run("cd /nope")
    assert console.status is ExitCode.FAILED
    assert console.run("pwd") == "/\n"


def test_cd_minus_without_a_past(demo_guest: Guest) -> None:
    console = Console(demo_guest)
    console.run("cd -")
    assert "no directory before this one" in console.error


def test_ls_orders(console: Console) -> None:
    sizes = console.lines("ls -lS /var/log")[1:]
    largest = ["huge.log", "lastlog", "btmp", "syslog", "auth.log"]
    assert [line.split()[-1] for line in sizes][:5] == largest
    names = console.lines("ls /var/log")
    assert names == sorted(names) and len(names) == 9
    assert console.lines("ls -r /var/log") == names[::-1]
    assert console.lines("ls -d /etc /bin") == ["/etc", "/bin"]
    assert console.lines("ls /etc/hostname") == ["/etc/hostname"]
    assert "2.0G" in console.run("ls -lh /var/log")
    assert console.lines("ls /home/alice") == ["notes.txt"]
    assert console.lines("ls -a /home/alice") == [
        ".bash_history",
        ".bashrc",
        ".psql_history",
        ".zsh_history",
        "notes.txt",
    ]


def test_ls_names_are_their_own_bytes_in_a_pipe(console: Console) -> None:
    expected = sorted(
        path.removeprefix("/srv/names/").encode("utf-8", "surrogateescape")
        for path in story.TEXTS
        if path.startswith("/srv/names/")
    )
    assert console.bytes("ls /srv/names") == b"".join(name + b"\n" for name in expected)


FINDS = [
    "-name *.log", "-iname HOST*", "-type d", "-type l", "-type p", "-size +100k",
    "-size -2 -type f", "-size 1 -type f", "-size 14c", "-maxdepth 2 -name *s",
    "-path */ssh/*", "-name [!a-m]* -maxdepth 1", "-perm -4000", "-perm /111 -type f",
    "-perm 755 -type d -maxdepth 1",
]  # fmt: skip


@pytest.mark.parametrize("tests", FINDS)
def test_find_finds_what_find_finds(console: Console, staged: Path, tests: str) -> None:
    words = tests.split()
    if "-maxdepth" in words:  # find(1) wants its global option first
        at = words.index("-maxdepth")
        words = words[at : at + 2] + words[:at] + words[at + 2 :]
    expected = {line.removeprefix(".") or "/" for line in host(staged, "find", ".", *words)}
    found = set(console.lines("find / " + " ".join(f"'{word}'" for word in tests.split())))
    assert found - {"/lost+found"} == expected


def test_find_tells_by_owner_age_and_prune(console: Console) -> None:
    assert set(console.lines("find /home -user alice")) == set(
        console.lines("find /home -user 1000")
    )
    assert console.lines("find /etc/cron.d -mtime +0 -name '*'")
    assert console.lines("find /etc/ssh -newer /etc/passwd") == []
    assert console.lines("find /etc -type f -newer /etc/hosts") == [
        "/etc/nftables.conf",
        "/etc/wireguard/wg9.conf",
    ]
    assert console.lines("find / -name 'sess_0000*' -prune cache") == []
    assert console.lines("find /srv/names -name '*space*'") == ["/srv/names/with space.txt"]
    console.run("find / -size big")
    assert console.status is ExitCode.USAGE
    assert "'big' is not [+-]NUMBER" in console.error
    console.run("find /nope")
    assert "no such file" in console.error


def test_cat(console: Console) -> None:
    both = console.bytes("cat /etc/hostname /etc/fstab")
    assert both.decode() == story.TEXTS["/etc/hostname"] + story.TEXTS["/etc/fstab"]
    assert console.lines("cat -n /etc/hosts")[1].startswith("     2  192.0.2.10")
    assert console.bytes("cat /usr/bin/bash") == story.PROGRAMS["/usr/bin/bash"][0]


@pytest.mark.parametrize("path", ["/etc/passwd", "/var/log/syslog", "/etc/hostname"])
@pytest.mark.parametrize(
    "options", ["", "-n 1", "-n 0", "-n 5", "-n 5000", "-c 7", "-c 0", "-c 99999"]
)
@pytest.mark.parametrize("command", ["head", "tail"])
def test_head_and_tail_agree_with_the_hosts(
    console: Console, staged: Path, command: str, options: str, path: str
) -> None:
    expected = subprocess.run(
        [command, *options.split(), path[1:]], cwd=staged, capture_output=True, check=True
    )
    assert console.bytes(f"{command} {options} {path}") == expected.stdout


def test_tail_of_a_huge_file_reads_its_end_only(console: Console) -> None:
    assert console.run("tail -n 1 /var/log/huge.log") == "the last line of a sparse log\n"


GREPS = [
    "root /etc/passwd", "-n Accepted /var/log/auth.log", "-v Failed /var/log/auth.log",
    "-i -n ROOT /etc/passwd", "-E -n 'alice|backup' /etc/passwd", "-F . /etc/hosts",
    "-l root /etc/passwd /etc/group /etc/hostname", "-n x /etc/passwd /etc/group",
    "-r -l 203.0.113.77 /home", "zzz /etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("arguments", GREPS)
def test_grep_finds_what_grep_finds(console: Console, staged: Path, arguments: str) -> None:
    shell = f"grep {arguments}".replace(" /", " ./")
    expected = [line.removeprefix(".") for line in host(staged, "bash", "-c", shell)]
    assert sorted(console.lines(f"grep {arguments}")) == sorted(expected)


def test_grep_context_and_binary(console: Console) -> None:
    lines = console.lines("grep -C 1 -n '^daemon' /etc/passwd")
    assert [line.split(":")[0] for line in lines] == ["1", "2", "3"]
    assert console.lines("grep backdoor /usr/lib/.cache/kworker") == ["binary file fits"]
    console.run("grep '(' -E /etc/passwd")
    assert console.status is ExitCode.USAGE


def test_hexdump_agrees_with_the_hosts(console: Console, staged: Path) -> None:
    for options in ("", "-n 20", "-s 3 -n 33", "-s 0x10"):
        expected = host(staged, "hexdump", "-v", "-C", *options.split(), "usr/bin/ls")
        if not expected:
            pytest.skip("this host has no hexdump")
        ours = [line.rstrip() for line in console.lines(f"hexdump {options} /usr/bin/ls")]
        assert [line.split() for line in ours] == [line.split() for line in expected]
    console.run("hexdump -n x /etc/passwd")
    assert console.status is ExitCode.USAGE


def test_strings(console: Console) -> None:
    assert story.MARKER.decode() in console.lines("strings /usr/lib/.cache/kworker")
    assert console.lines("strings -n 500 /usr/lib/.cache/kworker") == []


def test_file_and_stat(console: Console) -> None:
    assert "ELF 64-bit" in console.run("file /usr/bin/bash")
    assert console.lines("file /bin") == ["/bin: symlink to usr/bin"]
    assert console.lines("file /run/initctl") == ["/run/initctl: fifo"]
    lines = console.lines("stat /etc/shadow")
    assert "Permissions: 0640" in lines
    assert "SELinux: system_u:object_r:shadow_t:s0" in lines
    modified = story.TIMES["/etc/shadow"]
    assert f"Modified: 2026-03-14 01:25:11.{0:09d}Z ({modified}000000000 ns)" in lines
    assert "Owner: root" in lines


def test_du_agrees_with_its_own_parts(console: Console) -> None:
    whole = int(console.lines("du -s -b /var")[1].split()[0])
    parts = console.lines("du -b /var")[1:]
    assert int(parts[-1].split()[0]) == whole
    children = sum(int(line.split()[0]) for line in parts[:-1])
    own = int(console.lines("stat /var")[3].split()[1])
    assert children + own == whole


def test_hash_agrees_with_sha256sum(console: Console, tmp_path: Path) -> None:
    assert console.run("hash -a sha1 /etc/hostname").startswith(
        hashlib.sha1(b"web01\n").hexdigest() + "  /etc/hostname"
    )
    rows = console.lines("hash -r /etc")
    assert len(rows) == sum(path.startswith("/etc/") for path in (*story.TEXTS, *story.PROGRAMS))


def test_packages_users_groups(console: Console) -> None:
    assert [line.split()[0] for line in console.lines("packages 'openssh-*'")[1:]] == [
        "openssh-client",
        "openssh-server",
    ]
    assert console.run("packages nothing-like-it") == ""
    assert any(line.split()[:2] == ["sysupd", "0"] for line in console.lines("users"))
    assert any("alice, backup" in line for line in console.lines("groups"))


def test_storage_commands(console: Console) -> None:
    assert "/dev/sda" in console.run("disks")
    assert "0x83" in console.run("partitions")
    assert "ext4" in console.run("filesystems")
    assert "/dev/sda1" in console.run("mounts")
    assert "%" in console.run("df")
    console.run("mount /dev/nope /mnt")
    assert "no such device" in console.error
    console.run("mount /dev/sda /mnt")
    assert "has partitions" in console.error
    console.run("umount /mnt")
    assert "nothing is mounted there" in console.error
    console.run("mount /dev/sda1 /mnt")
    assert console.run("cat /mnt/etc/hostname") == "web01\n"
    console.run("cd /mnt/etc")
    console.run("umount /mnt")
    assert "the current directory is in it" in console.error
    console.run("cd /")
    console.run("umount /")
    assert "mounted below it" in console.error
    console.run("umount /mnt")
    assert console.status is ExitCode.DONE
    assert console.run("ls /mnt") == ""


def test_save(console: Console, tmp_path: Path) -> None:
    rows = console.lines(f"save /etc/hostname /etc/hosts {tmp_path}")
    assert hashlib.sha256(b"web01\n").hexdigest() in rows[1]
    assert {path.name for path in tmp_path.iterdir()} == {"hostname", "hosts"}
    console.run(f"save /etc/hostname {tmp_path}")
    assert "exists already (--force overwrites it)" in console.error
    console.run(f"save /etc {tmp_path}/etc")
    assert "is a directory (save -r saves it whole)" in console.error
    console.run(f"save /etc/hostname /etc/hosts {tmp_path}/nowhere")
    assert "is not a directory" in console.error
    console.run(f"save /etc/hostname {tmp_path}/no/such/place")
    assert "this host has no such directory" in console.error
    console.run("save --force /etc/hostname /dev/null")
    assert "is not overwritten" in console.error
    assert Path("/dev/null").is_char_device()
    assert "skipped" in console.run(f"save -r /srv {tmp_path}").lower()


def test_help(console: Console) -> None:
    assert console.lines("help")[0] == "Available commands"
    assert "Usage: find [OPTIONS] [PATH]..." in console.lines("help find")
    assert console.lines("find --help") == console.lines("find -h")
    assert any(line.startswith("hash") for line in console.lines("help /sha256"))
    assert "No page mentions" in console.run("help /qqqq")
    console.run("help fnd")
    assert "did you mean find?" in console.error


def test_history_and_clear(console: Console) -> None:
    console.session.context.history = lambda: ["cat a", "ls", "cat b"]
    assert [line.split()[0] for line in console.lines("history")[1:]] == ["1", "2", "3"]
    assert len(console.lines("history 2")) == 3
    assert console.lines("history 5 cat")[1:] == ["     1  cat a", "     3  cat b"]
    assert console.run("clear") == ""


def test_one_bad_path_does_not_stop_the_others(console: Console) -> None:
    for command in ("cat", "hash", "ls -1", "stat", "file", "grep web01", "du -s"):
        output = console.run(f"{command} /nope /etc/hostname")
        assert console.status is ExitCode.FAILED
        assert "/nope: no such file or directory" in console.error
        if command != "du -s":
            assert "hostname" in output or "web01" in output, command


def test_a_second_root_account_is_found(console: Console) -> None:
    assert "/etc/passwd" in console.lines("find /etc -user sysupd")
    console.run("find /etc -user nobody-at-all")
    assert "the guest has no user 'nobody-at-all'" in console.error


def test_a_slash_at_the_end_follows_a_link(console: Console) -> None:
    assert console.lines("find /bin") == ["/bin"]
    assert "/usr/bin/bash" in console.lines("find /bin/")


def test_a_checksum_list_cannot_be_forged(console: Console, tmp_path: Path, staged: Path) -> None:
    listing = console.run("hash -r /srv/names")
    assert "\\n" in listing
    assert len(listing.splitlines()) == len(console.lines("find /srv/names -type f -name '*'")) - 1
    (tmp_path / "sums").write_bytes(
        console.bytes("hash -r /srv/names").replace(b"  /srv", b"  " + bytes(staged) + b"/srv")
    )
    subprocess.run(["sha256sum", "-c", "--quiet", tmp_path / "sums"], check=True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("head -n 99999999999999999999 /etc/passwd", "is not in the range"),
        ("grep -C 99999999999999999999 x /etc/passwd", "is not in the range"),
        ("grep '[' /etc/passwd", "has a [ without its ]"),
        ("save /etc/hostname ~nobody-here/x", "no such user"),
        ("save /etc/hostname $'a\\0b'", "NUL"),
        ("cat $'a\\0b'", "NUL"),
        ("cat ''", "an empty path leads nowhere"),
        ("cat /etc/*.nothing", "nothing has a name that fits"),
        ("ls | nosuchthing", "column 6: nosuchthing: neither a filter nor a program"),
        ("ls > /nonexistent/x", "this host has no such directory"),
        ("ls | where sise > 3", "did you mean size?"),
        ("cat /etc/passwd | sort uid", "text has no fields to sort by"),
        ("where size > 3", "stands after a |"),
        ("!nosuchprogram", "this host has no such program"),
        ("echo $nothing", "$nothing is not set"),
        ("cat $nothing", "$nothing is not set"),
        ("ls |", "column 4: nothing follows the |"),
        ("ls & pwd", "column 4: & means nothing here"),
        ("ls < x", "column 4: < means nothing here"),
        ("set ouput json", "did you mean output?"),
        ("set output xml", "they are table, json"),
        ("alias a 'ls |'", "nothing follows the |"),
        ("source /nonexistent", "source: /nonexistent: no such file or directory"),
        ("!99", "no such line in the history"),
        ("record x.cast", "no terminal to record"),
        ("log start /nonexistent/x", "nonexistent"),
        ("find / -exec rm", "no such option: -exec"),
        ("cat $'/srv/no\\nsuch'", r"$'/srv/no\nsuch': no such file"),
        ("cd /srv/loop", "too many levels of symbolic links"),
        ("mount /dev/sda1 /etc/hostname", "is not a directory"),
        ("ls \\", "nothing follows the backslash"),
    ],
)
def test_bad_input_gets_one_line(console: Console, line: str, words: str) -> None:
    console.run(line)
    assert console.status in (ExitCode.FAILED, ExitCode.USAGE)
    assert words in console.error
    assert console.error.count("\n") == 1


def test_a_defect_of_one_command_does_not_end_the_session(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(COMMANDS["ls"], "callback", broken)
    console.run("ls")
    assert (
        console.error
        == "ls: unexpected ZeroDivisionError: division by zero (--verbose shows where)\n"
    )
    assert console.status is ExitCode.FAILED


def test_the_same_error_reads_the_same_twice(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = GuestError("it broke")

    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(COMMANDS["ls"], "callback", broken)
    first = (console.run("ls"), console.error)
    assert (console.run("ls"), console.error) == first == ("", "ls: it broke\n")


def test_lines_behind_a_long_one_keep_their_numbers() -> None:
    blocks = [b"a" * 100_000, b"b" * 100_000 + b"\nsecond\n", b"third"]
    assert [number for number, _ in numbered_lines(blocks)][-2:] == [2, 3]
    whole = "".join(part for number, part in numbered_lines(blocks) if number == 1)
    assert whole == "a" * 100_000 + "b" * 100_000


def test_du_of_equal_sizes_is_in_the_order_of_names(console: Console) -> None:
    rows = [line.split() for line in console.lines("du -b -a /home/alice")[1:-1]]
    assert rows == sorted(rows, key=lambda row: (-int(row[0]), row[1]))
