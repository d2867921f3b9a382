"""Room on the disk, before a generation is built there."""

from __future__ import annotations

import shutil
from pathlib import Path

from kiosk.packs.manifest import Manifest

_ROW_BYTES = 160
"""What a bill takes in the store, with room: 113 measured on invented bills (`kiosk/README.md`)."""

_SPARE_BYTES = 32 << 20


class NoRoom(Exception):
    """The disk has no room for this; `needed_mb` more would do. What was stored before is untouched."""

    def __init__(self, needed_mb: int) -> None:
        super().__init__(f"{needed_mb} MB more are needed")
        self.needed_mb = needed_mb


def check_room(folder: Path, held: Manifest, *, present: int) -> None:
    """Return when there is room for what a manifest lists, of which `present` bytes are there already.

    Raises:
        NoRoom: there is not.
    """
    rows = held.rows + sum(delta.object.rows for delta in held.deltas)
    missing = rows * _ROW_BYTES + _SPARE_BYTES - present - shutil.disk_usage(folder).free
    if missing > 0:
        raise NoRoom(-(-missing // 1_000_000))
