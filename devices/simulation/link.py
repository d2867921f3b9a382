"""The way to a simulated printer inside this process: the same port that a real one is reached by."""

from __future__ import annotations

from collections.abc import Callable

from devices.simulation.faults import Line
from devices.simulation.machine import Machine
from devices.transports import TransportLost

# A clock that only pauses move must move, however near the next event is.
_SMALLEST_S = 0.0005


class SimulatedPort:
    """Implements `devices.escpos.ports.Port` over a machine; `pause` waits, by the machine's own clock."""

    one_way = False

    @property
    def outlives_power(self) -> bool:
        return self._machine.line is not Line.DROPS

    def __init__(
        self,
        machine: Machine,
        *,
        clock: Callable[[], float],
        pause: Callable[[float], None],
        wake: Callable[[], None],
    ) -> None:
        """Open the line.

        Raises:
            TransportLost: the plug is pulled, or the power is off.
        """
        self._machine = machine
        self._clock = clock
        self._pause = pause
        self._wake = wake
        self._woken = False
        self._check()
        # Whatever was said while nobody listened is gone.
        machine.collect()

    def read(self) -> bytes:
        self._check()
        return self._machine.collect()

    def write(self, data: bytes) -> int:
        self._check()
        return self._machine.receive(data)

    def wait(self, timeout_s: float, *, to_write: bool = False) -> None:
        end = self._clock() + timeout_s
        while not self._has_news(to_write):
            now = self._clock()
            if now >= end:
                return
            event = self._machine.next_event()
            until = end if event is None else min(end, event)
            self._pause(max(until - now, _SMALLEST_S))
        self._woken = False

    def flush(self) -> None:
        return

    def wake(self) -> None:
        self._woken = True
        self._wake()

    def close(self) -> None:
        return

    def _has_news(self, to_write: bool) -> bool:
        machine = self._machine
        room = to_write and machine.has_room()
        return self._woken or room or machine.has_output() or not machine.link_up

    def _check(self) -> None:
        if not self._machine.link_up:
            raise TransportLost("simulated", "pulled")
