"""A file kept for a full disk: deleting rows needs room there too, deleting this file does not."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

logger = logging.getLogger(__name__)

NAME = "ballast"
BYTES = 16 << 20
"""Room for thousands of receipts."""


def lay(folder: Path) -> None:
    """Have a ballast in the state folder, unless room is short already."""
    path = folder / NAME
    try:
        if path.exists() or shutil.disk_usage(folder).free < 4 * BYTES:
            return
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, BYTES)
    except OSError:
        logger.info("no ballast could be laid")
        path.unlink(missing_ok=True)


def throw(folder: Path) -> bool:
    """Make room; whether there was a ballast to throw."""
    try:
        (folder / NAME).unlink()
    except OSError:
        return False
    logger.error("disk_full: the ballast was thrown; receipts can be written for a while")
    return True
