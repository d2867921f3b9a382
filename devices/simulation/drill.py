"""The fault drill: every fault at every moment of a job, and what is on paper and in the books afterwards.

`python -m devices.simulation.drill` prints the outcome as a table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from operator import itemgetter

from devices.escpos.profiles import profile
from devices.simulation.faults import Fault, Line
from devices.simulation.machine import ALL_ANSWERS, Machine
from devices.simulation.rig import Rig, VirtualClock, on_paper, sample

# After so long somebody has changed the roll, closed the cover, put the plug back.
_MENDED_S = 10.0
_BLOCKS = 6


class Moment(StrEnum):
    """When a fault comes."""

    BEFORE = "before"
    FIRST_BLOCK = "first block"
    MIDDLE = "middle"
    BEFORE_CUT = "before the cut"
    AFTER_CUT = "after the cut"


@dataclass(frozen=True, slots=True)
class Desk:
    """A kind of printer on a kind of line; `capacity` is its buffer in bytes."""

    title: str
    profile: str
    answers: frozenset[str]
    capacity: int = 65_536
    line: Line = Line.DROPS

    def machine(self, clock: VirtualClock) -> Machine:
        """Such a printer, switched on and well."""
        return Machine(
            clock=clock,
            width=profile(self.profile).width,
            capacity=self.capacity,
            answers=self.answers,
            line=self.line,
        )


DESKS = (
    Desk("answers `GS ( H`, pushes status", "simulated", ALL_ANSWERS),
    Desk("answers `GS r` only", "generic", frozenset({"DLE EOT", "GS r"})),
    Desk("answers no fence", "generic", frozenset({"DLE EOT"})),
)
# The same with a buffer smaller than the job, and on lines that stay up without power.
NARROW = tuple(Desk(f"{d.title}, 2 KB buffer", d.profile, d.answers, capacity=2048) for d in DESKS)
SERIAL = tuple(Desk(f"{d.title}, serial line", d.profile, d.answers, line=Line.DEAF) for d in DESKS)
HOLDING = tuple(replace(d, title=f"{d.title}, RTS/CTS", line=Line.HOLDS) for d in NARROW)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one job that met a fault, and of the job after it.

    `states` were told to whoever watched; `whole` and `torn` count the pieces of paper that show all or a part
    of the first job; `next_state` and `next_whole` are the second job's.
    """

    states: tuple[str, ...]
    whole: int
    torn: int
    next_state: str
    next_whole: int

    @property
    def told(self) -> str:
        """The states that a subscriber would hear of, the last one included."""
        heard = [s for s in self.states if s.startswith("HELD")] + [self.states[-1]]
        return " → ".join(dict.fromkeys(heard))

    @property
    def is_honest(self) -> bool:
        """Whether what was claimed is what is on paper: never two, never a claim without a receipt."""
        end = self.states[-1]
        if self.whole > 1 or self.next_whole != (self.next_state in ("CUT", "UNKNOWN(ready)")):
            return False
        if end == "CUT":
            return self.whole == 1 and self.torn == 0
        if end.startswith("REFUSED"):
            return self.whole == self.torn == 0
        return end.startswith("UNKNOWN")


def offset(moment: Moment, body: bytes, desk: Desk) -> int:
    """How many bytes of the stream are worked off when the fault comes."""
    one = profile(desk.profile)
    # ESC @ before the body, GS a too where status is pushed; a printer without a fence is asked for one first.
    mute = desk.answers.isdisjoint({"GS r", "GS ( H"})
    start = 5 if one.asb else 2
    start += 3 if mute else 0
    fence = 0 if mute else 11 if "GS ( H" in desk.answers else 3
    match moment:
        case Moment.BEFORE:
            return 0
        case Moment.FIRST_BLOCK:
            return start + body.index(b"\x1dv0") + 1
        case Moment.MIDDLE:
            return start + len(body) // 2
        case Moment.BEFORE_CUT:
            return start + len(body) + fence
        case Moment.AFTER_CUT:
            return start + len(body) + fence + len(one.cut)


def drill(desk: Desk, fault: Fault, moment: Moment) -> Outcome:
    """Print one job into the fault, mend it, print another."""
    clock = VirtualClock()
    machine = desk.machine(clock)
    rig = Rig(profile(desk.profile), machine=machine, clock=clock)
    rig.rest(2.0)
    first, second = sample(1, blocks=_BLOCKS), sample(2, blocks=_BLOCKS)
    if moment is Moment.BEFORE:
        machine.switch(fault, True)
        rig.rest(2.0)
    else:
        machine.at_byte(offset(moment, first, desk), fault)
    clock.after(_MENDED_S, lambda: machine.switch(fault, False))
    rig.submit("first", first)
    mended = clock() + _MENDED_S
    rig.turn_until(lambda: rig.ended("first") and clock() >= mended)
    rig.rest(40.0)
    rig.print("second", second)
    rig.rest(5.0)
    slips = [slip.image.tobytes() for slip in machine.slips if not slip.is_blank]
    whole = slips.count(on_paper(first, width=rig.profile.width).image.tobytes())
    next_whole = slips.count(on_paper(second, width=rig.profile.width).image.tobytes())
    return Outcome(
        states=tuple(rig.states("first")),
        whole=whole,
        torn=len(slips) - whole - next_whole,
        next_state=rig.states("second")[-1],
        next_whole=next_whole,
    )


def table(run: Callable[[Desk, Fault, Moment], Outcome] = drill) -> Iterator[str]:
    """The outcome of the whole drill, as lines of a Markdown table."""
    yield "| fault | when | " + " | ".join(desk.title for desk in DESKS) + " |"
    yield "|---|---|" + "---|" * len(DESKS)
    for fault in Fault:
        rows = ((tuple(_cell(run(desk, fault, moment)) for desk in DESKS), moment) for moment in Moment)
        for cells, moments in groupby(rows, key=itemgetter(0)):
            when = ", ".join(moment for _, moment in moments)
            yield f"| {fault} | {when} | " + " | ".join(cells) + " |"


def _cell(outcome: Outcome) -> str:
    torn = f" + {outcome.torn} torn" if outcome.torn else ""
    return f"{outcome.told}: {outcome.whole}{torn}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table())
