"""Which keys of SSH let whom in, which the host shows, and which its users have."""

from collections.abc import Iterator

from guestshell.guest import paths
from guestshell.guest.facts.accounts.homes import Home, read_homes
from guestshell.guest.facts.files import Files, files_below, read_if_there
from guestshell.guest.facts.ssh.public_key import parse_key_line
from guestshell.guest.facts.ssh.ssh_key import SshKey
from guestshell.guest.facts.ssh.sshd_config import place_of, read_key_places
from guestshell.guest.facts.text import numbered_lines, warn_of_lines
from guestshell.values import Name

_HOST_KEYS = "/etc/ssh"
_DROPBEAR = "/etc/dropbear/authorized_keys"


def read_ssh_keys(files: Files) -> Iterator[SshKey]:
    """Yield the keys of every user, then the host's."""
    places = read_key_places(files)
    seen: set[str] = set()

    def keys(path: str, user: str, kind: str) -> Iterator[SshKey]:
        if path not in seen:
            seen.add(path)
            yield from _keys(files, Name(path), Name(user), kind)

    for home in read_homes(files):
        for pattern in places.authorized:
            is_for_all = pattern.startswith("/") and "%" not in pattern
            user = "" if is_for_all else home.user
            yield from keys(_place(pattern, home), user, "authorized")
        for path in files_below(files, paths.child(home.path, ".ssh"), ".pub"):
            yield from keys(path, home.user, "own")
    yield from keys(_DROPBEAR, "root", "authorized")
    for pattern in places.authorities:
        yield from keys(paths.join("/", pattern), "", "authority")
    for path in files_below(files, _HOST_KEYS, ".pub"):
        yield from keys(path, "", "host")


def _place(pattern: str, home: Home) -> str:
    return place_of(pattern, home.user, home.uid, home.path)


def _keys(files: Files, path: Name, user: Name, kind: str) -> Iterator[SshKey]:
    damaged = []
    for number, line in numbered_lines(read_if_there(files, path) or b""):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = parse_key_line(line)
        key = found.key
        if key is None:
            damaged.append(number)
        if found.type:
            yield SshKey(
                user,
                kind,
                found.type,
                key.bits if key else None,
                key.sha256 if key else "",
                key.md5 if key else "",
                found.comment,
                found.options,
                path,
                number,
            )
    warn_of_lines(files, path, damaged, "no key that can be read")
