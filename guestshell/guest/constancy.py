"""That the files of images stay what they were while they are open, as far as the host tells."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from guestshell.errors import ImageChanged
from guestshell.guest.image import Image


def _look(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


class Constancy:
    """What the files were when they were opened, to be compared with what they are."""

    def __init__(self, images: Sequence[Image]) -> None:
        files = dict.fromkeys(part.path for image in images for part in image.chain())
        self._before = {file: _look(file) for file in files}

    def check(self) -> None:
        """Raise ImageChanged when a file is gone, another, or was written to."""
        changes = list(self._changes())
        if changes:
            raise ImageChanged(
                f"{'; '.join(changes)}, while it was open: answers can be wrong",
                "open it again to see it as it is",
            )

    def _changes(self) -> Iterator[str]:
        for file, before in self._before.items():
            if before is None:
                continue
            now = _look(file)
            if now is None:
                yield f"{file} is gone"
            elif (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino):
                yield f"{file} is another file now"
            elif now.st_size != before.st_size:
                yield f"{file} has {now.st_size} bytes now and had {before.st_size}"
            elif now.st_mtime_ns != before.st_mtime_ns:
                yield f"{file} was written to"
