"""Headers as rpm keeps them: RPM file format, section "Header" of the rpm manual (format.md).

A header is two big-endian numbers, how many entries and how many bytes of data; the entries of
16 bytes (tag, type, offset, count); and the data they point into.
"""

import struct
from collections.abc import Sequence

NAME, VERSION, RELEASE, EPOCH, SUMMARY = 1000, 1001, 1002, 1003, 1004
INSTALL_TIME, SIZE, ARCHITECTURE, SOURCE_RPM = 1008, 1009, 1022, 1044
LONG_SIZE = 5009
OLD_FILE_NAMES = 1027
FILE_SIZES, FILE_STATES, FILE_MODES, FILE_MTIMES = 1028, 1029, 1030, 1034
FILE_DIGESTS, FILE_LINK_TARGETS, FILE_FLAGS = 1035, 1036, 1037
FILE_USERS, FILE_GROUPS, FILE_VERIFY_FLAGS = 1039, 1040, 1045
DIRECTORY_INDEXES, BASE_NAMES, DIRECTORY_NAMES = 1116, 1117, 1118
LONG_FILE_SIZES, FILE_DIGEST_ALGORITHM = 5008, 5011
"""Tags of the manual's tags.md that are read here."""

_FORMATS = {1: "B", 2: "B", 3: "H", 4: "I", 5: "Q"}
"""struct's letters of the types CHAR and INT8 to INT64."""
_STRING, _STRING_ARRAY, _I18N_STRING = 6, 8, 9
_MOST_ENTRIES, _MOST_DATA = 0xFFFF, 0x0FFFFFFF
"""rpm's own limits for a header."""
_MOST_VALUES = 2**20
"""Values that are taken of a tag: the largest packages have some 100,000 files."""


class DamagedHeader(Exception):
    """The bytes are no header."""


class Header:
    """One package's header; a tag that is missing or damaged gives nothing."""

    def __init__(self, blob: bytes) -> None:
        """Read the entries. Raises DamagedHeader."""
        if len(blob) < 8:
            raise DamagedHeader("is too short")
        count, length = struct.unpack_from(">II", blob)
        start = 8 + 16 * count
        if count > _MOST_ENTRIES or length > _MOST_DATA or start + length > len(blob):
            raise DamagedHeader("is longer than what holds it")
        # what rpm added when it installed the package comes last and counts
        self._entries: dict[int, tuple[int, int, int]] = {
            tag: (kind, offset, number)
            for tag, kind, offset, number in struct.iter_unpack(">IIiI", blob[8:start])
        }
        self._data = blob[start : start + length]

    def numbers(self, tag: int) -> Sequence[int]:
        """Give the numbers of a tag."""
        kind, offset, count = self._entries.get(tag, (0, 0, 0))
        letter = _FORMATS.get(kind)
        if letter is None or offset < 0:
            return ()
        count = min(count, _MOST_VALUES)
        size = struct.calcsize(f">{count}{letter}")
        if offset + size > len(self._data):
            return ()
        return struct.unpack_from(f">{count}{letter}", self._data, offset)

    def texts(self, tag: int) -> Sequence[bytes]:
        """Give the texts of a tag, each without its NUL."""
        kind, offset, count = self._entries.get(tag, (0, 0, 0))
        if kind not in (_STRING, _STRING_ARRAY, _I18N_STRING) or not 0 <= offset < len(self._data):
            return ()
        count = 1 if kind == _STRING else min(count, _MOST_VALUES)
        # of many texts only so many are cut off, the rest of the data stays in one piece
        found = self._data[offset:].split(b"\0", count)
        return found[:count] if len(found) > count else found[:-1]

    def number(self, tag: int) -> int | None:
        """Give the first number of a tag."""
        return next(iter(self.numbers(tag)), None)

    def text(self, tag: int) -> str:
        """Give the first text of a tag: of several languages, the untranslated one."""
        return next(iter(self.texts(tag)), b"").decode("utf-8", "surrogateescape")
