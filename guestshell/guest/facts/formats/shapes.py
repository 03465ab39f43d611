"""Looking into what JSON or YAML of a guest holds, without trusting its shape."""

from typing import Any


def part(value: Any, *keys: str) -> Any:
    """Give what stands under keys of nested mappings, None where there is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text_of(value: Any, *keys: str) -> str:
    """Give the text under keys of nested mappings, empty where there is none."""
    found = part(value, *keys)
    return _whole(found) if isinstance(found, str) else ""


def texts_of(value: Any, *keys: str) -> tuple[str, ...]:
    """Give the texts of a list under keys of nested mappings, or a text that stands alone."""
    found = part(value, *keys)
    if isinstance(found, str):
        return (_whole(found),) if found else ()
    return tuple(_whole(item) for item in list_of(found) if isinstance(item, str))


def list_of(value: Any, *keys: str) -> list[Any]:
    """Give the list under keys of nested mappings, an empty one where there is none."""
    found = part(value, *keys)
    return found if isinstance(found, list) else []


def mapping_of(value: Any, *keys: str) -> dict[str, Any]:
    """Give the mapping under keys of nested mappings; names that are no text are left out."""
    found = part(value, *keys)
    if not isinstance(found, dict):
        return {}
    return {_whole(key): inner for key, inner in found.items() if isinstance(key, str)}


def _whole(text: str) -> str:
    r"""Give a text that can be written: an escape such as \ud800 makes half a character."""
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text
