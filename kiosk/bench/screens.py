"""What screens cost once they are there: a whole redraw, another language, and a press until its pixels change."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from typing import Any

from kiosk.bench import median_cpu_ms, median_ms
from kiosk.bench.window import SIZE, window
from kiosk.bench.x_display import Hand, x_server
from kiosk.samples import NOW, samples
from kiosk.viewmodel import View
from kiosk.views import SiteFacts, view
from kiosk.visit import Rules

_FACTS = SiteFacts(Rules(), level="open", call_centre="920001100", app_link="https://app.example.sa/ebill")
_HEAVY = ("bill", "keypad", "attract")
_PRESSES = 60
_PAUSE_S = 0.15
"""Between presses: longer than what the guard takes for a bounce."""


def measure(*, runs: int) -> dict[str, Any]:
    """Medians in ms at 1080x1920, of time and of the processor's time; each language was shown once before."""
    from kivy.graphics.opengl import glFinish

    from kiosk.ui.app import KioskApp

    app = KioskApp(send=lambda event: None, first=_shown("attract", "ar"), size=SIZE)

    def redraw() -> None:
        app._stage.window.dispatch("on_draw")
        glFinish()

    found: dict[str, Any] = {}
    for name in _HEAVY:
        for language in ("en", "ar"):
            app.draw(_shown(name, language))
        languages = cycle(("en", "ar"))

        def switch(name: str = name, languages: Iterator[str] = languages) -> None:
            app.draw(_shown(name, next(languages)))

        for what, work in {"redraw": redraw, "language": switch}.items():
            found[f"{what}_{name}_ms"] = median_ms(work, runs=runs)
            found[f"{what}_{name}_cpu_ms"] = median_cpu_ms(work, runs=runs)
    return found


def touch() -> dict[str, float]:
    """From a press at the X server to changed pixels on its screen, in ms: the median and the 95th per cent."""
    taken = []
    with x_server(*SIZE) as display, window("keypad", display=display) as shown:
        hand = Hand(display)
        for number in range(_PRESSES):
            x, y = shown.buttons[f"digit_{number % 10}"]
            hand.move(x, y)
            time.sleep(_PAUSE_S)
            spot = (x - 40, y - 40)
            before = hand.look(*spot)
            hand.press(down=True)
            taken.append(hand.changes(*spot, before=before) * 1000)
            pressed = hand.look(*spot)
            hand.press(down=False)
            hand.changes(*spot, before=pressed)
        hand.close()
    ranked = sorted(taken)
    return {"touch_p50_ms": round(statistics.median(ranked), 1), "touch_p95_ms": round(ranked[_95th(ranked)], 1)}


def _95th(ranked: list[float]) -> int:
    return min(len(ranked) - 1, round(0.95 * len(ranked)))


def _shown(name: str, language: str) -> View:
    return view(replace(samples()[name], language=language), now=NOW, facts=_FACTS)
