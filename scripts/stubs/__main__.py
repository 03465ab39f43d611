"""Write the generated files where they belong."""

import re
import sys
from pathlib import Path

from guestshell.engine import binding
from guestshell.engine.methods import methods
from scripts.stubs import header, render

ROOT = Path(__file__).parent.parent.parent


def installed() -> render.Library:
    """Give what is installed here. Raises OSError without the header."""
    text = header.HEADER.read_text(encoding="utf-8")
    version = tuple(int(part) for part in re.findall(r"\d+", binding.library_version())[:3])
    module = binding.load().module
    constants = {name: value for name, value in vars(module).items() if name.startswith("EVENT_")}
    return render.Library(
        version,
        methods(),
        header.structs(text),
        header.results(text),
        constants,
    )


def generated() -> dict[Path, str]:
    """Give each generated file with its text."""
    library = installed()
    return {
        ROOT / "guestfs-stubs/__init__.pyi": render.guestfs_stub(library),
        ROOT / "guestshell/guestfs_api/calls.pyi": render.calls_stub(library),
        ROOT / "guestshell/guestfs_api/structs.py": render.structs_module(library),
    }


def main() -> None:
    """Write them all."""
    try:
        files = generated()
    except OSError as error:
        sys.exit(f"stubs: {error.filename}: {error.strerror}; install libguestfs-dev")
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
