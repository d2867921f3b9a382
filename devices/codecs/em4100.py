"""125 kHz tags (EM4100) as the RDM6300 and ID-12LA modules send them: `02`, ten hex digits, check, `03`."""

from __future__ import annotations

import re
from functools import reduce
from operator import xor

from devices.card_reader import Rejection
from devices.codecs.buffers import Segment
from devices.codecs.frames import Bytes, Found, Frame, Part

_STX, _ETX = 0x02, 0x03
_FRAMING = re.compile(rb"\x02+|\x03+")
_CONTENT = re.compile(rb"([0-9A-F]{12})(?:\r\n)?")
"""Five bytes and their XOR in upper-case hex; the ID-12LA adds CR and LF."""


class Em4100Codec:
    """Finds tags. Bytes outside 02 and 03 are noise and say nothing."""

    max_buffer = 16
    gap_s = 0.1

    def __init__(self) -> None:
        self._segment = Segment(self.max_buffer)
        self._begun = False

    @property
    def held(self) -> int:
        """Bytes of the running frame."""
        return len(self._segment)

    @property
    def pending(self) -> bool:
        """Whether a frame has begun."""
        return self._begun

    def feed(self, data: Bytes, t: float) -> list[Found]:
        """The tags whose frame ends in these bytes."""
        found: list[Found] = []
        view, at = memoryview(data), 0
        for mark in _FRAMING.finditer(view):
            self._add(view[at : mark.start()], t)
            at = mark.end()
            if view[mark.start()] == _ETX:
                found += self._close()
            else:
                self._segment.clear()
                self._segment.first_at = t
                self._begun = True
        self._add(view[at:], t)
        return found

    def idle(self, t: float) -> list[Found]:
        """A tag that was held too briefly."""
        begun, first_at = self._begun, self._segment.first_at
        self.reset()
        return [Frame((), first_at, Rejection.PARTIAL)] if begun else []

    def reset(self) -> None:
        """Wipe the running frame."""
        self._segment.clear()
        self._begun = False

    def _add(self, data: memoryview, t: float) -> None:
        if self._begun and data:
            first_at = self._segment.first_at
            self._segment.append(data, t)
            self._segment.first_at = first_at

    def _close(self) -> list[Found]:
        if not self._begun:
            return []
        first_at = self._segment.first_at
        content = self._segment.take()
        self._begun = False
        if not _CONTENT.fullmatch(content) or _check(content[:12]):
            return [Frame((), first_at, Rejection.UNREADABLE)]
        return [Frame((Part("em4100", content[:10]),), first_at)]


def _check(digits: bytearray) -> int:
    """0 when the last byte is the XOR of the five before it."""
    return reduce(xor, bytes.fromhex(digits.decode("ascii")))


def encode(tag: bytes, *, with_line_end: bool = False) -> bytes:
    """What a module sends for a tag of ten hex digits; `with_line_end` as the ID-12LA."""
    check = b"%02X" % reduce(xor, bytes.fromhex(tag.decode("ascii")))
    return b"\x02" + tag + check + (b"\r\n" if with_line_end else b"") + b"\x03"
