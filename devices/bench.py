"""How quick the readers are, beside the usual way of reading a serial port; on pseudo-terminals here."""

from __future__ import annotations

import queue
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

from devices.card_reader import Presented, ReaderChanged, ReaderEvent
from devices.codecs import em4100, hid_pos, keyboard, magstripe, pn532, sankyo, scanner, ssi
from devices.codecs.frames import Codec
from devices.monitor import Monitor
from devices.serial_reader import SerialCardReader
from devices.simulated_hardware import hardware
from devices.simulated_line import SimulatedLine

E = TypeVar("E")
_MAGTEK = hardware("magtek")
_CODECS: dict[str, Callable[[], Codec]] = {
    "magtek": lambda: magstripe.StripeCodec(magstripe.MAGTEK),
    "idtech": lambda: magstripe.StripeCodec(magstripe.ID_TECH),
    "uic": lambda: magstripe.StripeCodec(magstripe.UIC),
    "scanner": scanner.ScannerCodec,
    "keyboard": lambda: keyboard.KeyboardCodec(scanner.ScannerCodec()),
    "hid_pos": hid_pos.HidPosCodec,
    "em4100": em4100.Em4100Codec,
    "ssi": ssi.make_codec,
    "pn532": pn532.make_codec,
    "sankyo": sankyo.make_codec,
}
_SETTLES_S = 0.5
_KINDS = ("magtek", "scanner", "ssi", "rdm6300", "pn532", "sankyo")
"""Six idle readers: three kinds that only talk, one that is switched, and two that must be asked for a card."""


def measure(*, swipes: int = 300, idle_s: float = 3.0) -> dict[str, object]:
    """Last byte to event, the same by a polled port, what six idle readers cost, and how codecs take garbage.

    Milliseconds, wake-ups a second and per cent of one core (armed, as on the first screen, and not), seconds for a
    megabyte through each codec.
    """
    with tempfile.TemporaryDirectory() as folder:
        monitor = Monitor()
        lines = [SimulatedLine(hardware(kind), link=Path(folder) / kind) for kind in _KINDS]
        events: queue.SimpleQueue[ReaderEvent] = queue.SimpleQueue()
        readers = [
            SerialCardReader(url=line.url, codec=kind, monitor=monitor)
            for line, kind in zip(lines, _KINDS, strict=True)
        ]
        try:
            for reader in readers:
                reader.start(events.put)
                _next(events, ReaderChanged)
            idle = _idle(monitor, idle_s, "idle")
            for reader in readers:
                reader.arm(True)
            threading.Event().wait(_SETTLES_S)  # until each has been told that somebody asks
            idle |= _idle(monitor, idle_s, "idle_armed")
            delays = sorted(_swipe(lines[0], events, number) for number in range(swipes))
        finally:
            for reader, line in zip(readers, lines, strict=True):
                reader.close()
                line.close()
            monitor.close()
        polled = _polled(Path(folder) / "polled", swipes=max(swipes // 10, 5))
    return {
        "event_median_ms": round(median(delays) * 1000, 3),
        "event_p95_ms": round(delays[int(len(delays) * 0.95)] * 1000, 3),
        "polled_port_median_ms": round(polled * 1000, 3),
        **idle,
        "garbage_megabyte_s": {name: round(_garbage_s(make()), 3) for name, make in _CODECS.items()},
    }


def _swipe(line: SimulatedLine, events: queue.SimpleQueue[ReaderEvent], number: int) -> float:
    """Seconds from the last bytes of a swipe to its event."""
    swipe = _MAGTEK.present({"track2": f"{10_000_000 + number}=2512"})
    line.send(swipe[:-2])
    sent = time.monotonic()
    line.send(swipe[-2:])
    return _next(events, Presented).decoded_at - sent


def _next(events: queue.SimpleQueue[ReaderEvent], kind: type[E]) -> E:
    while not isinstance(event := events.get(timeout=10), kind):
        continue
    return event


def _idle(monitor: Monitor, seconds: float, name: str) -> dict[str, object]:
    woken, used = monitor.wakeups, time.process_time()
    threading.Event().wait(seconds)
    return {
        f"{name}_wakeups_per_s": round((monitor.wakeups - woken) / seconds, 1),
        f"{name}_core_percent": round((time.process_time() - used) / seconds * 100, 2),
    }


def _polled(link: Path, *, swipes: int) -> float:
    """The median of what `read(64)` with a time-out of 0.1 s takes: the loop that most programs have."""
    import serial

    line = SimulatedLine(_MAGTEK, link=link)
    port = serial.Serial(str(link), timeout=0.1)
    delays = []
    try:
        for number in range(swipes):
            sent = time.monotonic()
            line.present({"track2": f"{10_000_000 + number}=2512"})
            while not port.read(64):
                continue
            delays.append(time.monotonic() - sent)
    finally:
        port.close()
        line.close()
    return median(delays)


def _garbage_s(codec: Codec) -> float:
    garbage = secrets.token_bytes(1_000_000)
    started = time.process_time()
    for at in range(0, len(garbage), 4096):
        codec.feed(garbage[at : at + 4096], float(at))
    return time.process_time() - started
