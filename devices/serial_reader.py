"""Card readers and scanners on a line of bytes: a serial port, a pseudo-terminal, a port behind the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from devices import binding, dialogues
from devices.binding import Match
from devices.card_map import CardMap
from devices.card_reader import CardReaderError, ReaderEvent, ReaderHealth
from devices.channels import Channel, open_line
from devices.dialogues.dialogue import Dialogue, Turn
from devices.intake import Intake
from devices.monitor import Monitor
from devices.reader_url import Line, ReaderUrlError, parse_line
from devices.transports import TransportBusy, TransportDenied, TransportError

_ADVICE = {
    ReaderHealth.BUSY: "another program holds it: stop ModemManager or brltty, or a second kiosk",
    ReaderHealth.DENIED: "this user may not open it: install the udev rule, or add the user to group dialout",
    ReaderHealth.ABSENT: "check the plug and the power",
    ReaderHealth.FAULT: "the port is there but the reader does not answer: check its power and its settings",
    ReaderHealth.ONLINE: "",
}


class SerialCardReader:
    """A reader on a line, through the codec its settings name. Making one opens nothing."""

    def __init__(
        self,
        *,
        name: str = "card reader",
        url: str = "",
        match: Match | None = None,
        codec: str = "magtek",
        lrc: bool = False,
        last_track: int | None = None,
        card_map: CardMap | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        """Bind to `url` (`serial:///dev/x?baud=9600`, `/dev/pts/3`, `socket://host:port`) or to what fits `match`.

        `lrc` and `last_track` are as in `devices.dialogues.Options`. Without a `monitor` it brings its own.

        Raises:
            CardReaderError: the address, the codec or both bindings at once make no sense.
        """
        self.name = name
        self._intake = Intake(name, card_map=card_map)
        self._shared = monitor
        self._monitor: Monitor | None = None
        options = dialogues.Options(lrc, last_track, self._intake.card_map.applications)
        try:
            kind = dialogues.kind(codec)
            line = parse_line(url or "serial:", default_baud=kind.baud, default_parity=kind.parity)
        except (ReaderUrlError, ValueError) as error:
            raise CardReaderError(ReaderHealth.FAULT, f"{name}: {error}") from None
        if bool(line.address) == bool(match):
            raise CardReaderError(ReaderHealth.FAULT, f"{name}: give either an address in url or match")
        self._link = _LineLink(line, match, dialogue=kind.make(options), intake=self._intake)

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
        """Stop and release the port; twice is fine."""
        self._intake.shut()
        monitor, self._monitor = self._monitor, None
        if monitor:
            monitor.remove(self._link)
            if monitor is not self._shared:
                monitor.close()


class _LineLink:
    """The reader as the monitor sees it."""

    def __init__(self, line: Line, match: Match | None, *, dialogue: Dialogue, intake: Intake) -> None:
        self._line = line
        self._match = match
        self._dialogue = dialogue
        self._intake = intake
        self._channel: Channel | None = None

    def open(self) -> Channel:
        return open_line(replace(self._line, address=self._address()))

    def is_there(self) -> bool:
        if not self._line.is_local:
            return True
        try:
            return Path(self._address()).exists()
        except TransportError:
            return False

    def opened(self, channel: Channel, t: float) -> float | None:
        self._channel = channel
        due_at = self._take(self._dialogue.opened(t))
        return self.arm(True, t) if self._intake.armed else due_at

    def received(self, data: memoryview, t: float) -> float | None:
        return self._take(self._dialogue.heard(data, t))

    def due(self, t: float) -> float | None:
        return self._take(self._dialogue.due(t))

    def arm(self, armed: bool, t: float) -> float | None:
        return self._take(self._dialogue.armed(armed, t))

    def failed(self, error: TransportError) -> None:
        self._channel = None
        health = _health(error)
        self._intake.report(health, f"{error} ({_ADVICE[health]})")

    def _address(self) -> str:
        return binding.find(self._match, binding.serial_ports()) if self._match else self._line.address

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
