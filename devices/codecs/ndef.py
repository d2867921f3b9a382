"""NFC Data Exchange Format: the text, link and own records of a tag, as the card map can match them."""

from __future__ import annotations

from collections.abc import Iterator

from devices.codecs.frames import Part

_SHORT, _HAS_ID, _CHUNKED = 0x10, 0x08, 0x20
_WELL_KNOWN, _LINK, _OWN = 1, 3, 4
"""Type name formats of a record's first byte: NFC Forum NDEF 1.0, section 3.2.6."""
_PREFIXES = (
    "",
    "http://www.",
    "https://www.",
    "http://",
    "https://",
    "tel:",
    "mailto:",
    "ftp://anonymous:anonymous@",
    "ftp://ftp.",
    "ftps://",
    "sftp://",
    "smb://",
    "nfs://",
    "ftp://",
    "dav://",
    "news:",
    "telnet://",
    "imap:",
    "rtsp://",
    "urn:",
    "pop:",
    "sip:",
    "sips:",
    "tftp:",
    "btspp://",
    "btl2cap://",
    "btgoep://",
    "tcpobex://",
    "irdaobex://",
    "file://",
    "urn:epc:id:",
    "urn:epc:tag:",
    "urn:epc:pat:",
    "urn:epc:raw:",
    "urn:epc:",
    "urn:nfc:",
)
"""Beginnings of links by their code: NFC Forum URI record type 1.0, table 3. Codes above stand for nothing."""
_MAX_RECORDS = 16


def parts(message: bytearray) -> list[Part]:
    """The records of a message as parts named `ndef`, in their order; a damaged rest is left out.

    A text record is its text, a link the whole link, an own record `urn:nfc:ext:DOMAIN:TYPE=CONTENT`.
    """
    contents = (_content(kind, name, payload) for kind, name, payload in _records(memoryview(message)))
    return [Part("ndef", content) for content in contents if content is not None]


def _records(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Kind, type and payload of each whole record."""
    at = 0
    for _ in range(_MAX_RECORDS):
        if at + 3 > len(message):
            return
        flags, type_length = message[at], message[at + 1]
        at += 2
        size = 1 if flags & _SHORT else 4
        id_size = 1 if flags & _HAS_ID else 0
        if at + size + id_size > len(message):
            return
        length = int.from_bytes(message[at : at + size], "big")
        id_length = message[at + size] if id_size else 0
        at += size + id_size
        start = at + type_length + id_length
        if start + length > len(message):
            return
        if not flags & _CHUNKED:
            yield flags & 0x07, message[at : at + type_length], message[start : start + length]
        at = start + length


def _content(kind: int, name: memoryview, payload: memoryview) -> bytearray | None:
    """A record as text; None for the kinds that no rule can match, and for empty ones."""
    if kind == _LINK:
        return bytearray(name)
    if kind == _OWN:
        return bytearray(b"urn:nfc:ext:") + name + b"=" + payload
    if kind == _WELL_KNOWN and payload:
        read = {b"T": _text, b"U": _link}.get(bytes(name[:2]))
        return read(payload) if read else None
    return None


def _text(payload: memoryview) -> bytearray:
    """NFC Forum text record type 1.0: bit 7 tells UTF-16, bits 0 to 5 the length of the language code."""
    status, text = payload[0], payload[1 + (payload[0] & 0x3F) :]
    return _utf8(text) if status & 0x80 else bytearray(text)


def _utf8(text: memoryview) -> bytearray:
    """UTF-16 as UTF-8, byte by byte: a str could not be wiped. Letters beyond the basic plane become `?`."""
    little = bytes(text[:2]) == b"\xff\xfe"
    result = bytearray()
    for at in range(0, len(text) - 1, 2):
        unit = int.from_bytes(text[at : at + 2], "little" if little else "big")
        if unit == 0xFEFF:
            continue
        if 0xD800 <= unit < 0xE000:
            unit = ord("?")
        if unit < 0x80:
            result.append(unit)
        elif unit < 0x800:
            result += bytes((0xC0 | unit >> 6, 0x80 | unit & 0x3F))
        else:
            result += bytes((0xE0 | unit >> 12, 0x80 | unit >> 6 & 0x3F, 0x80 | unit & 0x3F))
    return result


def _link(payload: memoryview) -> bytearray:
    prefix = _PREFIXES[payload[0]] if payload[0] < len(_PREFIXES) else ""
    return bytearray(prefix.encode()) + payload[1:]


def text_record(text: str, *, language: str = "en", utf16: bool = False) -> bytes:
    """A message of one text record, as a tag would hold it."""
    code = language.encode()
    body = text.encode("utf-16-be" if utf16 else "utf-8")
    return _message(_WELL_KNOWN, b"T", bytes([len(code) | (0x80 if utf16 else 0)]) + code + body)


def link_record(link: str) -> bytes:
    """A message of one link record."""
    code = 4 if link.startswith("https://") and not link.startswith("https://www.") else 0
    return _message(_WELL_KNOWN, b"U", bytes([code]) + link.removeprefix(_PREFIXES[code]).encode())


def own_record(name: str, content: bytes) -> bytes:
    """A message of one external record; `name` is `domain:type`."""
    return _message(_OWN, name.encode(), content)


def _message(kind: int, name: bytes, payload: bytes) -> bytes:
    # C0: first and last record of its message.
    if len(payload) < 0x100:
        return bytes([0xC0 | _SHORT | kind, len(name), len(payload)]) + name + payload
    return bytes([0xC0 | kind, len(name)]) + len(payload).to_bytes(4, "big") + name + payload
