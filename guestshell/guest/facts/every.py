"""Every fact that is read from small files: what an index learns at an idle moment."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from guestshell.errors import GuestError
from guestshell.guest.facts.files import Files, read_if_there


def readers() -> "Iterable[Callable[[Files], object]]":
    """Give the facts that an index is to answer, each a function from files to rows."""
    from guestshell.guest.facts.accounts.shell_history import read_shell_history
    from guestshell.guest.facts.accounts.users import read_accounts
    from guestshell.guest.facts.boot.bootloader import read_boot
    from guestshell.guest.facts.boot.kernels import read_kernels
    from guestshell.guest.facts.boot.modules import read_module_lines
    from guestshell.guest.facts.configuration.cloud_init import read_cloud
    from guestshell.guest.facts.configuration.locale import read_locale
    from guestshell.guest.facts.configuration.selinux import read_selinux
    from guestshell.guest.facts.configuration.time_zone import read_time_zone
    from guestshell.guest.facts.containers.engines import read_containers
    from guestshell.guest.facts.firewall.sources import read_firewall
    from guestshell.guest.facts.jobs.cron import read_jobs
    from guestshell.guest.facts.logins.sessions import read_logins
    from guestshell.guest.facts.network.hosts import read_hosts
    from guestshell.guest.facts.network.leases import read_leases
    from guestshell.guest.facts.network.sources import (
        read_interfaces,
        read_resolvers,
        read_routes,
    )
    from guestshell.guest.facts.services.sources import read_services
    from guestshell.guest.facts.ssh.keys import read_ssh_keys

    return (
        read_accounts,
        read_boot,
        read_cloud,
        read_containers,
        read_firewall,
        lambda files: read_if_there(files, "/etc/fstab"),
        read_hosts,
        read_interfaces,
        read_jobs,
        lambda files: read_kernels(files, list(read_boot(files))),
        read_leases,
        read_locale,
        read_logins,
        read_module_lines,
        read_resolvers,
        read_routes,
        read_selinux,
        read_services,
        read_shell_history,
        read_ssh_keys,
        read_time_zone,
    )


def read_all(files: Files) -> None:
    """Read every fact and throw the rows away; what cannot be read is left out."""
    for read in readers():
        with suppress(GuestError):
            rows = read(files)
            if isinstance(rows, Iterable):
                for _ in rows:
                    pass
