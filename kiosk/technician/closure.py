"""Out of service by hand: why, since when and by whom; it holds over restarts until somebody opens it again."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from kiosk.durable import write_whole

logger = logging.getLogger(__name__)

FILE = "out-of-service.json"


class Cause(StrEnum):
    """Why a terminal is closed; each has its own sentence for the technician."""

    MAINTENANCE = "maintenance"
    PAPER = "paper"
    FAULT = "fault"
    VANDALISM = "vandalism"
    MOVING = "moving"
    OPERATIONS = "operations"


@dataclass(frozen=True, slots=True)
class Closure:
    """A terminal that serves nobody. `by` is a technician's number or "operations"; `since` in UTC, as text."""

    cause: Cause
    by: str
    since: str


def closure(folder: Path) -> Closure | None:
    """How the terminal of a state folder is closed; None: it serves. An unreadable file closes it."""
    try:
        fields = json.loads((folder / FILE).read_bytes())
        return Closure(Cause(fields["cause"]), str(fields["by"]), str(fields["since"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        logger.warning("out_of_service_unreadable: the terminal stays closed until it is opened again")
        return Closure(Cause.FAULT, "-", "")


def closed_because(folder: Path) -> str:
    """Why the terminal serves nobody, as `OutOfService.code` has it; empty when it may serve."""
    held = closure(folder)
    return f"closed_{held.cause}" if held else ""


def close(folder: Path, cause: Cause, *, by: str, now: datetime) -> Closure:
    """Take the terminal out of service, on disk when this returns.

    Raises:
        OSError: it is as it was.
    """
    made = Closure(cause, by, now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))
    write_whole(folder / FILE, json.dumps(asdict(made)).encode())
    return made


def reopen(folder: Path) -> None:
    """Put the terminal back into service; nothing happens where it serves.

    Raises:
        OSError: it is as it was.
    """
    (folder / FILE).unlink(missing_ok=True)
