"""What can be done to a terminal's simulated parts, by name: for the demo's dock and for a technician's training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devices.card_reader import CardReader
    from devices.printer import Printer
    from devices.simulated_reader import SimulatedCardReader


@dataclass(frozen=True, slots=True)
class Trouble:
    """A trouble that can be switched on and off, from any thread. `name` is stable: catalogues and tests use it."""

    name: str
    turn: Callable[[bool], None]


def troubles(printer: Printer | None, readers: Sequence[CardReader]) -> list[Trouble]:
    """Every trouble of the simulated parts among these; none for real ones."""
    from devices.simulated_printer import Fault, SimulatedPrinter
    from devices.simulated_reader import SimulatedCardReader

    found = []
    if isinstance(printer, SimulatedPrinter):
        faults = {
            "paper_out": Fault.PAPER_OUT,
            "paper_low": Fault.NEAR_END,
            "paper_jam": Fault.JAM,
            "cover_open": Fault.COVER,
            "cutter_stuck": Fault.CUTTER,
            "printer_silent": Fault.SILENT,
        }
        found += [Trouble(name, partial(printer.switch, fault)) for name, fault in faults.items()]
    for reader in readers:
        if isinstance(reader, SimulatedCardReader):
            found.append(Trouble("reader_unplugged", partial(_unplug, reader)))
            break
    return found


def _unplug(reader: SimulatedCardReader, on: bool) -> None:
    if on:
        reader.unplug()
    else:
        reader.plug_in()
