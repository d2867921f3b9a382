"""The far end of a reader's line: the bytes that real hardware would send, good, bad and cut off in the middle."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from devices.codecs import magstripe
from devices.near_miss import unknown
from devices.simulated_hardware.hardware import BANK_CARD, SUBSCRIBER_CARD, Hardware, Mishap
from devices.simulated_hardware.pn532_module import Pn532Hardware
from devices.simulated_hardware.sankyo_reader import SankyoHardware
from devices.simulated_hardware.ssi_scanner import SsiHardware
from devices.simulated_hardware.talking import Em4100Hardware, ScannerHardware, StripeHardware

HARDWARE: Mapping[str, Callable[[bool], Hardware]] = {
    "magtek": lambda lrc: StripeHardware(magstripe.MAGTEK, lrc=lrc),
    "idtech": lambda lrc: StripeHardware(magstripe.ID_TECH, lrc=lrc),
    "uic": lambda lrc: StripeHardware(magstripe.UIC, lrc=lrc),
    "scanner": lambda lrc: ScannerHardware(),
    "ssi": lambda lrc: SsiHardware(),
    "rdm6300": lambda lrc: Em4100Hardware(),
    "id12la": lambda lrc: Em4100Hardware(with_line_end=True),
    "pn532": lambda lrc: Pn532Hardware(),
    "sankyo": lambda lrc: SankyoHardware(),
}


def hardware(codec: str, *, lrc: bool = False) -> Hardware:
    """The simulated device that speaks this codec.

    Raises:
        ValueError: no such codec; the message names the nearest one.
    """
    if codec not in HARDWARE:
        raise ValueError(unknown("codec", codec, known=HARDWARE))
    return HARDWARE[codec](lrc)


__all__ = ["BANK_CARD", "HARDWARE", "SUBSCRIBER_CARD", "Hardware", "Mishap", "hardware"]
