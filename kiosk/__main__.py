"""`python -m kiosk` and the `ebill-kiosk` command."""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType

from kiosk.cli import run


def main() -> int:
    """Run the command line of this process; returns its exit code."""
    # Left alone, SIGTERM ends a process that is still starting without a chance to take its children along.
    signal.signal(signal.SIGTERM, _end)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # as JSON is, whatever the locale
    return run(sys.argv[1:])


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
