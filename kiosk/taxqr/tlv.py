"""The tax QR's own form: tags, lengths and values in Base64 (ZATCA Security Features standard 1.1, section 4)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

LONGEST = 700
"""Characters of Base64 the standard allows."""

_TEXT_TAGS = range(1, 6)
_LAST_TAG = 9
# Readers in the field differ on how a longer length is written; 127 bytes read the same to all of them.
_SAFE_LENGTH = 127


class Encoding(StrEnum):
    """How lengths are written: one unsigned byte as the standard says, or BER as some billers do from 128 up."""

    ONE_BYTE = "one_byte"
    BER = "ber"


class Reason(StrEnum):
    """Why a text is no tax QR, or a file no invoice."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    NOT_BASE64 = "not_base64"
    TRUNCATED = "truncated"
    UNKNOWN_TAG = "unknown_tag"
    OUT_OF_ORDER = "out_of_order"
    NOT_UTF8 = "not_utf8"
    NOT_XML = "not_xml"
    NOT_AN_INVOICE = "not_an_invoice"


_SENTENCES = {
    Reason.EMPTY: "there is nothing in it",
    Reason.TOO_LONG: "it is longer than the 700 characters of Base64 the tax authority allows",
    Reason.NOT_BASE64: "it is not Base64",
    Reason.TRUNCATED: "a value ends before its length does, read with one-byte and with BER lengths",
    Reason.UNKNOWN_TAG: "it holds a tag other than 1 to 9",
    Reason.OUT_OF_ORDER: "its tags do not ascend",
    Reason.NOT_UTF8: "one of the tags 1 to 5 is not UTF-8 text",
    Reason.NOT_XML: "the file is not well-formed XML, or holds a document type or instruction, which are refused",
    Reason.NOT_AN_INVOICE: "the file is not a UBL 2.1 invoice",
}


class TaxQrInvalid(ValueError):
    """A text that is no tax QR (or a file that is no invoice). `reason` says why; the message quotes nothing."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(_SENTENCES[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TaxQr:
    """What a tax QR says, as it says it: nothing is converted, None is a tag that is not there.

    Attributes:
        total: with VAT, decimal text in riyals (tag 4); the current period's only, never the amount due.
        invoice_hash: tag 6, Base64 text in practice although the standard says 32 bytes.
        signature: tag 7, ECDSA over the hash, Base64 text in practice.
        public_key: tag 8, SubjectPublicKeyInfo in DER.
        stamp_signature: tag 9, the tax authority's signature of the seller's key, DER; simplified invoices only.
    """

    encoding: Encoding
    seller: str | None = None
    vat_number: str | None = None
    timestamp: str | None = None
    total: str | None = None
    vat: str | None = None
    invoice_hash: bytes | None = field(default=None, repr=False)
    signature: bytes | None = field(default=None, repr=False)
    public_key: bytes | None = field(default=None, repr=False)
    stamp_signature: bytes | None = field(default=None, repr=False)

    @property
    def phase(self) -> int:
        """2 when any tag of the integration phase (6 to 9) is there, else 1."""
        tags = (self.invoice_hash, self.signature, self.public_key, self.stamp_signature)
        return 2 if any(tag is not None for tag in tags) else 1


def decode(text: str) -> TaxQr:
    """Read a tax QR with one-byte lengths, else with BER lengths.

    Raises:
        TaxQrInvalid: it is neither; `reason` is of the one-byte reading, which is what the standard asks for.
    """
    data = _bytes(text)
    try:
        return _build(_read(data, _one_byte_length), Encoding.ONE_BYTE)
    except TaxQrInvalid as error:
        refusal = error
    try:
        return _build(_read(data, _ber_length), Encoding.BER)
    except TaxQrInvalid:
        raise refusal from None


def encode(tags: Mapping[int, str | bytes]) -> str:
    """The Base64 text of these tags, ascending, with one-byte lengths. For demo and test data only.

    Raises:
        ValueError: a tag other than 1 to 9, a value over 127 bytes, or more than 700 characters in all.
    """
    data = bytearray()
    for tag, value in sorted(tags.items()):
        raw = value.encode() if isinstance(value, str) else value
        if not 1 <= tag <= _LAST_TAG or len(raw) > _SAFE_LENGTH:
            raise ValueError(f"tag {tag} of {len(raw)} bytes: only tags 1 to 9 of at most {_SAFE_LENGTH} bytes")
        data += bytes((tag, len(raw))) + raw
    text = base64.b64encode(data).decode()
    if len(text) > LONGEST:
        raise ValueError(f"{len(text)} characters: at most {LONGEST} are allowed")
    return text


def _bytes(text: str) -> bytes:
    if len(text) > LONGEST:
        raise TaxQrInvalid(Reason.TOO_LONG)
    if len(text) % 4 or text.endswith("==="):
        # Python's decoder lets padding beyond a whole group pass.
        raise TaxQrInvalid(Reason.NOT_BASE64)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise TaxQrInvalid(Reason.NOT_BASE64) from None
    if not data:
        raise TaxQrInvalid(Reason.EMPTY)
    return data


def _read(data: bytes, length_at: Callable[[bytes, int], tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
    """Tags and values that use up all of `data`, strictly ascending."""
    at, last = 0, 0
    while at < len(data):
        tag = data[at]
        if not 1 <= tag <= _LAST_TAG:
            raise TaxQrInvalid(Reason.UNKNOWN_TAG)
        if tag <= last:
            raise TaxQrInvalid(Reason.OUT_OF_ORDER)
        length, start = length_at(data, at + 1)
        if start + length > len(data):
            raise TaxQrInvalid(Reason.TRUNCATED)
        yield tag, data[start : start + length]
        at, last = start + length, tag


def _one_byte_length(data: bytes, at: int) -> tuple[int, int]:
    """The length written at `at`, and where its value starts."""
    if at >= len(data):
        raise TaxQrInvalid(Reason.TRUNCATED)
    return data[at], at + 1


def _ber_length(data: bytes, at: int) -> tuple[int, int]:
    """X.690 8.1.3: below 0x80 the length itself, else how many bytes of length follow; 0x80 has no end."""
    first, start = _one_byte_length(data, at)
    if first < 0x80:
        return first, start
    end = start + (first & 0x7F)
    if first == 0x80 or end > len(data):
        raise TaxQrInvalid(Reason.TRUNCATED)
    return int.from_bytes(data[start:end]), end


_NAMES = (
    "seller",
    "vat_number",
    "timestamp",
    "total",
    "vat",
    "invoice_hash",
    "signature",
    "public_key",
    "stamp_signature",
)


def _build(tags: Iterator[tuple[int, bytes]], encoding: Encoding) -> TaxQr:
    texts: dict[str, str] = {}
    raw: dict[str, bytes] = {}
    for tag, value in tags:
        if tag not in _TEXT_TAGS:
            raw[_NAMES[tag - 1]] = value
            continue
        try:
            texts[_NAMES[tag - 1]] = value.decode()
        except UnicodeDecodeError:
            raise TaxQrInvalid(Reason.NOT_UTF8) from None
    return TaxQr(
        encoding,
        **texts,
        invoice_hash=raw.get("invoice_hash"),
        signature=raw.get("signature"),
        public_key=raw.get("public_key"),
        stamp_signature=raw.get("stamp_signature"),
    )
