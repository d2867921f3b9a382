"""The dialogue with a PN532 module: look for a tag while somebody asks, read it, wait until it has gone."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TypeVar

from devices.card_reader import ReaderHealth, Rejection
from devices.codecs import pn532
from devices.codecs.frames import CardGone, Frame, Part
from devices.codecs.tags import Application, TagRead, read_type2, read_type4
from devices.dialogues.scripted import Ask, Moment, Pause, Script, Scripted, Step, Tell

_SAM_CONFIGURATION, _RF_CONFIGURATION, _DATA_EXCHANGE, _LIST_TARGETS = 0x14, 0x32, 0x40, 0x4A
"""Commands: PN532 user manual, section 7."""
_NORMAL_MODE = bytes.fromhex("010000")
_FIELD_OFF = bytes.fromhex("0100")
_FEW_RETRIES = bytes.fromhex("05FF0101")
"""Answer "no tag" after two tries instead of waiting for one for ever."""
_TWO_OF_TYPE_A = bytes.fromhex("0200")
_READ_PAGE = 0x30
_ISO_DEP, _TYPE_2 = 0x20, 0x00
"""Bit, and value, of SEL_RES: a card that speaks ISO 14443-4; an NTAG or Ultralight (NXP AN10833)."""
_LOOK_S, _RETRY_S = 0.2, 1.0
_ANSWER_S = 1.5
"""Some boards take that long to answer (nfcpy, clf/pn532.py)."""
_MAX_STRAY = 8
"""Messages that answer nothing, before the module counts as silent."""

T = TypeVar("T")
_Command = Generator[Step, Part | None, bytearray | None]


def pn532_dialogue(applications: Iterable[Application] = ()) -> Scripted:
    """A dialogue that reads UID, NDEF and the applications of the card map."""
    return Scripted(pn532.make_codec(), _Reading(tuple(applications)).script)


@dataclass(frozen=True, slots=True)
class _Target:
    """A tag in the field."""

    uid: bytearray
    kind: int


class _SilentError(Exception):
    """The module does not answer."""


class _Reading:
    """The script of one module."""

    def __init__(self, applications: tuple[Application, ...]) -> None:
        self._applications = applications

    def script(self, moment: Moment) -> Script:
        while True:
            try:
                yield from self._work(moment)
            except _SilentError:
                yield Tell(health=ReaderHealth.FAULT)
                yield Pause(_RETRY_S)

    def _work(self, moment: Moment) -> Generator[Step, Part | None, None]:
        yield Tell(pn532.WAKE_UP)
        yield from _must(_command(_SAM_CONFIGURATION, _NORMAL_MODE))
        yield from _must(_command(_RF_CONFIGURATION, _FEW_RETRIES))
        yield Tell(health=ReaderHealth.ONLINE)
        while True:
            while not moment.is_armed:
                yield from _must(_command(_RF_CONFIGURATION, _FIELD_OFF))
                # The screen may have begun to ask while the module answered.
                yield Pause(0.0 if moment.is_armed else None)
            targets = yield from _targets()
            if not targets:
                yield Pause(_LOOK_S)
                continue
            yield from self._read(targets, moment)
            yield from _wait_until_gone(targets, moment)

    def _read(self, targets: list[_Target], moment: Moment) -> Generator[Step, Part | None, None]:
        first_at = moment.now
        if len(targets) > 1:
            yield Tell(found=(Frame((), first_at, Rejection.COLLISION),))
            return
        (target,) = targets
        read = yield from self._content(target)
        uid = Part("uid", bytearray(target.uid.hex().upper().encode()))
        yield Tell(found=(Frame((uid, *read.parts), first_at, read.fault),))

    def _content(self, target: _Target) -> Generator[Step, Part | None, TagRead]:
        if target.kind & _ISO_DEP:
            return (yield from _carry(read_type4(self._applications), as_data=bytes))
        if target.kind == _TYPE_2:
            return (yield from _carry(read_type2(), as_data=lambda page: bytes((_READ_PAGE, page))))
        return TagRead((), Rejection.UNKNOWN_CARD)


def _carry(
    reading: Generator[T, bytearray, TagRead], *, as_data: Callable[[T], bytes]
) -> Generator[Step, Part | None, TagRead]:
    """Carry what `reading` asks to the tag, and the tag's answers back."""
    try:
        question = next(reading)
        while True:
            answer = yield from _must(_command(_DATA_EXCHANGE, b"\x01" + as_data(question)))
            # Bits 0 to 5 tell what went wrong on the air; most often the tag was taken away.
            if not answer or answer[0] & 0x3F:
                reading.close()
                return TagRead((), Rejection.PARTIAL)
            question = reading.send(answer[1:])
    except StopIteration as done:
        read: TagRead = done.value
        return read


def _wait_until_gone(read: list[_Target], moment: Moment) -> Generator[Step, Part | None, None]:
    """Two looks without these tags: one alone may be a hand that shook."""
    missed, asked = 0, moment.asked
    while moment.is_armed and moment.asked == asked:
        yield Pause(_LOOK_S)
        missed = 0 if (yield from _targets()) == read else missed + 1
        if missed == 2:
            yield Tell(found=(CardGone(moment.now),))
            return


def _targets() -> Generator[Step, Part | None, list[_Target]]:
    """The tags of type A in the field, two at most."""
    answer = yield from _must(_command(_LIST_TARGETS, _TWO_OF_TYPE_A))
    found: list[_Target] = []
    at = 1
    # Of each: number, two bytes SENS_RES, SEL_RES, length of the UID, UID, and with ISO-DEP length and ATS.
    while answer and len(found) < answer[0] and at + 5 <= len(answer):
        kind, uid_end = answer[at + 3], at + 5 + answer[at + 4]
        found.append(_Target(answer[at + 5 : uid_end], kind))
        has_ats = kind & _ISO_DEP and uid_end < len(answer)
        at = uid_end + (answer[uid_end] if has_ats else 0)
    return found


def _command(code: int, data: bytes) -> _Command:
    """The answer to a command, without its two bytes of header; empty when it was refused, None when none came."""
    step: Step = Ask(pn532.command(code, data), _ANSWER_S)
    for _ in range(_MAX_STRAY):
        answer = yield step
        if answer is None:
            return None
        if answer.source == "pn532" and answer.data[0] == pn532.ERROR:
            return bytearray()
        if answer.source == "pn532" and answer.data[:2] == bytes((pn532.MODULE, code + 1)):
            return answer.data[2:]
        # An acknowledgement, or the late answer to a command given up.
        step = Ask(b"", _ANSWER_S)
    return None


def _must(command: _Command) -> Generator[Step, Part | None, bytearray]:
    """The answer to a command.

    Raises:
        _SilentError: none came.
    """
    answer = yield from command
    if answer is None:
        raise _SilentError
    return answer
