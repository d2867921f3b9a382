"""`ebill-kiosk` with a finger: what is told on stdin is pressed, a button's name a line. For trials only.

Nothing else differs from the program: the press goes through the window's own input.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from functools import partial
from typing import Any

from kiosk import cli
from kiosk.commands import play

_open_terminal = play.open_terminal


def _opened(*words: Any, **named: Any) -> Any:
    terminal = _open_terminal(*words, **named)

    def press(name: str) -> None:
        with suppress(KeyError):  # the screen has changed meanwhile; who tells us sees that it had no effect
            terminal.app.tap(name)

    def listen() -> None:
        for line in sys.stdin:
            terminal.app.post(partial(press, line.strip()))

    threading.Thread(target=listen, daemon=True).start()
    return terminal


play.open_terminal = _opened
sys.exit(cli.run(sys.argv[1:]))
