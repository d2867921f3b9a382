"""How a command ends: exit codes that scripts rely on, one JSON document on stdout, sentences on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """Exit codes; they never change their meaning. `FAULT`, as in sysexits.h: a mistake of this program.

    `BATTERY_EMPTY` (there: try again later): the power supply was nearly empty, and the terminal closed in order.
    """

    DONE = 0
    CHECK_FAILED = 1
    USAGE = 2
    NO_SUCH_ACCOUNT = 3
    NOTHING_TO_SHOW = 4
    SETTINGS_WRONG = 5
    DEVICE_FAILED = 6
    MISSING_HERE = 69
    FAULT = 70
    BATTERY_EMPTY = 75


class CommandError(Exception):
    """A command cannot do its work: `code` is a stable word, the message a sentence, `exit` the exit code."""

    def __init__(self, code: str, message: str, *, exit: Exit, **facts: Any) -> None:  # noqa: A002
        super().__init__(message)
        self.code = code
        self.exit = exit
        self.facts = facts

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {"error": {"code": self.code, "message": str(self), **self.facts}}


def emit(document: Mapping[str, Any], *, indent: int | None = None) -> None:
    """Print one JSON document on stdout, at once (a watcher may be reading); one line without `indent`."""
    print(json.dumps(document, ensure_ascii=False, indent=indent), flush=True)


def tell(sentence: str) -> None:
    """Say something to the person at the keyboard, on stderr."""
    print(sentence, file=sys.stderr, flush=True)
