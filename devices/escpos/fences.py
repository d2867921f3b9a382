"""Ordered fences: a question put behind the job's bytes, whose answer proves that they were worked off."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from devices.escpos.profiles import Fence
from devices.escpos.replies import Block, Paper, Reply

# GS r 1, transmit paper status; GS ( H function 48 with four characters (ESC/POS reference).
_STATUS = b"\x1dr\x01"
_PROCESS_ID = b"\x1d(H\x06\x0000"
_ANSWER_HEADER, _ANSWER_MARK = 0x37, b'"'
# Far more than one job sends; a line may say anything for years.
_REMEMBERED = 32
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Token:
    """One fence that was sent: its kind, its place among those of its kind, its four characters."""

    kind: Fence
    index: int
    mark: bytes = b""


class Fences:
    """Keeps account of the fences sent and answered on one connection."""

    def __init__(self, *, first: int) -> None:
        """`first` numbers the first fence; drawn at random, so that no answer from before a restart fits."""
        self._next = first
        self._asked = 0
        self._answered = 0
        self._marks: deque[bytes] = deque(maxlen=_REMEMBERED)
        self.unasked = 0

    def make(self, kind: Fence) -> tuple[bytes, Token]:
        """The bytes of a new fence and what to remember of it."""
        if kind is Fence.STATUS:
            self._asked += 1
            return _STATUS, Token(kind, self._asked)
        self._next += 1
        mark = _mark(self._next)
        return _PROCESS_ID + mark, Token(kind, self._next, mark)

    def hear(self, reply: Reply) -> None:
        """Take note of a reply that may answer a fence; any other is ignored."""
        match reply:
            case Paper():
                if self._answered < self._asked:
                    self._answered += 1
                else:
                    self.unasked += 1
            case Block(header, text) if header == _ANSWER_HEADER and text[:1] == _ANSWER_MARK:
                self._marks.append(text[1:5])
            case _:
                return

    def passed(self, token: Token) -> bool:
        """Whether everything sent before this fence has been worked off."""
        if token.kind is Fence.STATUS:
            return self._answered >= token.index
        return token.mark in self._marks

    @property
    def awaited(self) -> int:
        """Answers to `GS r` still to come, or lost on the way."""
        return self._asked - self._answered

    def forget(self) -> None:
        """Write off the answers still to come: the line was quiet long enough that none will."""
        self._answered = self._asked


def _mark(number: int) -> bytes:
    """Four capital letters: the reference allows 20h to 7Eh."""
    letters = []
    for _ in range(4):
        number, letter = divmod(number, 26)
        letters.append(_LETTERS[letter])
    return bytes(reversed(letters))
