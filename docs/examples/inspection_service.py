"""A web service: upload a disk image, learn what system it holds, read files out of it.

    pip install guestshell fastapi uvicorn
    uvicorn inspection_service:app --host 127.0.0.1

    curl --data-binary @disk.img http://127.0.0.1:8000/images
    curl 'http://127.0.0.1:8000/images/1/files?path=/etc/hostname'

One that strangers reach needs more: who may upload, how much, and for how long.
"""

import contextlib
import dataclasses
import itertools
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse

from guestshell import AsyncGuest, GuestShellError, NoSuchPath

LARGEST = 64 * 2**30
"""Bytes of an upload."""


class Images:
    """The uploaded images, each open as a guest."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count(1)
        self._guests: dict[int, AsyncGuest] = {}

    async def receive(self, blocks: AsyncIterator[bytes]) -> tuple[int, AsyncGuest]:
        number = next(self._numbers)
        image = self._directory / f"{number}.img"
        size = 0
        with image.open("wb") as file:
            async for block in blocks:
                size += len(block)
                if size > LARGEST:
                    raise HTTPException(413, "the image is too large")
                file.write(block)
        # whoever uploads must not choose a format: some formats name files of this host
        guest = AsyncGuest(image, image_format="raw")
        try:
            await guest.start()
        except GuestShellError:
            await guest.close()
            image.unlink()
            raise
        self._guests[number] = guest
        return number, guest

    def get(self, number: int) -> AsyncGuest:
        if number not in self._guests:
            raise HTTPException(404, f"there is no image {number}")
        return self._guests[number]

    async def drop(self, number: int) -> None:
        await self.get(number).close()
        del self._guests[number]
        (self._directory / f"{number}.img").unlink()

    async def close(self) -> None:
        for guest in self._guests.values():
            await guest.close()


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    with tempfile.TemporaryDirectory() as directory:
        app.state.images = Images(Path(directory))
        try:
            yield
        finally:
            await app.state.images.close()


app = FastAPI(title="Inspection of disk images", lifespan=lifespan)


@app.exception_handler(GuestShellError)
async def say_why(request: Request, error: GuestShellError) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 404 if isinstance(error, NoSuchPath) else 422)


@app.post("/images", status_code=201)
async def upload(request: Request) -> dict[str, Any]:
    """Take an image as the body and say what system it holds."""
    number, guest = await request.app.state.images.receive(request.stream())
    inspection = await guest.inspect()
    return {
        "image": number,
        "headline": inspection.headline,
        "os": dataclasses.asdict(inspection.os) if inspection.os else None,
    }


@app.get("/images/{number}/rows")
async def rows(request: Request, number: int, line: str) -> list[dict[str, Any]]:
    """Give the rows of a line such as `users | where uid = 0`."""
    images: Images = request.app.state.images
    return (await images.get(number).rows(line)).to_dicts()


@app.get("/images/{number}/files")
async def download(request: Request, number: int, path: str) -> StreamingResponse:
    """Stream a file out of the image."""
    guest = request.app.state.images.get(number)
    headers = {"Content-Length": str(await guest.size(path))}
    return StreamingResponse(guest.blocks(path), 200, headers, "application/octet-stream")


@app.delete("/images/{number}", status_code=204)
async def delete(request: Request, number: int) -> None:
    """Close an image and forget it."""
    await request.app.state.images.drop(number)
