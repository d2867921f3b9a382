"""The power supply as upsd tells of it, over a real connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from devices.monitor import Monitor
from devices.sensors import Power, PowerChanged
from devices.simulated_upsd import SimulatedUpsd
from devices.ups import Ups, UpsError


@pytest.fixture
def upsd() -> Iterator[SimulatedUpsd]:
    upsd = SimulatedUpsd()
    yield upsd
    upsd.close()


class Heard:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.events: list[PowerChanged] = []

    def __call__(self, event: PowerChanged) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait(self, power: Power) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.events and self.events[-1].power is power, 10), self.events


@pytest.mark.parametrize(
    ("answer", "power"),
    [
        ('VAR ups ups.status "OL"\n', Power.MAINS),
        ('VAR ups ups.status "OB DISCHRG"\n', Power.BATTERY),
        ('VAR ups ups.status "OB DISCHRG LB"\n', Power.LOW),
        ('VAR ups ups.status "FSD OB"\n', Power.LOW),
        # On mains with a worn battery: nothing to shut down for.
        ('VAR ups ups.status "OL LB RB"\n', Power.MAINS),
    ],
)
def test_the_flags_of_nut_say_what_the_terminal_runs_on(upsd: SimulatedUpsd, answer: str, power: Power) -> None:
    upsd.answer = answer
    heard = Heard()
    ups = Ups(url=f"nut://127.0.0.1:{upsd.port}/ups", ask_every_s=0.05)
    ups.start(heard)
    heard.wait(power)
    assert ups.power() is power
    ups.close()
    ups.close()


def test_going_to_battery_and_losing_upsd_are_each_told_once(
    upsd: SimulatedUpsd, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    monitor = Monitor(retry_first_s=0.05)
    ups = Ups(url=f"nut://127.0.0.1:{upsd.port}/ups", ask_every_s=0.05, monitor=monitor)
    ups.start(heard)
    heard.wait(Power.MAINS)
    upsd.answer = 'VAR ups ups.status "OB"\n'
    heard.wait(Power.BATTERY)
    upsd.close()
    heard.wait(Power.UNKNOWN)
    ups.close()
    monitor.close()
    assert [event.power for event in heard.events] == ["mains", "battery", "unknown"]
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "ups: battery OB",
        "ups: unknown upsd: hung up",
    ]


@pytest.mark.parametrize(
    "answer", ["ERR DATA-STALE\n", "ERR UNKNOWN-UPS\n", "\x00\xff\n", 'VAR ups ups.status ""\n']
)
def test_an_answer_that_tells_nothing_is_unknown_and_no_shut_down(upsd: SimulatedUpsd, answer: str) -> None:
    heard = Heard()
    ups = Ups(url=f"nut://127.0.0.1:{upsd.port}/ups", ask_every_s=0.05)
    ups.start(heard)
    heard.wait(Power.MAINS)
    upsd.answer = answer
    heard.wait(Power.UNKNOWN)
    ups.close()


@pytest.mark.parametrize("url", ["", "nut://", "nut://host", "http://host/ups", "nut://host:x/ups", "nut://h/a b"])
def test_an_address_that_is_none_is_refused_with_one_that_is(url: str) -> None:
    with pytest.raises(UpsError, match="nut://HOST/UPS"):
        Ups(url=url)
