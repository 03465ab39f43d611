"""What Windows this is: its version, name, time zone and when it was installed and shut down."""

from dataclasses import dataclass

from guestshell.guest.facts.configuration.rows import TimeZone
from guestshell.guest.facts.text import decimal
from guestshell.guest.facts.windows.keys import (
    Registry,
    data_of,
    filetime_in,
    number_of,
    seconds,
    text_of,
)
from guestshell.values import Name, Timestamp

VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
TCPIP = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"


@dataclass(frozen=True, slots=True)
class WindowsSystem:
    r"""A Windows as its registry describes it.

    `release` is the name of a feature update (`22H2`), `build` with its revision (`19045.4291`).
    `time_zone` is Windows's own name of it; `utc_offset` what was in force last, in minutes to
    add to UTC. `shut_down` is when it was last shut down in order.
    """

    product: str
    edition: str
    version: str
    release: str
    build: str
    architecture: str
    computer: str
    domain: str
    owner: str
    organization: str
    product_id: str
    system_root: str
    time_zone: str
    utc_offset: int | None
    installed: Timestamp | None
    shut_down: Timestamp | None


_TIME_ZONE = rf"{CONTROL}\TimeZoneInformation"

_ELEVEN = 22000
"""The first build of Windows 11, whose ProductName still says 10."""


def read_system(registry: Registry) -> WindowsSystem:
    """Give what the SOFTWARE and SYSTEM hives say; empty where a hive is missing."""
    version = registry.key(VERSION)
    zone = registry.key(_TIME_ZONE)
    environment = registry.key(rf"{CONTROL}\Session Manager\Environment")
    tcpip = registry.key(TCPIP)
    build = text_of(version, "CurrentBuild") or text_of(version, "CurrentBuildNumber")
    revision = text_of(version, "UBR")
    product = text_of(version, "ProductName")
    if (decimal(build, 8) or 0) >= _ELEVEN:
        product = product.replace("Windows 10", "Windows 11", 1)
    computer = text_of(registry.key(rf"{CONTROL}\ComputerName\ComputerName"), "ComputerName")
    return WindowsSystem(
        product=product,
        edition=text_of(version, "EditionID"),
        version=_version(
            number_of(version, "CurrentMajorVersionNumber"),
            number_of(version, "CurrentMinorVersionNumber"),
        )
        or text_of(version, "CurrentVersion"),
        release=text_of(version, "DisplayVersion") or text_of(version, "ReleaseId"),
        build=f"{build}.{revision}" if revision else build,
        architecture=text_of(environment, "PROCESSOR_ARCHITECTURE"),
        computer=computer or text_of(tcpip, "Hostname"),
        domain=text_of(tcpip, "Domain"),
        owner=text_of(version, "RegisteredOwner"),
        organization=text_of(version, "RegisteredOrganization"),
        product_id=text_of(version, "ProductId"),
        system_root=text_of(version, "SystemRoot"),
        time_zone=text_of(zone, "TimeZoneKeyName") or text_of(zone, "StandardName"),
        utc_offset=_offset(number_of(zone, "ActiveTimeBias")),
        installed=filetime_in(data_of(version, "InstallTime"))
        or seconds(number_of(version, "InstallDate")),
        shut_down=filetime_in(data_of(registry.key(rf"{CONTROL}\Windows"), "ShutdownTime")),
    )


def read_time_zone(registry: Registry) -> TimeZone:
    """Give the time zone by Windows's own name; its offset is what was in force last."""
    found = read_system(registry)
    minutes = found.utc_offset
    sign = "-" if (minutes or 0) < 0 else "+"
    hours, rest = divmod(abs(minutes or 0), 60)
    return TimeZone(
        name=found.time_zone,
        offset="" if minutes is None else f"{sign}{hours:02d}:{rest:02d}",
        summer_offset="",
        rules="",
        hardware_clock="UTC" if _counts_in_utc(registry) else "local",
        source="registry",
        same_as=(),
        file=Name(_TIME_ZONE),
    )


def _counts_in_utc(registry: Registry) -> bool:
    key = registry.key(_TIME_ZONE)
    return key is not None and bool(number_of(key, "RealTimeIsUniversal"))


def _version(major: int | None, minor: int | None) -> str:
    return "" if major is None else f"{major}.{minor or 0}"


def _offset(bias: int | None) -> int | None:
    """Give minutes to add to UTC; a bias is what is added to local time to get it, signed."""
    if bias is None:
        return None
    return -(bias - 2**32 if bias >= 2**31 else bias)
