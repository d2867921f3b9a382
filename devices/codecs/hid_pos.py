"""Scanners as HID point-of-sale devices: one report after another, 64 bytes each.

Report: 02, length, AIM id (3), data (56), two bytes of the maker's, 01 when the code goes on in the next report.
Seen from Honeywell Voyager 1602g (multi-report) and CM4680SR.
"""

from __future__ import annotations

from devices.card_reader import Rejection
from devices.codecs.buffers import Segment
from devices.codecs.frames import Bytes, Found, Frame
from devices.codecs.scanner import MAX_CODE, coded_part

REPORT_SIZE = 64
_SCANNED = 0x02
_AIM, _DATA, _FLAGS = slice(2, 5), 5, 63
_MOST_DATA = 56
_GOES_ON = 0x01


class HidPosCodec:
    """Finds scanned codes in reports. A code that goes on is held until its last report."""

    max_buffer = REPORT_SIZE + 3 + MAX_CODE
    gap_s = 0.2

    def __init__(self) -> None:
        self._report = Segment(REPORT_SIZE)
        self._code = Segment(3 + MAX_CODE)

    @property
    def held(self) -> int:
        """Bytes of the running report and of the code it goes on with."""
        return len(self._report) + len(self._code)

    @property
    def pending(self) -> bool:
        """Whether a report or a code has begun."""
        return self.held > 0

    def feed(self, data: Bytes, t: float) -> list[Found]:
        """The codes that end in these bytes."""
        found: list[Found] = []
        rest = memoryview(data)
        while rest:
            taken = min(REPORT_SIZE - len(self._report), len(rest))
            self._report.append(rest[:taken], t)
            rest = rest[taken:]
            if len(self._report) == REPORT_SIZE:
                found += self._read_report()
        return found

    def idle(self, t: float) -> list[Found]:
        """A code whose last report never came is told as partial."""
        first_at, begun = self._code.first_at, bool(len(self._code))
        self.reset()
        return [Frame((), first_at, Rejection.PARTIAL)] if begun else []

    def reset(self) -> None:
        """Wipe what is held back."""
        self._report.clear()
        self._code.clear()

    def _read_report(self) -> list[Found]:
        t = self._report.first_at
        report = self._report.take()
        length = report[1]
        if report[0] == _SCANNED and 0 < length <= _MOST_DATA:
            view = memoryview(report)
            if not len(self._code):
                self._code.append(view[_AIM], t)
            self._code.append(view[_DATA : _DATA + length], t)
            view.release()
        elif not len(self._code):
            return []
        goes_on = report[_FLAGS] & _GOES_ON
        report[:] = bytes(len(report))
        return [] if goes_on else self._finish()

    def _finish(self) -> list[Found]:
        first_at, overflow = self._code.first_at, self._code.overflow
        data = self._code.take()
        if overflow:
            data[:] = bytes(len(data))
            return [Frame((), first_at, Rejection.TOO_LONG)]
        return [Frame((coded_part(data),), first_at)]


def encode(code: bytes, *, aim: bytes = b"]C0") -> bytes:
    """The reports a scanner sends for a code, one after the other."""
    pieces = [code[at : at + _MOST_DATA] for at in range(0, len(code), _MOST_DATA)]
    return b"".join(
        bytes([_SCANNED, len(piece)]) + aim + piece.ljust(_MOST_DATA, b"\0") + bytes([0, 0, number < len(pieces)])
        for number, piece in enumerate(pieces, start=1)
    )
