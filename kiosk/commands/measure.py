"""`bench`: our own figures, each beside what it is compared with, from one run on this machine."""

from __future__ import annotations

from argparse import Namespace

from kiosk import bench as benchmarks
from kiosk.commands.outcome import CommandError, Exit, emit, tell


def bench(options: Namespace) -> Exit:
    """Run one benchmark, or all of them."""
    names = [options.name] if options.name else list(benchmarks.BENCHMARKS)
    for name in names:
        if name not in benchmarks.BENCHMARKS:
            known = ", ".join(benchmarks.BENCHMARKS)
            raise CommandError(
                "no_such_benchmark", f"there is no benchmark {name}; known: {known}", exit=Exit.USAGE
            )
    found = {"machine": benchmarks.machine(), **{name: benchmarks.BENCHMARKS[name]() for name in names}}
    if options.json:
        emit(found)
    else:
        tell(benchmarks.as_text(found))
    return Exit.DONE
