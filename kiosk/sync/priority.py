"""The screen comes first: what sync does to be nobody's burden."""

from __future__ import annotations

import os
import platform
from contextlib import suppress

_NICENESS = 19
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
"""The number of the system call `ioprio_set`, which Python has no function for (asm/unistd.h)."""

_IOPRIO_WHO_PROCESS = 1
_IOPRIO_IDLE = 3 << 13
"""Class 3, "idle": the disk when nobody else wants it (linux/ioprio.h)."""


def step_back() -> None:
    """Take core and disk only when nobody else wants them, from now on and for all that this process starts.

    A process that only sleeps less (`nice`) still holds the core for its slice; an idle one gives way at once.
    """
    be_nice(_NICENESS)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    number = _IOPRIO_SET.get(platform.machine())
    with suppress(ImportError, MemoryError):  # ctypes wants memory to execute, which a hardened unit may refuse
        import ctypes

        if number is not None:
            ctypes.CDLL(None).syscall(number, _IOPRIO_WHO_PROCESS, 0, _IOPRIO_IDLE)


def be_nice(by: int) -> None:
    """Leave more of the core to others; in a sandbox that forbids it, go on as it was started."""
    with suppress(OSError):
        os.nice(by)
