"""`python -m kiosk` and the `ebill-kiosk` command."""

from __future__ import annotations

import sys

from kiosk.cli import run


def main() -> int:
    """Run the command line of this process; returns its exit code."""
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
