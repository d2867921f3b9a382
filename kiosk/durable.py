"""Small files that survive a power cut: written whole or not at all, and on the disk when the call returns."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

SLOT_BYTES = 4096
"""A page of the disk and of every file system we run on: what stands in one is not torn by its neighbour."""

_HEAD_BYTES = 10
_HASH_BYTES = 32
CONTENT_LIMIT = SLOT_BYTES - _HEAD_BYTES - _HASH_BYTES


def write_whole(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace `path`; whatever happens, it holds either what it held or all of `content`.

    Raises:
        OSError: it holds what it held.
    """
    draft = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk.

    Raises:
        OSError: they may not be there.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class SlotsDamaged(Exception):
    """Neither copy of a record is whole: nothing a power cut can do."""


class TwoSlots:
    """A record of up to `CONTENT_LIMIT` bytes, in a file whose room is taken once: a full disk does not stop it.

    It is written in turn to two pages of the file, and the newest whole one counts. For any number of processes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes | None:
        """The record; None when there never was one.

        Raises:
            SlotsDamaged: as it says.
            OSError: the file cannot be read.
        """
        try:
            pages = self.path.read_bytes()
        except FileNotFoundError:
            return None
        return _newest(pages)[1]

    def change(self, change: Callable[[bytes | None], bytes]) -> bytes:
        """Replace the record by what `change` makes of it, alone among processes; returns the new one.

        Raises:
            SlotsDamaged: nothing was changed.
            OSError: it may not be on the disk.
            ValueError: it is too long.
        """
        if not self.path.exists():
            write_whole(self.path, bytes(2 * SLOT_BYTES))
        with self.path.open("r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            pages = file.read()
            serial, content = _newest(pages)
            changed = change(content)
            self._put(file.fileno(), serial + 1, changed)
            return changed

    def put(self, content: bytes) -> None:
        """Replace the record whatever it was, damaged or not.

        Raises:
            OSError, ValueError: as `change`.
        """
        try:
            self.change(lambda _: content)
        except SlotsDamaged:
            write_whole(self.path, bytes(2 * SLOT_BYTES))
            self.change(lambda _: content)

    def _put(self, handle: int, serial: int, content: bytes) -> None:
        if len(content) > CONTENT_LIMIT:
            raise ValueError("the record is too long")
        head = serial.to_bytes(8, "big") + len(content).to_bytes(2, "big")
        page = (head + content + hashlib.sha256(head + content).digest()).ljust(SLOT_BYTES, b"\0")
        os.pwrite(handle, page, serial % 2 * SLOT_BYTES)
        os.fsync(handle)


def _newest(pages: bytes) -> tuple[int, bytes | None]:
    """Serial and content of the newest whole copy; 0 and None for a file that was only just made."""
    if not any(pages) and len(pages) == 2 * SLOT_BYTES:
        return 0, None
    whole = [found for start in (0, SLOT_BYTES) if (found := _whole(pages[start : start + SLOT_BYTES]))]
    if not whole:
        raise SlotsDamaged
    return max(whole)


def _whole(page: bytes) -> tuple[int, bytes] | None:
    end = _HEAD_BYTES + int.from_bytes(page[8:_HEAD_BYTES], "big")
    signed, told = page[:end], page[end : end + _HASH_BYTES]
    if len(page) < SLOT_BYTES or not any(page) or hashlib.sha256(signed).digest() != told:
        return None
    return int.from_bytes(page[:8], "big"), page[_HEAD_BYTES:end]
