"""Dialogues with readers that only talk: nothing is ever sent to them."""

from __future__ import annotations

from collections.abc import Sequence

from devices.card_reader import ReaderHealth
from devices.codecs.frames import Bytes, CardGone, Codec, Found, Frame
from devices.dialogues.dialogue import Turn


class Listener:
    """The dialogue with a reader that only talks: hear, and give up on a broken frame after its silence."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._due_at: float | None = None

    def opened(self, t: float) -> Turn:
        """Nothing is sent, ever."""
        self._codec.reset()
        self._due_at = None
        return Turn(health=ReaderHealth.ONLINE)

    def heard(self, data: Bytes, t: float) -> Turn:
        """Frames that are complete come at once."""
        found = self._codec.feed(data, t)
        self._due_at = t + self._codec.gap_s if self._codec.pending else None
        return Turn(found, due_at=self._due_at)

    def due(self, t: float) -> Turn:
        """The line fell silent within a frame."""
        self._due_at = None
        return Turn(self._codec.idle(t))

    def armed(self, armed: bool, t: float) -> Turn:
        """Such a reader cannot be switched; what it says unarmed is dropped above."""
        return Turn(due_at=self._due_at)


class Presence:
    """The dialogue with a reader that repeats a tag for as long as it is there: once in, once gone."""

    _HOLD_S = 0.3
    """A tag that was not repeated for so long has left (the RDM6300 repeats about every 65 ms)."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._there = b""
        self._gone_at: float | None = None

    def opened(self, t: float) -> Turn:
        """Whatever lay on the reader counts anew."""
        self._codec.reset()
        self._there, self._gone_at = b"", None
        return Turn(health=ReaderHealth.ONLINE)

    def heard(self, data: Bytes, t: float) -> Turn:
        """A tag comes in once, until it has gone."""
        return self._turn(self._codec.feed(data, t), t)

    def due(self, t: float) -> Turn:
        """A frame broke off, or the tag has gone."""
        found = self._codec.idle(t) if self._codec.pending else []
        if self._gone_at is not None and t >= self._gone_at:
            self._there, self._gone_at = b"", None
            return Turn([*found, CardGone(t)])
        return self._turn(found, t)

    def armed(self, armed: bool, t: float) -> Turn:
        """A tag that lies there already counts when somebody begins to ask."""
        if armed:
            self._there = b""
        return self._turn([], t)

    def _turn(self, found: Sequence[Found], t: float) -> Turn:
        new = [item for item in found if not (isinstance(item, Frame) and self._is_repeated(item, t))]
        waits = [t + self._codec.gap_s] if self._codec.pending else []
        waits += [self._gone_at] if self._gone_at is not None else []
        return Turn(new, due_at=min(waits, default=None))

    def _is_repeated(self, frame: Frame, t: float) -> bool:
        if not frame.parts:
            return bool(self._there)
        before, self._there = self._there, bytes(frame.parts[0].data)
        self._gone_at = t + self._HOLD_S
        return before == self._there
