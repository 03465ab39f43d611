"""The stock appliance as files of this host: what the lean one is made of."""

import itertools
import os
from dataclasses import dataclass
from pathlib import Path

from guestshell.errors import ApplianceError

_PIECE = 2**24


@dataclass(frozen=True)
class StockAppliance:
    """The files of an appliance that libguestfs started."""

    kernel: Path
    initrd: Path
    root: Path

    @classmethod
    def of_process(cls, pid: int) -> "StockAppliance":
        """Read them off the command line of the emulator, which QEMU(1) documents.

        Raises ApplianceError when it has no root disk that libguestfs named `appliance`.
        """
        words = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
        following = dict(itertools.pairwise(words))
        known = {"-kernel", "-initrd"} <= following.keys()
        for word in words:
            options = dict(pair.partition("=")[::2] for pair in word.replace(",,", "\0").split(","))
            if options.get("id") == "appliance" and options.get("file") and known:
                root = options["file"].replace("\0", ",")
                return cls(Path(following["-kernel"]), Path(following["-initrd"]), Path(root))
        raise ApplianceError("the stock appliance has no root disk to make a lean one of")

    def space(self) -> int:
        """Give the bytes that a copy of the root takes."""
        return self.root.stat().st_blocks * 512


def copy_sparse(source: Path, target: Path) -> None:
    """Copy what is written of a sparse file into one that has no data yet; raises OSError."""
    with source.open("rb") as read, target.open("r+b") as written:
        end = os.fstat(read.fileno()).st_size
        position = 0
        while position < end:
            try:
                position = os.lseek(read.fileno(), position, os.SEEK_DATA)
            except OSError:  # ENXIO: only holes from here on
                return
            stop = os.lseek(read.fileno(), position, os.SEEK_HOLE)
            os.lseek(written.fileno(), position, os.SEEK_SET)
            while position < stop:
                # not copy_file_range, which some pairs of file systems refuse
                position += os.sendfile(
                    written.fileno(), read.fileno(), position, min(_PIECE, stop - position)
                )
