"""A UBL invoice as the tax authority hashes it: hardened parsing and Canonical XML 1.1 in one small tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# Bandit warns of entity expansion (B407): document types are refused below, so there is nothing to expand.
from xml.parsers import expat  # nosec B407

from kiosk.taxqr.tlv import Reason, TaxQrInvalid

INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
EXT = "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"
_XML = "http://www.w3.org/XML/1998/namespace"

LIMIT_BYTES = 8 * 1024 * 1024
"""The longest invoice file read; the tax authority's own samples are 15 KB."""

_DEEPEST = 100


@dataclass(slots=True)
class Element:
    """One element: its name with prefix, the namespaces in scope by prefix, attributes as written, and content."""

    name: str
    scope: Mapping[str, str]
    attributes: Mapping[str, str] = field(default_factory=dict)
    content: list[Element | str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and local name."""
        prefix, _, local = self.name.rpartition(":")
        return self.scope.get(prefix, ""), local

    @property
    def text(self) -> str:
        """The element's own text without surrounding space."""
        return "".join(part for part in self.content if isinstance(part, str)).strip()

    def all(self, *path: tuple[str, str]) -> Iterator[Element]:
        """Every element found by walking down these keys, in document order."""
        key, *rest = path
        for part in self.content:
            if isinstance(part, Element) and part.key == key:
                if rest:
                    yield from part.all(*rest)
                else:
                    yield part

    def first(self, *path: tuple[str, str]) -> str | None:
        """The text of the first element found; None when there is none."""
        return next((element.text for element in self.all(*path)), None)


def parse(data: bytes) -> Element:
    """The root element of an XML file.

    Comments are dropped, as the canonical form asks.

    Raises:
        TaxQrInvalid: not well formed, too long, too deep, with a document type (entities, external files) or
            with a processing instruction, which has no place in an invoice.
    """
    if len(data) > LIMIT_BYTES:
        raise TaxQrInvalid(Reason.NOT_XML)
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.ProcessingInstructionHandler = reader.refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError):
        # LookupError: the file names an encoding nobody knows.
        raise TaxQrInvalid(Reason.NOT_XML) from None
    return reader.root


class _Reader:
    """Builds the tree from expat's events; refuses what could make a small file large."""

    def __init__(self) -> None:
        self.root = Element("", {"xml": _XML})
        self._open: list[Element] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _DEEPEST:
            raise TaxQrInvalid(Reason.NOT_XML)
        parent = self._open[-1] if self._open else self.root
        declared = {key[6:]: uri for key, uri in attributes.items() if key == "xmlns" or key.startswith("xmlns:")}
        scope = {**parent.scope, **declared} if declared else parent.scope
        plain = {
            key: value for key, value in attributes.items() if key != "xmlns" and not key.startswith("xmlns:")
        }
        element = Element(name, scope, plain)
        if any(prefix and prefix not in scope for prefix in map(_prefix, (name, *plain))):
            raise TaxQrInvalid(Reason.NOT_XML)
        if self._open:
            parent.content.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, name: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        self._open[-1].content.append(text)

    def refuse(self, *_: object) -> None:
        raise TaxQrInvalid(Reason.NOT_XML)


def _prefix(name: str) -> str:
    return name.rpartition(":")[0]


def hashed_form(invoice: Element) -> bytes:
    """The bytes whose SHA-256 is the invoice's hash.

    Canonical XML 1.1 of the invoice without its extensions (the signature), `cac:Signature` and the QR, as the
    transforms of ZATCA's Security Features standard ask; the white space around what is left out stays.
    """
    return "".join(_canonical(invoice, {"xml": _XML})).encode()


def _canonical(element: Element, above: Mapping[str, str]) -> Iterator[str]:
    yield f"<{element.name}"
    for prefix, uri in sorted(element.scope.items()):
        if above.get(prefix, "") != uri:
            yield f' xmlns{":" if prefix else ""}{prefix}="{_quoted(uri)}"'
    for name, value in sorted(
        element.attributes.items(), key=lambda item: _attribute_order(item[0], element.scope)
    ):
        yield f' {name}="{_quoted(value)}"'
    yield ">"
    for part in element.content:
        if isinstance(part, str):
            yield part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
        elif not _is_left_out(part):
            yield from _canonical(part, element.scope)
    yield f"</{element.name}>"


def _attribute_order(name: str, scope: Mapping[str, str]) -> tuple[str, str]:
    """Canonical XML 1.1, section 2.2: by namespace, then local name; without a prefix there is no namespace."""
    prefix, _, local = name.rpartition(":")
    return (scope[prefix] if prefix else "", local)


def _quoted(value: str) -> str:
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return value.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def _is_left_out(element: Element) -> bool:
    match element.key:
        case (uri, "UBLExtensions"):
            return uri == EXT
        case (uri, "Signature"):
            return uri == CAC
        case (uri, "AdditionalDocumentReference"):
            return uri == CAC and element.first((CBC, "ID")) == "QR"
    return False
