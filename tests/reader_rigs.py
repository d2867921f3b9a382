"""Readers wired to simulated hardware, for the tests of all drivers: one way to present, pull and listen."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
from fake_pcscd import FakePcscd

from devices import pcsc_reader
from devices.card_map import DEFAULT_RULES, CardMap, Rule, Source
from devices.card_reader import CardReader, ReaderChanged, ReaderEvent, ReaderHealth
from devices.codecs import keyboard, ndef
from devices.input_reader import HidCardReader, KeyboardCardReader
from devices.monitor import Monitor
from devices.pcsc_reader import PcscCardReader
from devices.serial_reader import SerialCardReader
from devices.simulated_hardware import BANK_CARD, Mishap, hardware
from devices.simulated_hardware.tag import Type4Card
from devices.simulated_hardware.talking import ScannerHardware
from devices.simulated_line import LineFault, SimulatedLine
from devices.simulated_reader import SimulatedCardReader

E = TypeVar("E")


class Heard:
    """The events of a reader, to wait for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.events: list[ReaderEvent] = []

    def __call__(self, event: ReaderEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait(self, kind: type[E], *, after: int = 0, where: Callable[[E], bool] = lambda event: True) -> E:
        """The first event of a kind from number `after` on; fails after ten seconds."""

        def found() -> E | None:
            return next((e for e in self.events[after:] if isinstance(e, kind) and where(e)), None)

        with self._changed:
            event = self._changed.wait_for(found, timeout=10)
        assert event is not None, f"no {kind.__name__} in {self.events[after:]}"
        return event

    def wait_health(self, health: ReaderHealth, *, after: int = 0) -> None:
        self.wait(ReaderChanged, after=after, where=lambda event: event.health is health)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


RULES = CardMap([*DEFAULT_RULES, Rule(Source.EM4100, "1002345678", r"[0-9]{10}$")])
"""The rules without settings, and one for tags whose number is the account's."""
CARD = {"track2": "10023456789=2512", "barcode": "10023456789", "ndef": "10023456789", "em4100": "1002345678"}
OTHER_CARD = {"track2": "00000018=2512", "barcode": "00000018", "ndef": "00000018", "em4100": "0000000018"}


class Rig(Protocol):
    """A reader and what is at its far end; `accounts` are those of CARD and OTHER_CARD on such a reader."""

    reader: CardReader
    asks: bool
    """Whether such a reader reads only when it is asked to, so that nothing comes unarmed."""
    mishaps: frozenset[Mishap]
    accounts: tuple[str, str]

    def present(self, fields: Mapping[str, str]) -> None: ...
    def remove(self) -> None: ...
    def bank_card(self) -> None: ...
    def mishap(self, mishap: Mishap) -> None: ...
    def unplug(self) -> None: ...
    def plug_in(self) -> None: ...
    def close(self) -> None: ...


class LineRig:
    """A `SerialCardReader` and a simulated device, with a pseudo-terminal or a TCP connection between them."""

    accounts = ("10023456789", "00000018")

    def __init__(self, codec: str, *, link: Path | None = None) -> None:
        self.hardware = hardware(codec)
        self.mishaps = self.hardware.mishaps
        self.asks = codec in ("pn532", "sankyo")
        self._line = SimulatedLine(self.hardware, link=link, port=None if link else 0)
        self._monitor = Monitor(retry_first_s=0.05)
        self.reader: CardReader = SerialCardReader(
            name="reader", url=self._line.url, codec=codec, card_map=RULES, monitor=self._monitor
        )

    def present(self, fields: Mapping[str, str]) -> None:
        assert self._line.connected.wait(10)
        self._line.present(fields)

    def remove(self) -> None:
        self._line.remove()

    def bank_card(self) -> None:
        self.present(BANK_CARD)

    def mishap(self, mishap: Mishap) -> None:
        assert self._line.connected.wait(10)
        self._line.mishap(mishap, CARD)

    def spoil_next(self, fault: LineFault) -> None:
        self._line.spoil_next(fault)

    def unplug(self) -> None:
        assert self._line.connected.wait(10)
        self._line.unplug()

    def plug_in(self) -> None:
        self._line.plug_in()

    def close(self) -> None:
        self.reader.close()
        self._monitor.close()
        self._line.close()


class TagRig(LineRig):
    """A 125 kHz module: its tags hold ten digits, and none is a payment card."""

    accounts = ("1002345678", "0000000018")


class SimulatedRig:
    """A `SimulatedCardReader`, presented to by its own methods."""

    accounts = ("10023456789", "00000018")
    mishaps = hardware("magtek").mishaps
    asks = False

    def __init__(self) -> None:
        self._simulated = SimulatedCardReader(name="reader")
        self.reader: CardReader = self._simulated

    def present(self, fields: Mapping[str, str]) -> None:
        self._simulated.present(fields)

    def remove(self) -> None:
        """Nobody holds a card in a swipe."""

    def bank_card(self) -> None:
        self._simulated.bank_card()

    def mishap(self, mishap: Mishap) -> None:
        self._simulated.mishap(mishap)

    def unplug(self) -> None:
        self._simulated.unplug()

    def plug_in(self) -> None:
        self._simulated.plug_in()

    def close(self) -> None:
        self.reader.close()


class NodeRig:
    """A reader on an input or HID node, which is a pipe here: this machine has no such device to spare."""

    accounts = ("10023456789", "00000018")
    asks = False

    def __init__(self, folder: Path, *, types: bool) -> None:
        self._path = folder / "node"
        self._hardware = ScannerHardware(as_reports=not types)
        self.mishaps = self._hardware.mishaps
        self._types = types
        self._patch = pytest.MonkeyPatch()
        # A pipe knows no grab.
        self._patch.setattr(fcntl, "ioctl", lambda *arguments: 0)
        self._monitor = Monitor(retry_first_s=0.05)
        driver = KeyboardCardReader if types else HidCardReader
        self.reader: CardReader = driver(
            name="reader", url=f"{'evdev' if types else 'hidraw'}://{self._path}", monitor=self._monitor
        )
        self.plug_in()

    def present(self, fields: Mapping[str, str]) -> None:
        self._send(self._hardware.present(fields))

    def remove(self) -> None:
        """A scan leaves nothing to take away."""

    def bank_card(self) -> None:
        self.present(BANK_CARD)

    def mishap(self, mishap: Mishap) -> None:
        self._send(self._hardware.mishap(mishap, CARD))

    def unplug(self) -> None:
        self._path.unlink()
        os.close(self._ours)

    def plug_in(self) -> None:
        os.mkfifo(self._path)
        self._ours = os.open(self._path, os.O_RDWR)

    def close(self) -> None:
        self.reader.close()
        self._monitor.close()
        os.close(self._ours)
        self._patch.undo()

    def _send(self, data: bytes) -> None:
        os.write(self._ours, keyboard.encode(data) if self._types else data)


class PcscRig:
    """A PC/SC reader and a stand-in for the service."""

    accounts = ("10023456789", "00000018")
    asks = True
    mishaps = frozenset({Mishap.UNREADABLE, Mishap.PULLED_OUT})

    def __init__(self) -> None:
        self._pcscd = FakePcscd()
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(pcsc_reader, "Pcsc", self._pcscd.connect)
        self.reader: CardReader = PcscCardReader(name="reader", card_map=RULES)

    def present(self, fields: Mapping[str, str]) -> None:
        self._lay(Type4Card(ndef.text_record(fields["ndef"])))

    def remove(self) -> None:
        self._pcscd.change(tag=None)

    def bank_card(self) -> None:
        self.present(BANK_CARD)

    def mishap(self, mishap: Mishap) -> None:
        message = ndef.text_record(CARD["ndef"])
        pulled = mishap is Mishap.PULLED_OUT
        self._lay(Type4Card(message if pulled else None, exchanges_left=3 if pulled else 100))

    def unplug(self) -> None:
        self._pcscd.change(names=[])

    def plug_in(self) -> None:
        self._pcscd.change(names=["ACS ACR122U 00 00"], woken=True)

    def close(self) -> None:
        self.reader.close()
        self._patch.undo()

    def _lay(self, card: Type4Card) -> None:
        """Take away what lay there, wait until that was seen, and lay down a card."""
        self._pcscd.change(tag=None)
        self._pcscd.seen.wait(10)
        self._pcscd.change(tag=card)


RIGS: dict[str, Callable[[Path], Rig]] = {
    "simulated": lambda folder: SimulatedRig(),
    "magtek-tcp": lambda folder: LineRig("magtek"),
    "evdev": lambda folder: NodeRig(folder, types=True),
    "hidraw": lambda folder: NodeRig(folder, types=False),
    "pcsc": lambda folder: PcscRig(),
    "rdm6300": lambda folder: TagRig("rdm6300", link=folder / "reader"),
    "id12la": lambda folder: TagRig("id12la", link=folder / "reader"),
    **{
        codec: partial(lambda codec, folder: LineRig(codec, link=folder / "reader"), codec)
        for codec in ("magtek", "idtech", "uic", "scanner", "ssi", "pn532", "sankyo")
    },
}

_SCANNERS = dict.fromkeys(("evdev", "hidraw"), ScannerHardware.mishaps)
_STRIPES = dict.fromkeys(("simulated", "magtek-tcp"), hardware("magtek").mishaps)
_MISHAPS = {**_SCANNERS, **_STRIPES, "pcsc": PcscRig.mishaps}
MISHAPS = [(name, mishap) for name in RIGS for mishap in sorted(_MISHAPS.get(name) or hardware(name).mishaps)]
"""Every rig with everything that can go wrong on it."""
