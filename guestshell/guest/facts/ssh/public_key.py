"""One public key of SSH: RFC 4253 6.6, RFC 5656, RFC 8709; certificates and sk keys as OpenSSH's
PROTOCOL.certkeys and PROTOCOL.u2f have them; a line of it as sshd(8) reads authorized_keys.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

_CERTIFICATE = "-cert-v01@openssh.com"

_FIELDS = {
    "ssh-rsa": 2,
    "ssh-dss": 4,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "ssh-ed25519": 1,
    "ssh-ed448": 1,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
"""How many strings make the key after its type."""

_BITS = {
    "ecdsa-sha2-nistp256": 256,
    "ecdsa-sha2-nistp384": 384,
    "ecdsa-sha2-nistp521": 521,
    "ssh-ed25519": 256,
    "ssh-ed448": 456,
    "sk-ssh-ed25519@openssh.com": 256,
    "sk-ecdsa-sha2-nistp256@openssh.com": 256,
}
_LENGTHS = {"ssh-ed25519": 32, "ssh-ed448": 57, "sk-ssh-ed25519@openssh.com": 32}
"""Bytes of the key itself, where they are always so many."""

_NUMBERS = {"ssh-rsa": 2, "ssh-dss": 1}
"""Which string holds the number whose length counts: the modulus n, the prime p."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key's own `type`, size in `bits`, and fingerprints as `ssh-keygen -l` writes them.

    Of a certificate they are those of the key that it certifies.
    """

    type: str
    bits: int
    sha256: str
    md5: str


def is_type(word: str) -> bool:
    """Say whether a word names a type of key."""
    return _plain(word) in _FIELDS


def parse_key(encoded: str) -> PublicKey | None:
    """Give the key that a base64 text holds, None where there is none of a known type."""
    try:
        blob = base64.b64decode(encoded.encode("ascii", "replace"), validate=True)
    except (binascii.Error, ValueError):
        return None
    first, at = _string(blob, 0)
    name = first.decode("ascii", "replace")
    plain = _plain(name)
    if plain not in _FIELDS:
        return None
    is_certificate = plain != name
    if is_certificate:
        _, at = _string(blob, at)  # the nonce
    parts = [plain.encode()]
    for _ in range(_FIELDS[plain]):
        part, at = _string(blob, at)
        parts.append(part)
    cut_short = at > len(blob) or not (is_certificate or at == len(blob))
    if cut_short or not all(parts) or len(parts[1]) != _LENGTHS.get(plain, len(parts[1])):
        return None
    number = _NUMBERS.get(plain)
    bits = int.from_bytes(parts[number], "big").bit_length() if number else _BITS[plain]
    # what certificates add to a key does not count: PROTOCOL.certkeys
    key = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    sha256 = base64.b64encode(hashlib.sha256(key).digest()).decode("ascii").rstrip("=")
    md5 = hashlib.md5(key, usedforsecurity=False).digest().hex(":")
    return PublicKey(name, bits, f"SHA256:{sha256}", f"MD5:{md5}")


def _plain(name: str) -> str:
    """Give the type of the key in a certificate; any other as it is."""
    plain = name.removesuffix(_CERTIFICATE)
    return f"{plain}@openssh.com" if plain != name and plain.startswith("sk-") else plain


def _string(blob: bytes, at: int) -> tuple[bytes, int]:
    """Give the string at an offset (RFC 4251 5) and where it ends, maybe behind the blob's end."""
    start = at + 4
    end = start + int.from_bytes(blob[at:start], "big")
    return blob[start:end], end


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A line of authorized_keys or of a `.pub` file; `key` is None where it is damaged."""

    type: str
    key: PublicKey | None
    comment: str
    options: tuple[str, ...]


def parse_key_line(line: str) -> KeyLine:
    """Understand `[options] type base64 [comment]`, sshd(8) AUTHORIZED_KEYS FILE FORMAT."""
    options: tuple[str, ...] = ()
    words = line.split(None, 2)
    if not words or not is_type(words[0]):
        taken, line = _options(line.strip())
        words = line.split(None, 2)
        if not words or not is_type(words[0]):
            return KeyLine("", None, "", ())
        options = taken
    key = parse_key(words[1]) if len(words) > 1 else None
    if key is not None and key.type != words[0]:
        key = None
    return KeyLine(words[0], key, words[2].strip() if len(words) > 2 else "", options)


def _options(line: str) -> tuple[tuple[str, ...], str]:
    """Give the options that a line begins with, separated by commas, and the rest of it."""
    found: list[str] = []
    start, quoted, escaped = 0, False, False
    for place, character in enumerate(line):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = quoted
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in ", \t":
            found.append(line[start:place])
            start = place + 1
            if character != ",":
                return tuple(filter(None, found)), line[start:]
    return (), ""
