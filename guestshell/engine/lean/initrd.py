"""The lean initrd: supermin's, with only those modules without which its root cannot be mounted."""

import re
from collections.abc import Iterator

from guestshell.errors import ApplianceError

_MAGIC = b"070701"
_HEADER_SIZE = 110
_TRAILER = "TRAILER!!!"
_EXECUTABLE, _PLAIN = 0o100755, 0o100644

# In this order: the disks are looked for while the second processor loads the file system, and
# supermin's init, which waits for the root in steps that double, finds it at once.
_WANTED = ("virtio_pci", "sd_mod", "virtio_scsi", "virtio_console", "ext4")


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def unpack(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each member of a cpio archive in the newc format, cpio(5).

    Raises ApplianceError for anything else.
    """
    position = 0
    while archive[position : position + 6] == _MAGIC:
        fields = [
            int(archive[start : start + 8], 16)
            for start in range(position + 6, position + _HEADER_SIZE, 8)
        ]
        size, name_size = fields[6], fields[11]
        begin = position + _HEADER_SIZE
        name = archive[begin : begin + name_size - 1].decode()
        content = (begin + name_size + 3) // 4 * 4
        if name == _TRAILER:
            return
        yield name.removeprefix("./"), archive[content : content + size]
        position = (content + size + 3) // 4 * 4
    raise ApplianceError("the initrd of the stock appliance is not a plain cpio archive")


def _member(number: int, name: str, mode: int, content: bytes) -> bytes:
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
    header = _MAGIC + b"".join(b"%08X" % field for field in fields)
    return _padded(header + encoded) + _padded(content)


def pack(members: list[tuple[str, int, bytes]]) -> bytes:
    """Give a cpio archive in the newc format of (name, mode, content)."""
    parts = [_member(index + 1, *member) for index, member in enumerate(members)]
    return b"".join([*parts, _member(0, _TRAILER, 0, b"")])


def _module_name(file: str) -> str:
    return file.removesuffix(".ko").replace("-", "_")


def _about(module: bytes, field: str) -> list[str]:
    """Give the words of a field of a module's .modinfo section."""
    found = re.findall(rb"\0" + field.encode() + rb"=([^\0]*)\0", b"\0" + module)
    return [word for value in found for word in re.split(r"[,\s]+", value.decode()) if word]


def _in_order(modules: dict[str, bytes], wanted: tuple[str, ...]) -> list[str]:
    """Give what is wanted, each after what it depends on, as far as it is not in the kernel."""
    by_alias: dict[str, list[str]] = {}
    for name, content in modules.items():
        for alias in _about(content, "alias"):
            by_alias.setdefault(alias.replace("-", "_"), []).append(name)
    ordered: list[str] = []
    begun: set[str] = set()

    def add(name: str) -> None:
        if name in begun:
            return
        begun.add(name)
        if name not in modules:
            for provider in by_alias.get(name, []):
                add(provider)
            return
        soft = [word for word in _about(modules[name], "softdep") if not word.endswith(":")]
        for other in [*_about(modules[name], "depends"), *soft]:
            add(other.replace("-", "_"))
        ordered.append(name)

    for name in wanted:
        add(name)
    return ordered


def lean_initrd(stock: bytes) -> bytes:
    """Give a smaller initrd of a stock one made by supermin(1)."""
    members = dict(unpack(stock))
    if "init" not in members or "modules" not in members:
        raise ApplianceError("the initrd of the stock appliance was not made by supermin")
    files = {
        _module_name(name): name for name in members["modules"].decode().split() if name in members
    }
    modules = {name: members[file] for name, file in files.items()}
    kept = [files[name] for name in _in_order(modules, _WANTED)]
    return pack(
        [
            ("init", _EXECUTABLE, members["init"]),
            *((file, _PLAIN, members[file]) for file in kept),
            ("modules", _PLAIN, "".join(f"{file}\n" for file in kept).encode()),
        ]
    )
