"""What every printer driver promises, whichever it is. A real printer joins with

PRINTER_URL=tcp://192.168.1.50:9100 PRINTER_PROFILE=epson-tm python -m pytest -m hardware -k contract
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.escpos.driver import EscposPrinter
from devices.page import Page, Tile
from devices.printer import JobState, JobUpdate, Printer, PrinterHealth, PrintJob
from devices.simulated_printer import SimulatedPrinter
from devices.simulation.machine import Machine
from devices.simulation.rig import MemoryJournal
from devices.simulation.serving import TcpServer, TerminalServer

PAGE = Page(384, 40, (Tile(0, 4, 384, 32, b"\xf0" * (48 * 32)),))


def _over_tcp(folder: Path, journal: MemoryJournal) -> tuple[Printer, Callable[[], None]]:
    server = TcpServer(Machine(clock=time.monotonic, speed_mm_s=4000))
    return EscposPrinter(url=server.url, journal=journal), server.close


def _over_a_terminal(folder: Path, journal: MemoryJournal) -> tuple[Printer, Callable[[], None]]:
    server = TerminalServer(Machine(clock=time.monotonic, speed_mm_s=4000), link=folder / "printer")
    return EscposPrinter(url=server.url, profile="epson-tm", journal=journal), server.close


def _to_a_file(folder: Path, journal: MemoryJournal) -> tuple[Printer, Callable[[], None]]:
    return EscposPrinter(url=f"file://{folder}/receipt.bin", profile="file", journal=journal), lambda: None


def _simulated(folder: Path, journal: MemoryJournal) -> tuple[Printer, Callable[[], None]]:
    return SimulatedPrinter(journal=journal, folder=folder, speed_mm_s=4000), lambda: None


def _real(folder: Path, journal: MemoryJournal) -> tuple[Printer, Callable[[], None]]:
    name = os.environ.get("PRINTER_PROFILE", "generic")
    return EscposPrinter(url=os.environ["PRINTER_URL"], profile=name, width=384, journal=journal), lambda: None


_REAL = pytest.param(
    _real,
    id="real",
    marks=[
        pytest.mark.hardware,
        pytest.mark.skipif("PRINTER_URL" not in os.environ, reason="opt in: PRINTER_URL names the printer"),
    ],
)


class Desk:
    """One opened printer with its journal."""

    def __init__(self, printer: Printer, journal: MemoryJournal) -> None:
        self.printer = printer
        self.journal = journal

    def print(self, job: str) -> list[tuple[JobUpdate, str]]:
        """A job's updates up to the last one, each with the thread that told it."""
        told: queue.SimpleQueue[tuple[JobUpdate, str]] = queue.SimpleQueue()
        self.printer.submit(
            PrintJob(job, 1, PAGE), lambda update: told.put((update, threading.current_thread().name))
        )
        updates = [told.get(timeout=30)]
        while not (updates[-1][0].confirmed or updates[-1][0].state.is_final):
            updates.append(told.get(timeout=30))
        return updates


@pytest.fixture(params=[_over_tcp, _over_a_terminal, _to_a_file, _simulated, _REAL])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    journal = MemoryJournal()
    printer, close = request.param(tmp_path, journal)
    yield Desk(printer, journal)
    printer.close()
    close()


def test_a_job_is_queued_first_and_confirmed_last(desk: Desk) -> None:
    updates = [update for update, _ in desk.print("a")]
    assert updates[0].state is JobState.QUEUED
    assert updates[-1].confirmed and not any(update.confirmed for update in updates[:-1])
    assert updates[-1].state in (JobState.SENT, JobState.CUT, JobState.TAKEN, JobState.RETRACTED)
    assert {update.job for update in updates} == {"a"}


def test_the_watcher_is_called_from_one_thread_of_the_printer(desk: Desk) -> None:
    threads = {name for job in ("a", "b") for _, name in desk.print(job)}
    assert len(threads) == 1 and threading.current_thread().name not in threads


def test_the_journal_knows_every_state_that_was_told(desk: Desk) -> None:
    told = [update.state for update, _ in desk.print("a")]
    written = [entry.state for entry in desk.journal.entries if entry.job == "a"]
    assert [state for i, state in enumerate(written) if i == 0 or written[i - 1] is not state] == told


def test_status_answers_at_once_and_never_raises_even_when_closed(desk: Desk) -> None:
    began = time.monotonic()
    for _ in range(100):
        assert isinstance(desk.printer.status().health, PrinterHealth)
    assert time.monotonic() - began < 0.2
    desk.printer.close()
    desk.printer.close()
    assert isinstance(desk.printer.status().health, PrinterHealth)


def test_jobs_from_many_threads_all_come_to_an_end(desk: Desk) -> None:
    ends: queue.SimpleQueue[JobState] = queue.SimpleQueue()

    def order(number: int) -> None:
        desk.printer.submit(
            PrintJob(f"job {number}", number, PAGE),
            lambda update: ends.put(update.state) if update.confirmed else None,
        )

    threads = [threading.Thread(target=order, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    states = [ends.get(timeout=30) for _ in threads]
    assert len(set(states)) == 1
    for thread in threads:
        thread.join()
