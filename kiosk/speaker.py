"""The voice: says sentences through the espeak-ng program, and is silent where that is not installed."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Mapping, Sequence
from threading import Lock, Thread

from kiosk.health import VOICE
from kiosk.speech import Sentence

logger = logging.getLogger(__name__)

RATES = (100, 130, 160, 200, 250, 310)
"""Words a minute (`-s`, 80 to 450), from slow to what practised listeners like."""

VOLUMES = (40, 70, 100, 140, 200)
"""Amplitudes (`-a`, 0 to 200). The amplifier decides how loud they are: 65 dBA for the one in the middle."""

RATE, VOLUME = 3, 3
"""The steps of these that everybody begins with; the first step is 1."""

_VOWELS = "\u064b-\u0650\u0652"
_SHADDA = "\u0651"
_SUN = "تثدذرزسشصضطظلن"
_PAUSE = "(?=\\s*(?:$|[،,:.؟!]))"


class Speaker:
    """Says sentences one after another; a new utterance stops the old one at once. Any thread may call, nothing
    raises.

    What is said reaches the program through a pipe: it is in no log, file or list of processes.
    """

    def __init__(
        self,
        *,
        program: str = VOICE,
        voices: Mapping[str, str] | None = None,
        rate: int = RATE,
        volume: int = VOLUME,
    ) -> None:
        """Be silent.

        Args:
            program: espeak-ng, or what takes its options and its text on stdin.
            voices: the program's voice for each language; a language without one is its own voice's name.
            rate: where every subscriber begins, 1 to 6.
            volume: likewise, 1 to 5.
        """
        self._program = shutil.which(program)
        self._voices = dict(voices or {})
        self._first = (rate - 1, volume - 1)
        self._rate, self._volume = self._first
        self._lock = Lock()
        self._turn = 0
        self._place = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._speaking = False

    @property
    def is_speaking(self) -> bool:
        """Whether something is being said; no time counts against the subscriber meanwhile."""
        with self._lock:
            return self._speaking

    @property
    def place(self) -> int:
        """Which sentence of the last utterance is being said, or was when it ended; the first one is 0."""
        with self._lock:
            return self._place

    def say(self, sentences: Sequence[Sentence]) -> None:
        """Stop, then say these; they have to be fit for whoever hears them. Returns at once."""
        self.stop()
        program = self._program
        if not sentences or program is None:
            return
        with self._lock:
            turn, self._speaking, self._place = self._turn, True, 0
        Thread(target=self._speak, args=(program, tuple(sentences), turn), name="speaker", daemon=True).start()

    def stop(self) -> None:
        """Be silent at once."""
        with self._lock:
            self._turn += 1
            self._speaking = False
            if self._process:
                self._process.kill()

    def faster(self, steps: int = 1) -> None:
        """Speak faster from the next sentence on, or slower with negative `steps`."""
        self._rate = min(max(self._rate + steps, 0), len(RATES) - 1)

    def louder(self, steps: int = 1) -> None:
        """Speak louder from the next sentence on, or softer with negative `steps`."""
        self._volume = min(max(self._volume + steps, 0), len(VOLUMES) - 1)

    def reset(self) -> None:
        """Be ready for the next subscriber: silent, rate and volume as at first."""
        self._rate, self._volume = self._first
        self.stop()

    def _speak(self, program: str, sentences: tuple[Sentence, ...], turn: int) -> None:
        for place, sentence in enumerate(sentences):
            process = self._start(program, sentence.language, turn, place)
            if process is None:
                return
            text = arabic_for_voice(sentence.text) if sentence.language == "ar" else sentence.text
            process.communicate(f"{text}\n".encode())
        with self._lock:
            if turn == self._turn:
                self._speaking, self._process = False, None

    def _start(self, program: str, language: str, turn: int, place: int) -> subprocess.Popen[bytes] | None:
        """The program, waiting for its text; None when something else is to be said by now, or it is gone."""
        rate, volume = RATES[self._rate], VOLUMES[self._volume]
        voice = self._voices.get(language, language)
        command = [program, "-v", voice, "-s", str(rate), "-a", str(volume), "-b", "1", "--stdin"]
        silent = subprocess.DEVNULL
        with self._lock:
            if turn != self._turn:
                return None
            self._place = place
            try:
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=silent, stderr=silent)
            except OSError as error:
                logger.error("speech_unavailable: %s does not start: %s", program, error.strerror)
                self._speaking = False
                return None
            return self._process


def arabic_for_voice(text: str) -> str:
    """Vowelled Arabic spelled so that espeak-ng 1.51 says it right, and as a reader says it before a pause.

    Judged by its `--ipa`: it wants a shadda before its vowel (Unicode's order doubles the vowel instead), says
    the lam of an article before a sun letter, says a ta marbuta as t where a pause makes it h, and ends a kaf
    without a sign in a.
    """
    text = re.sub(f"([{_VOWELS}]){_SHADDA}", rf"{_SHADDA}\1", unicodedata.normalize("NFC", text))
    text = re.sub(f"([اٱ]\u064e?)ل([{_SUN}]){_SHADDA}", rf"\1\2{_SHADDA}", text)
    text = re.sub(f"ة[{_VOWELS}]?{_PAUSE}", "هْ", text)
    text = re.sub(f"\u064bا{_PAUSE}", "\u064eا", text)
    text = re.sub(f"{_SHADDA}[\u064c-\u0650]{_PAUSE}", _SHADDA, text)
    return re.sub(f"[\u064c-\u0650]{_PAUSE}", "\u0652", text)
