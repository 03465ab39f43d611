"""JSON that a guest wrote, bounded, and the times in it."""

from typing import Any

from guestshell.guest.facts.files import Files, read_if_there
from guestshell.values import Timestamp

MOST = 8 * 2**20


def load_json(files: Files, path: str) -> Any:
    """Give what a JSON file holds; None where it is missing, or damaged, which is warned of."""
    data = read_if_there(files, path, MOST + 1)
    if data is None:
        return None
    if len(data) > MOST:
        files.warn(f"{path}: longer than {MOST} bytes, not read")
        return None
    return parse_json(files, path, data)


def parse_json(files: Files, path: str, data: bytes | str) -> Any:
    """Give what a JSON text holds; None where it is damaged, which is warned of."""
    import json

    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    try:
        return json.loads(text, parse_int=_number, parse_constant=lambda name: None)
    except RecursionError:
        files.warn(f"{path}: nested too deeply")
    except ValueError as error:
        files.warn(f"{path}: no JSON: {error}")
    return None


def _number(text: str) -> int | float:
    return int(text) if len(text) <= 20 else float(text)


def parse_rfc3339(text: str) -> Timestamp | None:
    """Give the moment of `2026-03-14T02:11:07.123456789+01:00`, None of another text.

    Go writes the year 1 for never, which gives None too.
    """
    from datetime import datetime, timedelta

    if len(text) < 20 or text[10] not in "Tt ":
        return None
    seconds, dot, rest = text[:19], text[19:20], text[19:]
    fraction = 0
    if dot == ".":
        digits = rest[1:].rstrip("Zz").partition("+")[0].partition("-")[0]
        if not (digits.isascii() and digits.isdecimal()):
            return None
        fraction, rest = int(digits[:9].ljust(9, "0")), rest[1 + len(digits) :]
    zone = "+00:00" if rest in ("Z", "z") else rest
    try:
        moment = datetime.fromisoformat(seconds + zone)
    except ValueError:
        return None
    if moment.tzinfo is None or moment.year <= 1:
        return None
    since = moment - datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return Timestamp(since // timedelta(seconds=1) * 10**9 + fraction)
