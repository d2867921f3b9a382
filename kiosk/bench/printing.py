"""From the bytes of a receipt to the cut paper: the line, the mechanism, and the questions asked before."""

from __future__ import annotations

import queue
from statistics import median
from time import monotonic
from typing import Any

from devices.escpos.driver import EscposPrinter
from devices.escpos.hybrid import store_logo
from devices.page import LogoTile, Page
from devices.printer import JobState, JobUpdate, PrinterHealth, PrintJob
from devices.simulation.machine import Machine
from devices.simulation.rig import MemoryJournal, VirtualClock
from devices.simulation.serving import TcpServer
from kiosk.bench.receipt import bill_a, encoded, python_escpos_image

BAUDS = (9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600)
_BITS = 10
_CHUNK = 32
_SPEED_MM_S = 250.0
_READY_S = 10.0


def measure(*, jobs: int) -> dict[str, Any]:
    """Seconds from the first byte of bill A at 80 mm to its cut, by encoder and speed of the line; preflight in ms.

    Of a simulated head of 250 mm/s that prints what has arrived; `python_escpos` is its picture of the whole page.
    """
    made = bill_a()
    streams = {**encoded(made), "python_escpos": python_escpos_image(made)}
    head = b"".join(store_logo(piece) for piece in made.pieces if isinstance(piece, LogoTile))
    return {
        **{
            f"{name}_s": {baud: cut_after_s(data, baud=baud, held=head) for baud in BAUDS}
            for name, data in streams.items()
        },
        "preflight_ms": _preflight_ms(jobs),
    }


def cut_after_s(data: bytes, *, baud: int, held: bytes = b"") -> float:
    """When the paper is cut off, by the clock of the simulation; `held` is what put the head into its memory."""
    clock = VirtualClock()
    machine = Machine(clock=clock, speed_mm_s=_SPEED_MM_S, capacity=len(data) + len(held))
    machine.receive(held)
    began = clock()
    for at in range(0, len(data), _CHUNK):
        chunk = data[at : at + _CHUNK]
        clock.pause(len(chunk) * _BITS / baud)
        machine.receive(chunk)
    while (due := machine.next_event()) is not None:
        clock.pause(max(due - clock(), 0.001))
        machine.advance()
    return round(clock() - began, 2)


def _preflight_ms(jobs: int) -> float:
    """The median time that a well printer on the network is questioned before the first byte of a job."""
    server = TcpServer(Machine(clock=monotonic, speed_mm_s=10_000))
    printer = EscposPrinter(url=server.url, profile="simulated", journal=MemoryJournal())
    try:
        until = monotonic() + _READY_S
        while printer.status().health is not PrinterHealth.READY and monotonic() < until:
            printer.probe()
        return round(median(_questioned_ms(printer, number) for number in range(jobs)), 1)
    finally:
        printer.close()
        server.close()


def _questioned_ms(printer: EscposPrinter, number: int) -> float:
    heard: queue.SimpleQueue[tuple[JobUpdate, float]] = queue.SimpleQueue()
    page = Page(576, 80, bill_a().pieces[:0])
    printer.submit(PrintJob(f"bench-{number}", number, page), lambda update: heard.put((update, monotonic())))
    times: dict[JobState, float] = {}
    while True:
        update, at = heard.get(timeout=_READY_S)
        times[update.state] = at
        if update.confirmed or update.state.is_final:
            return (times[JobState.SENDING] - times[JobState.PREFLIGHT]) * 1000
