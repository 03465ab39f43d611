"""Every system that filters packets, asked in turn."""

from collections.abc import Iterator

from guestshell.guest.facts.files import Files
from guestshell.guest.facts.firewall.firewalld import read_firewalld
from guestshell.guest.facts.firewall.iptables import read_iptables
from guestshell.guest.facts.firewall.nftables import read_nftables
from guestshell.guest.facts.firewall.rule import Rule
from guestshell.guest.facts.firewall.ufw import read_ufw


def read_firewall(files: Files) -> Iterator[Rule]:
    """Yield the rules of each system that has files, one system after the other."""
    yield from read_nftables(files)
    yield from read_iptables(files)
    yield from read_ufw(files)
    yield from read_firewalld(files)
