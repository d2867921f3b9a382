"""The voice as a program of its own: what reaches it, how it is stopped, and what happens without it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from ast import literal_eval
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.speaker import RATES, VOLUMES, Speaker, arabic_for_voice
from kiosk.speech import Ears, Sentence

PRIVATE = "one thousand riyals"
BILL = (
    Sentence("Your bill", "en"),
    Sentence(PRIVATE, "en", Ears.HEADPHONES),
    Sentence("اَلْعَرَبِيَّةُ", "ar"),
)

VOICE = """#!{python}
import os, sys, time
text = sys.stdin.read()
line = repr((os.getpid(), sys.argv[1:], text)) + chr(10)
os.write(os.open({journal!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT), line.encode())
time.sleep(60 if "for a minute" in text else 0)
"""


class Voice:
    """A stand-in for espeak-ng: writes down what it was told, and takes a minute over "for a minute"."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "said"
        self._journal.touch()
        self.program = folder / "voice"
        self.program.write_text(VOICE.format(python=sys.executable, journal=str(self._journal)))
        self.program.chmod(0o755)

    @property
    def said(self) -> list[tuple[int, list[str], str]]:
        return [literal_eval(line) for line in self._journal.read_text().splitlines()]


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def long(text: str = "for a minute") -> tuple[Sentence, ...]:
    return (Sentence(text, "en"), Sentence("never reached", "ar"))


@pytest.fixture
def voice(tmp_path: Path) -> Voice:
    return Voice(tmp_path)


@pytest.fixture
def speaker(voice: Voice) -> Iterator[Speaker]:
    speaker = Speaker(program=str(voice.program))
    yield speaker
    speaker.reset()


def options(arguments: list[str]) -> dict[str, str]:
    return {name: arguments[arguments.index(name) + 1] for name in ("-v", "-s", "-a")}


def test_each_sentence_is_said_by_the_voice_of_its_language_in_order(voice: Voice) -> None:
    speaker = Speaker(program=str(voice.program), voices={"en": "en-gb"})
    speaker.say(BILL)
    wait_for(lambda: len(voice.said) == 3 and not speaker.is_speaking)
    assert [(options(arguments)["-v"], text) for _, arguments, text in voice.said] == [
        ("en-gb", "Your bill\n"),
        ("en-gb", f"{PRIVATE}\n"),
        ("ar", arabic_for_voice("اَلْعَرَبِيَّةُ") + "\n"),
    ]


def test_the_speaker_knows_which_sentence_it_is_at(voice: Voice, speaker: Speaker) -> None:
    speaker.say((Sentence("short", "en"), *long()))
    wait_for(lambda: len(voice.said) == 2)
    assert speaker.place == 1
    speaker.stop()
    assert speaker.place == 1


def test_what_is_said_is_in_no_log_and_no_list_of_processes(
    voice: Voice, speaker: Speaker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    speaker.say(BILL)
    wait_for(lambda: len(voice.said) == 3)
    assert not any(PRIVATE in argument for _, arguments, _ in voice.said for argument in arguments)
    assert PRIVATE not in caplog.text


def test_stopping_ends_the_voice_at_once(voice: Voice, speaker: Speaker) -> None:
    speaker.say(long())
    wait_for(lambda: bool(voice.said))
    assert speaker.is_speaking
    began = time.monotonic()
    speaker.stop()
    assert not speaker.is_speaking
    wait_for(lambda: not is_alive(voice.said[0][0]))
    assert time.monotonic() - began < 1
    assert len(voice.said) == 1


def test_new_speech_takes_the_place_of_the_old(voice: Voice, speaker: Speaker) -> None:
    speaker.say(long())
    wait_for(lambda: bool(voice.said))
    speaker.say((Sentence("short", "en"),))
    wait_for(lambda: len(voice.said) == 2 and not speaker.is_speaking)
    assert voice.said[1][2] == "short\n"
    wait_for(lambda: not is_alive(voice.said[0][0]))


def test_many_utterances_in_a_row_leave_the_last_one_only(voice: Voice, speaker: Speaker) -> None:
    for number in range(20):
        speaker.say(long(f"{number} for a minute"))
    wait_for(lambda: any(text == "19 for a minute\n" for _, _, text in voice.said))
    wait_for(lambda: sum(is_alive(process) for process, _, _ in voice.said) == 1)
    assert speaker.is_speaking


def test_faster_and_louder_count_from_the_next_sentence_and_end_somewhere(voice: Voice, speaker: Speaker) -> None:
    short = (Sentence("short", "en"),)
    acts: tuple[Callable[[], None], ...] = (
        lambda: None,
        speaker.faster,
        speaker.louder,
        lambda: speaker.faster(-9),
        lambda: speaker.louder(-9),
    )
    for step, act in enumerate(acts, 1):
        act()
        speaker.say(short)
        wait_for(lambda: len(voice.said) == step and not speaker.is_speaking)  # noqa: B023 - done with at once
    rates = [int(options(arguments)["-s"]) for _, arguments, _ in voice.said]
    volumes = [int(options(arguments)["-a"]) for _, arguments, _ in voice.said]
    assert rates == [RATES[2], RATES[3], RATES[3], RATES[0], RATES[0]]
    assert volumes == [VOLUMES[2], VOLUMES[2], VOLUMES[3], VOLUMES[3], VOLUMES[0]]


def test_the_next_subscriber_finds_silence_and_the_sites_own_voice(voice: Voice) -> None:
    speaker = Speaker(program=str(voice.program), rate=1, volume=5)
    speaker.say(long())
    speaker.faster()
    speaker.louder(-1)
    speaker.reset()
    assert not speaker.is_speaking
    speaker.say((Sentence("next", "en"),))
    wait_for(lambda: any(text == "next\n" for _, _, text in voice.said))
    assert options(voice.said[-1][1]) == {"-v": "en", "-s": str(RATES[0]), "-a": str(VOLUMES[4])}


def test_a_voice_that_dies_is_not_waited_for(voice: Voice, speaker: Speaker) -> None:
    speaker.say((Sentence("for a minute", "en"),))
    wait_for(lambda: bool(voice.said))
    os.kill(voice.said[0][0], signal.SIGKILL)
    wait_for(lambda: not speaker.is_speaking)


def test_nothing_to_say_starts_nothing(voice: Voice, speaker: Speaker) -> None:
    speaker.say(())
    assert not speaker.is_speaking
    assert voice.said == []


def test_a_terminal_without_the_program_is_silent(tmp_path: Path) -> None:
    speaker = Speaker(program=str(tmp_path / "none"))
    speaker.say(BILL)
    assert not speaker.is_speaking
    speaker.reset()


def test_a_program_that_goes_away_is_logged_and_nothing_more(
    voice: Voice, speaker: Speaker, caplog: pytest.LogCaptureFixture
) -> None:
    voice.program.unlink()
    speaker.say(BILL)
    wait_for(lambda: not speaker.is_speaking)
    assert "speech_unavailable" in caplog.text


@pytest.mark.parametrize(
    ("written", "for_the_voice"),
    [
        ("اَلْمُسْتَحَقُّ هُنَا", "اَلْمُسْتَحَقّ\u064f هُنَا"),  # a shadda before its vowel
        ("فِي ٱلسَّاعَةِ ٱلْوَاحِدَةِ", "فِي ٱسّ\u064eاعَةِ ٱلْوَاحِدَهْ"),  # no lam before a sun letter
        ("بِٱلْبِطَاقَةِ، ثُمَّ", "بِٱلْبِطَاقَهْ، ثُمّ"),  # a pause ends a word
        ("وَاحِدٌ، اِثْنَانِ", "وَاحِدْ، اِثْنَانْ"),
        ("رِيَالًا", "رِيَالَا"),
        ("كَامِلًا.", "كَامِلَا."),
        ("رِيَالًا وَهَلَلَةٌ", "رِيَالًا وَهَلَلَهْ"),
        ("هَلْ خَرَجَ؟", "هَلْ خَرَجْ؟"),
        ("مَاذَا", "مَاذَا"),
    ],
)
def test_arabic_is_spelled_as_the_voice_says_it_right(written: str, for_the_voice: str) -> None:
    assert arabic_for_voice(written) == for_the_voice


def test_the_first_frame_needs_no_voice() -> None:
    script = "import sys, kiosk.views, kiosk.controller; print([m for m in sys.modules if 'kiosk.sp' in m])"
    seen = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    assert seen.stdout.strip() == "[]"
