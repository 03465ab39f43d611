"""The row of `firewall`."""

from dataclasses import dataclass

from guestshell.values import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as its file writes it.

    `family` is `ip`, `ip6`, `inet` (both) … or empty; `chain` a zone's name in firewalld. `target`
    and `port` are given where the rule tells them plainly. `active` says whether the file is
    loaded at boot, None where nothing tells.
    """

    system: str
    family: str = ""
    table: str = ""
    chain: str = ""
    rule: str
    target: str = ""
    port: str = ""
    active: bool | None = None
    file: Name
    line: int | None = None
