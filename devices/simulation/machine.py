"""A receipt printer from its plug to its cutter: buffer, real-time commands, mechanism, sensors, and all faults.

It keeps a job through a paper change and forgets it in a power cut, as the real thing does. It moves only in
`advance`, by the clock it is given; every method may be called from any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random

from devices.escpos.profiles import PresenterKind
from devices.escpos.spans import command_length
from devices.simulation.answers import Sensors, pushed, real_time
from devices.simulation.faults import STOPPING, Fault, Line, Trigger
from devices.simulation.interpreter import Interpreter
from devices.simulation.paper import Paper, Slip

_DOTS_PER_MM = 8
# 9600 baud, in bytes a second: what `SLOW` lets through.
_SLOW_RATE = 960
_DLE = 0x10
_CLEAR = bytes.fromhex("10140801031401060208")
ALL_ANSWERS = frozenset({"DLE EOT", "GS r", "GS ( H", "GS a", "GS I"})


class Machine:
    """One simulated printer. `slips` are the pieces it cut; `torso` what still hangs in it."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        width: int = 576,
        speed_mm_s: float = 250.0,
        capacity: int = 65_536,
        presenter: PresenterKind = PresenterKind.NONE,
        answers: frozenset[str] = ALL_ANSWERS,
        line: Line = Line.DROPS,
        slip_cut: Callable[[Slip, int], None] = lambda slip, number: None,
        seed: int = 0,
        serial: bytes = b"S-0001",
    ) -> None:
        """`answers`: which questions it knows; `line`: what it hangs on; `serial`: what it says it is.

        `slip_cut` gets each piece that is cut off, and how many there are.
        """
        self._clock = clock
        self._row_s = 1 / (_DOTS_PER_MM * speed_mm_s)
        self._capacity = capacity
        self._presenter = presenter
        self._answers = answers
        self.line = line
        self._slip_cut = slip_cut
        self._serial = serial
        self._random = Random(seed)  # nosec B311 - noise on a line, not a secret
        self._lock = threading.RLock()
        self._paper = Paper(width)
        self._head = Interpreter(self._paper, cut=self._cut)
        self._faults: set[Fault] = set()
        self._triggers: list[Trigger] = []
        self._received = self._worked = 0
        self._buffer = bytearray()
        self._half = b""
        self._out = bytearray()
        self._busy_until = clock()
        self._slow_since, self._slow_taken = 0.0, 0
        self._pushes = False
        self._stuck = False
        self._in_exit = False
        self.retracted = self.taken = 0
        self.changed: Callable[[], None] = lambda: None

    @property
    def slips(self) -> list[Slip]:
        """The last pieces of paper that were cut off, oldest first."""
        with self._lock:
            return list(self._paper.slips)

    @property
    def torso(self) -> Slip:
        """What hangs uncut in the printer."""
        with self._lock:
            return Slip(self._paper.torso())

    @property
    def unknown(self) -> list[bytes]:
        """The heads of commands it did not know."""
        return list(self._head.unknown)

    @property
    def printed_mm(self) -> float:
        """Paper moved in all."""
        return self._paper.rows_fed / _DOTS_PER_MM

    @property
    def link_up(self) -> bool:
        """Whether anything can go over the line."""
        if Fault.PULLED in self._faults:
            return False
        return Fault.POWER_CUT not in self._faults or self.line is not Line.DROPS

    def switch(self, fault: Fault, on: bool) -> None:
        """Make a fault come or go, now."""
        with self._lock:
            self.advance()
            self._switch(fault, on)
            self.advance()
        self.changed()

    def at_byte(self, offset: int, fault: Fault, *, on: bool = True, received: bool = False) -> None:
        """Make a fault come or go by itself, `offset` bytes from here: worked off, or `received`."""
        with self._lock:
            base = self._received if received else self._worked
            self._triggers.append(Trigger(base + offset, fault, on, received))

    def take(self) -> None:
        """A hand takes the receipt out of the presenter."""
        with self._lock:
            self.taken += self._in_exit
            self._in_exit = False
        self.changed()

    def receive(self, data: bytes) -> int:
        """Bytes from the host; how many were taken (the rest has to wait)."""
        with self._lock:
            self.advance()
            data = data[: self._room()]
            self._slow_taken += len(data)
            self._take_in_by_triggers(data)
            self.advance()
            return len(data)

    def collect(self) -> bytes:
        """Bytes for the host."""
        with self._lock:
            self.advance()
            data, self._out = bytes(self._out), bytearray()
            return data

    def has_output(self) -> bool:
        """Whether `collect` would give something."""
        with self._lock:
            self.advance()
            return bool(self._out)

    def has_room(self) -> bool:
        """Whether `receive` would take something."""
        with self._lock:
            self.advance()
            return self._room() > 0

    def next_event(self) -> float | None:
        """When it will do something by itself; None: not before it is told something."""
        with self._lock:
            if self._buffer and not self._stopped():
                return self._busy_until
            return None

    def advance(self) -> None:
        """Work off what there is time for."""
        with self._lock:
            now = self._clock()
            while self._buffer and not self._stopped() and self._busy_until <= now:
                length = command_length(self._buffer)
                if length is None or length > len(self._buffer):
                    return
                if self._fires(self._worked + length, received=False):
                    continue
                command = bytes(self._buffer[:length])
                del self._buffer[:length]
                self._worked += length
                self._busy_until += self._do(command) * self._row_s
                self._fires(self._worked + 1, received=False)

    def _do(self, command: bytes) -> int:
        """Carry out one command; the rows it moved."""
        match command[:2]:
            case b"\x1dr" if "GS r" in self._answers:
                sensors = self._sensors()
                self._say(bytes([3 * (sensors.low or sensors.out) | 12 * sensors.out]))
            case b"\x1d(" if command[2:7] == b"H\x06\x0000" and "GS ( H" in self._answers:
                self._say(b'7"' + command[7:11] + b"\0")
            case b"\x1da" if "GS a" in self._answers:
                self._pushes = command[2] != 0
                self._push(None)
            case b"\x1dI" if "GS I" in self._answers:
                name = {65: b"1.0", 66: b"SIMULATED", 67: b"PAPER", 68: self._serial}.get(command[2])
                if name is not None:
                    self._say(b"_" + name + b"\0")
            case b"\x1de":
                self._hand_out(command[2])
            case b"\x1dr" | b"\x1da" | b"\x1dI":
                return 0
            case _:
                if command == b"\x1b@":
                    self._pushes = False
                return self._head.execute(command)
        return 0

    def _hand_out(self, order: int) -> None:
        if order in (2, 5):
            self.retracted += self._in_exit and order == 2
            self._in_exit = False

    def _cut(self) -> None:
        if Fault.CUTTER in self._faults:
            before = self._sensors()
            self._stuck = True
            self._push(before)
            return
        self._paper.cut()
        self._slip_cut(self._paper.slips[-1], self._paper.cuts)
        self._in_exit = self._presenter is not PresenterKind.NONE

    def _take_in(self, data: bytes) -> None:
        self._received += len(data)
        if self._faults & {Fault.POWER_CUT, Fault.PULLED}:
            return
        if not self._buffer:
            self._busy_until = max(self._busy_until, self._clock())
        self._buffer += self._sifted(data)

    def _take_in_by_triggers(self, data: bytes) -> None:
        """Take the data in, firing each trigger on received bytes just before the byte it names."""
        while data:
            self._fires(self._received + 1, received=True)
            ahead = [t.offset - self._received for t in self._triggers if t.received]
            step = min([len(data), *ahead])
            self._take_in(data[:step])
            data = data[step:]
        self._fires(self._received + 1, received=True)

    def _fires(self, reached: int, *, received: bool) -> bool:
        """Switch what is due before byte number `reached`; whether anything was."""
        due = [t for t in self._triggers if t.received is received and t.offset < reached]
        for trigger in due:
            self._triggers.remove(trigger)
            self._switch(trigger.fault, trigger.on)
        return bool(due)

    def _sifted(self, data: bytes) -> bytes:
        """Ordinary bytes; real-time commands are obeyed and taken out, wherever they stand."""
        data, self._half = self._half + data, b""
        kept = bytearray()
        while (at := data.find(_DLE)) >= 0:
            kept += data[:at]
            data = data[at:]
            length = command_length(data)
            if length is None or (length > len(data) and data[1] in b"\x04\x05\x14"):
                self._half = data
                return bytes(kept)
            if length == 1 or not self._obeys(data[:length]):
                kept += data[:length]
            data = data[length:]
        return bytes(kept + data)

    def _obeys(self, command: bytes) -> bool:
        if command == _CLEAR:
            self._forget_job()
        elif command[:2] == b"\x10\x05" and command[2] in (1, 2):
            if command[2] == 2 and (self._stuck or Fault.JAM in self._faults):
                self._forget_job()
        elif command[:2] == b"\x10\x04" and "DLE EOT" in self._answers:
            answer = real_time(command[2], self._sensors(), presenter=self._presenter)
            if not answer:
                return False
            self._say(answer)
        return command[:2] in (b"\x10\x04", b"\x10\x05") or command == _CLEAR

    def _forget_job(self) -> None:
        before = self._sensors()
        self._buffer.clear()
        self._head.reset()
        self._stuck = False
        self._push(before)

    def _switch(self, fault: Fault, on: bool) -> None:
        before = self._sensors()
        if on:
            self._faults.add(fault)
        else:
            self._faults.discard(fault)
        match fault, on:
            case Fault.POWER_CUT, True:
                self._forget_power()
            case Fault.SLOW, True:
                self._slow_since, self._slow_taken = self._clock(), 0
            case Fault.PULLED, True:
                self._out.clear()
            case Fault.CUTTER, False if self._stuck:
                self._stuck = False
                self._cut()
        self._busy_until = max(self._busy_until, self._clock())
        self._push(before)

    def _forget_power(self) -> None:
        self._buffer.clear()
        self._out.clear()
        self._half = b""
        self._head.reset()
        self._pushes = self._stuck = False

    def _stopped(self) -> bool:
        return self._stuck or Fault.POWER_CUT in self._faults or bool(self._faults & STOPPING)

    def _room(self) -> int:
        if Fault.POWER_CUT in self._faults and self.line is Line.HOLDS:
            return 0
        room = self._capacity - len(self._buffer)
        if Fault.SLOW in self._faults:
            room = min(room, int((self._clock() - self._slow_since) * _SLOW_RATE) - self._slow_taken)
        return max(room, 0)

    def _sensors(self) -> Sensors:
        return Sensors(
            out=Fault.PAPER_OUT in self._faults,
            low=Fault.NEAR_END in self._faults,
            cover=Fault.COVER in self._faults,
            jam=Fault.JAM in self._faults,
            cutter=self._stuck,
            hot=Fault.OVERHEATED in self._faults,
            offline=self._stopped(),
            in_exit=self._in_exit,
        )

    def _push(self, before: Sensors | None) -> None:
        """Tell a change by itself, where that was asked for."""
        now = self._sensors()
        if self._pushes and now != before:
            self._say(pushed(now))

    def _say(self, data: bytes) -> None:
        if self._faults & {Fault.SILENT, Fault.POWER_CUT, Fault.PULLED}:
            return
        if Fault.GARBAGE in self._faults:
            data = self._random.randbytes(self._random.randint(1, 4)) + data
        self._out += data
