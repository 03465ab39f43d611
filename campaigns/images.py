"""Images of damaged file systems, many in one appliance, opened as a person would open them."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from campaigns.bases import bases
from tests.e2e.terminal import GUESTCTL
from tests.images.build import run

_BATCH = 48
_SECTOR = 512
_WEIGHTS = {"ext4": 5, "plain-ext4": 4, "ext2": 3, "btrfs": 4, "xfs": 4}
"""Variants in a round; the others need an appliance each and are tried once a round."""

_LINES = (
    "inspect",
    "find / -type f | select path size mode owner mtime | count",
    "tree /",
    "hash -r /",
    "users",
    "packages",
    "logs -n 5",
)
_DEFECT = re.compile(r"unexpected [A-Z]\w*: ")
_SECONDS_AN_IMAGE = 60.0


def _sectors(image: Path) -> list[int]:
    """Give the sectors of an image that are not empty."""
    found = []
    with image.open("rb") as file:
        number = 0
        while block := file.read(_SECTOR):
            if any(block):
                found.append(number)
            number += 1
    return found


def variant(base: Path, sectors: list[int], seed: str, target: Path) -> None:
    """Make a copy of a base with some of its bytes changed; the same for the same seed."""
    chance = random.Random(seed)
    run("cp", "--sparse=always", str(base), str(target))
    if base.stem == "btrfs":  # copies of one Btrfs cannot share an appliance
        identity = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        run("btrfstune", "-f", "-M", identity, str(target))
    early = sectors[: max(len(sectors) // 8, 1)]
    with target.open("r+b") as file:
        for _ in range(chance.choice((1, 2, 4, 16, 64))):
            at = chance.choice(early if chance.random() < 0.5 else sectors) * _SECTOR
            at += chance.randrange(_SECTOR)
            file.seek(at)
            old = file.read(4)
            file.seek(at)
            match chance.randrange(4):
                case 0:
                    file.write(bytes([old[0] ^ 1 << chance.randrange(8)]))
                case 1:
                    file.write(chance.randbytes(1))
                case 2:
                    file.write(b"\xff" * 4)
                case _:
                    file.write(bytes(4))
        if chance.random() < 0.02:
            file.truncate(chance.randrange(1, base.stat().st_size))


def _processes_of(session: int) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(process.name)) == session:
                found.append(int(process.name))
        except OSError:
            continue
    return found


def _scan(images: list[Path]) -> Iterator[str]:
    """Open images and yield what went wrong with which."""
    command = [GUESTCTL, "scan", "--share", "--no-index", "-o", "jsonl"]
    command += ["--image-format", "raw"]
    command += [word for line in _LINES for word in ("-c", line)]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [*command, *map(str, images)], stdout=output, stderr=errors, start_new_session=True
        )
        try:
            process.wait(_SECONDS_AN_IMAGE * len(images))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            yield f"{images[0].name} …: no answer in {_SECONDS_AN_IMAGE * len(images):.0f} s"
        time.sleep(1)
        if left := _processes_of(process.pid):
            yield f"{images[0].name} …: {len(left)} processes are left"
        output.seek(0)
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")
        records = [json.loads(line) for line in output]
    if "Traceback" in said:
        yield f"{images[0].name} …: {said[said.index('Traceback') :][:3000]}"
    if process.returncode not in (0, 1):
        yield f"{images[0].name} …: exit code {process.returncode}: {said[-500:]}"
    reported = {record["image"] for record in records}
    for image in images:
        if str(image) not in reported:
            yield f"{image.name}: was not reported"
    for record in records:
        if _DEFECT.search(str(record.get("error", ""))):
            yield f"{Path(record['image']).name}: {record['error']}"


def attack(count: int, seed: int) -> Iterator[str]:
    """Open variants of every kind of file system and yield what went wrong."""
    with tempfile.TemporaryDirectory(prefix="guestctl-fuzz-") as directory:
        kinds = bases()
        turns = [turn for turn, base in enumerate(kinds) for _ in range(_WEIGHTS.get(base.stem, 1))]
        sectors = {base.stem: _sectors(base) for base in kinds}
        made = 0
        while made < count:
            place = Path(directory) / "batch"
            place.mkdir()
            images = []
            for number in range(made, min(made + _BATCH, count)):
                base = kinds[turns[number % len(turns)]]
                name = f"{base.stem}:{seed}:{number}"
                images.append(place / f"{name}.img")
                variant(base, sectors[base.stem], name, images[-1])
            yield from _scan(images)
            made += len(images)
            print(f"images: {made:,} of {count:,}", flush=True)
            shutil.rmtree(place)
