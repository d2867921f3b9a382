"""Readers wired to simulated hardware, for the tests of all drivers: one way to present, pull and listen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from devices.card_map import DEFAULT_RULES, CardMap, Rule, Source
from devices.card_reader import CardReader, ReaderChanged, ReaderEvent, ReaderHealth
from devices.monitor import Monitor
from devices.serial_reader import SerialCardReader
from devices.simulated_hardware import BANK_CARD, Mishap, hardware
from devices.simulated_line import SimulatedLine
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

    def bank_card(self) -> None:
        self.present(BANK_CARD)

    def mishap(self, mishap: Mishap) -> None:
        assert self._line.connected.wait(10)
        self._line.mishap(mishap, CARD)

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


RIGS: dict[str, Callable[[Path], Rig]] = {
    "simulated": lambda folder: SimulatedRig(),
    "magtek-tcp": lambda folder: LineRig("magtek"),
    "rdm6300": lambda folder: TagRig("rdm6300", link=folder / "reader"),
    "id12la": lambda folder: TagRig("id12la", link=folder / "reader"),
    **{
        codec: partial(lambda codec, folder: LineRig(codec, link=folder / "reader"), codec)
        for codec in ("magtek", "idtech", "uic", "scanner", "ssi", "pn532", "sankyo")
    },
}
