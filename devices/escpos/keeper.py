"""Keeps the way to one printer open: opens, looks, notices, backs off, and says each change once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from devices.escpos.conversation import Conversation, Timing
from devices.escpos.ports import Port
from devices.escpos.probing import serial_number
from devices.escpos.profiles import Fence, Profile
from devices.escpos.session import Session
from devices.printer import PrinterHealth, PrinterStatus
from devices.transports import TransportBusy, TransportDenied, TransportError

logger = logging.getLogger(__name__)

_BACK_OFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
# Of the back-off, so that a whole hall of terminals does not knock in step after a power cut.
_JITTER = 0.3
_UNREACHED = frozenset({PrinterHealth.ABSENT, PrinterHealth.DENIED, PrinterHealth.SILENT})


@dataclass(frozen=True, slots=True)
class Seams:
    """The outside world: seconds, waiting without a printer, ending that wait, ways to the printer, chance."""

    clock: Callable[[], float]
    pause: Callable[[float], None]
    wake: Callable[[], None]
    open_port: Callable[[], Port]
    random: Random = field(default_factory=Random)
    timing: Timing = field(default_factory=Timing)


class Keeper:
    """See the module. For the owner's thread; `status` and `wake` for any."""

    def __init__(self, *, name: str, profile: Profile, seams: Seams, interrupted: Callable[[], bool]) -> None:
        """`interrupted` is asked within every wait on the printer."""
        self._name = name
        self._profile = profile
        self._seams = seams
        self._interrupted = interrupted
        self._port: Port | None = None
        self._known_fence: Fence | None = None
        self._failures = 0
        self._retry_at = seams.clock()
        self.talk: Conversation | None = None
        self.session: Session | None = None
        self.serial = ""
        self._is_named = False
        self.owed = 0
        self.is_cut = True
        self.status = PrinterStatus(PrinterHealth.ABSENT, "not opened yet")

    def reach(self) -> Session | None:
        """The session with the printer, opened now if need be; None when it is not there, `status` says why."""
        if self.session is None:
            try:
                self._connect()
            except TransportError as error:
                self.lost(error)
        return self.session

    @property
    def is_answering(self) -> bool:
        """Whether what is known of the printer is what it says now."""
        return self.session is not None and self.session.is_ready and self.status.health not in _UNREACHED

    def watch(self) -> None:
        """Spend one turn of idle time: listen, look, begin again what the printer would not take, or wait."""
        timing, clock = self._seams.timing, self._seams.clock
        if self.session is None or self.talk is None:
            if clock() >= self._retry_at:
                self.reach()
            else:
                self._seams.pause(min(self._retry_at - clock(), timing.poll_s))
            return
        try:
            self.talk.pump(timing.poll_s)
            if self.session.is_ready:
                self.notice(self.session.look())
                self._ask_serial()
            else:
                self._begin(self.session, is_cut=self.session.is_cut)
        except TransportError as error:
            self.lost(error)

    def notice(self, health: PrinterHealth, detail: str = "") -> None:
        """Take over what the printer is fit for; a change is logged once."""
        before = self.status.health
        self.status = PrinterStatus(health, detail)
        if health in _UNREACHED:
            self.serial, self._is_named = "", False
        if health is before:
            return
        if health in _UNREACHED:
            logger.warning("printer %s lost: %s %s", self._name, health, detail)
        elif before in _UNREACHED:
            logger.info("printer %s is back: %s", self._name, health)
        else:
            logger.info("printer %s: %s", self._name, health)

    def lost(self, error: TransportError) -> None:
        """The way to the printer is gone: drop it and try again later, later every time."""
        if self.session is not None:
            self.is_cut, self._known_fence = self.session.is_cut, self.session.fence
        self.drop()
        delay = _BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)]
        self._failures += 1
        self._retry_at = self._seams.clock() + delay * (1 + _JITTER * self._seams.random.random())
        denied = isinstance(error, TransportDenied | TransportBusy)
        self.notice(PrinterHealth.DENIED if denied else PrinterHealth.ABSENT, str(error))

    def drop(self) -> None:
        """Let go of the printer."""
        port, self._port, self.talk, self.session = self._port, None, None, None
        self.serial, self._is_named = "", False
        if port is not None:
            port.close()

    def wake(self) -> None:
        """End whatever wait the owner's thread is in."""
        port = self._port
        if port is not None:
            port.wake()
        self._seams.wake()

    def over(self, port: Port) -> tuple[Conversation, Session]:
        """A conversation and a session over a port that was just opened."""
        seams = self._seams
        talk = Conversation(
            port,
            profile=self._profile,
            clock=seams.clock,
            first_fence=seams.random.randrange(26**4),
            timing=seams.timing,
        )
        talk.interrupted = self._interrupted
        session = Session(
            talk, profile=self._profile, clock=seams.clock, timing=seams.timing, known=self._known_fence
        )
        return talk, session

    def _connect(self) -> None:
        self._port = self._seams.open_port()
        self.talk, self.session = self.over(self._port)
        self._begin(self.session, is_cut=self.is_cut)
        self._failures = 0

    def _begin(self, session: Session, *, is_cut: bool) -> None:
        self.notice(session.begin(owed=self.owed, is_cut=is_cut))
        if session.is_ready:
            self.owed, self.is_cut = 0, True
            self._ask_serial()

    def _ask_serial(self) -> None:
        """Ask who it is, once after it came back: on a serial line it may be another printer now.

        Only where a picture in its memory depends on it: asking costs half a second of a printer that is mute.
        """
        if self._profile.nv_logo and not self._is_named and self.talk is not None and self.is_answering:
            self._is_named = True
            self.serial = serial_number(self.talk)
