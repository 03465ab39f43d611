"""Names that need no server: hosts(5)."""

from collections.abc import Iterator

from guestshell.guest.facts.files import SMALL, Files, read_needed
from guestshell.guest.facts.network.interface import Host
from guestshell.values import Name, decode_name

_FILE = Name("/etc/hosts")


def parse_hosts(data: bytes, file: Name) -> Iterator[Host]:
    """Yield the lines of a hosts file that name an address; Windows writes it alike."""
    for number, line in enumerate(data.split(b"\n"), 1):
        address, *names = line.partition(b"#")[0].split()[:1000] or [b""]
        if names:
            first, *aliases = [decode_name(name) for name in names]
            yield Host(
                address=decode_name(address),
                name=first,
                aliases=tuple(aliases),
                file=file,
                line=number,
            )


def read_hosts(files: Files) -> list[Host]:
    """Give the lines of /etc/hosts."""
    return list(parse_hosts(read_needed(files, _FILE, SMALL * 4), _FILE))
