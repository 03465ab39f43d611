"""YAML that a guest wrote: bounded in size, and nothing but texts, lists and mappings."""

from typing import Any

from guestshell.guest.facts.files import Files

MOST = 128 * 1024
"""Bytes of one document: the reader, in Python, takes seconds for a few hundred thousand."""

MOST_ALIASES = 50
"""Of one document: each may stand for nearly all of it."""


def load_yaml(files: Files, path: str, data: bytes) -> Any:
    """Give what a document says as str, list and dict; None with a warning where it is damaged.

    The base loader makes no other types, so no tag, number or date of the guest is interpreted,
    and it has no merge keys, by which a short document could grow without bounds. An alias is
    the same object again; more than MOST_ALIASES of them are refused.
    """
    import yaml

    class Bounded(yaml.BaseLoader):
        aliases = 0

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                self.aliases += 1
                if self.aliases > MOST_ALIASES:
                    raise yaml.YAMLError("too many aliases")
            return super().compose_node(parent, index)

    if len(data) > MOST:
        files.warn(f"{path}: too long for a YAML file that people write")
        return None
    try:
        return yaml.load(data.decode("utf-8", "replace"), Bounded)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        files.warn(f"{path}{place}: {problem}")
    except (RecursionError, ValueError):
        files.warn(f"{path}: nested too deeply, or not YAML at all")
    return None
