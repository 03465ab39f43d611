"""What facts read by: files that are missing, too long or of no known state, directories."""

from pathlib import Path

import pytest

from guestshell.errors import GuestError
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import (
    SMALL,
    changed,
    configured,
    entries_if_there,
    entry_if_there,
    is_there,
    matching,
    read_if_there,
    read_small,
    real_entry,
)
from tests.guest.facts.host_tree import HostTree, make_tree


class Unknown(HostTree):
    """A guest of which nothing is known yet."""

    def entry(self, path: str) -> Entry:
        raise GuestError("this is not known yet")


def test_what_is_not_known_yet_is_not_taken_for_missing(tmp_path: Path) -> None:
    files = Unknown(tmp_path)
    for ask in (is_there, entry_if_there, real_entry, changed):
        with pytest.raises(GuestError, match="not known yet"):
            ask(files, "/etc/passwd")


def test_what_is_missing_is_passed_over_and_what_is_wrong_is_said(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/etc/passwd": "", "/etc/loop": "-> loop"})
    assert read_if_there(files, "/etc/nothing") is None
    assert entry_if_there(files, "/etc/nothing") is None
    assert entries_if_there(files, "/etc/nothing") == ()
    assert files.warnings == []
    assert read_if_there(files, "/etc") is None
    assert read_small(files, "/etc/loop") is None
    assert entries_if_there(files, "/etc/passwd") == ()
    assert [warning.partition(":")[0] for warning in files.warnings] == [
        "/etc",
        "/etc/loop",
        "/etc/passwd",
    ]
    assert is_there(files, "/etc/loop")
    assert real_entry(files, "/etc/loop") is None


def test_a_long_file_is_cut_off(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/whole": b"a" * SMALL, "/long": b"a" * (SMALL + 1)})
    assert read_small(files, "/whole") == b"a" * SMALL
    assert files.warnings == []
    assert read_small(files, "/long") == b"a" * SMALL
    assert files.warnings == [f"/long: only the first {SMALL} bytes were read"]


def test_configuration_is_no_backup(tmp_path: Path) -> None:
    names = ("b.conf", "a.conf", "a.conf~", ".hidden", "c.rpmnew", "c.dpkg-old", "sub/x.conf")
    files = make_tree(tmp_path, {f"/etc/d/{name}": "" for name in names})
    assert [entry.name for entry in configured(files, "/etc/d")] == ["a.conf", "b.conf"]
    assert matching(files, "/etc/d/[ab]*") == ["/etc/d/a.conf", "/etc/d/b.conf"]
    assert matching(files, "/etc/d/c.rpmnew") == ["/etc/d/c.rpmnew"]
    assert matching(files, f"/etc/d/{'*a' * 200}") == []


def test_only_so_many_files_are_read(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {f"/d/{number:04}": "" for number in range(1001)})
    assert len(list(configured(files, "/d"))) == 1000
    assert files.warnings == ["/d: only the first 1000 files were read"]
