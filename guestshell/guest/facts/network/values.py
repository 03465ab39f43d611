"""Values as the configuration of networks writes them: addresses, masks and lists."""

from collections.abc import Iterable

from guestshell.values import Name


def cidr(address: str, mask: str = "") -> str:
    """Give an address with its prefix length, from that or from a netmask, if it fits."""
    address, slash, own = address.strip().partition("/")
    mask = own if slash else mask.strip()
    if "." in mask:
        prefix = prefix_of_mask(mask)
        return address if prefix is None else f"{address}/{prefix}"
    return f"{address}/{int(mask)}" if is_prefix(mask) else address


def is_prefix(text: str) -> bool:
    """Say whether a text is a prefix length, 0 to 128."""
    return text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= 128


def prefix_of_mask(mask: str) -> int | None:
    """Give the prefix length of an IPv4 netmask, None of one that is none."""
    parts = mask.split(".")
    if len(parts) != 4 or not all(
        p.isascii() and p.isdecimal() and len(p) <= 3 and int(p) < 256 for p in parts
    ):
        return None
    bits = "".join(f"{int(part):08b}" for part in parts)
    return bits.count("1") if "01" not in bits else None


def words(text: str) -> tuple[str, ...]:
    """Give the words of a text, separated by blanks, commas or semicolons."""
    return tuple(text.replace(",", " ").replace(";", " ").split())


def names(found: Iterable[str]) -> tuple[Name, ...]:
    """Give texts as names of the guest."""
    return tuple(Name(name) for name in found)


def once(found: Iterable[str]) -> tuple[str, ...]:
    """Give each text once, in order, empty ones left out."""
    return tuple(dict.fromkeys(text for text in found if text))
