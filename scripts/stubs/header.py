"""What the C header of libguestfs tells that the binding does not: structures."""

import re
from dataclasses import dataclass
from pathlib import Path

HEADER = Path("/usr/include/guestfs.h")

_STRUCT = re.compile(r"^struct guestfs_(\w+) \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\s*(?P<type>\w+) (?P<pointer>\*?)(?P<name>\w+)(?P<array>\[\d+\])?;")
_RESULT = re.compile(
    r"^extern GUESTFS_DLL_PUBLIC struct guestfs_(\w+) \*guestfs_(\w+) \(guestfs_h \*", re.MULTILINE
)
_INTEGERS = frozenset({"int32_t", "uint32_t", "int64_t", "uint64_t"})


@dataclass(frozen=True)
class Struct:
    """A structure of the C API, as the binding gives it: field name → Python type."""

    name: str
    fields: dict[str, str]

    @property
    def class_name(self) -> str:
        """Its name as a Python class: `lvm_pv` is `LvmPv`."""
        return "".join(word.capitalize() for word in self.name.split("_"))


def _field_type(kind: str, is_pointer: bool) -> str:
    """Give the Python type of a field; generator/python.ml of libguestfs makes it."""
    if kind == "char":
        return "str"
    if kind == "float" and not is_pointer:
        return "float | None"  # a share in percent, and None where the header says -1
    if kind in _INTEGERS and not is_pointer:
        return "int"
    raise ValueError(f"a field of the unknown type {kind}")


def _fields(body: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in body.splitlines():
        match = _FIELD.match(line)
        if match is None:
            raise ValueError(f"not a field: {line}")
        name = match["name"]
        if fields.pop(f"{name}_len", None):
            fields[name] = "bytes"  # a buffer: its length stands before it
        else:
            fields[name] = _field_type(match["type"], bool(match["pointer"]))
    return fields


def structs(header: str) -> list[Struct]:
    """Give the structures that methods return, in the header's order."""
    return [
        Struct(name, _fields(body))
        for name, body in _STRUCT.findall(header)
        if not name.endswith(("_list", "_argv"))
    ]


def results(header: str) -> dict[str, str]:
    """Give, for each C function that gives a structure or a list of them, the name of that."""
    return {function: name for name, function in _RESULT.findall(header)}
