"""Sankyo (Nidec) ICT3Q8 motorised readers: F2, 16-bit length, text, CRC-16/XMODEM; control bytes between."""

from __future__ import annotations

import binascii
import re

from devices.codecs.buffers import Window
from devices.codecs.frames import Part
from devices.codecs.prefixed import SKIP, WAIT, Look, PrefixedCodec

_STX = 0xF2
ACK, NAK, EOT, DLE = b"\x06", b"\x15", b"\x04", b"\x10"
_CONTROLS = {0x06: "sankyo-ack", 0x15: "sankyo-nak", 0x04: "sankyo-eot", 0x10: "sankyo-dle"}
_STARTS = re.compile(rb"[\x04\x06\x10\x15\xf2]")
_HEADER, _CRC = 3, 2
_LONGEST_TEXT = 1019
"""1024 less header and CRC, as its own programs assume."""


def make_codec() -> PrefixedCodec:
    """A codec whose frames carry a text, as `sankyo`, or nothing, named after the control byte (`sankyo-ack`)."""
    return PrefixedCodec(_look, max_buffer=_HEADER + _LONGEST_TEXT + _CRC, gap_s=0.2)


def _look(window: Window) -> Look:
    if window[0] in _CONTROLS:
        return Look(1, Part(_CONTROLS[window[0]], bytearray()))
    if window[0] != _STX:
        start = window.search(_STARTS)
        return Look(start if start > 0 else len(window))
    if len(window) < _HEADER:
        return WAIT
    length = window[1] * 256 + window[2]
    if not 0 < length <= _LONGEST_TEXT:
        return SKIP
    whole = _HEADER + length + _CRC
    if len(window) < whole:
        return WAIT
    if binascii.crc_hqx(window.part(0, whole), 0):
        return SKIP
    return Look(whole, Part("sankyo", bytearray(window.part(_HEADER, _HEADER + length))))


def frame(text: bytes) -> bytes:
    """A text as it goes over the line, in either direction."""
    body = bytes([_STX, *divmod(len(text), 256)]) + text
    return body + binascii.crc_hqx(body, 0).to_bytes(_CRC, "big")
