"""Door, presence and head-phone switches on a small serial board that sends a line at every change: `D0=1`."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from devices.channels import Channel, open_line
from devices.codecs.buffers import Segment
from devices.monitor import Monitor
from devices.reader_url import ReaderUrlError, parse_line
from devices.sensors import Switch, SwitchChanged
from devices.transports import TransportError

logger = logging.getLogger(__name__)

_LINE = re.compile(rb"([A-Z][0-9])=([01])")
_END = re.compile(rb"[\r\n]")
_LONGEST = 16


DEFAULT_INPUTS = {"D0": Switch.DOOR, "P0": Switch.PRESENCE, "H0": Switch.HEADPHONES}


class SwitchesError(ValueError):
    """The board's address cannot be read; the message says what is wrong."""


class Switches:
    """The switches of one board. Nothing is ever sent to it."""

    def __init__(
        self,
        *,
        url: str,
        name: str = "switches",
        inputs: Mapping[str, Switch] | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        """`url` as for a serial reader; `inputs` names what each input of the board is (`{"D0": "door"}`).

        Raises:
            SwitchesError: the address cannot be read.
        """
        self.name = name
        self._shared = monitor
        self._monitor: Monitor | None = None
        self._link = _BoardLink(url, name=name, inputs=inputs or DEFAULT_INPUTS)

    def start(self, sink: Callable[[SwitchChanged], None]) -> None:
        """Listen from now on; `sink` is called from the monitor's thread at every change."""
        self._link.sink = sink
        self._monitor = self._shared or Monitor()
        self._monitor.add(self._link)

    def is_on(self, switch: Switch) -> bool | None:
        """As last heard; None when nothing is known."""
        return self._link.states.get(switch)

    def is_there(self) -> bool:
        """Whether the board is plugged in and open."""
        return self._link.is_open is True

    def close(self) -> None:
        """Stop listening; twice is fine."""
        monitor, self._monitor = self._monitor, None
        if monitor:
            monitor.remove(self._link)
            if monitor is not self._shared:
                monitor.close()


class _BoardLink:
    """The board as the monitor sees it."""

    def __init__(self, url: str, *, name: str, inputs: Mapping[str, Switch]) -> None:
        try:
            self._line = parse_line(url)
        except ReaderUrlError as error:
            raise SwitchesError(f"{name}: {error}") from None
        self._name = name
        self._inputs = inputs
        self._segment = Segment(_LONGEST)
        self.states: dict[Switch, bool] = {}
        self.is_open: bool | None = None
        self.sink: Callable[[SwitchChanged], None] = lambda event: None

    def open(self) -> Channel:
        return open_line(self._line)

    def is_there(self) -> bool:
        return not self._line.is_local or Path(self._line.address).exists()

    def opened(self, channel: Channel, t: float) -> float | None:
        self._segment.clear()
        self.is_open = True
        logger.info("%s: the board is there", self._name)
        return None

    def received(self, data: memoryview, t: float) -> float | None:
        at = 0
        for end in _END.finditer(data):
            self._segment.append(data[at : end.start()], t)
            at = end.end()
            self._read_line(t)
        self._segment.append(data[at:], t)
        return None

    def due(self, t: float) -> float | None:
        return None

    def failed(self, error: TransportError) -> None:
        known, self.states = self.states, {}
        if self.is_open is not False:
            logger.warning("%s: the board is gone: %s", self._name, error)
        self.is_open = False
        for switch in known:
            self.sink(SwitchChanged(self._name, switch, None, 0.0))

    def _read_line(self, t: float) -> None:
        damaged = self._segment.overflow
        found = _LINE.fullmatch(self._segment.take())
        switch = self._inputs.get(found[1].decode()) if found and not damaged else None
        if not found or switch is None:
            return
        on = found[2] == b"1"
        if self.states.get(switch) is not on:
            self.states[switch] = on
            self.sink(SwitchChanged(self._name, switch, on, t))
