"""Talking with one printer: send, ask, hear; what it is fit for is known from whatever it said last."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from devices.escpos.condition import ERROR_CAUSE, FULL, OFFLINE_CAUSE, PRINTER, ROLL, Condition
from devices.escpos.fences import Fences, Token
from devices.escpos.ports import Port
from devices.escpos.profiles import Fence, PresenterKind, Profile
from devices.escpos.replies import Block, Flow, FullStatus, Pushed, RealTime, Reply, ReplyParser
from devices.printer import PrinterHealth

# Nothing we know pauses inside an answer for longer, even at 1200 baud.
_GAP_S = 0.2
_SLICE = 4096
# More answers than that are not on their way: the printer was silent.
_LATE = 8
# How often a complaint that keeps changing is asked about again.
_DOUBTS = 3


@dataclass(frozen=True, slots=True)
class Timing:
    """How long to wait for what, in seconds.

    `answer_s` one real-time question, `settle_s` the first one behind two kilobytes of filling (2.1 s on the wire at
    9600 baud); `fence_s` the fence of an idle printer; `poll_s` between looks while a
    job runs; `grace_s` beyond the computed time of a job; `patience_s` more for a printer whose fences are
    known to be answered; `mute_s` of silence in a job before it is given up, `away_s` while someone changes
    the roll; `stall_s` without a byte taken; `present_s` until the receipt shows in the exit, `take_s` until it
    must have been taken.
    """

    answer_s: float = 0.5
    settle_s: float = 5.0
    fence_s: float = 0.5
    poll_s: float = 1.0
    grace_s: float = 3.0
    patience_s: float = 20.0
    mute_s: float = 8.0
    away_s: float = 600.0
    stall_s: float = 5.0
    present_s: float = 3.0
    take_s: float = 30.0


class Interrupted(Exception):
    """Whoever owns the session wants what is being waited for to end now."""


class Conversation:
    """One open port with everything said on it. For one thread."""

    def __init__(
        self, port: Port, *, profile: Profile, clock: Callable[[], float], first_fence: int, timing: Timing
    ) -> None:
        """`clock` gives monotonic seconds; `interrupted` may be set to end waits early."""
        self._port = port
        self._profile = profile
        self._clock = clock
        self._timing = timing
        self._parser = ReplyParser(full_status=profile.full_status)
        self._questions: deque[int] = deque()
        self._heard_at = clock()
        self._unasked = 0
        self._late = 0
        self.fences = Fences(first=first_fence)
        self.condition = Condition()
        self.identity: deque[bytes] = deque(maxlen=16)
        self.pushes = 0
        # The longest time that no byte was taken while the printer complained of nothing.
        self.blank_s = 0.0
        self._waits = self._explained = False
        self.interrupted: Callable[[], bool] = lambda: False

    @property
    def noise(self) -> int:
        """Bytes heard that answer nothing: a bad cable, or a printer of another kind."""
        return self._parser.noise + self.fences.unasked + self._unasked

    @property
    def outlives_power(self) -> bool:
        """Whether the line says nothing when the printer loses its power."""
        return self._port.outlives_power

    @property
    def asks_full(self) -> bool:
        """Whether the profile has Custom's full status."""
        return self._profile.full_status

    @property
    def asks_pushes(self) -> bool:
        """Whether the profile has the printer push its status."""
        return self._profile.asb

    def flush(self) -> None:
        """Have a one-way port put its bytes where they stay."""
        self._port.flush()

    def send(self, data: bytes, *, give_up_s: float | None = None) -> int:
        """Have the printer take all the bytes, waiting as it needs; how many it took.

        Fewer than given when none was taken for `stall_s`, or within `give_up_s` in all: call again with the rest.

        Raises:
            Interrupted: the owner wants to stop.
            TransportError: the port is gone.
        """
        taken = 0
        moved_at = began = self._clock()
        while taken < len(data):
            step = self._port.write(data[taken : taken + _SLICE])
            now = self._clock()
            if step:
                self._note_gap(now - moved_at)
                taken += step
                moved_at = now
                continue
            self._waits = True
            if now - moved_at >= self._timing.stall_s or (give_up_s is not None and now - began >= give_up_s):
                self._note_gap(now - moved_at, ended=False)
                break
            self._check()
            self.pump(0.1, to_write=True)
        return taken

    def _note_gap(self, gap_s: float, *, ended: bool = True) -> None:
        """Account for a time in which no byte was taken.

        It is blank unless the printer said why, and said that it is well again when it went on.
        """
        if not self._waits:
            return
        if not self._is_well():
            if ended and not self.until(self._is_well, timeout_s=self._timing.answer_s):
                self.blank_s = math.inf
        elif not self._explained:
            self.blank_s = max(self.blank_s, gap_s)
        if ended:
            self._waits = self._explained = False

    def _is_well(self) -> bool:
        return self.condition.health.can_print

    def until(self, done: Callable[[], bool], *, timeout_s: float) -> bool:
        """Listen until `done()`; False when time was up first.

        Raises:
            Interrupted: the owner wants to stop.
            TransportError: the port is gone.
        """
        end = self._clock() + timeout_s
        while not done():
            left = end - self._clock()
            if left <= 0:
                return False
            self._check()
            self.pump(left)
        return True

    def pump(self, timeout_s: float, *, to_write: bool = False) -> None:
        """Hear what comes, waiting for it `timeout_s` at most."""
        self._port.wait(min(timeout_s, _GAP_S) if self._parser.held else timeout_s, to_write=to_write)
        data = self._port.read()
        if data:
            self._heard_at = self._clock()
            for reply in self._parser.feed(data):
                self._hear(reply)
        elif self._parser.held and self._clock() - self._heard_at >= _GAP_S:
            self._parser.idle()

    def look(self) -> PrinterHealth:
        """Ask how the printer is, all questions there are; `SILENT` when it does not answer.

        A new complaint counts when it is heard twice running: one garbled byte is no paper jam.
        """
        known = self.condition.health
        health = self._ask_all()
        for _ in range(_DOUBTS):
            if health.can_print or health in (known, PrinterHealth.SILENT):
                break
            known, health = health, self._ask_all()
        return health

    def settled(self) -> bool:
        """Whether the printer answers one question within `settle_s`."""
        return self.ask(FULL if self._profile.full_status else PRINTER, timeout_s=self._timing.settle_s)

    def fence(self, kind: Fence) -> Token:
        """Send a fence; ask `passed` for the token it gives."""
        data, token = self.fences.make(kind)
        self.send(data)
        return token

    def passed(self, token: Token) -> bool:
        """Whether the printer has worked off all that was sent before the fence."""
        return self.fences.passed(token)

    def confirmed(self, data: bytes, *, timeout_s: float) -> bool:
        """Send bytes that print nothing; whether the printer answered a fence behind them."""
        if self.send(data) < len(data):
            return False
        tokens = [self.fence(kind) for kind in self._profile.fences]
        return self.until(lambda: any(map(self.passed, tokens)), timeout_s=timeout_s)

    def ask(self, question: int, *, timeout_s: float | None = None) -> bool:
        """Put one real-time question (DLE EOT `question`); whether it was answered within `answer_s`, or in time."""
        self.pump(0)
        # On a slow line their answers are still to come: late ones, but no noise.
        self._late = min(self._late + len(self._questions), _LATE)
        self._questions.clear()
        self._questions.append(question)
        if not self.send(bytes((0x10, 0x04, question)), give_up_s=self._timing.answer_s):
            return False
        return self.until(lambda: not self._questions, timeout_s=timeout_s or self._timing.answer_s)

    def _ask_all(self) -> PrinterHealth:
        questions = (FULL,) if self._profile.full_status else (PRINTER, OFFLINE_CAUSE, ERROR_CAUSE, ROLL)
        for question in questions:
            if not self.ask(question):
                return PrinterHealth.SILENT
        return self.condition.health

    def _hear(self, reply: Reply) -> None:
        match reply:
            case RealTime(value):
                if not self._questions:
                    self._unasked += not self._late
                    self._late = max(self._late - 1, 0)
                else:
                    sensor = self._profile.presenter is PresenterKind.CITIZEN
                    question = self._questions.popleft()
                    self.condition = self.condition.answered(question, value, exit_sensor=sensor)
            case FullStatus(frame):
                self._questions.clear()
                self.condition = self.condition.full(frame)
            case Pushed(frame):
                self.pushes += 1
                self.condition = self.condition.pushed(frame)
                self._explained = self._explained or not self._is_well()
            case Flow():
                # RTS/CTS and TCP hold us back by themselves; an XOFF out of noise must not stop us for ever.
                return
            case Block(0x5F, text):
                self.identity.append(text)
            case _:
                self.fences.hear(reply)

    def _check(self) -> None:
        if self.interrupted():
            raise Interrupted
