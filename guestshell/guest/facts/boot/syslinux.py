"""The menu of SYSLINUX, EXTLINUX and ISOLINUX: doc/syslinux.txt and doc/menu.txt of Syslinux 6."""

from dataclasses import dataclass, field

from guestshell.guest.facts.boot.rows import BootEntry
from guestshell.guest.facts.text import numbered_lines
from guestshell.values import Name, Timestamp


@dataclass
class _Label:
    name: str
    line: int
    title: str = ""
    kernel: str = ""
    options: str = ""
    initrds: list[str] = field(default_factory=list)


def parse_syslinux(data: bytes, file: Name, mtime: Timestamp | None) -> list[BootEntry]:
    """Give the entries of a configuration in its order; INCLUDE is not followed."""
    labels: list[_Label] = []
    default = ""
    common = ""
    for number, line in numbered_lines(data):
        word, _, rest = line.strip().replace("\t", " ").partition(" ")
        verb, rest = word.lower(), rest.strip()
        label = labels[-1] if labels else None
        if verb == "label":
            labels.append(_Label(rest, number))
        elif verb in ("default", "ontimeout") and not (verb == "ontimeout" and default):
            default = rest
        elif verb == "append" and label is None:
            common = rest
        elif label is not None:
            _say(label, verb, rest)
            if verb == "menu" and rest.lower() == "default":
                default = label.name
    chosen = default.split()[0] if default.split() else ""
    return [
        BootEntry(
            kind="entry",
            loader="syslinux",
            title=label.title or label.name,
            kernel=Name(label.kernel) if label.kernel else None,
            initrds=tuple(Name(initrd) for initrd in label.initrds),
            options=label.options or common,
            default=label.name == chosen,
            id=label.name,
            file=file,
            line=label.line,
            mtime=mtime,
        )
        for label in labels
    ]


def _say(label: _Label, verb: str, rest: str) -> None:
    if verb == "menu":
        words = rest.split(None, 1)
        if len(words) == 2 and words[0].lower() == "label":
            label.title = words[1].replace("^", "")  # before the letter that chooses it
    elif verb in ("linux", "kernel"):
        label.kernel = rest
    elif verb == "initrd":
        label.initrds += rest.split(",")
    elif verb == "append":
        words = rest.split()
        label.initrds += [
            name
            for word in words
            if word.startswith("initrd=")
            for name in word.removeprefix("initrd=").split(",")
        ]
        label.options = " ".join(word for word in words if not word.startswith("initrd="))
