"""Bar code scanners that send plain lines: `[AIM id] data [CR][LF]`, over a serial port or as a keyboard."""

from __future__ import annotations

import re

from devices.card_reader import Rejection
from devices.codecs.buffers import Segment
from devices.codecs.frames import Bytes, Found, Frame, Part

_END = re.compile(rb"[\x02\x03\r\n]+")
"""STX and ETX are framing on some scanners, CR and LF on most; none can be part of a code that we read."""
_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
_GS1_SYMBOLOGIES = (b"]C1", b"]e0", b"]d2", b"]Q3", b"]J1")
"""GS1-128, GS1 DataBar, GS1 DataMatrix, GS1 QR, GS1 DotCode: ISO/IEC 15424."""
_GS = 0x1D
MAX_CODE = 1200
"""Longer than any tax QR, which must be recognised to be explained."""


class ScannerCodec:
    """Finds scanned codes, one a line."""

    max_buffer = MAX_CODE
    gap_s = 0.1

    def __init__(self) -> None:
        self._segment = Segment(MAX_CODE)

    @property
    def held(self) -> int:
        """Bytes of the running line."""
        return len(self._segment)

    @property
    def pending(self) -> bool:
        """Whether a line has begun."""
        return bool(len(self._segment))

    def feed(self, data: Bytes, t: float) -> list[Found]:
        """The codes whose line ends in these bytes."""
        found: list[Found] = []
        view, at = memoryview(data), 0
        for end in _END.finditer(view):
            self._segment.append(view[at : end.start()], t)
            at = end.end()
            found += self._close()
        self._segment.append(view[at:], t)
        return found

    def idle(self, t: float) -> list[Found]:
        """A scanner without a suffix ends its code by falling silent."""
        return self._close()

    def reset(self) -> None:
        """Wipe the running line."""
        self._segment.clear()

    def _close(self) -> list[Found]:
        if not len(self._segment):
            return []
        first_at, overflow = self._segment.first_at, self._segment.overflow
        data = self._segment.take()
        if overflow:
            data[:] = bytes(len(data))
            return [Frame((), first_at, Rejection.TOO_LONG)]
        return [Frame((coded_part(data),), first_at)]


def coded_part(data: bytearray) -> Part:
    """A scanned code without its AIM id, named `gs1` when the id or a separator in it says so, else `barcode`."""
    aim = bytes(data[:3]) if _AIM.match(data) else b""
    del data[: len(aim)]
    is_gs1 = aim in _GS1_SYMBOLOGIES or _GS in data
    return Part("gs1" if is_gs1 else "barcode", data)


def encode(code: bytes, *, aim: bytes = b"", suffix: bytes = b"\r") -> bytes:
    """The bytes a scanner sends for a code."""
    return aim + code + suffix
