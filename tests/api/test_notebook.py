"""The example notebook, run by a real kernel."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs/examples/first-look.ipynb"


@pytest.mark.appliance
def test_the_notebook_runs_and_finds_the_break_in(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "disk.img").symlink_to(demo)
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [
        "".join(output["data"].get("text/html", output["data"]["text/plain"]))
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]
    inspection, root, night, failed, verified = shown
    assert "Debian GNU/Linux 12 (bookworm)" in inspection
    assert "sysupd" in root
    assert "/usr/lib/.cache/kworker" in night
    assert "203.0.113.77    240" in failed
    assert "/usr/bin/chfn" in verified
