"""The rows of `locale`, `timezone`, `selinux`, `cloud` and `fstab`."""

from dataclasses import dataclass

from guestshell.values import Name, Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A name, the value that a file gives it, and that file."""

    name: str
    value: str
    file: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeZone:
    """The time zone of a system and how it counts.

    `source` is how the name is known: `link` (/etc/localtime is one), `file` (/etc/timezone and
    the like), `content` (/etc/localtime is a copy of that zone's file), `default` (nothing is
    set, so UTC), `registry`. `same_as` are other zones with the very same file.

    `offset` is that of standard time, `summer_offset` of summer time, empty where there is none
    any more. `rules` is the POSIX TZ string for the time to come (XBD 8.3), as the zone's file
    has it. `hardware_clock` is `UTC` or `local`.
    """

    name: str
    offset: str
    summer_offset: str
    rules: str
    hardware_clock: str
    source: str
    same_as: tuple[str, ...]
    file: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Selinux:
    """SELinux as it is set up.

    `mode` is that of its file: `enforcing`, `permissive`, `disabled`; `kernel` are the kernel's
    own parameters about it, which outweigh that. `policy_file` is the newest compiled policy,
    empty where none is installed. `modules` are those installed here, `booleans` those set here
    as `name=1`, `file_contexts` the number of local rules. `relabel` says that the next boot
    labels all files anew.
    """

    mode: str
    type: str
    kernel: tuple[str, ...]
    policy_file: Name
    policy_version: int | None
    modules: tuple[Name, ...]
    booleans: tuple[str, ...]
    file_contexts: int
    relabel: bool
    file: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFact:
    """One thing that is known of how this system came up in a cloud, and since when."""

    name: str
    value: str
    time: Timestamp | None = None
    file: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class FstabEntry:
    """One line of fstab(5) with its six fields.

    `device` is the one of this image that `spec` means, empty where it means none of it;
    `mounted` whether that is mounted there now.
    """

    spec: Name
    directory: Name
    type: str
    options: tuple[str, ...]
    dump: int
    passno: int
    device: str
    mounted: bool
    line: int
