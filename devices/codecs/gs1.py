"""Takes GS1 codes apart into their fields: the payment slip carries a place (415) and a reference (8020)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_GS = 0x1D
"""FNC1 as scanners send it: ends a field of variable length."""
_LABELS = re.compile(
    rb"0[0-4]|1[0-9]|2[0-2]|30|37|9[0-9]|(?:2[3-5]|4[0-2]|71)[0-9]|(?:3[1-69]|43|7[02]|8[0-2])[0-9]{2}"
)
"""Application identifiers by length: GS1 General Specifications, section 3.2."""
_FIXED = {b"00": 20, b"01": 16, b"02": 16, b"03": 16, b"04": 18, b"20": 4, b"41": 16}
_FIXED |= {b"%d" % ai: 8 for ai in range(11, 20)} | {b"%d" % ai: 10 for ai in range(31, 37)}
"""Label and value together, by the first two digits of the label: same, section 7.8.5, predefined lengths."""


def fields(text: str) -> dict[str, str]:
    """Label to value, `{"415": ..., "8020": ...}`; empty when the text is no GS1 code."""
    data = bytearray(text.encode())
    found = list(_fields(data))
    if any(not label for label, _, _ in found):
        return {}
    return {label: data[start:end].decode() for label, start, end in found}


def value_spans(data: bytearray) -> Iterator[tuple[int, int]]:
    """Where the values stand, without their labels; from the first unknown label on, the rest as one span."""
    for _, start, end in _fields(data):
        yield start, end


def _fields(data: bytearray) -> Iterator[tuple[str, int, int]]:
    at = 0
    while at < len(data):
        if data[at] == _GS:
            at += 1
            continue
        label = _LABELS.match(data, at)
        if not label:
            yield "", at, len(data)
            return
        end = _end(data, at)
        yield label[0].decode(), min(label.end(), end), end
        at = end


def _end(data: bytearray, at: int) -> int:
    """Where the field at `at` ends: after its fixed length, else at the next separator or the end."""
    length = _FIXED.get(bytes(data[at : at + 2]))
    if length:
        return min(at + length, len(data))
    separator = data.find(_GS, at)
    return separator if separator >= 0 else len(data)
