"""Names that a PATTERN argument means."""

import fnmatch
from collections.abc import Callable


def name_filter(pattern: str | None) -> Callable[[str], bool]:
    """Give whether a name fits: a glob for the whole of it, or without wildcards a part of it."""
    if pattern is None:
        return lambda name: True
    wildcard = pattern if set(pattern) & set("*?[") else f"*{pattern}*"
    return lambda name: fnmatch.fnmatchcase(name, wildcard)
