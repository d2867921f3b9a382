"""The fault drill: every fault at every moment, and the table of it in the readme."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import pytest

from devices.escpos.profiles import profile
from devices.simulation.drill import DESKS, HOLDING, NARROW, SERIAL, Desk, Moment, drill, table
from devices.simulation.faults import Fault
from devices.simulation.rig import Rig, VirtualClock, on_paper, sample

_README = Path(__file__).parent.parent / "devices" / "README.md"
_drilled = cache(drill)
_STOPPED = {Fault.PAPER_OUT, Fault.COVER, Fault.JAM, Fault.OVERHEATED, Fault.OFFLINE, Fault.SILENT}
_GONE = {Fault.POWER_CUT, Fault.PULLED}


@pytest.mark.parametrize("desk", [*DESKS, *NARROW, *SERIAL, *HOLDING], ids=lambda desk: desk.title)
@pytest.mark.parametrize("fault", Fault)
def test_a_fault_at_any_moment_ends_in_one_receipt_or_an_honest_state(fault: Fault, desk: Desk) -> None:
    for moment in Moment:
        outcome = _drilled(desk, fault, moment)
        assert outcome.is_honest and outcome.next_whole == 1, (moment, outcome)
        if moment is Moment.BEFORE and fault in _STOPPED | _GONE:
            assert outcome.states[-1].startswith("REFUSED"), (moment, outcome)


@pytest.mark.parametrize("desk", DESKS[:2], ids=lambda desk: desk.title)
@pytest.mark.parametrize(
    "fault", [Fault.PAPER_OUT, Fault.COVER, Fault.JAM, Fault.CUTTER, Fault.SLOW, Fault.NEAR_END]
)
def test_a_printer_with_fences_gives_exactly_one_receipt_when_the_fault_is_mended(
    fault: Fault, desk: Desk
) -> None:
    for moment in (Moment.FIRST_BLOCK, Moment.MIDDLE, Moment.BEFORE_CUT, Moment.AFTER_CUT):
        outcome = _drilled(desk, fault, moment)
        assert (outcome.states[-1], outcome.whole, outcome.torn) == ("CUT", 1, 0), (moment, outcome)


@pytest.mark.slow
@pytest.mark.parametrize("received", [False, True])
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize(
    "desk", [DESKS[0], DESKS[1], NARROW[1], SERIAL[1], HOLDING[1]], ids=lambda desk: desk.title
)
def test_a_fault_at_any_byte_too(desk: Desk, fault: Fault, received: bool) -> None:
    first, second = sample(1, blocks=4), sample(2, blocks=4)
    one = profile(desk.profile)
    for offset in range(0, len(first) + 40, 29):
        clock = VirtualClock()
        machine = desk.machine(clock)
        rig = Rig(one, machine=machine, clock=clock)
        rig.rest(2.0)
        machine.at_byte(offset, fault, received=received)
        for minutes in range(10):
            clock.after(12.0 + 60 * minutes, partial(machine.switch, fault, False))
        rig.print("first", first)
        rig.rest(60.0)
        rig.print("second", second)
        rig.rest(5.0)
        slips = [slip.image.tobytes() for slip in machine.slips]
        whole = slips.count(on_paper(first, width=one.width).image.tobytes())
        assert whole <= 1, offset
        if rig.states("first")[-1] == "CUT":
            assert whole == 1, offset
        if rig.states("second")[-1] == "CUT":
            assert slips.count(on_paper(second, width=one.width).image.tobytes()) == 1, offset


def test_the_table_in_the_readme_is_what_the_drill_gives_today() -> None:
    assert "\n".join(table(_drilled)) in _README.read_text(encoding="utf-8"), (
        "run `python -m devices.simulation.drill` and put its table into devices/README.md"
    )
