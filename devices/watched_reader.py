"""What all readers on one descriptor have in common: a monitor opens, watches and reopens them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from devices.card_reader import ReaderEvent, ReaderHealth
from devices.channels import Channel
from devices.dialogues.dialogue import Dialogue, Turn
from devices.intake import Intake
from devices.monitor import Monitor
from devices.transports import TransportBusy, TransportDenied, TransportError

_ADVICE = {
    ReaderHealth.BUSY: "another program holds it: stop ModemManager or brltty, or a second kiosk",
    ReaderHealth.DENIED: "this user may not open it: install the udev rule, or add the user to the port's group",
    ReaderHealth.ABSENT: "check the plug and the power",
    ReaderHealth.FAULT: "the port is there but the reader does not answer: check its power and its settings",
    ReaderHealth.ONLINE: "",
}


class ReaderLink:
    """A reader as the monitor sees it: bytes to a dialogue, what it finds to an intake."""

    def __init__(
        self,
        *,
        address: Callable[[], str],
        open_at: Callable[[str], Channel],
        dialogue: Dialogue,
        intake: Intake,
    ) -> None:
        """`address` tells where the device is now and raises TransportError while it is nowhere."""
        self._address = address
        self._open_at = open_at
        self._dialogue = dialogue
        self._intake = intake
        self._channel: Channel | None = None

    def open(self) -> Channel:
        """As `devices.monitor.Link.open`."""
        return self._open_at(self._address())

    def is_there(self) -> bool:
        """Whether its node exists; what is behind the network cannot be seen."""
        try:
            address = self._address()
        except TransportError:
            return False
        return "://" in address or Path(address).exists()

    def opened(self, channel: Channel, t: float) -> float | None:
        """As `devices.monitor.Link.opened`."""
        self._channel = channel
        due_at = self._take(self._dialogue.opened(t))
        return self.arm(True, t) if self._intake.armed else due_at

    def received(self, data: memoryview, t: float) -> float | None:
        """As `devices.monitor.Link.received`."""
        return self._take(self._dialogue.heard(data, t))

    def due(self, t: float) -> float | None:
        """As `devices.monitor.Link.due`."""
        return self._take(self._dialogue.due(t))

    def arm(self, armed: bool, t: float) -> float | None:
        """Let the dialogue know whether the screen asks; on the monitor's thread."""
        return self._take(self._dialogue.armed(armed, t))

    def failed(self, error: TransportError) -> None:
        """As `devices.monitor.Link.failed`."""
        self._channel = None
        health = _health(error)
        self._intake.report(health, f"{error} ({_ADVICE[health]})")

    def _take(self, turn: Turn) -> float | None:
        if turn.send and self._channel:
            self._channel.write(turn.send)
        self._intake.take(turn.found)
        if turn.health:
            self._intake.report(turn.health, _ADVICE[turn.health])
        return turn.due_at


def _health(error: TransportError) -> ReaderHealth:
    match error:
        case TransportBusy():
            return ReaderHealth.BUSY
        case TransportDenied():
            return ReaderHealth.DENIED
        case _:
            return ReaderHealth.ABSENT


class WatchedReader:
    """A `CardReader` over a link. Its drivers differ in where they find the device and how they open it."""

    def __init__(self, intake: Intake, link: ReaderLink, *, monitor: Monitor | None) -> None:
        """Without a `monitor` the reader brings its own."""
        self.name = intake.device
        self._intake = intake
        self._link = link
        self._shared = monitor
        self._monitor: Monitor | None = None

    def start(self, sink: Callable[[ReaderEvent], None]) -> None:
        """Open and watch; once only. Health follows as events."""
        self._intake.connect(sink)
        self._monitor = self._shared or Monitor()
        self._monitor.add(self._link)

    def arm(self, armed: bool) -> None:
        """Count data from now on, or stop counting it."""
        self._intake.arm(armed)
        if self._monitor:
            self._monitor.ask(self._link, partial(self._link.arm, armed))

    def health(self) -> ReaderHealth:
        """As last known."""
        return self._intake.health

    @property
    def counts(self) -> Mapping[str, int]:
        """How often something was presented, refused by reason, dropped unarmed or repeated."""
        return self._intake.counts

    @property
    def trace(self) -> tuple[str, ...]:
        """The shapes of what was read lately, without a digit of it."""
        return self._intake.trace

    def close(self) -> None:
        """Stop and release the device; twice is fine."""
        self._intake.shut()
        monitor, self._monitor = self._monitor, None
        if monitor:
            monitor.remove(self._link)
            if monitor is not self._shared:
                monitor.close()
