"""How long it takes from an account to its whole document: warm, cold, and beside an import."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from kiosk.bench.terminal import STORE_KEY, Figures, child_environment
from kiosk.generations import Generations
from kiosk.model import AccountNumber

_LOOK_UPS = 5000
_COLD_LOOK_UPS = 200
_ROUNDS = 5
_PAUSE_S = 0.001
_BESIDE = "beside"


def look_ups(state: Path, accounts: Sequence[str]) -> Figures:
    """In milliseconds, of random accounts: with the file in the system's memory, and with nothing of it there.

    Warm, each account counts with the median of five times: on a machine with other work, single ones say how
    that is scheduled. Cold look-ups open all files anew and are counted once each.
    """
    chance = random.Random(2)
    numbers = [AccountNumber(chance.choice(accounts)) for _ in range(_LOOK_UPS)]
    generations = Generations(state, STORE_KEY)
    for number in numbers:
        generations.stored(number)
    rounds = [[_timed(generations, number) for number in numbers] for _ in range(_ROUNDS)]
    generations.close()
    cold = []
    for number in numbers[:_COLD_LOOK_UPS]:
        _evict(state)
        generations = Generations(state, STORE_KEY)
        cold.append(_timed(generations, number))
        generations.close()
    every = [took for one in rounds for took in one]
    return {
        **_percentiles("warm", [median(times) for times in zip(*rounds, strict=True)]),
        "look_up_warm_single_p99_ms": _percentiles("", every)["look_up__p99_ms"],
        **_percentiles("cold", cold),
    }


def look_ups_beside(folder: Path, accounts: Sequence[str]) -> Figures:
    """The same while another process takes packs in at low priority, about a thousand times a second."""
    chance, generations, took = random.Random(3), Generations(folder / "ours", STORE_KEY), []
    command = [sys.executable, "-m", "kiosk.bench.terminal", str(folder), _BESIDE]
    with subprocess.Popen(command, env=child_environment()) as process:
        while process.poll() is None:
            took.append(_timed(generations, AccountNumber(chance.choice(accounts))))
            time.sleep(_PAUSE_S)
    generations.close()
    for path in (folder / _BESIDE).glob("bills-*"):
        path.unlink()
    return _percentiles("beside_import", took)


def _timed(generations: Generations, number: AccountNumber) -> float:
    began = time.perf_counter()
    if generations.stored(number) is None:
        raise LookupError("a published account is missing")
    return (time.perf_counter() - began) * 1000


def _percentiles(name: str, took: list[float]) -> Figures:
    took = sorted(took)
    return {
        f"look_up_{name}_p50_ms": round(took[len(took) // 2], 3),
        f"look_up_{name}_p99_ms": round(took[len(took) * 99 // 100], 3),
    }


def _evict(state: Path) -> None:
    for path in state.glob("*.db*"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
