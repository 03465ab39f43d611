"""A guest whose index was built answers as one without, and starts no appliance for it."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from guestshell import Guest
from guestshell.errors import GuestShellError
from guestshell.guest.opening import NotYetKnown
from tests.conftest import Console, own_cache

pytestmark = pytest.mark.appliance

LINES = (
    *("boot", "cloud", "containers", "cron", "dns", "firewall", "fstab", "hosts", "kernels"),
    *("leases", "locale", "logins", "modules", "network", "routes", "selinux", "services"),
    *("shell-history", "ssh-keys", "timezone"),
    "cd /etc; pwd; ls",
    "df",
    "disks",
    "du -d 1 / | sort path",
    "find / -type f -name '*.conf'",
    "find /var -size +10M",
    "find / -newer /etc/passwd | first 3",
    "find /usr -perm -4000 -user root",
    "filesystems",
    "groups",
    "inspect",
    "ls -la /",
    "ls -l /etc /srv",
    "ls -l /bin/ /sbin/init /srv/absolute",
    "ls /var/cache/sessions | last 3",
    "ls /srv/na*/*",
    "mounts",
    "packages",
    "partitions",
    "recent /etc",
    "stat /etc/shadow /srv/loop / /etc /bin/ls",
    "suid",
    "tree /srv",
    "users",
    "world-writable",
)
MISTAKES = (
    "ls /nothing",
    "ls /etc/nothing/below",
    "ls /etc/passwd/below",
    "ls /srv/loop/",
    "ls /etc/passwd/",
    "cd /etc/passwd",
    "stat /srv/loop/x",
    f"ls /etc/{'n' * 255}",
    "find /nothing",
    "du /nothing",
)


@pytest.fixture(scope="module")
def taught(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The teaching image with all of it learned, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(own_cache(tmp_path_factory.mktemp("cache"))))
        with Guest(demo, index=True) as guest:
            learner = guest.learner()
            assert learner is not None
            walk = learner.run()
            assert walk.is_complete
        yield demo


@pytest.fixture
def known(taught: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guest]:
    """The same opened again, where an appliance that starts is a mistake."""

    def refuse() -> None:
        raise AssertionError("the appliance was started")

    with Guest(taught, index=True) as guest:
        monkeypatch.setattr(guest.appliance, "start", refuse)
        yield guest


@pytest.mark.parametrize("line", [*LINES, *MISTAKES])
def test_the_index_answers_as_the_appliance_does(
    line: str, known: Guest, demo_guest: Guest
) -> None:
    with_index, without = Console(known), Console(demo_guest)
    expected = without.bytes(line)
    assert with_index.bytes(line) == expected
    assert (with_index.status, with_index.error) == (without.status, without.error)
    assert expected or without.error or line == "selinux"


def every_path(guest: Guest) -> Iterator[str]:
    for entry in guest.walk("/", enter=lambda path: path != "/var/cache/sessions"):
        yield entry.path


def test_every_path_is_known_as_it_is(known: Guest, demo_guest: Guest) -> None:
    places = ["/", *every_path(demo_guest)]
    assert places == ["/", *every_path(known)]
    for place in places:
        assert known.stat(place) == demo_guest.stat(place)
    for place in places[::6]:
        for below in ("", "/", "/.", "/..", "/../etc", "/nothing", "/passwd"):
            assert outcome(known, place + below) == outcome(demo_guest, place + below)


def outcome(guest: Guest, path: str) -> object:
    try:
        return guest.resolve(path), guest.kind(path)
    except GuestShellError as error:
        return type(error), str(error)


def test_what_is_not_known_asks_the_appliance(known: Guest) -> None:
    with pytest.raises(AssertionError, match="was started"):
        known.read_bytes("/etc/hostname")
    with known.at_once(), pytest.raises(NotYetKnown):
        known.read_bytes("/etc/hostname")
    assert known.is_known and not known.is_open


def test_contents_come_once_the_appliance_is_up(taught: Path) -> None:
    with Guest(taught, index=True) as guest:
        assert guest.inspect().os is not None
        assert not guest.is_open
        assert guest.read_text("/etc/hostname") == "web01\n"
        assert guest.is_open
        assert [mount.directory for mount in guest.mounts()] == ["/"]


def test_the_walk_goes_on_where_it_was(taught: Path, known: Guest) -> None:
    learner = known.learner()
    assert learner is not None and learner.walk.is_complete
    walk = learner.run()
    assert walk.directories > 30 and walk.files > 10_000


def test_index_says_what_it_knows_and_forgets_it(known: Guest) -> None:
    console = Console(known)
    [state] = json.loads(console.run("index -o json"))
    assert state["complete"] is True
    assert state["files"] > 10_000
    assert state["size"] == Path(state["file"]).stat().st_size
    assert state["size"] < 250 * state["files"]
    [state] = json.loads(console.run("index drop -o json"))
    assert (state["complete"], state["directories"], state["values"]) == (False, 0, 0)
    assert known.is_known, "what this shell was told stays said"


def test_without_an_index_the_command_says_so(demo_guest: Guest) -> None:
    console = Console(demo_guest)
    assert console.run("index") == ""
    assert "--no-index" in console.error


def test_what_is_read_while_mounts_change_is_not_learned(
    data_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_cache(tmp_path)))
    with Guest(data_disk, index=True) as guest:
        guest.layout()
        held = threading.Event()
        guest.appliance.background(lambda handle: held.wait())
        threads = [
            threading.Thread(target=guest.unmount, args=("/sda2",)),
            threading.Thread(target=guest.names, args=("/sda2",)),
        ]
        for thread in threads:
            thread.start()
            time.sleep(0.3)  # both now wait for the appliance, in this order
        held.set()
        for thread in threads:
            thread.join()
    with Guest(data_disk, index=True) as guest:
        assert "only-on-2" in [dirent.name for dirent in guest.names("/sda2")]


def test_accounts_read_while_mounts_change_are_not_those_of_the_next_system(demo: Path) -> None:
    with Guest(demo) as guest:
        before = guest._people
        held = threading.Event()

        def slowly(path: str) -> bytes:
            held.wait()
            return b"first:x:0:0::/:/bin/sh\n" if path == "/etc/passwd" else b""

        before._read = slowly  # type: ignore[method-assign]
        thread = threading.Thread(target=before.user_name, args=(0,))
        thread.start()
        guest._forget()
        held.set()
        thread.join()
        assert before.user_name(0) == "first"
        assert guest._people is not before
        assert not vars(guest._people).keys() & {"_accounts", "_user_names"}
