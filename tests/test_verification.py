"""That images are what they were: measured before and after, and said."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from guestshell import verification
from guestshell.errors import HostError, ImageChanged
from guestshell.evidence import verify
from guestshell.verification import Verification
from tests.e2e.terminal import GUESTCTL

CONTENT = bytes(range(256)) * 9000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Bars:
    """Stands in for the terminal: keeps what bars were shown and how far they came."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, int, list[int]]] = []

    @contextlib.contextmanager
    def progress(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        steps: list[int] = []
        self.shown.append((label, total, steps))
        yield steps.append


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "disk.img"
    file.write_bytes(CONTENT)
    return file


def test_what_did_not_change_is_said_with_its_digest(image: Path) -> None:
    bars, log = Bars(), list[Mapping[str, Any]]()
    verified = Verification([image, image])
    verified.start()
    line = verified.finish(bars.progress, log.append)
    assert line == f"{image} is unchanged, SHA-256 {SHA256}"
    assert [entry["verification"] for entry in log] == ["before", "after"]
    for entry in log:
        [file] = entry["files"]
        assert (file["path"], file["size"], file["sha256"]) == (str(image), len(CONTENT), SHA256)
        assert file["began_ns"] <= file["ended_ns"]
    label, total, steps = bars.shown[-1]
    assert (label, total, sum(steps)) == ("Verifying", len(CONTENT), len(CONTENT))
    assert verified.share == 1.0


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"x" + data[1:],
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"",
    ],
)
def test_a_change_is_said_loudly(image: Path, change: Callable[[bytes], bytes]) -> None:
    log = list[Mapping[str, Any]]()
    verified = Verification([image])
    verified.start()
    assert verified._first.result()
    image.write_bytes(change(CONTENT))
    with pytest.raises(ImageChanged, match="CHANGED while it was open") as caught:
        verified.finish(Bars().progress, log.append)
    assert SHA256 in caught.value.message
    assert hashlib.sha256(change(CONTENT)).hexdigest() in caught.value.message
    assert [entry["verification"] for entry in log] == ["before", "after"]


def test_an_image_that_vanished_is_no_unchanged_one(image: Path) -> None:
    log = list[Mapping[str, Any]]()
    verified = Verification([image])
    verified.start()
    assert verified._first.result()
    image.unlink()
    with pytest.raises(HostError, match="no such file"):
        verified.finish(Bars().progress, log.append)
    assert [entry["verification"] for entry in log] == ["before", "failed"]


def test_the_first_digests_are_waited_for_with_a_bar(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    digest = verification.digest

    def held(path: Path, advance: Callable[[int], None]) -> verification.Digest:
        go.wait(10)
        return digest(path, advance)

    monkeypatch.setattr(verification, "digest", held)
    bars, log = Bars(), list[Mapping[str, Any]]()
    verified = Verification([image])
    verified.start()
    assert verified.first() is None
    assert verified.share == 0
    threading.Timer(0.3, go.set).start()
    verified.finish(bars.progress, log.append)
    assert [label for label, _, _ in bars.shown] == ["Verifying what was opened", "Verifying"]


def test_ctrl_c_ends_it_and_the_log_says_so(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_label: str, _total: int) -> contextlib.AbstractContextManager[Any]:
        raise KeyboardInterrupt

    log = list[Mapping[str, Any]]()
    verified = Verification([image])
    verified.start()
    with pytest.raises(KeyboardInterrupt):
        verified.finish(interrupted, log.append)
    assert log[-1]["verification"] == "interrupted"


# -- the program -------------------------------------------------------------------------------


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([GUESTCTL, *words], capture_output=True, text=True, check=False)


@pytest.mark.appliance
def test_a_run_vouches_for_its_image_in_the_log(demo: Path, tmp_path: Path) -> None:
    log = tmp_path / "case.jsonl"
    done = run("run", "-q", "--verify", "--log", str(log), "-c", "cat /etc/hostname", str(demo))
    assert (done.returncode, done.stdout) == (0, "web01\n")
    digest = hashlib.sha256(demo.read_bytes()).hexdigest()
    assert f"{demo} is unchanged, SHA-256 {digest}" in done.stderr
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    found = [entry for entry in entries if "verification" in entry]
    assert [entry["verification"] for entry in found] == ["before", "after"]
    assert {file["sha256"] for entry in found for file in entry["files"]} == {digest}
    assert verify(log).complete


@pytest.mark.appliance
def test_a_run_whose_image_changes_fails(demo: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(demo.read_bytes())
    change = f"!printf x | dd of={image} bs=1 seek=600000 conv=notrunc status=none"
    done = run(
        "run", "-q", "--no-index", "--verify", "-c", "cat /etc/hostname", "-c", change, str(image)
    )
    assert done.returncode == 1
    assert done.stdout == "web01\n"
    assert f"{image} CHANGED while it was open" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_chain_below_an_image_is_vouched_for_too(tmp_path: Path, demo: Path) -> None:
    top = tmp_path / "top.qcow2"
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(demo), str(top)]
    subprocess.run(command, check=True)
    done = run("run", "-q", "--verify", "-c", "pwd", str(top))
    assert done.returncode == 0, done.stderr
    assert f"{top} is unchanged" in done.stderr
    assert f"{demo} is unchanged" in done.stderr


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_session_that_is_ended_from_outside_does_not_claim_anything(
    name: str, tmp_path: Path, demo: Path
) -> None:
    log = tmp_path / "case.jsonl"
    process = subprocess.Popen(
        [GUESTCTL, "run", "-q", "--verify", "--log", str(log), str(demo)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(b"pwd\n")
    process.stdin.flush()
    while b'"line"' not in log.read_bytes() if log.exists() else True:
        assert process.poll() is None
    os.kill(process.pid, getattr(signal, name))
    process.wait(30)
    assert verify(log).problem == ""
