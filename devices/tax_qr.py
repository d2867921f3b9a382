"""Recognises the tax code that is printed on every bill, so that who scans it is told to scan the other one."""

from __future__ import annotations

import binascii

_MANDATORY_TAGS = range(1, 6)
"""Seller, VAT number, time, total and VAT total: tags 1 to 5 of the ZATCA QR, in this order."""
_MAX_TEXT = 1200
"""Phase-two codes with signature and key stay below 1000 characters of Base64."""


def is_tax_qr(data: bytearray) -> bool:
    """Whether this is Base64 of ZATCA's tag-length-value fields; never raises. Only the structure is looked at."""
    # Tag 1 comes first, so the first six bits are always those of "A".
    if not (20 <= len(data) <= _MAX_TEXT and data[:1] == b"A"):
        return False
    try:
        fields = binascii.a2b_base64(data, strict_mode=True)
    except binascii.Error:
        return False
    tags, at = [], 0
    while at + 2 <= len(fields):
        tags.append(fields[at])
        at += 2 + fields[at + 1]
    return at == len(fields) and tags[:5] == list(_MANDATORY_TAGS)
