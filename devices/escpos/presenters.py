"""How printers that hold the cut receipt in their mouth are told what to do with it, as data.

None of this was run on a device. Sources: the Custom and KPM manuals and Pyramid's published command list for
`GS e`; the Citizen and Epson rows come second hand and are unverified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from devices.escpos.profiles import PresenterKind


@dataclass(frozen=True, slots=True)
class Presenter:
    """Commands of one dialect; empty bytes: it has no such command.

    `prepare` is sent before each job, `present` after the cut, `retract` takes an untaken receipt back into
    the cabinet, `eject` drops it. `sensor`: whether the printer says that a receipt is in its exit.
    """

    prepare: bytes = b""
    present: bytes = b""
    retract: bytes = b""
    eject: bytes = b""
    sensor: bool = False

    @property
    def clear(self) -> bytes:
        """What empties the exit: a bill is private, so back into the cabinet where that can be done."""
        return self.retract or self.eject


# GS e 3 m presents m steps: 7.3 mm each on VKP80, so 12 leave enough to grip (KPM: 0.625 mm, it stops at its end).
_CUSTOM = Presenter(present=b"\x1de\x03\x0c", retract=b"\x1de\x02", eject=b"\x1de\x05", sensor=True)

PRESENTERS: Mapping[PresenterKind, Presenter] = {
    PresenterKind.NONE: Presenter(),
    PresenterKind.CUSTOM: _CUSTOM,
    PresenterKind.CITIZEN: _CUSTOM,
    # FS ( z: paper loop off, so that the receipt comes out as it prints; the exit has no sensor we know of.
    PresenterKind.EPSON_LOOP: Presenter(prepare=b"\x1c(z\x02\x00\x01\x00"),
}
