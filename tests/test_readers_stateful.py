"""A reader through any order of plugging, unplugging, arming and swiping: what must hold after each step."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import pytest
from fake_pcscd import FakePcscd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from reader_rigs import Heard

from devices import pcsc_reader
from devices.card_reader import Presented, ReaderHealth, Rejected, Rejection
from devices.codecs import ndef
from devices.monitor import Monitor
from devices.pcsc_reader import PcscCardReader
from devices.serial_reader import SerialCardReader
from devices.simulated_hardware import BANK_CARD, Mishap, hardware
from devices.simulated_hardware.tag import Type4Card
from devices.simulated_line import SimulatedLine
from devices.transports import TransportLost

STEPS = int(os.environ.get("READER_STEPS", "100"))


class Counter(RuleBasedStateMachine):
    """One stripe reader at a counter, on a pseudo-terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.line = SimulatedLine(hardware("magtek"), link=Path(self.folder.name) / "reader")
        self.monitor = Monitor(retry_first_s=0.01, retry_most_s=0.02)
        self.heard = Heard()
        self.reader = SerialCardReader(url=self.line.url, monitor=self.monitor)
        self.reader.start(self.heard)
        self.heard.wait_health(ReaderHealth.ONLINE)
        self.plugged = True
        self.armed = False
        self.number = 10_000_000
        self.threads = threading.active_count()

    @rule()
    @precondition(lambda self: self.plugged)
    def unplug(self) -> None:
        before = len(self.heard.events)
        self.line.unplug()
        self.plugged = False
        self.heard.wait_health(ReaderHealth.ABSENT, after=before)

    @rule()
    @precondition(lambda self: not self.plugged)
    def plug_in(self) -> None:
        before = len(self.heard.events)
        self.line.plug_in()
        self.plugged = True
        self.heard.wait_health(ReaderHealth.ONLINE, after=before)

    @rule(armed=st.booleans())
    def arm(self, armed: bool) -> None:
        self.reader.arm(armed)
        self.armed = armed

    @rule()
    @precondition(lambda self: self.plugged)
    def swipe(self) -> None:
        """One event when armed, none when not."""
        self.number += 1
        before, dropped = len(self.heard.events), self.reader.counts.get("unarmed", 0)
        self.line.present({"track2": f"{self.number}=2512"})
        if self.armed:
            event = self.heard.wait(Presented, after=before)
            assert event.credential.take() == str(self.number)
            assert len(self.heard.events) == before + 1
        else:
            while self.reader.counts.get("unarmed", 0) == dropped:
                threading.Event().wait(0.001)
            assert len(self.heard.events) == before

    @rule(card=st.sampled_from(["bank", *sorted(hardware("magtek").mishaps)]))
    @precondition(lambda self: self.plugged and self.armed)
    def present_something_else(self, card: str) -> None:
        refused = sum(self.reader.counts.get(reason, 0) for reason in Rejection)
        if card == "bank":
            self.line.present(BANK_CARD)
        else:
            self.line.mishap(Mishap(card), {"track2": "10023456789="})
        while sum(self.reader.counts.get(reason, 0) for reason in Rejection) == refused:
            threading.Event().wait(0.001)

    @invariant()
    def nothing_grows(self) -> None:
        assert threading.active_count() <= self.threads
        assert len(self.reader.trace) <= 256

    @invariant()
    def nothing_shows_a_payment_card(self) -> None:
        assert "411111" not in repr(self.heard.events) + repr(self.reader.trace)

    def teardown(self) -> None:
        assert all(event.reason in Rejection for event in self.heard.of(Rejected))
        self.reader.close()
        self.monitor.close()
        self.line.close()
        self.folder.cleanup()


class Pad(RuleBasedStateMachine):
    """One contactless pad, with a service that is restarted at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.pcscd = FakePcscd()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(pcsc_reader, "Pcsc", self.pcscd.connect)
        self.patch.setattr(pcsc_reader, "_RETRY_S", 0.01)
        self.heard = Heard()
        self.reader = PcscCardReader(name="pad")
        self.reader.start(self.heard)
        self.heard.wait_health(ReaderHealth.ONLINE)
        self.plugged = self.serves = True
        self.armed = False
        self.lies = ""
        self.number = 10_000_000
        self.threads = threading.active_count()

    def healthy(self) -> bool:
        return self.plugged and self.serves

    def becomes(self, health: ReaderHealth, **change: object) -> None:
        """Change something that the reader's health must follow, or nothing where it is so already."""
        before = len(self.heard.events)
        was = self.reader.health()
        self.pcscd.change(**change, woken=True)
        if was is not health:
            self.heard.wait_health(health, after=before)

    @rule()
    def kill_or_start_the_service(self) -> None:
        self.serves = not self.serves
        error = None if self.serves else TransportLost("pcsc", "pcscd was killed")
        self.becomes(ReaderHealth.ONLINE if self.healthy() else ReaderHealth.ABSENT, error=error)

    @rule()
    def plug_in_or_out(self) -> None:
        self.plugged = not self.plugged
        names = ["ACS ACR122U 00 00"] if self.plugged else []
        self.becomes(ReaderHealth.ONLINE if self.healthy() else ReaderHealth.ABSENT, names=names)

    @rule(armed=st.booleans())
    @precondition(lambda self: not self.lies)
    def arm(self, armed: bool) -> None:
        self.reader.arm(armed)
        self.armed = armed

    @rule()
    @precondition(lambda self: self.healthy() and not self.lies)
    def lay_a_card_down(self) -> None:
        """One event when armed, none when not."""
        self.number += 1
        before = len(self.heard.events)
        self.pcscd.change(tag=Type4Card(ndef.text_record(str(self.number))))
        self.lies = str(self.number)
        if self.armed:
            event = self.heard.wait(Presented, after=before)
            assert event.credential.take() == self.lies
        else:
            assert self.pcscd.seen.wait(10)
            assert not [event for event in self.heard.events[before:] if isinstance(event, Presented)]

    @rule()
    @precondition(lambda self: self.lies)
    def take_it_away(self) -> None:
        self.pcscd.change(tag=None)
        self.lies = ""
        if self.healthy():
            assert self.pcscd.seen.wait(10)

    @invariant()
    def nothing_grows(self) -> None:
        assert threading.active_count() <= self.threads

    def teardown(self) -> None:
        self.reader.close()
        self.patch.undo()


@pytest.mark.parametrize("machine", [Counter, Pad])
@pytest.mark.parametrize("examples", [5, pytest.param(STEPS, marks=pytest.mark.slow)])
def test_a_reader_survives_any_order_of_events(machine: type[RuleBasedStateMachine], examples: int) -> None:
    checks = [HealthCheck.too_slow]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=checks
        ),
    )
