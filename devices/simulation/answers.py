"""What a simulated printer's sensors read, in the words of each protocol."""

from __future__ import annotations

from dataclasses import dataclass

from devices.escpos.profiles import PresenterKind


@dataclass(frozen=True, slots=True)
class Sensors:
    """All sensors at one moment."""

    out: bool = False
    low: bool = False
    cover: bool = False
    jam: bool = False
    cutter: bool = False
    hot: bool = False
    offline: bool = False
    in_exit: bool = False


def real_time(question: int, now: Sensors, *, presenter: PresenterKind) -> bytes:
    """The answer to DLE EOT `question`; empty: this printer does not know the question."""
    match question:
        case 1:
            return bytes([0x12 | 0x08 * now.offline])
        case 2:
            error = now.jam or now.cutter or now.hot
            return bytes([0x12 | 0x04 * now.cover | 0x20 * now.out | 0x40 * error])
        case 3:
            return bytes([0x12 | 0x04 * now.jam | 0x08 * now.cutter | 0x40 * now.hot])
        case 4 if presenter is PresenterKind.CITIZEN:
            return bytes([0x12 | 0x0C * now.low | 0x20 * now.out | 0x40 * now.in_exit])
        case 4:
            return bytes([0x12 | 0x0C * (now.low or now.out) | 0x60 * now.out])
        case 20 if presenter is PresenterKind.CUSTOM:
            paper = 0x01 * now.out | 0x04 * now.low | 0x20 * now.in_exit
            return bytes([0x10, 0x0F, paper, 0x02 * now.cover, 0x40 * now.jam | 0x01 * now.hot, 0x01 * now.cutter])
    return b""


def pushed(now: Sensors) -> bytes:
    """The four bytes of an automatic status."""
    return bytes(
        [
            0x10 | 0x08 * now.offline | 0x20 * now.cover,
            0x04 * now.jam | 0x08 * now.cutter | 0x40 * now.hot,
            0x03 * (now.low or now.out) | 0x0C * now.out,
            0x00,
        ]
    )
