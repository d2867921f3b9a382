"""One printer, one owner, a virtual clock: what is claimed of a receipt, and what is on paper."""

from __future__ import annotations

import logging
import os
import time
import tty
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.escpos.conversation import Timing
from devices.escpos.hybrid import store_logo
from devices.escpos.ports import DescriptorPort, Port
from devices.escpos.profiles import Fence, PresenterKind, profile
from devices.page import LogoTile
from devices.printer import JobState, JobUpdate, JournalEntry, PrinterHealth
from devices.simulation.faults import Fault, Line
from devices.simulation.machine import ALL_ANSWERS, Machine
from devices.simulation.rig import MemoryJournal, Rig, VirtualClock, on_paper, sample

BODY, OTHER = sample(1), sample(2)
PLAIN = frozenset({"DLE EOT", "GS r"})


def _rig(name: str = "simulated", **options: object) -> Rig:
    clock = VirtualClock()
    machine = Machine(clock=clock, **options)  # type: ignore[arg-type]
    return Rig(profile(name), machine=machine, clock=clock)


def _whole(machine: Machine, body: bytes) -> int:
    """How many slips show all of a job."""
    return [slip.image.tobytes() for slip in machine.slips].count(on_paper(body, width=576).image.tobytes())


def _pieces(machine: Machine) -> int:
    return sum(not slip.is_blank for slip in machine.slips)


class PortWrapper:
    """A port that does as the one inside; tests override what they need."""

    one_way = False

    @property
    def outlives_power(self) -> bool:
        return self.inner.outlives_power

    def __init__(self, inner: Port) -> None:
        self.inner = inner

    def read(self) -> bytes:
        return self.inner.read()

    def write(self, data: bytes) -> int:
        return self.inner.write(data)

    def wait(self, timeout_s: float, *, to_write: bool = False) -> None:
        self.inner.wait(timeout_s, to_write=to_write)

    def flush(self) -> None:
        self.inner.flush()

    def wake(self) -> None:
        self.inner.wake()

    def close(self) -> None:
        self.inner.close()


def _wrapped(rig: Rig, wrap: Callable[[Port], Port], **changes: object) -> Rig:
    """The same printer with another port around its own."""
    return Rig(
        rig.profile,
        machine=rig.machine,
        clock=rig.clock,
        journal=rig.journal,
        open_port=lambda: wrap(rig.open_port()),
        **changes,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("name", "answers", "end"),
    [
        ("simulated", ALL_ANSWERS, ["PRINTED", "CUT"]),
        ("epson-tm", PLAIN, ["PRINTED", "CUT"]),
        ("generic", PLAIN, ["PRINTED", "CUT"]),
        ("generic", frozenset({"DLE EOT"}), ["UNKNOWN(ready)"]),
    ],
)
def test_a_job_goes_as_far_as_the_printer_can_prove(name: str, answers: frozenset[str], end: list[str]) -> None:
    rig = _rig(name, answers=answers)
    rig.print("a", BODY)
    assert rig.states("a") == ["QUEUED", "PREFLIGHT", "SENDING", "SENT", *end]
    confirmed = [update.confirmed for update in rig.updates["a"]]
    assert confirmed == [False] * (len(confirmed) - 1) + [end[-1] == "CUT"]
    assert _whole(rig.machine, BODY) == _pieces(rig.machine) == 1


def test_every_state_is_in_the_journal_before_its_bytes_are_out() -> None:
    rig = _rig()
    seen: list[tuple[JobState, int, int]] = []

    class Watching(PortWrapper):
        def write(self, data: bytes) -> int:
            taken = self.inner.write(data)
            if rig.journal.entries:
                newest = rig.journal.entries[-1]
                seen.append((newest.state, newest.offset, newest.owed))
            return taken

    big = sample(1, blocks=40)
    watched = _wrapped(rig, Watching)
    watched.print("a", big)
    sending = [(offset, owed) for state, offset, owed in seen if state is JobState.SENDING]
    assert len(sending) > 4 and sending == sorted(sending)
    assert all(owed == 8 + 72 * 8 - 1 for _, owed in sending[:-1])
    assert [entry.state for entry in rig.journal.entries if entry.state is not JobState.SENDING] == [
        JobState.QUEUED,
        JobState.PREFLIGHT,
        JobState.SENT,
        JobState.PRINTED,
        JobState.CUT,
    ]
    assert seen[-1][0] is JobState.PRINTED


def test_a_healthy_printer_passes_preflight_within_100_ms_at_9600_baud() -> None:
    rig = _rig("generic", answers=PLAIN)

    class Slow(PortWrapper):
        def read(self) -> bytes:
            data = self.inner.read()
            rig.clock.pause(len(data) / 960)
            return data

        def write(self, data: bytes) -> int:
            rig.clock.pause(min(len(data), 64) / 960)
            return self.inner.write(data[:64])

    times: dict[JobState, float] = {}
    slow = _wrapped(rig, Slow)
    slow.rest(5.0)
    slow.submit("a", BODY, lambda update: times.setdefault(update.state, rig.clock()) and None)
    slow.turn_until(lambda: JobState.CUT in times)
    assert 0 < times[JobState.SENDING] - times[JobState.PREFLIGHT] <= 0.1


class Delayed(PortWrapper):
    """A line that takes four kilobytes at once, as a kernel does, and carries them at 9600 baud."""

    _ROOM, _PER_S = 4096, 960.0

    def __init__(self, inner: Port, clock: VirtualClock) -> None:
        super().__init__(inner)
        self._clock = clock
        self._queued = b""
        self._carried_at = clock()

    def write(self, data: bytes) -> int:
        self._carry()
        taken = data[: self._ROOM - len(self._queued)]
        self._queued += taken
        return len(taken)

    def read(self) -> bytes:
        self._carry()
        return self.inner.read()

    def wait(self, timeout_s: float, *, to_write: bool = False) -> None:
        end = self._clock() + timeout_s
        while self._clock() < end:
            self._carry()
            if to_write and len(self._queued) < self._ROOM:
                return
            began = self._clock()
            self.inner.wait(min(end - began, 0.05) if self._queued else end - began)
            if self._clock() == began:
                return

    def _carry(self) -> None:
        count = int((self._clock() - self._carried_at) * self._PER_S)
        if not self._queued:
            self._carried_at = self._clock()
        elif count:
            self._queued = self._queued[self.inner.write(self._queued[:count]) :]
            self._carried_at = self._clock()


@pytest.mark.parametrize(("name", "answers"), [("simulated", ALL_ANSWERS), ("generic", PLAIN)])
def test_a_printer_at_the_end_of_a_slow_line_with_a_buffer_is_found_and_prints(
    name: str, answers: frozenset[str]
) -> None:
    rig = _rig(name, answers=answers)
    slow = _wrapped(rig, lambda port: Delayed(port, rig.clock))
    slow.rest(12.0)
    assert slow.owner.status.health is PrinterHealth.READY
    assert slow.print("a", BODY) is JobState.CUT
    assert _whole(rig.machine, BODY) == 1


def test_no_more_is_given_to_a_terminal_line_than_it_carries_in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    queued = [0]
    monkeypatch.setattr(DescriptorPort, "_queued", lambda port: queued[0])
    port = DescriptorPort(slave, name="line", release=lambda: os.close(slave), bytes_per_s=960.0)
    try:
        assert port.write(bytes(4096)) == 48
        queued[0] = 40
        assert port.write(bytes(4096)) == 8
        queued[0] = 48
        assert port.write(bytes(4096)) == 0
        began = time.monotonic()
        port.wait(30.0, to_write=True)
        assert time.monotonic() - began < 15.0
        assert len(os.read(master, 4096)) == 56
    finally:
        port.close()
        os.close(master)


class _KilledError(BaseException):
    """The process ended here."""


SMALL = b"n 1\n" + b"\x1dv0\0\x02\0\x04\0\xf1\x02\x03\x04\x05\x06\x07\x08" * 3 + b"\x1bJ\x10end\n"
SMALL_NEXT = b"n 2\n" + b"\x1dv0\0\x02\0\x04\0\xe1\x12\x13\x14\x15\x16\x17\x18" * 3 + b"\x1bJ\x10end\n"


def _die_after(rig: Rig, body: bytes, count: int) -> bool:
    """Print until `count` bytes were taken, then end the process; whether it came to that."""
    left = [count]

    class Dying(PortWrapper):
        armed = False

        def write(self, data: bytes) -> int:
            if not rig.journal.entries or rig.journal.entries[-1].state in (JobState.QUEUED, JobState.PREFLIGHT):
                return self.inner.write(data)
            if not left[0]:
                raise _KilledError
            taken = self.inner.write(data[: left[0]])
            left[0] -= taken
            return taken

    first = _wrapped(rig, Dying)
    try:
        first.print("a", body)
    except _KilledError:
        return True
    return False


@pytest.mark.parametrize(("name", "answers"), [("simulated", ALL_ANSWERS), ("generic", PLAIN)])
def test_a_process_killed_at_any_byte_leaves_a_journal_that_knows(name: str, answers: frozenset[str]) -> None:
    _check_kills(name, answers, SMALL, SMALL_NEXT)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("name", "answers"), [("simulated", ALL_ANSWERS), ("generic", PLAIN)])
def test_a_process_killed_at_any_byte_of_a_bigger_job_too(name: str, answers: frozenset[str]) -> None:
    _check_kills(name, answers, BODY, OTHER)


def _check_kills(name: str, answers: frozenset[str], body: bytes, after: bytes) -> None:
    count = 0
    while True:
        rig = _rig(name, answers=answers)
        if not _die_after(rig, body, count):
            break
        again = _wrapped(rig, lambda port: port)
        assert again.print("b", after) is JobState.CUT, count
        again.rest(5.0)
        assert rig.journal.last()["a"].state is JobState.UNKNOWN, count
        assert rig.journal.last()["a"].reason == "restart"
        assert _whole(rig.machine, after) == 1, count
        assert _whole(rig.machine, body) + 1 >= _pieces(rig.machine) - 1, count
        assert _whole(rig.machine, body) <= 1, count
        count += 1
    assert count > len(body)


def test_a_picture_cut_off_does_not_swallow_the_next_receipt_because_the_owed_bytes_are_sent() -> None:
    rig = _rig("generic", answers=PLAIN)
    assert _die_after(rig, BODY, BODY.index(b"\x1dv0") + 50)
    entry = rig.journal.last()["a"]
    assert entry.owed >= 8 + 72 * 8 - 50
    again = _wrapped(rig, lambda port: port)
    assert again.print("b", OTHER) is JobState.CUT
    assert _whole(rig.machine, OTHER) == 1


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (JobState.QUEUED, JobState.REFUSED),
        (JobState.PREFLIGHT, JobState.REFUSED),
        (JobState.SENDING, JobState.UNKNOWN),
        (JobState.SENT, JobState.UNKNOWN),
        (JobState.HELD, JobState.UNKNOWN),
        (JobState.PRINTED, JobState.UNKNOWN),
        (JobState.CUT, JobState.CUT),
        (JobState.TAKEN, JobState.TAKEN),
    ],
)
def test_what_an_earlier_process_left_is_closed_at_the_next_start(state: JobState, after: JobState) -> None:
    rig = _rig()
    confirmed = state is JobState.CUT  # on a printer without a presenter nothing follows
    rig.journal.record(JournalEntry("old", 7, 1, state, offset=10, owed=20, confirmed=confirmed))
    rig.rest(5.0)
    assert rig.journal.last()["old"].state is after
    assert rig.machine.slips == [] or all(slip.is_blank for slip in rig.machine.slips)


def test_two_jobs_are_printed_one_after_the_other() -> None:
    rig = _rig()
    rig.submit("a", BODY)
    rig.submit("b", OTHER)
    rig.turn_until(lambda: rig.ended("a") and rig.ended("b"))
    assert rig.states("a")[-1] == rig.states("b")[-1] == "CUT"
    assert rig.states("b")[0] == "QUEUED"
    assert [slip.image.tobytes() for slip in rig.machine.slips] == [
        on_paper(body, width=576).image.tobytes() for body in (BODY, OTHER)
    ]


def test_who_waits_behind_a_held_job_is_sent_away() -> None:
    rig = _rig()
    rig.rest(2.0)
    rig.machine.at_byte(len(BODY) // 2, Fault.PAPER_OUT)
    rig.clock.after(5.0, lambda: rig.submit("b", OTHER))
    rig.clock.after(9.0, lambda: rig.machine.switch(Fault.PAPER_OUT, False))
    rig.print("a", BODY)
    rig.turn_until(lambda: rig.ended("b"))
    assert rig.states("a")[-1] == "CUT"
    assert rig.states("b") == ["QUEUED", "REFUSED(paper_out)"]
    assert _pieces(rig.machine) == 1


def test_status_is_busy_in_a_job_and_the_trouble_while_it_is_held() -> None:
    rig = _rig()
    rig.rest(2.0)
    seen: list[PrinterHealth] = []
    rig.machine.at_byte(len(BODY) // 2, Fault.PAPER_OUT)
    rig.clock.after(0.05, lambda: seen.append(rig.owner.status.health))
    rig.clock.after(3.0, lambda: seen.append(rig.owner.status.health))
    rig.clock.after(9.0, lambda: rig.machine.switch(Fault.PAPER_OUT, False))
    assert rig.owner.status.health is PrinterHealth.READY
    rig.print("a", BODY)
    rig.rest(3.0)
    assert seen[-1] is PrinterHealth.PAPER_OUT
    assert rig.owner.status.health is PrinterHealth.READY


def test_an_operator_can_give_up_a_held_job_and_the_printer_forgets_it() -> None:
    rig = _rig()
    rig.rest(2.0)
    rig.machine.at_byte(len(BODY) // 2, Fault.PAPER_OUT)
    rig.clock.after(20.0, lambda: rig.owner.abort("a"))
    rig.clock.after(30.0, lambda: rig.machine.switch(Fault.PAPER_OUT, False))
    assert rig.print("a", BODY) is JobState.ABORTED
    assert rig.states("a")[-2:] == ["HELD(paper_out)", "ABORTED(paper_out)"]
    rig.rest(60.0)
    assert rig.print("b", OTHER) is JobState.CUT
    assert _whole(rig.machine, BODY) == 0 and _whole(rig.machine, OTHER) == 1


def test_a_given_up_job_that_may_still_come_out_is_unknown() -> None:
    rig = _rig("generic", answers=PLAIN)
    rig.rest(2.0)
    rig.machine.at_byte(len(BODY) // 2, Fault.PAPER_OUT)
    rig.clock.after(20.0, lambda: rig.owner.abort("a"))
    rig.clock.after(40.0, lambda: rig.machine.switch(Fault.PAPER_OUT, False))
    assert rig.print("a", BODY) is JobState.UNKNOWN
    rig.rest(60.0)
    assert rig.print("b", OTHER) is JobState.CUT
    assert _whole(rig.machine, BODY) == _whole(rig.machine, OTHER) == 1


def test_a_job_given_up_in_the_line_is_never_sent() -> None:
    rig = _rig()
    rig.submit("a", BODY)
    rig.submit("b", OTHER)
    rig.owner.abort("b")
    rig.turn_until(lambda: rig.ended("a") and rig.ended("b"))
    assert rig.states("b") == ["QUEUED", "ABORTED(absent)"]
    assert _pieces(rig.machine) == 1


def test_stopping_does_not_wait_for_somebody_to_bring_paper() -> None:
    rig = _rig()
    rig.rest(2.0)
    rig.machine.at_byte(len(BODY) // 2, Fault.PAPER_OUT)
    rig.submit("a", BODY)
    rig.clock.after(5.0, rig.owner.stop)
    rig.owner.run()
    assert rig.states("a")[-1] == "UNKNOWN(paper_out)"


def test_stopping_sends_away_who_has_not_been_served() -> None:
    rig = _rig()
    rig.submit("a", BODY)
    rig.owner.stop()
    rig.owner.run()
    assert rig.states("a") == ["QUEUED", "REFUSED(offline)"]


def test_nothing_is_ever_printed_again_by_itself() -> None:
    rig = _rig("generic", answers=PLAIN)
    rig.rest(2.0)
    rig.machine.at_byte(len(BODY) // 2, Fault.POWER_CUT)
    rig.clock.after(5.0, lambda: rig.machine.switch(Fault.POWER_CUT, False))
    assert rig.print("a", BODY) is JobState.UNKNOWN
    rig.rest(300.0)
    assert _whole(rig.machine, BODY) == 0
    assert _pieces(rig.machine) == 1


class _FailingJournal(MemoryJournal):
    """Takes so many entries, then the disk is full until `space` comes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def record(self, entry: JournalEntry) -> None:
        if self.room <= 0:
            raise OSError(28, "No space left on device")
        self.room -= 1
        super().record(entry)


@pytest.mark.parametrize("room", range(8))
def test_a_full_disk_stops_the_job_before_the_step_it_cannot_write_down(room: int) -> None:
    clock = VirtualClock()
    machine = Machine(clock=clock)
    journal = _FailingJournal(room)
    rig = Rig(profile("simulated"), machine=machine, clock=clock, journal=journal)
    long = sample(1, blocks=20)
    end = rig.print("a", long)
    sent_anything = room >= 3
    assert end is (JobState.UNKNOWN if sent_anything else JobState.REFUSED)
    assert _whole(machine, long) == 0 or room >= 6
    journal.room = 1000
    assert rig.print("b", OTHER) is JobState.CUT
    rig.rest(3.0)
    assert _whole(machine, OTHER) == 1


def test_a_watcher_that_fails_does_not_stop_the_printer() -> None:
    rig = _rig()

    def fail(update: JobUpdate) -> None:
        raise RuntimeError(update.state)

    rig.submit("a", BODY, fail)
    rig.turn_until(lambda: rig.ended("a"))
    assert rig.states("a")[-1] == "CUT"
    assert rig.print("b", OTHER) is JobState.CUT


def test_a_lost_printer_is_logged_once_and_once_when_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    rig = _rig()
    rig.rest(3.0)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="devices.escpos.keeper"):
        rig.machine.switch(Fault.PULLED, True)
        rig.rest(200.0)
        assert rig.owner.status.health is PrinterHealth.ABSENT
        rig.machine.switch(Fault.PULLED, False)
        rig.rest(60.0)
    assert rig.owner.status.health is PrinterHealth.READY
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_an_absent_printer_is_tried_less_and_less_often_but_at_once_for_a_job() -> None:
    rig = _rig()
    tried: list[float] = []

    def knock(port: Port) -> Port:
        return port

    def open_port() -> Port:
        tried.append(rig.clock())
        return knock(rig.open_port())

    rig.machine.switch(Fault.PULLED, True)
    away = Rig(rig.profile, machine=rig.machine, clock=rig.clock, open_port=open_port)
    away.rest(300.0)
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps[0] < 1.0 and 30.0 <= gaps[-1] <= 40.0 and len(tried) < 20
    count = len(tried)
    away.submit("a", BODY)
    away.owner.turn()
    assert len(tried) == count + 1
    assert away.states("a")[-1] == "REFUSED(absent)"


def test_a_late_answer_from_before_the_plug_was_pulled_proves_nothing() -> None:
    rig = _rig("generic", answers=PLAIN, speed_mm_s=5.0)
    rig.rest(2.0)
    rig.machine.at_byte(300, Fault.PAPER_OUT)
    rig.clock.after(4.0, lambda: rig.machine.switch(Fault.PULLED, True))
    rig.clock.after(6.0, lambda: rig.machine.switch(Fault.PULLED, False))
    assert rig.print("a", sample(1, blocks=20)) is JobState.UNKNOWN
    rig.rest(30.0)
    rig.machine.switch(Fault.PAPER_OUT, False)
    claims: list[tuple[str, int]] = []
    for name in ("b", "c", "d", "e"):
        body = sample(ord(name), blocks=20)
        end = rig.print(name, body)
        claims.append((str(end), _whole(rig.machine, body)))
        rig.rest(3.0)
    assert claims[0] == ("REFUSED", 0), "it is still at work on what the first line brought"
    assert claims[-1] == ("CUT", 1)
    assert all(whole == (state == "CUT") for state, whole in claims)


@pytest.mark.parametrize(("name", "answers"), [("simulated", ALL_ANSWERS), ("generic", PLAIN)])
def test_a_printer_switched_off_to_change_its_paper_is_not_believed_afterwards(
    name: str, answers: frozenset[str]
) -> None:
    rig = _rig(name, answers=answers, line=Line.HOLDS, capacity=2048)
    rig.rest(2.0)
    body = sample(1, blocks=20)
    rig.machine.at_byte(len(body) // 2, Fault.PAPER_OUT)
    rig.clock.after(8.0, lambda: rig.machine.switch(Fault.POWER_CUT, True))
    rig.clock.after(11.0, lambda: rig.machine.switch(Fault.PAPER_OUT, False))
    rig.clock.after(12.0, lambda: rig.machine.switch(Fault.POWER_CUT, False))
    assert rig.print("a", body) is JobState.UNKNOWN
    assert "PRINTED" not in rig.states("a") and _whole(rig.machine, body) == 0
    assert rig.print("b", OTHER) is JobState.CUT
    assert _whole(rig.machine, OTHER) == 1


def test_zeros_from_a_dying_line_are_not_taken_for_an_answer() -> None:
    rig = _rig("generic", answers=PLAIN)
    noise = bytearray()

    class Dying(PortWrapper):
        def read(self) -> bytes:
            data, noise[:] = bytes(noise) + self.inner.read(), b""
            return data

        def wait(self, timeout_s: float, *, to_write: bool = False) -> None:
            self.inner.wait(0.01 if noise else timeout_s, to_write=to_write)

    line = _wrapped(rig, Dying)
    line.rest(3.0)
    rig.machine.at_byte(len(BODY) // 2, Fault.SILENT)
    rig.machine.at_byte(len(BODY) // 2, Fault.JAM)
    rig.clock.after(0.5, lambda: noise.extend(b"\0\0\0\0"))
    assert line.print("a", BODY) is JobState.UNKNOWN
    assert "PRINTED" not in line.states("a")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.0, 20.0), st.binary(min_size=1, max_size=12)), max_size=12),
    st.sampled_from(["simulated", "generic"]),
    st.sampled_from([Fault.PAPER_OUT, Fault.COVER, Fault.JAM, Fault.CUTTER, Fault.NEAR_END]),
    st.integers(0, len(BODY)),
)
def test_whatever_a_printer_says_no_receipt_comes_twice_and_the_thread_lives(
    noise: list[tuple[float, bytes]], name: str, fault: Fault, at: int
) -> None:
    rig = _rig(name, answers=ALL_ANSWERS if name == "simulated" else PLAIN)
    pending = bytearray()

    class Noisy(PortWrapper):
        def read(self) -> bytes:
            data, pending[:] = bytes(pending) + self.inner.read(), b""
            return data

    line = _wrapped(rig, Noisy, timing=Timing(take_s=5.0))
    line.rest(2.0)
    rig.machine.at_byte(at, fault)
    for when, data in noise:
        rig.clock.after(when, lambda data=data: pending.extend(data))  # type: ignore[misc]
    rig.clock.after(25.0, lambda: rig.machine.switch(fault, False))
    end = line.print("a", BODY)
    line.rest(60.0)
    assert _whole(rig.machine, BODY) <= 1
    if name == "simulated" and end is JobState.CUT:
        assert _whole(rig.machine, BODY) == 1
    if end is JobState.REFUSED:
        assert _whole(rig.machine, BODY) == 0
    assert line.print("b", OTHER) in (JobState.CUT, JobState.REFUSED, JobState.UNKNOWN)


@pytest.mark.parametrize(
    ("name", "kind"), [("custom-vkp80", PresenterKind.CUSTOM), ("citizen-ppu", PresenterKind.CITIZEN)]
)
class TestAPresenter:
    """Printers that hold the receipt in their mouth."""

    def _rig(self, name: str, kind: PresenterKind) -> Rig:
        return _rig(name, presenter=kind, answers=PLAIN)

    def test_sees_the_receipt_taken(self, name: str, kind: PresenterKind) -> None:
        rig = self._rig(name, kind)
        rig.rest(2.0)
        rig.clock.after(6.0, rig.machine.take)
        assert rig.print("a", BODY) is JobState.TAKEN
        assert rig.states("a")[-3:] == ["CUT", "PRESENTED", "TAKEN"]
        assert rig.updates["a"][-1].confirmed and not rig.updates["a"][-3].confirmed

    def test_takes_back_what_nobody_takes(self, name: str, kind: PresenterKind) -> None:
        rig = self._rig(name, kind)
        assert rig.print("a", BODY) is JobState.RETRACTED
        assert rig.machine.retracted == 1

    def test_clears_its_mouth_before_the_next_job(self, name: str, kind: PresenterKind) -> None:
        rig = self._rig(name, kind)
        rig.submit("a", BODY)
        rig.clock.after(5.0, rig.owner.stop)
        rig.owner.run()
        assert rig.states("a")[-1].startswith("UNKNOWN")
        again = _wrapped(rig, lambda port: port)
        rig.clock.after(15.0, rig.machine.take)
        assert again.print("b", OTHER) is JobState.TAKEN
        assert (rig.machine.retracted, rig.machine.taken) == (1, 1)


def test_a_fence_that_was_answered_once_is_expected_again() -> None:
    rig = _rig("epson-tm", answers=PLAIN)
    rig.rest(3.0)
    rig.machine.switch(Fault.PULLED, True)
    rig.rest(3.0)
    rig.machine.switch(Fault.PULLED, False)
    rig.rest(10.0)
    assert rig.print("a", BODY) is JobState.CUT
    assert Fence.PROCESS_ID in rig.profile.fences


def test_paper_is_counted_in_millimetres_and_a_spent_roll_ends_the_offer() -> None:
    rig = _rig()
    rig.book.change_roll(lambda roll: replace(roll, low_mm=130.0))
    rig.rest(6.0)
    rig.machine.switch(Fault.NEAR_END, True)
    rig.rest(6.0)
    assert rig.owner.status.health is PrinterHealth.PAPER_LOW
    rig.print("a", BODY)
    rig.print("b", OTHER)
    rig.rest(2.0)
    assert rig.book.roll().receipts == 2 and rig.book.roll().used_mm == 100.0
    assert rig.owner.status.health is PrinterHealth.PAPER_OUT
    rig.machine.switch(Fault.NEAR_END, False)
    rig.rest(6.0)
    assert rig.owner.status.health is PrinterHealth.READY and rig.book.roll().used_mm == 0.0


def test_a_roll_that_ends_in_a_receipt_is_a_new_one_afterwards() -> None:
    rig = _rig()
    rig.print("a", BODY)
    rig.machine.at_byte(300, Fault.PAPER_OUT)
    rig.clock.after(20.0, lambda: rig.machine.switch(Fault.PAPER_OUT, False))
    assert rig.print("b", OTHER) is JobState.CUT
    rig.rest(6.0)
    assert not rig.book.roll().out and rig.book.roll().receipts == 0


def test_a_new_roll_that_somebody_else_wrote_down_counts_here_too() -> None:
    rig = _rig()
    rig.print("a", BODY)
    rig.book.change_roll(lambda roll: roll.renewed(30_000.0))
    rig.rest(6.0)
    assert rig.owner.roll.length_mm == 30_000.0 and rig.owner.roll.used_mm == 0.0


def test_noise_and_silence_put_in_no_new_roll() -> None:
    rig = _rig("generic", answers=PLAIN)
    rig.rest(4.0)
    rig.machine.switch(Fault.NEAR_END, True)
    rig.rest(6.0)
    rig.print("a", BODY)
    rig.rest(4.0)
    for fault in (Fault.SILENT, Fault.POWER_CUT, Fault.PULLED):
        rig.machine.switch(fault, True)
        rig.rest(20.0)
        rig.machine.switch(fault, False)
        rig.rest(40.0)
        assert rig.book.roll().receipts == 1, fault


@pytest.mark.parametrize("fault", [Fault.PULLED, Fault.SILENT, Fault.POWER_CUT])
@pytest.mark.parametrize("at", [3, 900, 4000])
def test_a_picture_that_the_printer_only_got_a_part_of_swallows_no_receipt(fault: Fault, at: int) -> None:
    rig = _rig()
    rig.rest(3.0)
    logo = LogoTile(0, 0, 320, 120, bytes(range(40)) * 120)
    rig.owner._unkept = [logo]
    rig.machine.at_byte(at, fault, received=True)
    rig.clock.after(60.0, lambda: rig.machine.switch(fault, False))
    rig.rest(100.0)
    assert rig.print("b", OTHER) is JobState.CUT
    rig.rest(5.0)
    assert _whole(rig.machine, OTHER) == 1
    assert _pieces(rig.machine) == 1


def test_a_kill_while_a_picture_is_kept_swallows_no_receipt_either() -> None:
    rig = _rig()
    rig.rest(3.0)
    whole = store_logo(LogoTile(0, 0, 320, 120, bytes(range(40)) * 120))
    rig.machine.receive(whole[:2000])
    again = _wrapped(rig, lambda port: port)
    assert again.print("b", OTHER) is JobState.CUT
    assert _whole(rig.machine, OTHER) == 1


def test_a_printer_that_was_given_a_picture_is_given_it_once() -> None:
    rig = _rig()
    rig.rest(3.0)
    logo = LogoTile(0, 0, 320, 120, bytes(range(40)) * 120)
    for _ in range(2):
        rig.owner._unkept = [logo]
        rig.rest(3.0)
        assert rig.book.pictures("S-0001") == {logo.digest}
    assert rig.print("b", OTHER) is JobState.CUT
