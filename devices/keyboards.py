"""Keeps keyboards silent that nobody accepted: whoever passes a terminal can plug one in and type."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from devices import binding
from devices.binding import Match, Port
from devices.channels import Channel, DescriptorChannel, grab_node
from devices.monitor import Monitor
from devices.transports import TransportBusy, TransportError

logger = logging.getLogger(__name__)

_LOOK_S = 1.0
_KEYS_OF_A_KEYBOARD = (2, 3, 10, 28)
"""1, 2, 9 and Enter: what can type a number and send it. A power button or a touch panel has none of them."""


class InertKeyboards:
    """Takes every keyboard-like device that is not accepted for itself, and lets its keys fall.

    A device that a card reader's driver reads must be among the accepted, or they take it from each other.
    """

    def __init__(
        self,
        *,
        accepted: Callable[[], Iterable[Match]],
        monitor: Monitor,
        accepted_paths: Iterable[str] = (),
        sysfs: Path = Path("/sys"),
        open_at: Callable[[str], Channel] = grab_node,
    ) -> None:
        """`accepted` is asked at every look, so that one accepted meanwhile counts within a second; `accepted_paths`
        are nodes that a reader is bound to by path. `sysfs` and `open_at` are for tests."""
        self._accepted = accepted
        self._accepted_paths = frozenset(accepted_paths)
        self._monitor = monitor
        self._sysfs = sysfs
        self._open_at = open_at
        self._silent: dict[str, _Silent] = {}
        self._look = _Look(self._look_around)

    @property
    def silenced(self) -> tuple[Port, ...]:
        """The keyboards that are kept silent now, for the technician to accept or to unplug."""
        return tuple(silent.port for silent in list(self._silent.values()))

    def start(self) -> None:
        """Silence what is there, and what is plugged in later."""
        self._monitor.add(self._look)

    def close(self) -> None:
        """Let all go; twice is fine."""
        self._monitor.remove(self._look)
        for silent in self._silent.values():
            self._monitor.remove(silent)
        self._silent.clear()

    def _look_around(self) -> None:
        """On the monitor's thread: take what is new, forget what is gone."""
        there = {port.path: port for port in keyboards(self._sysfs) if self.would_silence(port)}
        for path in self._silent.keys() - there.keys():
            self._monitor.remove(self._silent.pop(path))
        for path, port in there.items():
            if path not in self._silent:
                logger.warning("a keyboard that nobody accepted is kept silent: %s at %s", port.description, path)
                self._silent[path] = _Silent(port, self._open_at)
                self._monitor.add(self._silent[path])

    def would_silence(self, port: Port) -> bool:
        """Whether nobody accepted this keyboard."""
        return port.path not in self._accepted_paths and not any(port.fits(match) for match in self._accepted())


def keyboards(sysfs: Path = Path("/sys")) -> list[Port]:
    """The input devices that could type a number; no node is opened."""
    return [port for port in binding.input_devices(sysfs) if _can_type(sysfs, port)]


def _can_type(sysfs: Path, port: Port) -> bool:
    """By the bitmap of its keys: hexadecimal words of 64 bits, the lowest last."""
    try:
        words = (sysfs / "class/input" / Path(port.path).name / "device/capabilities/key").read_text().split()
        lowest = int(words[-1], 16)
    except (OSError, IndexError, ValueError):
        return False
    return all(lowest >> key & 1 for key in _KEYS_OF_A_KEYBOARD)


class _Silent:
    """A keyboard whose keys are heard by nobody, as the monitor sees it."""

    def __init__(self, port: Port, open_at: Callable[[str], Channel]) -> None:
        self.port = port
        self._open_at = open_at

    def open(self) -> Channel:
        return self._open_at(self.port.path)

    def is_there(self) -> bool:
        return True

    def opened(self, channel: Channel, t: float) -> float | None:
        return None

    def received(self, data: memoryview, t: float) -> float | None:
        return None

    def due(self, t: float) -> float | None:
        return None

    def failed(self, error: TransportError) -> None:
        # Taken by another program means that its keys reach no window either.
        if not isinstance(error, TransportBusy):
            logger.debug("%s: %s", self.port.path, error)


class _Look:
    """A round every second, as the monitor sees it: a pipe on which nothing ever comes."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look

    def open(self) -> Channel:
        ours, other = os.pipe()

        def release() -> None:
            os.close(ours)
            os.close(other)

        return DescriptorChannel(ours, "keyboards", release=release)

    def is_there(self) -> bool:
        return True

    def opened(self, channel: Channel, t: float) -> float | None:
        return self.due(t)

    def received(self, data: memoryview, t: float) -> float | None:
        return t + _LOOK_S

    def due(self, t: float) -> float | None:
        self._look()
        return t + _LOOK_S

    def failed(self, error: TransportError) -> None:
        logger.warning("keyboards are not looked for: %s", error)
