"""One installed package, whatever database it comes from."""

from dataclasses import dataclass

from guestshell.values import Size


@dataclass(frozen=True, slots=True)
class Package:
    """A package as its database records it; `size` in bytes once installed, 0 if unknown."""

    name: str
    version: str
    architecture: str
    size: Size
    summary: str

    @classmethod
    def make(
        cls, name: str, version: str, architecture: str, summary: str, *, size: int
    ) -> "Package":
        """Give a package from plain values."""
        return cls(name, version, architecture, Size(size), summary)
