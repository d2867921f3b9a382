"""One printer, one owner: what is claimed of a receipt, and what is on paper."""

from __future__ import annotations

from devices.escpos.profiles import profile
from devices.printer import JobState
from devices.simulation.machine import Machine
from devices.simulation.rig import Rig, VirtualClock, on_paper, sample

BODY = sample(1)


def _rig(name: str = "simulated") -> Rig:
    clock = VirtualClock()
    return Rig(profile(name), machine=Machine(clock=clock), clock=clock)


def test_a_job_goes_through_its_states_and_comes_out_once() -> None:
    rig = _rig()
    assert rig.print("a", BODY) is JobState.CUT
    assert rig.states("a") == ["QUEUED", "PREFLIGHT", "SENDING", "SENT", "PRINTED", "CUT"]
    assert [u.confirmed for u in rig.updates["a"]] == [False] * 5 + [True]
    (slip,) = rig.machine.slips
    assert slip.image.tobytes() == on_paper(BODY, width=576).image.tobytes()
