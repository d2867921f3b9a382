"""NXP PN532 modules on a serial line (HSU): frames of its user manual (UM0701-02), section 6.2.1."""

from __future__ import annotations

from devices.codecs.buffers import Window
from devices.codecs.frames import Part
from devices.codecs.prefixed import SKIP, WAIT, Look, PrefixedCodec

HOST, MODULE, ERROR = 0xD4, 0xD5, 0x7F
"""The first byte of a frame says who sends it."""
ACK = bytes.fromhex("0000FF00FF00")
WAKE_UP = b"\x55\x55" + bytes(14)
"""Brings the module out of power-down: a preamble long enough for its oscillator to start."""
_LONGEST = 300
"""A tag's longest answer is 262 bytes; the frame around it adds 11."""
_NORMAL, _EXTENDED = 5, 8
"""Bytes before the content, with the 00 of the preamble."""


def make_codec() -> PrefixedCodec:
    """A codec whose frames carry the content from D5 on, as `pn532`, or nothing, as `pn532-ack`."""
    return PrefixedCodec(_look, max_buffer=_LONGEST, gap_s=0.2)


def _look(window: Window) -> Look:
    start = window.find(b"\x00\xff")
    if start < 0:
        # The last byte may be the first of the next start.
        keep = window[len(window) - 1] == 0
        return Look(len(window) - keep) if len(window) > keep else WAIT
    if start:
        return Look(start)
    if len(window) < 4:
        return WAIT
    if (window[2], window[3]) in ((0x00, 0xFF), (0xFF, 0x00)):
        name = "pn532-ack" if window[2] == 0 else "pn532-nack"
        return Look(4, Part(name, bytearray()))
    return _look_at_content(window)


def _look_at_content(window: Window) -> Look:
    """A window that begins with 00 FF and a length."""
    if (window[2], window[3]) == (0xFF, 0xFF):
        first = _EXTENDED - 1
        if len(window) < first:
            return WAIT
        length = window[4] * 256 + window[5]
        wrong = (window[4] + window[5] + window[6]) & 0xFF
    else:
        first = _NORMAL - 1
        length = window[2]
        wrong = (window[2] + window[3]) & 0xFF
    if wrong or not length or first + length + 1 > _LONGEST:
        return SKIP
    if len(window) < first + length + 1:
        return WAIT
    if sum(window.part(first, first + length + 1)) & 0xFF:
        return SKIP
    return Look(first + length + 1, Part("pn532", bytearray(window.part(first, first + length))))


def frame(content: bytes) -> bytes:
    """Content from D4 or D5 on, as it goes over the line; extended when longer than 255 bytes."""
    length = len(content)
    if length < 0x100:
        header = bytes([length, -length & 0xFF])
    else:
        high, low = divmod(length, 256)
        header = bytes([0xFF, 0xFF, high, low, -(high + low) & 0xFF])
    return b"\x00\x00\xff" + header + content + bytes([-sum(content) & 0xFF, 0x00])


def command(code: int, data: bytes = b"") -> bytes:
    """A command of ours, as it goes over the line."""
    return frame(bytes([HOST, code]) + data)
