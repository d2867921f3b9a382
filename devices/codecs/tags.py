"""What to ask a contactless or chip card, and what its answers mean: the same over any reader.

Only the NFC Forum's application and those of the card map are ever selected. A payment card's are not, so that
nothing of it is read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass

from devices.card_reader import Rejection
from devices.codecs import ndef
from devices.codecs.frames import Part


@dataclass(frozen=True, slots=True)
class Application:
    """A chip application that the card map asks for: what to select and which command reads the number."""

    aid: bytes
    read: bytes


@dataclass(frozen=True, slots=True)
class TagRead:
    """What a tag held; `fault` when reading it broke off for a reason of the tag's own."""

    parts: tuple[Part, ...]
    fault: Rejection | None = None


_NDEF_AID = bytes.fromhex("D2760000850101")
_CC_FILE = bytes.fromhex("E103")
"""NFC Forum Type 4 Tag 2.0: application, capability container."""
_OK = b"\x90\x00"
_MORE, _WRONG_LENGTH = 0x61, 0x6C
_MAX_FOLLOW_UPS = 8
"""A card may say "more" for ever; no number is this long."""
_MAX_MESSAGE = 1024
_MAX_READ = 0xF0
"""Bytes asked for at once: an answer then fits into any reader's buffer."""

Exchange = Generator[bytes, bytearray, TagRead]
"""Yields commands (APDUs), is sent their answers with status word, returns what was read."""


def read_type4(applications: Iterable[Application]) -> Exchange:
    """Ask an ISO 14443-4 or ISO 7816 card for the applications of the card map, then for its NDEF message."""
    parts: list[Part] = []
    for application in applications:
        if (yield from _select(application.aid)) and (answer := (yield from _ask(application.read))):
            parts += _number_parts(answer)
            answer[:] = bytes(len(answer))
    if not (yield from _select(_NDEF_AID)):
        return TagRead(tuple(parts), None if parts else Rejection.UNKNOWN_CARD)
    message = yield from _read_message()
    if isinstance(message, Rejection):
        return TagRead(tuple(parts), message)
    parts += ndef.parts(message)
    message[:] = bytes(len(message))
    return TagRead(tuple(parts))


def _read_message() -> Generator[bytes, bytearray, bytearray | Rejection]:
    """The NDEF file, without its length."""
    container = yield from _read_file(_CC_FILE, 0, 15)
    if container is None or len(container) < 15:
        return Rejection.UNREADABLE
    at_once = max(min(int.from_bytes(container[3:5], "big"), _MAX_READ), 1)
    file, size = bytes(container[9:11]), int.from_bytes(container[11:13], "big")
    head = yield from _read_file(file, 0, 2)
    if head is None or len(head) < 2:
        return Rejection.UNREADABLE
    length = int.from_bytes(head, "big")
    if length > min(size, _MAX_MESSAGE):
        return Rejection.TOO_LONG
    message = bytearray()
    while len(message) < length:
        piece = yield from _ask(_read_binary(2 + len(message), min(at_once, length - len(message))))
        if not piece:
            return Rejection.PARTIAL
        message += piece
    return message


def _read_file(file: bytes, offset: int, length: int) -> Generator[bytes, bytearray, bytearray | None]:
    """The beginning of a file, or None when the card has none."""
    if (yield from _ask(bytes.fromhex("00A4000C02") + file)) is None:
        return None
    return (yield from _ask(_read_binary(offset, length)))


def _select(aid: bytes) -> Generator[bytes, bytearray, bool]:
    return (yield from _ask(bytes.fromhex("00A40400") + bytes([len(aid)]) + aid + b"\x00")) is not None


def _read_binary(offset: int, length: int) -> bytes:
    return bytes.fromhex("00B0") + offset.to_bytes(2, "big") + bytes([length])


def _ask(command: bytes) -> Generator[bytes, bytearray, bytearray | None]:
    """The data of an answer, all of its pieces; None when the card refuses. ISO 7816-4 section 5.1.3."""
    data = bytearray()
    for _ in range(_MAX_FOLLOW_UPS):
        answer = yield command
        if len(answer) < 2:
            return None
        status, data = answer[-2:], data + answer[:-2]
        if status == _OK:
            return data
        if status[0] == _MORE:
            command = bytes.fromhex("00C00000") + status[1:]
        elif status[0] == _WRONG_LENGTH:
            command = command[:4] + status[1:]
        else:
            return None
    return None


def _number_parts(answer: bytearray) -> list[Part]:
    """A number may be stored as digits in half-bytes or as text: both readings, for the rules to choose."""
    digits = bytearray(b"0123456789ABCDEF"[half] for byte in answer for half in (byte >> 4, byte & 0x0F))
    texts = [bytearray(answer)] if all(0x20 <= byte < 0x7F for byte in answer) else []
    return [Part("apdu", digits), *(Part("apdu", text) for text in texts)]


Pages = Generator[int, bytearray, TagRead]
"""Yields page numbers, is sent the 16 bytes from there on (fewer: the tag gave none), returns what was read."""


def read_type2() -> Pages:
    """Ask an NTAG or Ultralight for its NDEF message: NFC Forum Type 2 Tag 1.1, section 2."""
    head = yield 3
    if len(head) < 16 or head[0] != 0xE1:
        return TagRead((), Rejection.UNKNOWN_CARD)
    size = min(head[2] * 8, _MAX_MESSAGE)
    memory, page = head[4:], 7
    while len(memory) < size and not _message_within(memory):
        piece = yield page
        if len(piece) < 16:
            return TagRead((), Rejection.PARTIAL)
        memory += piece
        page += 4
    span = _message_within(memory)
    parts = tuple(ndef.parts(memory[slice(*span)])) if span else ()
    memory[:] = bytes(len(memory))
    return TagRead(parts, None if parts else Rejection.UNKNOWN_CARD)


def _message_within(memory: bytearray) -> tuple[int, int] | None:
    """Where the NDEF message stands among the tag-length-value blocks; None when it is not all there (yet)."""
    at = 0
    while at < len(memory):
        kind = memory[at]
        if kind == 0x00:
            at += 1
            continue
        if kind == 0xFE or at + 2 > len(memory):
            return None
        length, start = memory[at + 1], at + 2
        if length == 0xFF:
            length, start = int.from_bytes(memory[at + 2 : at + 4], "big"), at + 4
        if kind == 0x03:
            return (start, start + length) if start + length <= len(memory) else None
        at = start + length
    return None
