"""A process killed while it prints: the journal on disk knows, and the next process prints nothing twice."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devices.escpos.driver import EscposPrinter
from devices.page import Page, Tile
from devices.printer import JobUpdate, PrintJob
from devices.simulation.faults import Fault
from devices.simulation.machine import Machine
from devices.simulation.serving import TcpServer
from kiosk.journal import JobJournal

_KEY = bytes(32)
_CHILD = """
import sys, threading
from pathlib import Path
from devices.escpos.driver import EscposPrinter
from devices.printer import PrintJob
from kiosk.journal import JobJournal
from tests.test_printer_crash import page

printer = EscposPrinter(
    url=sys.argv[1], profile="epson-tm", encoder="raster", journal=JobJournal.file(Path(sys.argv[2]), bytes(32))
)
printer.submit(PrintJob("first", 1, page(1)), lambda update: print(update.state, flush=True))
threading.Event().wait()
"""


def page(number: int) -> Page:
    """A page of a pattern of its own."""
    row = bytes((number * 31 + column * 7) & 0xFF | 1 for column in range(72))
    return Page(576, 200, (Tile(0, 0, 576, 200, row * 200),))


@pytest.mark.parametrize("state", ["SENDING", "SENT", "HELD", "PRINTED"])
def test_a_killed_process_leaves_an_unknown_job_and_the_next_one_prints_once(state: str, tmp_path: Path) -> None:
    machine = Machine(clock=time.monotonic, speed_mm_s=4000, capacity=4096)
    server = TcpServer(machine)
    path = tmp_path / "journal.db"
    if state == "HELD":
        machine.at_byte(9000, Fault.COVER)
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, server.url, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    assert child.stdout is not None
    try:
        for line in child.stdout:
            if line.strip() == state:
                break
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    machine.switch(Fault.COVER, False)

    journal = JobJournal.file(path, _KEY)
    assert [entry.job for entry in journal.unfinished()] in (["first"], [])
    told: queue.SimpleQueue[JobUpdate] = queue.SimpleQueue()
    printer = EscposPrinter(url=server.url, profile="epson-tm", encoder="raster", journal=journal)
    printer.submit(PrintJob("second", 2, page(2)), told.put)
    while not (update := told.get(timeout=20)).confirmed:
        assert not update.state.is_final, update
    printer.close()
    server.close()
    pictures = [slip.image.tobytes() for slip in machine.slips]
    assert pictures.count(page(2).image().tobytes()) == 1
    assert pictures.count(page(1).image().tobytes()) <= 1
    assert journal.unfinished() == []
    journal.close()
