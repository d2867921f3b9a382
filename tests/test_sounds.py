"""What is heard besides the voice: made of sines, played at once, and never more than it should be."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import wave
from array import array
from itertools import pairwise
from pathlib import Path

import pytest
from ui_hands import sample

from kiosk.sounds import RATE, Sound, cue, wav, waves

ROOT = Path(__file__).parent.parent


def levels(data: bytes) -> array[int]:
    with wave.open(io.BytesIO(data)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, RATE)
        return array("h", reader.readframes(reader.getnframes()))


@pytest.mark.parametrize("sound", Sound)
def test_a_sound_begins_and_ends_in_silence_and_does_not_distort(sound: Sound) -> None:
    heard = levels(wav(sound))
    assert len(heard) / RATE < 1
    assert abs(heard[0]) < 300 and abs(heard[-1]) < 300
    assert 4000 < max(map(abs, heard)) < 32000


def test_the_low_tone_is_lower_than_the_chime_and_the_chime_has_two_notes() -> None:
    def crossings(part: array[int]) -> float:
        return sum((a < 0) != (b < 0) for a, b in pairwise(part)) / len(part) * RATE / 2

    chime, low = levels(wav(Sound.CHIME)), levels(wav(Sound.LOW))
    assert crossings(chime[: int(0.15 * RATE)]) == pytest.approx(587, rel=0.1)
    assert crossings(chime[int(0.4 * RATE) : int(0.6 * RATE)]) > 620
    assert crossings(low) < 300


def test_the_site_decides_which_sounds_there_are() -> None:
    assert set(waves(ticks=True, tones=False)) == {"tick"}
    assert set(waves(ticks=False, tones=True)) == {"chime", "low"}
    assert waves(ticks=False, tones=False) == {}


@pytest.mark.parametrize(
    ("before", "after", "heard"),
    [
        ("printing", "take_receipt", Sound.CHIME),
        ("take_receipt", "take_receipt_taken", None),
        ("bill", "still_there", Sound.LOW),
        ("still_there", "still_there", None),
        ("keypad", "keypad_payment_card", Sound.LOW),
        ("keypad_payment_card", "keypad_payment_card", None),
        ("card", "card_payment_card", Sound.LOW),
        ("looking_up", "not_found", Sound.LOW),
        ("looking_up", "service_away", Sound.LOW),
        ("printing", "print_failed", Sound.LOW),
        ("attract", "identify", None),
        ("looking_up", "bill", None),
        ("still_there", "bill", None),
        ("attract", "out_of_service", None),
    ],
)
def test_each_change_has_its_sound_or_none(before: str, after: str, heard: Sound | None) -> None:
    assert cue(sample(before), sample(after)) is heard


_PLAYED = """
import os, sys, time
from kiosk.ui import boot
boot.open_window(64, 64)
from kiosk.sounds import waves
from kiosk.ui.loudspeaker import Loudspeaker
loudspeaker = Loudspeaker()
loudspeaker.load(waves(ticks=True, tones=True))
written = lambda: os.stat(os.environ["SDL_DISKAUDIOFILE"]).st_size
def heard(since):
    with open(os.environ["SDL_DISKAUDIOFILE"], "rb") as file:
        file.seek(since)
        return any(file.read())
silent, until = written(), time.monotonic() + 10
assert not heard(0)
loudspeaker.play("no such sound")
loudspeaker.play("low")
loudspeaker.play("tick")
while not heard(silent) and time.monotonic() < until:
    time.sleep(0.002)
assert heard(silent)
"""


def test_a_played_sound_reaches_the_sound_card(tmp_path: Path) -> None:
    disk = {
        "SDL_AUDIODRIVER": "disk",
        "SDL_DISKAUDIOFILE": str(tmp_path / "heard"),
        "SDL_VIDEODRIVER": "offscreen",
    }
    subprocess.run([sys.executable, "-c", _PLAYED], env={**os.environ, **disk}, cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize("driver", ["", "no_such_driver"])
def test_a_machine_without_sound_is_silent_and_says_so_once(tmp_path: Path, driver: str) -> None:
    script = _PLAYED.split("written =")[0] + "loudspeaker.play('tick')"
    environment = {**os.environ, "SDL_VIDEODRIVER": "offscreen", "SDL_AUDIODRIVER": driver}
    script = "import logging; logging.basicConfig(level=logging.INFO, format='%(message)s')\n" + script
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=ROOT, check=True, timeout=60, capture_output=True
    )
    if driver or not any(Path("/dev/snd").glob("pcm*p")):
        assert done.stderr.decode().count("no_sound") == 1


def test_a_press_ticks_and_a_refused_one_does_not(terminal, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    played: list[str] = []
    monkeypatch.setattr(terminal.app.loudspeaker, "play", played.append)
    terminal.show("identify")
    terminal.press("by_number")
    assert played == ["tick"]
    terminal.show("keypad_empty")
    terminal.press("confirm")
    assert played == ["tick"]
