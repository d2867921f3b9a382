"""The simulated printer: the real session over a machine made of bytes, with a switch for every fault."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from devices import printer_url
from devices.escpos.book import PrinterBook
from devices.escpos.driver import EscposPrinter
from devices.escpos.ports import Port
from devices.printer import Journal
from devices.printer_url import SimulatedAddress
from devices.simulation.faults import Fault
from devices.simulation.link import SimulatedPort
from devices.simulation.machine import Machine
from devices.simulation.paper import Slip

__all__ = ["Fault", "SimulatedPrinter", "simulated_port"]


class SimulatedPrinter(EscposPrinter):
    """A printer without hardware. What it cuts off is written to `folder` as `slip-0001.png`, one dot a pixel."""

    def __init__(
        self,
        *,
        journal: Journal,
        url: str = "simulated:",
        folder: Path | None = None,
        profile: str = "simulated",
        width: int = 576,
        encoder: str = "auto",
        name: str = "simulated printer",
        keeps_logo: bool = False,
        speed_mm_s: float = 250.0,
        roll_mm: float = 80_000.0,
        near_end_mm: float = 0.0,
        book: PrinterBook | None = None,
    ) -> None:
        """Start it; the pictures go to `folder`, or to the one in `url` (neither: no pictures), made when missing.

        `profile` is how it is spoken to (it understands all of them), `speed_mm_s` how fast paper moves; the rest
        is as for `EscposPrinter`.

        Raises:
            PrinterUrlInvalid, ValueError: as `EscposPrinter` does.
        """
        address = printer_url.parse(url)
        if folder is None and isinstance(address, SimulatedAddress):
            folder = address.folder
        self.machine = Machine(clock=time.monotonic, width=width, speed_mm_s=speed_mm_s, slip_cut=_writer(folder))
        super().__init__(
            url=url,
            profile=profile,
            width=width,
            encoder=encoder,
            journal=journal,
            name=name,
            keeps_logo=keeps_logo,
            roll_mm=roll_mm,
            near_end_mm=near_end_mm,
            book=book,
        )

    def switch(self, fault: Fault, on: bool = True) -> None:
        """Make a fault come or go, now, from any thread."""
        self.machine.switch(fault, on)

    def _open_port(self) -> Port:
        return _port_over(self.machine)


def simulated_port(address: SimulatedAddress) -> Port:
    """A port to a simulated printer of its own."""
    return _port_over(Machine(clock=time.monotonic, slip_cut=_writer(address.folder)))


def _port_over(machine: Machine) -> Port:
    changed = threading.Event()
    machine.changed = changed.set

    def pause(seconds: float) -> None:
        changed.wait(seconds)
        changed.clear()

    return SimulatedPort(machine, clock=time.monotonic, pause=pause, wake=changed.set)


def _writer(folder: Path | None) -> Callable[[Slip, int], None]:
    """What writes each slip as a picture; a blank one is no picture."""

    def write(slip: Slip, number: int) -> None:
        if folder is not None and not slip.is_blank:
            folder.mkdir(parents=True, exist_ok=True)
            slip.image.save(folder / f"slip-{number:04}.png")

    return write
