"""Packages of dpkg: /var/lib/dpkg/status, deb822(5)."""

from collections.abc import Iterable, Iterator

from guestshell.guest.facts.package import Package
from guestshell.values import decode_name

STATUS = "/var/lib/dpkg/status"

_WANTED = {b"Package", b"Version", b"Architecture", b"Status", b"Description", b"Installed-Size"}


def parse_status(lines: Iterable[bytes]) -> Iterator[Package]:
    """Yield the installed packages of a status file; continuation lines are passed over."""
    fields: dict[bytes, bytes] = {}
    for line in lines:
        if not line.strip():
            yield from _package(fields)
            fields = {}
        elif not line.startswith((b" ", b"\t")):
            key, _, value = line.partition(b":")
            if key in _WANTED:
                fields[key] = value.strip()
    yield from _package(fields)


def _package(fields: dict[bytes, bytes]) -> Iterator[Package]:
    installed = fields.get(b"Status", b"install ok installed").endswith(b" installed")
    if b"Package" not in fields or not installed:
        return
    kib = fields.get(b"Installed-Size", b"0")
    yield Package.make(
        *(
            decode_name(fields.get(key, b""))
            for key in (b"Package", b"Version", b"Architecture", b"Description")
        ),
        size=int(kib) * 1024 if kib.isdigit() and len(kib) < 16 else 0,
    )
