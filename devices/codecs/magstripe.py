"""Magnetic stripes as serial readers send them: MagTek frames, ID TECH's own, ID TECH's UIC.

Sentinels and lengths are those of ISO/IEC 7811 and 7813: track 1 `%...?` in 6-bit characters (20h to 5Fh), 79 at
most with start, end and check character; track 2 `;...?` in 4-bit characters (30h to 3Fh), 40; track 3 107.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import reduce
from operator import xor

from devices.card_reader import Rejection
from devices.codecs.buffers import Segment
from devices.codecs.frames import Bytes, CardGone, Found, Frame, Part

_STX, _ETX, _LF, _CR, _DLE, _ESC = 0x02, 0x03, 0x0A, 0x0D, 0x10, 0x1B
_START, _END = {1: ord("%"), 2: ord(";"), 3: ord("+")}, ord("?")
_ZERO = {1: 0x20, 2: 0x30, 3: 0x30}
"""The character that stands for the value 0 on each track."""
_MASK = {1: 0x3F, 2: 0x0F, 3: 0x0F}
_LENGTH = {1: 79, 2: 40, 3: 107}
_CONTENT = {1: re.compile(rb"[ \"#$&-*,-:<=>@-_]*"), 2: re.compile(rb"[0-:<=>]*"), 3: re.compile(rb"[0-:<=>]*")}
"""Without sentinels: a damaged end sentinel would join two tracks, which one in 64 check characters lets pass."""
_CONTROLS = re.compile(rb"[\x02\x03\x0a\x0d\x10\x1b]+")
_FAILED_TRACK = b"E"
"""What MagTek and ID TECH send between the sentinels of a track that they could not read."""
_MAX_SEGMENT = 256
"""All three tracks of ISO 7811 with every byte of framing are 79 + 40 + 107 + 6."""


class _Means(Enum):
    START = auto()
    TRACK_ENDS = auto()
    SWIPE_ENDS = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one family of readers frames a swipe: what each control character means, and what opens track 3.

    `complete_after`: the track whose end completes a swipe by itself (None: only a control character does).
    """

    controls: Mapping[int, _Means]
    third: bytes
    complete_after: int | None = None


MAGTEK = Dialect(
    {
        _STX: _Means.START,
        _ESC: _Means.NOTHING,
        _CR: _Means.SWIPE_ENDS,
        _ETX: _Means.SWIPE_ENDS,
        _LF: _Means.SWIPE_ENDS,
        _DLE: _Means.NOTHING,
    },
    third=b"+!",
)
"""MagTek MT-211, port powered and IntelliHead readers: `[02][1B] %T1? ;T2? +T3? [0|1] [0D][03]` (manuals)."""

ID_TECH = Dialect(
    {
        _STX: _Means.START,
        _CR: _Means.TRACK_ENDS,
        _LF: _Means.TRACK_ENDS,
        _ETX: _Means.SWIPE_ENDS,
        _DLE: _Means.NOTHING,
        _ESC: _Means.NOTHING,
    },
    third=b"+!",
    complete_after=2,
)
"""ID TECH MiniMag and EconoMag in their own format: each track ends with a carriage return."""

UIC = Dialect(
    {
        _STX: _Means.NOTHING,
        _DLE: _Means.TRACK_ENDS,
        _ETX: _Means.SWIPE_ENDS,
        _CR: _Means.SWIPE_ENDS,
        _LF: _Means.NOTHING,
        _ESC: _Means.NOTHING,
    },
    third=b"+!",
)
"""ID TECH in UIC format: 02, tracks each ended by 10h, the last one by 03."""


@dataclass(slots=True)
class _Swipe:
    """What has come of a swipe so far."""

    parts: list[Part] = field(default_factory=list)
    fault: Rejection | None = None
    first_at: float = 0.0
    last_track: int = 0
    gone: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.parts or self.fault or self.gone or self.last_track)


@dataclass(frozen=True, slots=True)
class _Track:
    number: int
    data: bytearray | None
    fault: Rejection | None


class StripeCodec:
    """Finds swipes. Whether readers send the check character (`lrc`) is a setting: it can look like a sentinel."""

    max_buffer = _MAX_SEGMENT + sum(_LENGTH.values())
    gap_s = 0.2

    def __init__(self, dialect: Dialect, *, lrc: bool = False, last_track: int | None = None) -> None:
        """`last_track`: the highest track a reader with per-track framing sends, when not the dialect's usual."""
        self._dialect = dialect
        self._lrc = lrc
        self._complete_after = last_track if dialect.complete_after and last_track else dialect.complete_after
        self._segment = Segment(_MAX_SEGMENT)
        self._swipe = _Swipe()

    @property
    def held(self) -> int:
        """Bytes held back: of the running segment and of the tracks before it."""
        return len(self._segment) + sum(len(part.data) for part in self._swipe.parts)

    @property
    def pending(self) -> bool:
        """Whether a swipe has begun and not ended."""
        return bool(len(self._segment)) or not self._swipe.is_empty

    def feed(self, data: Bytes, t: float) -> list[Found]:
        """The swipes that these bytes complete."""
        found: list[Found] = []
        view, at = memoryview(data), 0
        for run in _CONTROLS.finditer(view):
            self._segment.append(view[at : run.start()], t)
            found += self._read_controls(view[run.start() : run.end()], t)
            at = run.end()
        self._segment.append(view[at:], t)
        return found

    def _read_controls(self, run: memoryview, t: float) -> list[Found]:
        found: list[Found] = []
        for at, control in enumerate(run):
            if not self.pending:
                break  # where nothing has begun, none of them means anything
            means = self._dialect.controls[control]
            if means is not _Means.NOTHING:
                found += self._control(means)
            elif len(self._segment):
                # Within a track it is a damaged character; leaving it out could leave the check character right.
                self._segment.append(run[at : at + 1], t)
        return found

    def idle(self, t: float) -> list[Found]:
        """A swipe whose end never came is given as far as it is whole, with its fault."""
        return self._close()

    def reset(self) -> None:
        """Wipe what is held back."""
        self._segment.clear()
        for part in self._swipe.parts:
            part.wipe()
        self._swipe = _Swipe()

    def _control(self, means: _Means) -> list[Found]:
        match means:
            case _Means.NOTHING:
                return []
            case _Means.TRACK_ENDS:
                found = self._read_segment()
                if self._complete_after and self._swipe.last_track >= self._complete_after:
                    found += self._finish()
                return found
            case _Means.START | _Means.SWIPE_ENDS:
                return self._close()

    def _close(self) -> list[Found]:
        return [*self._read_segment(), *self._finish()]

    def _read_segment(self) -> list[Found]:
        """Move the running segment into the swipe; a track that cannot follow the last one begins a new swipe."""
        if not len(self._segment):
            return []
        first_at, overflow = self._segment.first_at, self._segment.overflow
        content = self._segment.take()
        found: list[Found] = []
        for item in _items(content, third=self._dialect.third, lrc=self._lrc):
            if isinstance(item, _Track) and item.number and item.number <= self._swipe.last_track:
                found += self._finish()
            self._add(item, first_at)
        if overflow:
            self._swipe.fault = Rejection.TOO_LONG
        content[:] = bytes(len(content))
        return found

    def _add(self, item: _Track | Rejection | bool, first_at: float) -> None:
        swipe = self._swipe
        if swipe.is_empty:
            swipe.first_at = first_at
        match item:
            case Rejection():
                swipe.fault = swipe.fault or item
            case bool():
                swipe.gone = item
            case _Track(number, data, fault):
                swipe.last_track = number
                swipe.fault = swipe.fault or fault
                if data is not None:
                    swipe.parts.append(Part(f"track{number}", data))

    def _finish(self) -> list[Found]:
        swipe, self._swipe = self._swipe, _Swipe()
        if swipe.parts or swipe.fault:
            return [Frame(tuple(swipe.parts), swipe.first_at, swipe.fault)]
        if swipe.last_track:
            # Sentinels with nothing between them: a card without a stripe on those tracks.
            return [Frame((), swipe.first_at, Rejection.UNREADABLE)]
        return [CardGone(swipe.first_at)] if swipe.gone else []


def _items(content: bytearray, *, third: bytes, lrc: bool) -> list[_Track | Rejection | bool]:
    """Take one segment apart: its tracks in order, faults, and True for an insertion reader's "card out"."""
    if len(content) == 1 and content[0] in b"01":
        return [content[0] == ord("0")]
    if content[0] == _END and len(content) > 2 and content[-1] in b"%;+":
        return [Rejection.WRONG_WAY]
    tracks: list[_Track | Rejection | bool] = []
    at = 0
    while at < len(content):
        number = _opened_by(content[at], third)
        if number is None:
            # An insertion reader adds its sensor after the last track, and sends no check characters. Anything
            # else means that a sentinel was damaged, and then a check character may have fitted by chance.
            sensor = bool(tracks) and not lrc and len(content) - at == 1 and content[at] in b"01"
            return tracks if sensor else [Rejection.UNREADABLE]
        track, at = _track(content, at, number, lrc=lrc)
        tracks.append(track)
    return tracks


def _opened_by(start: int, third: bytes) -> int | None:
    if start in third:
        return 3
    return 1 if start == _START[1] else 2 if start == _START[2] else None


def _track(content: bytearray, at: int, number: int, *, lrc: bool) -> tuple[_Track, int]:
    """Read the track whose start sentinel is at `at`; also where the next one begins."""
    end = content.find(b"?", at)
    if end < 0:
        return _Track(number, None, Rejection.PARTIAL), len(content)
    after = end + 1 + lrc
    if end + 1 - at + 1 > _LENGTH[number]:
        return _Track(number, None, Rejection.TOO_LONG), after
    data = content[at + 1 : end]
    if data == _FAILED_TRACK:
        return _Track(number, None, Rejection.UNREADABLE), after
    fault = _fault(content, at, end, number, lrc=lrc)
    if fault:
        data[:] = bytes(len(data))
        return _Track(number, None, fault), after
    return _Track(number, data or None, None), after


def _fault(content: bytearray, at: int, end: int, number: int, *, lrc: bool) -> Rejection | None:
    if not _CONTENT[number].fullmatch(content, at + 1, end):
        return Rejection.UNREADABLE
    if not lrc:
        return None
    if end + 1 >= len(content):
        return Rejection.PARTIAL
    wanted = check_character(memoryview(content)[at : end + 1], number)
    return None if content[end + 1] == wanted else Rejection.UNREADABLE


def check_character(track: Bytes, number: int) -> int:
    """The LRC of a track, sentinels included, as the character a reader sends: XOR of the data bits (ISO 7811)."""
    return _ZERO[number] + (reduce(xor, (byte - _ZERO[number] for byte in track), 0) & _MASK[number])


def encode(dialect: Dialect, tracks: Mapping[int, bytes], *, lrc: bool = False) -> bytes:
    """The bytes a reader of this dialect sends for a swipe; `tracks` by number, without sentinels."""
    pieces = [_sentinels(number, tracks[number], lrc=lrc) for number in sorted(tracks)]
    if dialect is MAGTEK:
        return b"\x02\x1b" + b"".join(pieces) + b"\r\x03"
    if dialect is UIC:
        return b"\x02" + b"\x10".join(pieces) + b"\x03"
    return b"".join(piece + b"\r" for piece in pieces)


def _sentinels(number: int, data: bytes, *, lrc: bool) -> bytes:
    track = bytes([_START[number], *data, _END])
    return track + bytes([check_character(track, number)]) if lrc else track
