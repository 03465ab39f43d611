"""What an evidence log says first: which images, and what reads them."""

import platform

from guestshell.engine.binding import library_version
from guestshell.guest.guest import Guest
from guestshell.version import __version__


def provenance(guest: Guest) -> dict[str, object]:
    """Give the images with all they stand on (size in bytes, times in ns), and the versions."""
    images = []
    for image in guest.images:
        for part in image.chain():
            status = part.path.stat()
            images.append(
                {
                    "path": str(part.path.resolve()),
                    "format": part.format,
                    "size": status.st_size,
                    "mtime_ns": status.st_mtime_ns,
                }
            )
    versions = {
        "guestctl": __version__,
        "libguestfs": library_version(),
        "python": platform.python_version(),
        "host": f"{platform.system()} {platform.release()}",
    }
    return {"images": images, "versions": versions}
