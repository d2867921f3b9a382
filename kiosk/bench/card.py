"""From the last byte of a card to the screen it changes: a reader at a pseudo-terminal and a real window."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from devices.simulated_hardware import BANK_CARD, hardware
from devices.simulated_line import SimulatedLine
from kiosk import bootstrap
from kiosk.service import Service, ServiceConfig
from kiosk.settings import load
from kiosk.terminal import Terminal, open_terminal
from kiosk.visit import Visit
from kiosk.visit.events import Finished
from kiosk.visit.states import Attract, LookingUp, PresentCard, ShowBill

_STRIPE = hardware("magtek")
_LIMIT_S = 60.0
_CARDS = {"refused": BANK_CARD["track2"], "looking_up": "99999999=2512", "stored_bill": "30012345678=2512"}
"""What is swiped for each figure: a bank card, an account that nobody has, one whose bill is stored."""
_SHOWS = {"refused": PresentCard, "looking_up": LookingUp, "stored_bill": ShowBill}


class _Swiper:
    """Swipes one card after another at the attract screen, and takes the time of the first frame after each."""

    def __init__(self, terminal: Terminal, line: SimulatedLine, *, swipes: int) -> None:
        self.taken: dict[str, list[float]] = {name: [] for name in _CARDS}
        self._terminal = terminal
        self._line = line
        # The first round fills the store and builds the screens; it is not counted.
        self._cards: Iterator[str] = iter([*_CARDS] * (swipes + 1))
        self._counted = -len(_CARDS)
        self._card = ""
        self._sent_at = 0.0
        terminal.on_visit = self._heard

    def _heard(self, visit: Visit) -> None:
        if self._card and isinstance(visit.state, _SHOWS[self._card]):
            name, self._card = self._card, ""
            self._terminal.app.on_flip(lambda: self._seen(name))
        elif isinstance(visit.state, Attract) and not self._card and visit.readers:
            self._terminal.app.on_drawn(self._swipe)

    def _seen(self, name: str) -> None:
        if self._counted >= 0:
            self.taken[name].append((time.perf_counter() - self._sent_at) * 1000)
        self._counted += 1
        # Late answers belong to this visit, not to the next.
        timer = threading.Timer(0.2, lambda: self._terminal.app.post(lambda: self._terminal.send(Finished())))
        timer.daemon = True
        timer.start()

    def _swipe(self) -> None:
        self._card = next(self._cards, "")
        if not self._card:
            self._terminal.app.stop()
            return
        swipe = _STRIPE.present({"track2": _CARDS[self._card]})
        self._line.send(swipe[:-2])
        self._sent_at = time.perf_counter()
        self._line.send(swipe[-2:])


def measure(folder: Path, *, swipes: int) -> dict[str, Any]:
    """Medians and p95 in ms from the last two bytes of a swipe to the first frame of what it brings."""
    line = SimulatedLine(_STRIPE, link=folder / "reader")
    with Service(ServiceConfig(rate_per_min=100_000, burst=10_000)) as service:
        settings = load(overrides={"gateway": {"url": service.url}})
        settings = replace(settings, card_reader=({"url": line.url, "name": "card"},))
        terminal = open_terminal(settings, size=(1080, 1920), width_mm=settings.screen.width_mm)
        swiper = _Swiper(terminal, line, swipes=swipes)
        terminal.open(lambda: bootstrap.open_parts(settings, state=folder))
        stop = threading.Timer(_LIMIT_S, terminal.app.stop)
        stop.daemon = True
        stop.start()
        terminal.app.run()
        terminal.close()
    line.close()
    return {
        f"{name}_{kind}_ms": round(value, 1)
        for name, taken in swiper.taken.items()
        for kind, value in (("median", statistics.median(taken)), ("p95", statistics.quantiles(taken, n=20)[-1]))
    }
