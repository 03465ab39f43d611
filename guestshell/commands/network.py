"""How it talked to others: network, routes, dns, leases, hosts, firewall."""

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.guest.facts.firewall.rule import Rule
from guestshell.guest.facts.network.interface import Host, Interface, Lease, Resolver, Route
from guestshell.output.results import Records


@command(
    category="network",
    examples=["network", "network | where method = static", "network | where ssid != ''"],
)
@click.pass_obj
def network(context: Context) -> Records[Interface]:
    """List the network interfaces that are set up, and by which file.

    Passwords and keys are never shown. An interface that two files set up has two rows.
    """
    from guestshell.guest.facts.network.sources import read_interfaces
    from guestshell.guest.facts.windows import network as windows

    rows = context.read(read_interfaces, windows.read_interfaces)
    return Records(
        rows, Interface, columns=("name", "type", "method", "addresses", "gateways", "mac", "file")
    )


@command(category="network", examples=["routes"])
@click.pass_obj
def routes(context: Context) -> Records[Route]:
    """List the configured routes and gateways."""
    from guestshell.guest.facts.network.sources import read_routes

    rows = read_routes(context.files())
    return Records(rows, Route, columns=("destination", "gateway", "interface", "metric", "file"))


@command(category="network", examples=["dns", "dns | where setting = nameserver"])
@click.pass_obj
def dns(context: Context) -> Records[Resolver]:
    """List name servers, search domains and how names are looked up."""
    from guestshell.guest.facts.network.sources import read_resolvers
    from guestshell.guest.facts.windows import network as windows

    return Records(context.read(read_resolvers, windows.read_resolvers), Resolver)


@command(category="network", examples=["leases", "leases | sort -granted"])
@click.pass_obj
def leases(context: Context) -> Records[Lease]:
    """List the addresses that DHCP servers gave, and when."""
    from guestshell.guest.facts.network.leases import read_leases
    from guestshell.guest.facts.windows import network as windows

    rows = context.read(read_leases, windows.read_leases)
    return Records(
        rows, Lease, columns=("interface", "address", "server", "granted", "expires", "client")
    )


@command(category="network", examples=["hosts"])
@click.pass_obj
def hosts(context: Context) -> Records[Host]:
    """List the names that /etc/hosts, or its like of Windows, gives addresses."""
    from guestshell.guest.facts.network.hosts import read_hosts
    from guestshell.guest.facts.windows import network as windows

    read = windows.read_hosts if context.guest.is_windows else read_hosts
    rows = read(context.files())
    return Records(rows, Host, columns=("address", "name", "aliases", "line"))


@command(category="network", examples=["firewall", "firewall | where active"])
@click.pass_obj
def firewall(context: Context) -> Records[Rule]:
    """List the firewall's rules as its files hold them.

    Those of nftables, iptables, firewalld and ufw; `active` says whether they are loaded at boot.
    """
    from guestshell.guest.facts.firewall.sources import read_firewall

    rows = read_firewall(context.files())
    return Records(rows, Rule, columns=("system", "family", "table", "chain", "active", "rule"))
