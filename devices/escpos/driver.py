"""The driver of ESC/POS receipt printers, whatever they hang on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future

from devices import printer_url
from devices.escpos.book import MemoryBook, PrinterBook
from devices.escpos.conversation import Conversation
from devices.escpos.keeper import Seams
from devices.escpos.owner import Errand, Owner
from devices.escpos.ports import Port, open_port
from devices.escpos.probing import ProbeReport, probe
from devices.escpos.profiles import profile as find_profile
from devices.escpos.roll import PaperRoll
from devices.escpos.session import Ticket
from devices.near_miss import unknown
from devices.page import Page
from devices.printer import JobState, JobUpdate, Journal, PrinterHealth, PrinterStatus, PrintJob
from devices.printer_url import Address, FileAddress, SerialAddress

_ENCODERS = ("auto", "raster", "lines", "hybrid")
# From the most faithful to the smallest: `lines` puts the same dots on paper as `raster` and is never longer.
_BY_FIDELITY = ("lines", "hybrid")
# A subscriber should not wait for the wire longer than for the mechanism.
_WIRE_LIMIT_S = 2.0
_PROBE_S = 30.0
# The longest a job can take to its own end after `close`: see `Timing`.
_CLOSE_S = 60.0


class EscposPrinter:
    """A receipt printer that speaks ESC/POS. The keyword arguments are its settings table.

    Opening happens on the printer's own thread: an absent printer is a status, not an error.
    """

    def __init__(
        self,
        *,
        url: str,
        profile: str = "generic",
        width: int = 576,
        encoder: str = "auto",
        journal: Journal,
        name: str = "printer",
        keeps_logo: bool = False,
        roll_mm: float = 80_000.0,
        near_end_mm: float = 0.0,
        book: PrinterBook | None = None,
    ) -> None:
        """Start the printer's thread.

        `url` says where it is (`devices.printer_url`), `profile` what it can do (`devices.escpos.profiles`),
        `width` is the printable width in dots; `encoder` `auto` takes the most faithful one that keeps the wire
        under two seconds. `keeps_logo` has the printer keep the head of the receipts in its memory, once, where its
        profile has one and it tells its serial number. `roll_mm` is a full roll, `near_end_mm` what is left of one
        when the near-end sensor trips (0: nobody measured it); both begin a `book` that ends with this object when
        none is given.

        Raises:
            PrinterUrlInvalid: the address cannot be read.
            UnknownProfile: no such profile.
            ValueError: no such encoder, or a width that is no multiple of 8.
        """
        self._address = printer_url.parse(url)
        self._profile = find_profile(profile).with_width(_checked_width(width))
        self._encoder = _checked_encoder(encoder)
        self._closed = False
        woken = threading.Event()
        self._owner = Owner(
            name=name,
            profile=self._profile,
            one_way=isinstance(self._address, FileAddress),
            draw=self._draw,
            journal=journal,
            seams=Seams(
                clock=time.monotonic,
                pause=lambda seconds: _pause(woken, seconds),
                wake=woken.set,
                open_port=self._open_port,
            ),
            book=book or MemoryBook(PaperRoll(length_mm=roll_mm, low_mm=near_end_mm)),
            keeps_pictures=keeps_logo,
        )
        self._thread = threading.Thread(target=self._owner.run, name=f"printer {name}", daemon=True)
        self._thread.start()

    def status(self) -> PrinterStatus:
        """The printer's health as last heard; returns at once and never raises."""
        return self._owner.status

    @property
    def roll(self) -> PaperRoll:
        """The paper account: what was used, what should be left."""
        return self._owner.roll

    def submit(self, job: PrintJob, watch: Callable[[JobUpdate], None]) -> None:
        """Print one job; `watch` is called from the printer's own thread at every state change."""
        if self._closed:
            watch(JobUpdate(job.id, JobState.REFUSED, PrinterHealth.OFFLINE))
            return
        self._owner.submit(job, watch)

    def abort(self, job: str) -> None:
        """An operator's order: give the job up and have the printer forget what it holds.

        Ends it as `ABORTED` where the printer certainly forgot it, else as `UNKNOWN`: it may still come out.
        """
        self._owner.abort(job)

    def probe(self) -> ProbeReport:
        """Ask the printer everything a technician wants to know; waits for a running job first, 30 s at most.

        Sends commands that a printer of another kind may print as a few letters.

        Raises:
            TimeoutError: a job is still running.
        """
        answer: Future[ProbeReport] = Future()

        def work(talk: Conversation | None) -> None:
            answer.set_result(probe(talk) if talk is not None else ProbeReport())

        self._owner.send_on(Errand(work))
        return answer.result(timeout=_PROBE_S)

    def close(self) -> None:
        """Stop after the running job or its deadline; calling twice is fine."""
        self._closed = True
        self._owner.stop()
        if threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_S)

    def _open_port(self) -> Port:
        return open_port(self._address)

    def _draw(self, job: PrintJob, pictures: Collection[str]) -> Ticket:
        data = self._encoded(job.page, pictures)
        cut = self._profile.cut if data.endswith(self._profile.cut) else b""
        return Ticket(
            body=data[: len(data) - len(cut)],
            cut=cut,
            length_mm=job.page.height / self._profile.dots_per_mm,
            wire_s=wire_s(len(data), self._address),
        )

    def _encoded(self, page: Page, pictures: Collection[str] = ()) -> bytes:
        from devices.escpos.encoding import Encoder, encode

        names = _BY_FIDELITY if self._encoder == "auto" else (self._encoder,)
        data = b""
        for name in names:
            data = encode(page, encoder=Encoder(name), profile=self._profile, stored=pictures)
            if wire_s(len(data), self._address) <= _WIRE_LIMIT_S:
                break
        return data


def wire_s(length: int, address: Address) -> float:
    """Seconds that so many bytes take on the wire; 0 where the mechanism is always slower."""
    if not isinstance(address, SerialAddress):
        return 0.0
    return length * address.bits_per_byte / address.baud


def _checked_width(width: int) -> int:
    if width <= 0 or width % 8:
        raise ValueError(f"a printable width of {width} dots: must be a multiple of 8, for example 576 or 384")
    return width


def _checked_encoder(name: str) -> str:
    if name not in _ENCODERS:
        raise ValueError(unknown("encoder", name, known=_ENCODERS))
    return name


def _pause(woken: threading.Event, seconds: float) -> None:
    woken.wait(seconds)
    woken.clear()
