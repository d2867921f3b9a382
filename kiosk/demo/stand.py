"""What the demo can do to its terminal: press, present, walk away, kill the service, run out of paper."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from devices.simulated_printer import Fault
from devices.simulated_reader import SimulatedCardReader
from kiosk.demo.bill_service import BillServiceProcess
from kiosk.demo.recording_printer import RecordingPrinter
from kiosk.terminal import Terminal
from kiosk.ui.app import KioskApp
from kiosk.visit.events import Event

Act = Callable[[], bool]
"""Does something to the terminal; true when the visit will change by it."""

_MIDDLE = 4000
"""Bytes after which the roll ends: well inside any receipt."""

AGAIN_S = 0.13
"""Between two presses of one button: a bounce is quicker, and is refused as one."""


@dataclass(slots=True)
class Stand:
    """A terminal on its stand, with a hand on every part of it."""

    app: KioskApp
    terminal: Terminal
    service: BillServiceProcess
    last_press: str = ""
    ahead_s: float = 0.0
    acted_at: float = 0.0
    overdue: bool = False

    @property
    def accounts(self) -> list[str]:
        """Invented accounts that the service knows, the worked bills first."""
        return self.service.accounts

    def clock(self) -> float:
        """Monotonic seconds, moved ahead by every walk away."""
        return time.monotonic() + self.ahead_s

    def pressing(self, name: str) -> Act:
        """Press the button `name`."""

        def press() -> bool:
            again, self.last_press = name == self.last_press, name
            if again:
                self._later(AGAIN_S, lambda: self.app.post(lambda: self.app.tap(name)))
            else:
                self.app.tap(name)
            self.acted_at = time.perf_counter()
            return True

        return press

    def slowly(self, name: str) -> Act:
        """Press while the service holds its breath, so that waiting can be seen."""

        def press() -> bool:
            self.service.process.send_signal(signal.SIGSTOP)
            return self.pressing(name)()

        return press

    def service_answers(self) -> bool:
        """The service goes on."""
        self.service.process.send_signal(signal.SIGCONT)
        return True

    def service_dies(self) -> bool:
        """The service is gone, as in a power cut."""
        self.service.kill()
        return False

    def presents_card(self, number: str) -> Act:
        """Swipe the subscriber's card."""

        def present() -> bool:
            self.acted_at = time.perf_counter()
            self._reader.present_track2(f"{number}=2912")
            return True

        return present

    def presents_bank_card(self) -> bool:
        """Swipe a payment card, which must leave no trace."""
        self._reader.bank_card()
        return True

    def out_of_paper(self) -> bool:
        """The roll has ended."""
        self._printer.switch(Fault.PAPER_OUT)
        return True

    def paper_in(self) -> bool:
        """Somebody put in a new roll."""
        self._printer.switch(Fault.PAPER_OUT, on=False)
        return True

    def print_and_tear(self, name: str) -> Act:
        """Press print, and let the roll end in the middle of the receipt."""

        def press() -> bool:
            self._printer.machine.at_byte(_MIDDLE, Fault.PAPER_OUT)
            return self.pressing(name)()

        return press

    def walks_away(self) -> bool:
        """Nobody touches anything until the terminal asks."""
        self.ahead_s += self.terminal.facts.rules.warn_after_s
        return True

    def sending(self, event: Event) -> Act:
        """Let an event happen that no button sends."""

        def send() -> bool:
            self.terminal.send(event)
            return True

        return send

    def watching(self) -> bool:
        """Do nothing; something is under way."""
        return True

    def leaving(self) -> bool:
        """Do nothing, or nothing more: the next step follows at once."""
        return False

    def stop_after(self, seconds: float) -> None:
        """End the run by then, whatever happens."""

        def stop() -> None:
            self.overdue = True
            self.app.stop()

        self._later(seconds, stop)

    def printed_bytes(self) -> bytes:
        """What went to the printer for the first receipt."""
        from devices.escpos.encoding import Encoder, encode
        from devices.escpos.profiles import profile

        page = self._printer.pages[0]
        return encode(page, encoder=Encoder.LINES, profile=profile("simulated").with_width(page.width))

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, do)
        timer.daemon = True
        timer.start()

    @property
    def _printer(self) -> RecordingPrinter:
        assert self.terminal.parts is not None
        printer = self.terminal.parts.printer
        assert isinstance(printer, RecordingPrinter)
        return printer

    @property
    def _reader(self) -> SimulatedCardReader:
        assert self.terminal.parts is not None
        (reader,) = self.terminal.parts.readers
        assert isinstance(reader, SimulatedCardReader)
        return reader
