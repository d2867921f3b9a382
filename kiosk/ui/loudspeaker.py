"""Plays the terminal's sounds through SDL's mixer, which holds them ready: 0.1 ms from the call to the mixer."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

_DEVICES = Path("/dev/snd")


class Loudspeaker:
    """Silent until it has loaded sounds, and for ever on a machine without a sound card."""

    def __init__(self) -> None:
        self._sounds: dict[str, Any] = {}

    def load(self, waves: Mapping[str, bytes]) -> None:
        """Have `waves` (WAV files by name) ready to play. Once, on the screens' thread: it opens the device."""
        if not waves:
            return
        if not _has_device():
            logger.info("no_sound: this machine has no sound card")
            return
        mixer = logging.getLogger("kivy")
        level = mixer.level
        # What it says of a device that does not open is told in our own words.
        mixer.setLevel(logging.CRITICAL)
        try:
            # Not needed before the first frame.
            import tempfile

            from kivy.core.audio.audio_sdl2 import SoundSDL2

            with tempfile.TemporaryDirectory() as folder:
                for name, wave in waves.items():
                    path = Path(folder) / f"{name}.wav"
                    path.write_bytes(wave)
                    self._sounds[name] = SoundSDL2(source=str(path))
        except (ImportError, OSError) as error:
            logger.warning("no_sound: %s", type(error).__name__)
        finally:
            mixer.setLevel(level)
        # Without an open device the mixer gives sounds of no length instead of an error.
        self._sounds = {name: sound for name, sound in self._sounds.items() if sound.length > 0}
        if not self._sounds:
            logger.warning("no_sound: the sound card does not open")

    def play(self, name: str) -> None:
        """Play a sound from its beginning, and no other meanwhile; nothing where there is none of that name."""
        wanted = self._sounds.get(name)
        if wanted is None:
            return
        for sound in self._sounds.values():
            if sound.state == "play":
                sound.stop()
        wanted.play()


def _has_device() -> bool:
    """Whether something can play; a driver of SDL's named by hand counts."""
    return bool(os.environ.get("SDL_AUDIODRIVER")) or any(_DEVICES.glob("pcm*p"))
