"""The dialogue with a Sankyo ICT3Q8 motorised reader: let a card in while somebody asks, read it, give it back."""

from __future__ import annotations

from collections.abc import Generator

from devices.card_reader import ReaderHealth, Rejection
from devices.codecs import sankyo
from devices.codecs.frames import CardGone, Frame, Part
from devices.dialogues.scripted import Ask, Moment, Pause, Script, Scripted, Step, Tell

_INITIALISE = b"C0032400001000"
"""Initialise and give a forgotten card back (command and parameters as its own programs send them)."""
_STATUS, _ACCEPT, _REFUSE, _EJECT = b"C10", b"C:0", b"C:1", b"C30"
_READ_TRACK = {1: b"C61", 2: b"C62", 3: b"C63"}
_NO_CARD, _AT_MOUTH, _IN_PLACE = b"00", b"01", b"02"
"""The two status characters of an answer: where the card is."""
_LOOK_S, _RETRY_S = 0.3, 2.0
_ANSWER_S = 5.0
"""Commands that move the card take seconds."""
_MAX_TRIES = 3
_MAX_STRAY = 8

_Answer = Generator[Step, Part | None, bytearray | None]


def sankyo_dialogue() -> Scripted:
    """A dialogue that reads tracks 1 to 3 and always gives the card back."""
    return Scripted(sankyo.make_codec(), _script)


class _SilentError(Exception):
    """The reader does not answer."""


def _script(moment: Moment) -> Script:
    while True:
        try:
            yield from _work(moment)
        except _SilentError:
            yield Tell(health=ReaderHealth.FAULT)
            yield Pause(_RETRY_S)


def _work(moment: Moment) -> Generator[Step, Part | None, None]:
    yield from _command(_INITIALISE)
    yield Tell(health=ReaderHealth.ONLINE)
    while True:
        asked = moment.asked
        yield from _command(_REFUSE)
        yield from _give_back_unread()
        if not moment.is_armed:
            yield Pause(None)
        elif moment.asked == asked:
            yield from _command(_ACCEPT)
            if (yield from _wait_for_card(moment, asked)):
                yield from _read_and_return(moment)


def _give_back_unread() -> Generator[Step, Part | None, None]:
    """A card drawn in as the screen ceased to ask is no answer to the next question, which may be another's."""
    answer = yield from _command(_STATUS)
    if answer and answer[3:5] == _IN_PLACE:
        yield from _command(_EJECT)
        yield from _wait_until_gone()


def _wait_until_gone() -> Generator[Step, Part | None, None]:
    while (answer := (yield from _command(_STATUS))) is None or answer[3:5] != _NO_CARD:
        yield Pause(_LOOK_S)


def _wait_for_card(moment: Moment, asked: int) -> Generator[Step, Part | None, bool]:
    """Whether a card came into place before the screen ceased to ask."""
    while True:
        answer = yield from _command(_STATUS)
        if not moment.is_armed or moment.asked != asked:
            return False
        if answer and answer[3:5] == _IN_PLACE:
            return True
        yield Pause(_LOOK_S)


def _read_and_return(moment: Moment) -> Generator[Step, Part | None, None]:
    """Read, give the card back, and only then say what was read: nobody may walk away without it."""
    first_at = moment.now
    parts: list[Part] = []
    for number, command in _READ_TRACK.items():
        answer = yield from _command(command)
        # 'P', command (2), status (2), then the track without sentinels.
        if answer and len(answer) > 5:
            parts.append(Part(f"track{number}", answer[5:]))
    # Else the next card could be drawn in before this one is known to be gone.
    yield from _command(_REFUSE)
    yield from _command(_EJECT)
    yield Tell(found=(Frame(tuple(parts), first_at, None if parts else Rejection.UNREADABLE),))
    yield from _wait_until_gone()
    yield Tell(found=(CardGone(moment.now),))


def _command(text: bytes) -> _Answer:
    """The reader's positive answer to a command; None when it says that it cannot.

    Raises:
        _SilentError: it neither acknowledges nor answers.
    """
    for _ in range(_MAX_TRIES):
        step: Step = Ask(sankyo.frame(text), _ANSWER_S)
        for _ in range(_MAX_STRAY):
            answer = yield step
            if answer is None or answer.source == "sankyo-nak":
                break
            if answer.source == "sankyo" and answer.data[1:3] == text[1:3]:
                return bytearray(answer.data) if answer.data[:1] == b"P" else None
            step = Ask(b"", _ANSWER_S)
    raise _SilentError
