"""How names are looked up: resolv.conf(5), resolved.conf(5), nsswitch.conf(5), the interfaces."""

from collections.abc import Iterable, Iterator

from guestshell.errors import PathError
from guestshell.guest.facts.files import Files, configured, read_small
from guestshell.guest.facts.formats.sections import merged, parse_sections
from guestshell.guest.facts.network.interface import Interface, Resolver
from guestshell.guest.facts.text import set_lines
from guestshell.values import Name

_RESOLV_CONF = Name("/etc/resolv.conf")
_NSSWITCH = Name("/etc/nsswitch.conf")
_RESOLVED = Name("/etc/systemd/resolved.conf")
_SETTINGS = {"nameserver": "nameserver", "search": "search", "domain": "search"}
_RESOLVED_SETTINGS = {"DNS": "nameserver", "FallbackDNS": "fallback", "Domains": "search"}
_RESOLVED_OPTIONS = ("DNSSEC", "DNSOverTLS", "LLMNR", "MulticastDNS", "DNSStubListener")


def read_resolvers(files: Files, interfaces: Iterable[Interface]) -> Iterator[Resolver]:
    """Yield the name servers, search domains and options, those of each interface last."""
    yield from _resolv_conf(files)
    yield from _resolved(files)
    for line in set_lines(read_small(files, _NSSWITCH) or b""):
        database, colon, sources = line.partition(":")
        if colon and database.strip() == "hosts":
            yield Resolver(setting="order", value=" ".join(sources.split()), file=_NSSWITCH)
    for interface in interfaces:
        for setting, values in (
            ("nameserver", interface.nameservers),
            ("search", interface.search),
        ):
            for value in values:
                yield Resolver(
                    setting=setting,
                    value=value,
                    interface=interface.name or Name(interface.connection),
                    file=interface.file,
                )


def _resolv_conf(files: Files) -> Iterator[Resolver]:
    try:
        target = files.entry(_RESOLV_CONF).target
    except PathError:
        return
    if target is not None:
        yield Resolver(setting="link", value=target, file=_RESOLV_CONF)
    for line in (read_small(files, _RESOLV_CONF) or b"").splitlines():
        text = line.decode("utf-8", "surrogateescape")
        if text.startswith(("#", ";")):
            continue
        keyword, *values = text.split() or [""]
        if keyword in _SETTINGS:
            values = values[:1] if keyword == "nameserver" else values
            for value in values:
                yield Resolver(setting=_SETTINGS[keyword], value=value, file=_RESOLV_CONF)
        elif keyword in ("options", "sortlist"):
            yield Resolver(setting="option", value=" ".join(values), file=_RESOLV_CONF)


def _resolved(files: Files) -> Iterator[Resolver]:
    places = [entry.path for entry in configured(files, f"{_RESOLVED}.d")]
    for path in [_RESOLVED, *(place for place in places if place.endswith(".conf"))]:
        section = merged(parse_sections(read_small(files, path) or b""), "Resolve")
        for key, setting in _RESOLVED_SETTINGS.items():
            for value in section.all(key):
                for word in value.split():
                    yield Resolver(setting=setting, value=word, file=path)
        for key in _RESOLVED_OPTIONS:
            if value := section.last(key):
                yield Resolver(setting="option", value=f"{key}={value}", file=path)
