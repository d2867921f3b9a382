"""The far end of a reader's line: the bytes that real hardware would send, good, bad and cut off in the middle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from devices.codecs import magstripe, scanner
from devices.codecs.magstripe import Dialect
from devices.near_miss import unknown

_ACCOUNT = "10023456789"
_TEST_PAN = "4111111111111111"
"""The number that Visa publishes for tests; it belongs to nobody."""
SUBSCRIBER_CARD = {"track2": f"{_ACCOUNT}=2512", "barcode": _ACCOUNT}
"""An invented subscriber's card or code, for each kind of hardware."""
BANK_CARD = {
    "track1": f"B{_TEST_PAN}^NOBODY/AT ALL^2512101",
    "track2": f"{_TEST_PAN}=25121010000000000000",
    "barcode": _TEST_PAN,
}
"""A payment card, for each kind of hardware."""


class Mishap(StrEnum):
    """How presenting something can go wrong."""

    GARBAGE = "garbage"
    UNREADABLE = "unreadable"
    PULLED_OUT = "pulled_out"
    WRONG_WAY = "wrong_way"


class Hardware(Protocol):
    """A simulated device at the far end of a line. Pure: it returns bytes, others carry them."""

    def present(self, fields: Mapping[str, str]) -> bytes:
        """What it sends when this card or code is presented; `fields` by source, as in the card map.

        Raises:
            ValueError: such a device cannot read that.
        """

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """What it sends when presenting goes wrong."""

    def remove(self) -> bytes:
        """What it sends when the card leaves; empty when it does not notice."""

    def heard(self, data: bytes) -> bytes:
        """What it answers to our commands; empty when it only talks."""


class StripeHardware:
    """A magnetic stripe head."""

    def __init__(self, dialect: Dialect, *, lrc: bool = False) -> None:
        self._dialect = dialect
        self._lrc = lrc

    def present(self, fields: Mapping[str, str]) -> bytes:
        """A swipe; fields `track1` to `track3`, without sentinels."""
        tracks = {
            int(name.removeprefix("track")): text.encode() for name, text in fields.items() if "track" in name
        }
        if not tracks:
            raise ValueError("a magnetic stripe reader reads track1, track2 and track3")
        return magstripe.encode(self._dialect, tracks, lrc=self._lrc)

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """A swipe that goes wrong as it does on the counter."""
        whole = self.present(fields)
        match mishap:
            case Mishap.GARBAGE:
                return b"\x00\xffq\x91\x7f(\r"
            case Mishap.UNREADABLE:
                return magstripe.encode(self._dialect, {1: b"E", 2: b"E"})
            case Mishap.PULLED_OUT:
                return whole[: len(whole) // 2]
            case Mishap.WRONG_WAY:
                return b"?%b;\r" % fields.get("track2", "1")[::-1].encode()

    def remove(self) -> bytes:
        """A swipe reader does not notice."""
        return b""

    def heard(self, data: bytes) -> bytes:
        """It only talks."""
        return b""


class ScannerHardware:
    """A bar code scanner that sends lines, with AIM ids."""

    def present(self, fields: Mapping[str, str]) -> bytes:
        """A scan; field `barcode`, or `gs1` with 1Dh between fields."""
        if "gs1" in fields:
            return scanner.encode(fields["gs1"].encode(), aim=b"]C1")
        if "barcode" not in fields:
            raise ValueError("a scanner reads barcode or gs1")
        return scanner.encode(fields["barcode"].encode(), aim=b"]C0")

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """A scan that goes wrong: anything but garbage is simply cut off."""
        if mishap is Mishap.GARBAGE:
            return b"\x00\x1b[5~\x7f\r"
        return self.present(fields)[:6]

    def remove(self) -> bytes:
        """A scanner does not notice."""
        return b""

    def heard(self, data: bytes) -> bytes:
        """It only talks."""
        return b""


HARDWARE: Mapping[str, Callable[[bool], Hardware]] = {
    "magtek": lambda lrc: StripeHardware(magstripe.MAGTEK, lrc=lrc),
    "idtech": lambda lrc: StripeHardware(magstripe.ID_TECH, lrc=lrc),
    "uic": lambda lrc: StripeHardware(magstripe.UIC, lrc=lrc),
    "scanner": lambda lrc: ScannerHardware(),
}


def hardware(codec: str, *, lrc: bool = False) -> Hardware:
    """The simulated device that speaks this codec.

    Raises:
        ValueError: no such codec; the message names the nearest one.
    """
    if codec not in HARDWARE:
        raise ValueError(unknown("codec", codec, known=HARDWARE))
    return HARDWARE[codec](lrc)
