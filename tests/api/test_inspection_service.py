"""The example web service with its real server."""

import hashlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from guestshell import Guest

EXAMPLES = Path(__file__).parents[2] / "docs/examples"

pytestmark = pytest.mark.appliance


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "inspection_service:app", "--port", str(port)],
        cwd=EXAMPLES,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            for _ in range(100):
                try:
                    client.get("/openapi.json")
                    break
                except httpx.ConnectError:
                    time.sleep(0.1)
            yield client
    finally:
        server.terminate()
        assert server.wait(30) in (0, -signal.SIGTERM)


@pytest.fixture(scope="module")
def uploaded(service: httpx.Client, demo: Path) -> int:
    with demo.open("rb") as image:
        answer = service.post("/images", content=image)
    assert answer.status_code == 201, answer.text
    assert answer.json()["os"]["hostname"] == "web01"
    number: int = answer.json()["image"]
    return number


def test_rows_are_asked_in_the_prompts_language(service: httpx.Client, uploaded: int) -> None:
    line = "users | where uid = 0 | select name"
    answer = service.get(f"/images/{uploaded}/rows", params={"line": line})
    assert answer.json() == [{"name": "root"}, {"name": "sysupd"}]
    assert service.get(f"/images/{uploaded}/rows", params={"line": "ls |"}).status_code == 422


def test_a_file_is_streamed_out(service: httpx.Client, uploaded: int, demo_guest: Guest) -> None:
    path = "/var/cache/.dump.sql"
    digest = hashlib.sha256()
    with service.stream("GET", f"/images/{uploaded}/files", params={"path": path}) as answer:
        for block in answer.iter_bytes():
            digest.update(block)
    assert digest.hexdigest() == demo_guest.hash(path)


def test_a_client_that_leaves_in_the_middle_holds_nobody_up(
    service: httpx.Client, uploaded: int
) -> None:
    files = f"/images/{uploaded}/files"
    with service.stream("GET", files, params={"path": "/var/log/huge.log"}) as answer:
        next(answer.iter_bytes())
    assert service.get(files, params={"path": "/etc/hostname"}).content == b"web01\n"


def test_what_cannot_be_answered_is_said(service: httpx.Client, uploaded: int) -> None:
    answer = service.get(f"/images/{uploaded}/files", params={"path": "/nowhere"})
    assert (answer.status_code, answer.json()["detail"]) == (
        404, "/nowhere: no such file or directory",
    )  # fmt: skip
    assert service.get("/images/99/files", params={"path": "/"}).status_code == 404
    answer = service.post("/images", content=b"no disk")
    assert answer.json()["os"] is None
    number = answer.json()["image"]
    answer = service.get(f"/images/{number}/files", params={"path": "/etc/passwd"})
    assert (answer.status_code, "nothing is mounted" in answer.text) == (422, True)


def test_an_image_is_dropped(service: httpx.Client, uploaded: int) -> None:
    assert service.delete(f"/images/{uploaded}").status_code == 204
    assert service.get(f"/images/{uploaded}/rows", params={"line": "ls"}).status_code == 404
