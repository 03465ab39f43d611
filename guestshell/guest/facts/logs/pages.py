"""A large file read here and there, the parts read last kept."""

import io
from collections import OrderedDict
from typing import Any

_PAGE = 256 * 2**10
_KEPT = 128


class Pages:
    """Reads of any place of a file, in pages of 256 KiB of which at most 32 MiB are kept."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._raw: Any = file.raw  # a buffer of its own would read more than is asked for
        self.size = file.seek(0, io.SEEK_END)
        self._pages: OrderedDict[int, bytes] = OrderedDict()

    def read(self, offset: int, count: int) -> bytes:
        """Give `count` bytes at `offset`, fewer at the end of the file. Raises PathError."""
        number, start = divmod(offset, _PAGE)
        page = self._page(number)
        if start + count <= len(page):
            return page[start : start + count]
        parts = [page[start:]]
        left = count - len(parts[0])
        while left > 0 and (number + 1) * _PAGE < self.size:
            number += 1
            parts.append(self._page(number)[:left])
            left -= len(parts[-1])
        return b"".join(parts)

    def _page(self, number: int) -> bytes:
        page = self._pages.get(number)
        if page is not None:
            self._pages.move_to_end(number)
            return page
        self._raw.seek(number * _PAGE)
        page = b""
        while len(page) < _PAGE and (more := self._raw.read(_PAGE - len(page))):
            page += more
        self._pages[number] = page
        if len(self._pages) > _KEPT:
            self._pages.popitem(last=False)
        return page
