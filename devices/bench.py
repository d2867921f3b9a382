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
from devices.codecs import em4100, hid_pos, magstripe, pn532, sankyo, scanner, ssi
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
    "scanner": scanner.ScannerCodec,
    "hid_pos": hid_pos.HidPosCodec,
    "em4100": em4100.Em4100Codec,
    "ssi": ssi.make_codec,
    "pn532": pn532.make_codec,
    "sankyo": sankyo.make_codec,
}
_IDLE_READERS = 6


def measure(*, swipes: int = 300, idle_s: float = 3.0) -> dict[str, float]:
    """Last byte to event, the same by a polled port, what idle readers cost, and how codecs take garbage.

    Milliseconds, wake-ups a second, per cent of one core, seconds for a megabyte through the slowest codec.
    """
    with tempfile.TemporaryDirectory() as folder:
        monitor = Monitor()
        lines = [SimulatedLine(_MAGTEK, link=Path(folder) / f"reader{n}") for n in range(_IDLE_READERS)]
        events: queue.SimpleQueue[ReaderEvent] = queue.SimpleQueue()
        readers = [SerialCardReader(url=line.url, monitor=monitor) for line in lines]
        try:
            for reader in readers:
                reader.start(events.put)
                _next(events, ReaderChanged)
                reader.arm(True)
            delays = sorted(_swipe(lines[0], events, number) for number in range(swipes))
            idle = _idle(monitor, idle_s)
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
        "garbage_megabyte_s": round(max(_garbage_s(make()) for make in _CODECS.values()), 3),
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


def _idle(monitor: Monitor, seconds: float) -> dict[str, float]:
    woken, used = monitor.wakeups, time.process_time()
    threading.Event().wait(seconds)
    return {
        "idle_wakeups_per_s": round((monitor.wakeups - woken) / seconds, 1),
        "idle_core_percent": round((time.process_time() - used) / seconds * 100, 2),
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
