"""The three sounds of a terminal, made of sines here, and when each of them is heard; never more than one at once.

A soft tick for what is pressed, one two-note chime when the receipt is ready, one low tone when something cannot
be done or the visit is about to end.
"""

from __future__ import annotations

import io
import wave
from array import array
from enum import StrEnum
from math import exp, pi, sin

from kiosk.viewmodel import CardView, KeypadView, MessageView, StillThereView, TakeReceiptView, Tone, View

RATE = 22_050
"""Samples a second, mono, 16 bit."""


class Sound(StrEnum):
    """What can be heard besides the voice."""

    TICK = "tick"
    CHIME = "chime"
    LOW = "low"


_Note = tuple[float, float, float, float]
"""Beginning in s, frequency in Hz, how fast it dies away (1/s), loudness 0 to 1."""

_NOTES: dict[Sound, tuple[float, tuple[_Note, ...]]] = {
    Sound.TICK: (0.03, ((0.0, 1900.0, 160.0, 0.22),)),
    # A fourth upwards, D5 and G5: friendly, and heard by ears that have lost the high notes.
    Sound.CHIME: (0.75, ((0.0, 587.33, 7.0, 0.35), (0.16, 783.99, 6.0, 0.35))),
    Sound.LOW: (0.35, ((0.0, 220.0, 9.0, 0.5), (0.0, 330.0, 12.0, 0.2))),
}
"""Length in s and notes of each sound."""

_ATTACK_S = 0.002
"""A tone that begins at once clicks."""


def wav(sound: Sound) -> bytes:
    """The sound as a WAV file."""
    length, notes = _NOTES[sound]
    count = int(length * RATE)
    samples = array("h", (round(_level(at / RATE, notes, length) * 32767) for at in range(count)))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def waves(*, ticks: bool, tones: bool) -> dict[str, bytes]:
    """The sounds that a site wants, by name; made in 0.1 s, so not on the screens' thread."""
    wanted = ([Sound.TICK] if ticks else []) + ([Sound.CHIME, Sound.LOW] if tones else [])
    return {str(sound): wav(sound) for sound in wanted}


def _level(t: float, notes: tuple[_Note, ...], length: float) -> float:
    """How far the membrane is out at `t` seconds, -1 to 1; it comes to rest at the end."""
    level = 0.0
    for begin, frequency, decay, loudness in notes:
        since = t - begin
        if since > 0:
            rise = min(1.0, since / _ATTACK_S)
            level += loudness * rise * exp(-decay * since) * sin(2 * pi * frequency * since)
    return level * min(1.0, (length - t) / 0.01)


def cue(before: View | None, after: View) -> Sound | None:
    """What is heard when the screen changes from `before` to `after`; None: nothing."""
    match before, after:
        case TakeReceiptView(), TakeReceiptView():
            return None
        case _, TakeReceiptView():
            return Sound.CHIME
        case StillThereView(), StillThereView():
            return None
        case _, StillThereView():
            return Sound.LOW
    return Sound.LOW if _refusal(after) and _refusal(after) != _refusal(before) else None


def _refusal(view: View | None) -> str:
    """What a screen says cannot be; empty when nothing."""
    match view:
        case KeypadView(problem=problem) | CardView(problem=problem):
            return problem
        case MessageView(tone=Tone.WARNING | Tone.FAULT, screen=screen, title=title) if screen != "out_of_service":
            return title
    return ""
