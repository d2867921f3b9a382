"""Zebra (Symbol) scanners in their Simple Serial Interface: packets with a checksum, each to be acknowledged.

Packet: length (without checksum), opcode, source, status, data, checksum: two's complement of the 16-bit sum of
all before it, high byte first (SSI Programmer's Guide, packet format).
"""

from __future__ import annotations

import re

from devices.codecs.buffers import Window
from devices.codecs.frames import Part
from devices.codecs.prefixed import SKIP, WAIT, Look, PrefixedCodec

DECODE_DATA, ACK, SCAN_ENABLE, SCAN_DISABLE = 0xF3, 0xD0, 0xE9, 0xEA
RETRANSMITTED, CONTINUED = 0x01, 0x02
"""Bits of the status byte."""
GS1_128 = 0x0F
"""The code type of GS1-128 (called UCC/EAN-128 there) in front of the data of DECODE_DATA."""
CODE_128 = 0x03
_SCANNER, _HOST = 0x00, 0x04
_HEADER, _SUM = 4, 2
_HEADERS = re.compile(rb"[\x04-\xff][\xa0-\xff]\x00(?:[\x00-\x0f]|\Z)", re.DOTALL)
"""Length, opcode (all that scanners send are above A0), source, and status, whose upper bits are unused."""
"""A length that holds at least the header, any opcode, the scanner as source."""
_LONGEST = 0xFF + _SUM


def make_codec() -> PrefixedCodec:
    """A codec whose frames are whole packets without their checksum, as source `ssi`."""
    return PrefixedCodec(_look, max_buffer=_LONGEST, gap_s=0.2)


def _look(window: Window) -> Look:
    start = window.search(_HEADERS)
    if start:
        # The last two bytes may be the beginning of a header; with three of one it would have been found.
        noise = start if start > 0 else len(window) - 2
        return Look(noise) if noise > 0 else WAIT
    length = window[0]
    if len(window) < length + _SUM:
        return WAIT
    if (sum(window.part(0, length)) + window[length] * 256 + window[length + 1]) & 0xFFFF:
        return SKIP
    return Look(length + _SUM, Part("ssi", bytearray(window.part(0, length))))


def packet(opcode: int, data: bytes = b"", *, source: int = _HOST, status: int = 0) -> bytes:
    """A packet as it goes over the line."""
    body = bytes([_HEADER + len(data), opcode, source, status]) + data
    return body + (-sum(body) & 0xFFFF).to_bytes(_SUM, "big")


def decode_data(code: bytes, *, code_type: int = CODE_128, status: int = 0) -> bytes:
    """What a scanner sends for a code of 250 bytes at most."""
    return packet(DECODE_DATA, bytes([code_type]) + code, source=_SCANNER, status=status)
