"""Wi-Fi networks that a system knows: wpa_supplicant.conf(5), iwd.network(5). Never their keys."""

from collections.abc import Iterator

from guestshell.guest.facts.files import Files, changed, configured, read_small
from guestshell.guest.facts.formats.sections import merged, parse_sections
from guestshell.guest.facts.network.interface import Interface, Route
from guestshell.guest.facts.text import numbered_lines
from guestshell.values import Name, decode_name

_SUPPLICANT = "/etc/wpa_supplicant"
_IWD = "/var/lib/iwd"
_IWD_ENDS = (".psk", ".open", ".8021x")


def read_wifi(files: Files) -> Iterator[Interface | Route]:
    """Yield a row for each network that wpa_supplicant or iwd would join."""
    for entry in configured(files, _SUPPLICANT):
        if entry.name.endswith(".conf"):
            data = read_small(files, entry.path) or b""
            name = Name(entry.name.removesuffix(".conf").partition("-")[2])
            when = changed(files, entry.path)
            for ssid, enabled in _networks(data):
                yield Interface(
                    name=name,
                    type="wifi",
                    autostart=enabled,
                    ssid=ssid,
                    system="wpa_supplicant",
                    file=entry.path,
                    changed=when,
                )
    for entry in configured(files, _IWD):
        stem, dot, kind = entry.name.rpartition(".")
        if dot + kind in _IWD_ENDS:
            settings = merged(parse_sections(read_small(files, entry.path) or b""), "Settings")
            yield Interface(
                name=Name(""),
                type="wifi",
                autostart=settings.last("AutoConnect").lower() != "false",
                ssid=_of_hex(stem[1:]) if stem.startswith("=") else stem,
                system="iwd",
                file=entry.path,
                changed=changed(files, entry.path),
            )


def _networks(data: bytes) -> Iterator[tuple[str, bool]]:
    """Yield the SSID of each `network={ … }` and whether it is on."""
    inside: dict[str, str] | None = None
    for _, raw in numbered_lines(data):
        line = raw.strip()
        if line.replace(" ", "") == "network={":
            inside = {}
        elif line == "}" and inside is not None:
            if ssid := inside.get("ssid"):
                yield _ssid(ssid), inside.get("disabled", "0") != "1"
            inside = None
        elif inside is not None:
            key, _, value = line.partition("=")
            inside[key.strip()] = value.strip()


def _ssid(value: str) -> str:
    """Give an SSID that is written in quotes or in hexadecimal."""
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if quoted else _of_hex(value)


def _of_hex(text: str) -> str:
    try:
        return decode_name(bytes.fromhex(text))
    except ValueError:
        return text
