"""XML that a guest wrote: read by expat, without entities, so that nothing can grow or be fetched.

xml.etree offers no way to refuse a document type; defusedxml does by the same few handlers, and
more that is not needed here. A document type is where entities are declared, so none is taken.
"""

from dataclasses import dataclass, field

from guestshell.guest.facts.files import Files

MOST = 4 * 2**20
_DEEPEST = 100


@dataclass
class Node:
    """One element.

    `tag` is its name without the prefix of a namespace, `text` what stands directly in it, `line`
    where it begins.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> list["Node"]:
        """Give the children of that name."""
        return [child for child in self.children if child.tag == tag]

    def below(self, *tags: str) -> list["Node"]:
        """Give the elements that a path of names leads to."""
        found = [self]
        for tag in tags:
            found = [child for node in found for child in node.all(tag)]
        return found

    def text_of(self, *tags: str) -> str:
        """Give the text of the first element that a path leads to, "" where there is none."""
        return next((node.text for node in self.below(*tags)), "")


class _Refused(Exception):
    """The document has what none of its kind needs."""


def load_xml(files: Files, path: str, data: bytes) -> Node | None:
    """Give the root of a document, None with a warning where it is damaged or refused."""
    from xml.parsers import expat

    if len(data) > MOST:
        files.warn(f"{path}: too long for a configuration file")
        return None
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Node("", {}, 0)
    open_nodes = [top]
    texts: list[list[str]] = [[]]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(open_nodes) > _DEEPEST:
            raise _Refused("is nested too deeply")
        node = Node(tag.rpartition(":")[2], attributes, parser.CurrentLineNumber)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)
        texts.append([])

    def end(_tag: str) -> None:
        open_nodes.pop().text = "".join(texts.pop()).strip()

    def doctype(*_declared: object) -> None:
        raise _Refused("has a document type, which is not read")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: texts[-1].append(text)
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except _Refused as error:
        files.warn(f"{path}: {error}")
        return None
    except (expat.ExpatError, ValueError, LookupError) as error:
        files.warn(f"{path}: is no XML: {error}")
        return None
    return top.children[0]
