"""`bench`: our own figures, each beside what it is compared with, from one run on this machine."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from functools import partial

from kiosk import bench as benchmarks
from kiosk.commands.outcome import CommandError, Exit, emit, tell


def bench(options: Namespace) -> Exit:
    """Run one benchmark, or all of them but the longest."""
    runs: dict[str, Callable[[], benchmarks.Figures]] = benchmarks.BENCHMARKS | benchmarks.LONGEST
    for name, measure in benchmarks.OF_MANY_BILLS.items():
        runs[name] = partial(measure, options.folder, options.bills)
    names = [options.name] if options.name else list(benchmarks.BENCHMARKS)
    for name in names:
        if name not in runs:
            sentence = f"there is no benchmark {name}; known: {', '.join(runs)}"
            raise CommandError("no_such_benchmark", sentence, exit=Exit.USAGE)
    figures = {name: runs[name]() if options.name else benchmarks.alone(name) for name in names}
    found = {"machine": benchmarks.machine(), **figures}
    if options.json:
        emit(found)
    else:
        tell(benchmarks.as_text(found))
    return Exit.DONE
