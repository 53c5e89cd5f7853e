"""XML of other systems: elements by local name, and nothing but what is in the document."""

from __future__ import annotations

from functools import lru_cache

from lxml import etree

from services.connectors.document import Document, DocumentRefused


class Element:
    """An element whose parts are found by local names, whatever the namespace's version is."""

    __slots__ = ("_node", "_space")

    def __init__(self, node: etree._Element, space: str | None = None) -> None:
        self._node = node
        self._space = _space_of(node) if space is None else space

    @property
    def name(self) -> str:
        """Return its local name."""
        return str(etree.QName(self._node).localname)

    @property
    def space(self) -> str:
        """Return the namespace, in braces."""
        return self._space

    def all(self, path: str) -> list[Element]:
        """Return the elements at a path such as `NtryDtls/TxDtls`."""
        found = self._node.findall(_path(self._space, path))
        return [Element(node, self._space) for node in found]

    def one(self, path: str) -> Element | None:
        """Return the first element at a path."""
        node = self._node.find(_path(self._space, path))
        return None if node is None else Element(node, self._space)

    def text(self, *paths: str) -> str | None:
        """Return the text at the first of some paths that has one, without blanks around it."""
        for path in paths:
            node = self._node.find(_path(self._space, path)) if path else self._node
            if node is not None and (text := str(node.text or "").strip()):
                return text
        return None

    def attribute(self, name: str) -> str | None:
        """Return an attribute's value."""
        found = self._node.get(name)
        return None if found is None else str(found)


@lru_cache(maxsize=2_000)
def _path(space: str, path: str) -> str:
    return "/".join(space + part for part in path.split("/"))


def _space_of(node: etree._Element) -> str:
    space = etree.QName(node).namespace
    return f"{{{space}}}" if space else ""


def parsed(document: Document) -> Element:
    """Return the root of an XML document. Raises: DocumentRefused."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        root = etree.fromstring(document.body, parser)
    except etree.XMLSyntaxError as error:
        raise DocumentRefused(
            f"{document.name}: no XML that can be read: {error}; ask for the file anew"
        ) from error
    if root.getroottree().docinfo.doctype:
        raise DocumentRefused(
            f"{document.name}: it declares a document type, which no bank's statement does; it is "
            "not read"
        )
    return Element(root)
