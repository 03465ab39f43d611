"""The lines of fstab(5), and which device of this image each one means."""

from collections.abc import Iterator, Sequence

from guestshell.guest.devices import Survey
from guestshell.guest.facts.configuration.rows import FstabEntry
from guestshell.guest.facts.files import SMALL, Files, read_needed
from guestshell.guest.facts.text import decimal
from guestshell.guest.fstab import fields_of, resolve_spec
from guestshell.guest.mounts import Mount
from guestshell.values import Name

_FILE = "/etc/fstab"


def read_fstab(files: Files, survey: Survey, mounts: Sequence[Mount]) -> Iterator[FstabEntry]:
    """Yield the lines of /etc/fstab; one of too few fields is warned of."""
    places = {(mount.directory, mount.device) for mount in mounts}
    for count, line in enumerate(read_needed(files, _FILE, SMALL).split(b"\n"), 1):
        fields = fields_of(line)
        if not fields:
            continue
        if len(fields) < 3:
            files.warn(f"{_FILE}:{count}: too few fields")
            continue
        spec, directory, kind, options, dump, passno = [*fields, *[Name("")] * 3][:6]
        device = resolve_spec(spec, survey) or ""
        yield FstabEntry(
            spec=spec,
            directory=directory,
            type=kind,
            options=tuple(option for option in options.split(",") if option),
            dump=decimal(dump) or 0,
            passno=decimal(passno) or 0,
            device=device,
            mounted=(directory, device) in places,
            line=count,
        )
