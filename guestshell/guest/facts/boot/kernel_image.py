"""What the header of a kernel says: bzImage, "The Linux/x86 Boot Protocol", and arm64's Image."""

_BOOT_FLAG = 0x1FE
_MAGIC = 0x202
_VERSION_POINTER = 0x20E
_SETUP = 0x200
"""Where the setup code begins that the version's pointer is relative to."""

HEAD = _SETUP + 2**16 + 512
"""Bytes from the beginning in which the version stands, whatever the pointer says."""

_LONGEST = 256


def build_of(head: bytes) -> str:
    """Give the version of a bzImage with who built it when, from its first `HEAD` bytes.

    Empty for what is no bzImage, or for one that says nothing.
    """
    if head[_BOOT_FLAG : _BOOT_FLAG + 2] != b"\x55\xaa" or head[_MAGIC : _MAGIC + 4] != b"HdrS":
        return ""
    pointer = int.from_bytes(head[_VERSION_POINTER : _VERSION_POINTER + 2], "little")
    if not pointer:
        return ""
    start = _SETUP + pointer
    text = head[start : start + _LONGEST].partition(b"\0")[0]
    return text.decode("utf-8", "surrogateescape").strip()


def format_of(head: bytes) -> str:
    """Give the format of a kernel: `bzImage`, `Image` (arm64, riscv64), `EFI`, `ELF`, `gzip`."""
    if head[_MAGIC : _MAGIC + 4] == b"HdrS":
        return "bzImage"
    if head[56:60] in (b"ARM\x64", b"RSC\x05"):  # booting.rst of arm64, boot-image-header.rst
        return "Image"
    if head[:2] == b"MZ":
        return "EFI"
    if head[:4] == b"\x7fELF":
        return "ELF"
    return "gzip" if head[:2] == b"\x1f\x8b" else ""
