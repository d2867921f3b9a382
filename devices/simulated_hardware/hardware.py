"""What a simulated device at the far end of a line is, and what can be presented to it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

_ACCOUNT = "10023456789"
_TEST_PAN = "4111111111111111"
"""The number that Visa publishes for tests; it belongs to nobody."""

SUBSCRIBER_CARD = {"track2": f"{_ACCOUNT}=2512", "barcode": _ACCOUNT, "ndef": _ACCOUNT, "em4100": "0A0050A9B6"}
"""An invented subscriber's card, code or tag, for each kind of hardware."""
BANK_CARD = {
    "track1": f"B{_TEST_PAN}^NOBODY/AT ALL^2512101",
    "track2": f"{_TEST_PAN}=25121010000000000000",
    "barcode": _TEST_PAN,
    "ndef": f"https://pay.example/?card={_TEST_PAN}",
}
"""A payment card, for each kind of hardware that could read one's number."""


class Mishap(StrEnum):
    """How presenting something can go wrong."""

    GARBAGE = "garbage"
    UNREADABLE = "unreadable"
    PULLED_OUT = "pulled_out"
    WRONG_WAY = "wrong_way"
    TWO_CARDS = "two_cards"


class Hardware(Protocol):
    """A simulated device. It neither opens nor waits: it takes and returns bytes, others carry them."""

    mishaps: frozenset[Mishap]
    """What can go wrong with such a device."""

    def present(self, fields: Mapping[str, str]) -> bytes:
        """What it sends by itself when this is presented; `fields` by source, as in the card map.

        Raises:
            ValueError: such a device cannot read any of that.
        """

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """What it sends when presenting goes wrong in this way, which must be one of `mishaps`."""

    def remove(self) -> bytes:
        """What it sends when the card leaves; empty when it does not notice."""

    def heard(self, data: bytes) -> bytes:
        """What it answers to our commands; empty when it only talks."""


class TalkingHardware:
    """The half of a device that only talks and does not notice when a card leaves."""

    def remove(self) -> bytes:
        """Nothing."""
        return b""

    def heard(self, data: bytes) -> bytes:
        """Nothing."""
        return b""


def wanted(fields: Mapping[str, str], *sources: str) -> dict[str, str]:
    """Those of `fields` that a device can read.

    Raises:
        ValueError: none of them.
    """
    found = {source: fields[source] for source in sources if source in fields}
    if not found:
        raise ValueError(f"this device reads {' or '.join(sources)}")
    return found
