"""What a driver must still know of its printer tomorrow: the paper account, and the pictures in its memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from devices.escpos.roll import PaperRoll


class PrinterBook(Protocol):
    """The book on one printer. For any thread, and beside other processes; no method raises."""

    def roll(self) -> PaperRoll:
        """The paper account as it stands, whoever wrote it last."""

    def change_roll(self, change: Callable[[PaperRoll], PaperRoll]) -> PaperRoll:
        """Change the account in one step, so that nothing written meanwhile is lost; as it is then."""

    def pictures(self, serial: str) -> frozenset[str]:
        """The digests of the pictures that the printer with this serial number is known to hold."""

    def keep_picture(self, serial: str, digest: str) -> None:
        """Note that it holds one more."""


class MemoryBook:
    """A book that ends with the process, begun with `roll`."""

    def __init__(self, roll: PaperRoll | None = None) -> None:
        self._roll = roll or PaperRoll()
        self._pictures: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()

    def roll(self) -> PaperRoll:
        return self._roll

    def change_roll(self, change: Callable[[PaperRoll], PaperRoll]) -> PaperRoll:
        with self._lock:
            self._roll = change(self._roll)
            return self._roll

    def pictures(self, serial: str) -> frozenset[str]:
        return self._pictures.get(serial, frozenset())

    def keep_picture(self, serial: str, digest: str) -> None:
        with self._lock:
            self._pictures[serial] = self.pictures(serial) | {digest}
