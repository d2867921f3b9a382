"""Dialogues written as scripts: ask, wait for the answer, ask on. For readers that only speak when spoken to."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from devices.card_reader import ReaderHealth
from devices.codecs.frames import Bytes, Codec, Found, Frame, Part
from devices.dialogues.dialogue import Turn


@dataclass(frozen=True, slots=True)
class Ask:
    """Send `data` (nothing: only wait) and go on with the next answer, or with None after `within_s` seconds."""

    data: bytes
    within_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Go on after so many seconds, or when the screen begins or ceases to ask for a card."""

    seconds: float | None
    """None: only then."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Send `data` without waiting, hand over what was found, say how the device is; then go on."""

    data: bytes = b""
    found: tuple[Found, ...] = ()
    health: ReaderHealth | None = None


Step = Ask | Pause | Tell
Script = Generator[Step, Part | None, None]
"""Ends never. Is sent the answer to an `Ask`, None in all other cases."""


class Moment(Protocol):
    """What a script may look at."""

    @property
    def is_armed(self) -> bool:
        """Whether the screen asks for a card."""

    @property
    def asked(self) -> int:
        """How often the screen began to ask: a change tells that it ceased and began while we were not looking."""

    @property
    def now(self) -> float:
        """Monotonic seconds, as of the bytes or the time that let the script go on."""


class Scripted:
    """A dialogue that follows a script. Answers that nobody waits for are dropped."""

    def __init__(self, codec: Codec, script: Callable[[Moment], Script]) -> None:
        """`script` is begun anew whenever the line is opened."""
        self._codec = codec
        self._write = script
        self._script: Script | None = None
        self._step: Step = Pause(None)
        self._until: float | None = None
        self._heard_at = 0.0
        self.is_armed = False
        self.asked = 0
        self.now = 0.0

    def opened(self, t: float) -> Turn:
        """Begin the script."""
        self._codec.reset()
        if self._script:
            self._script.close()
        self._script = self._write(self)
        return self._go_on(None, t)

    def heard(self, data: Bytes, t: float) -> Turn:
        """Go on with the answers in these bytes."""
        self._heard_at = t
        return self._answered(self._codec.feed(data, t), t)

    def due(self, t: float) -> Turn:
        """A pause is over, an answer did not come, or the line fell silent within one."""
        found = self._codec.idle(t) if self._codec.pending and t >= self._heard_at + self._codec.gap_s else []
        turn = self._answered(found, t)
        if self._until is None or t < self._until:
            return turn
        return _joined(turn, self._go_on(None, t))

    def armed(self, armed: bool, t: float) -> Turn:
        """Let the script know, at once when it is pausing."""
        self.asked += armed and not self.is_armed
        self.is_armed = armed
        if self._script and isinstance(self._step, Pause):
            return self._go_on(None, t)
        return Turn(due_at=self._due_at())

    def _answered(self, found: list[Found], t: float) -> Turn:
        turn = Turn(due_at=self._due_at())
        for item in found:
            if isinstance(item, Frame) and isinstance(self._step, Ask):
                turn = _joined(turn, self._go_on(item.parts[0], t))
                item.wipe()
        return turn

    def _go_on(self, answer: Part | None, t: float) -> Turn:
        """Follow the script up to its next wait."""
        self.now = t
        found: list[Found] = []
        send = b""
        health = None
        while self._script:
            self._step = self._script.send(answer)
            answer = None
            match self._step:
                case Tell(data, items, told):
                    send += data
                    found += items
                    health = told or health
                case Ask(data, within_s):
                    send += data
                    self._until = t + within_s
                    break
                case Pause(seconds):
                    self._until = None if seconds is None else t + seconds
                    break
        return Turn(found, send, self._due_at(), health)

    def _due_at(self) -> float | None:
        waits = [self._heard_at + self._codec.gap_s] if self._codec.pending else []
        waits += [self._until] if self._until is not None else []
        return min(waits, default=None)


def _joined(first: Turn, second: Turn) -> Turn:
    """Two turns of one moment as one."""
    found = [*first.found, *second.found]
    return Turn(found, first.send + second.send, second.due_at, second.health or first.health)
