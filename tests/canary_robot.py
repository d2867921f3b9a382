"""A terminal into which a payment card's number goes by every entrance, and which then dies of a fault.

Arguments: the number, and a folder for everything the terminal writes. Says on stdout what was drawn and what its
screens still hold.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "offscreen"

from devices.codecs import keyboard
from devices.simulated_reader import SimulatedCardReader
from kiosk import bootstrap, log
from kiosk.commands.play import _telling
from kiosk.settings import load
from kiosk.terminal import open_terminal
from kiosk.ui import text
from kiosk.visit import Visit
from kiosk.visit.states import EnterNumber, PresentCard

STILL_S = 0.15


def entrances(number: str, wedge: int) -> Iterator[Callable[[SimulatedCardReader], object]]:
    track1 = f"B{number}^DOE/JANE^25121010000"
    yield lambda reader: reader.present({"track1": track1})
    yield lambda reader: reader.present({"track2": f"{number}=25121010000012345678"})
    yield lambda reader: reader.present({"track3": f"01{number}=724724000000"})
    yield lambda reader: reader.present_bytes(f";{number}".encode())
    yield lambda reader: reader.scan(number)
    yield lambda reader: reader.scan(f"8020{number}\x1d")
    yield lambda reader: reader.tap(f"https://pay.example/?pan={number}")
    yield lambda reader: reader.tap(" ".join(number[at : at + 4] for at in range(0, 16, 4)))
    yield lambda reader: os.write(wedge, keyboard.encode(f"%{track1}?;{number}=2512?\r".encode()))


def look(post: Callable[[Callable[[], None]], None], go_on: Callable[[], None]) -> None:
    while True:
        time.sleep(0.05)
        post(go_on)


def main() -> None:
    number, folder = sys.argv[1], Path(sys.argv[2])
    log.configure("DEBUG")
    node = folder / "wedge"
    os.mkfifo(node)
    wedge = os.open(node, os.O_RDWR)
    fcntl.ioctl = lambda *arguments: 0  # a pipe knows no grab
    drawn: list[str] = []
    draw = text.draw
    text.draw = lambda lines, *rest, **more: drawn.append(" ".join(lines)) or draw(lines, *rest, **more)
    readers = (
        {"url": "simulated:", "name": "card"},
        {"url": f"evdev://{node}", "name": "wedge", "codec": "magtek"},
    )
    settings = replace(load(state=folder), card_reader=readers)
    terminal = open_terminal(settings, size=(540, 960), width_mm=settings.screen.width_mm)
    steps = list(entrances(number, wedge))
    keys = ["start", "by_number", *(f"digit_{digit}" for digit in number)]
    said: dict[str, object] = {}
    changed_at = time.monotonic()

    def heard(visit: Visit) -> None:
        nonlocal changed_at
        changed_at = time.monotonic()
        tell(visit)

    def go_on() -> None:
        nonlocal changed_at
        visit = terminal.controller.visit if terminal.controller else None
        if visit is None or len(visit.readers) < 2 or time.monotonic() - changed_at < STILL_S:
            return
        changed_at = time.monotonic()
        card, typist = terminal.parts.readers
        if steps:
            # One after the other, as quick as a hand could never be: each is dealt with when this returns.
            steps.pop(0)(card)
        elif isinstance(visit.state, PresentCard) and typist.counts:
            said["counts"] = [dict(card.counts), dict(typist.counts)]
            said["drawn"] = list(drawn)
            terminal.app.tap("finish")
        elif keys:
            terminal.app.tap(keys.pop(0))
        elif isinstance(visit.state, EnterNumber):
            said["typed"] = [visit.state.typed, visit.state.problem]
            terminal.app.tap("finish")
        else:
            stage = terminal.app._stage
            said["held"] = [
                getattr(n, "text", "") for screen in stage.screens() for n in screen.walk(restrict=True)
            ]
            print(json.dumps(said), flush=True)
            raise RuntimeError("the end")

    with (folder / "events").open("w") as events:
        tell = _telling(events, terminal)
        terminal.on_visit = heard
        terminal.open(lambda: bootstrap.open_parts(settings, state=folder))

        threading.Thread(target=look, args=(terminal.app.post, go_on), daemon=True).start()
        terminal.app.run()


main()
