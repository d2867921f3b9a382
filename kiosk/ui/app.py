"""The screens as one thing: shown what to show, says what was pressed. All but `post` and `stop` on one thread."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

from kiosk.keypad import Act, Keymap
from kiosk.touch.health import TouchHealth
from kiosk.ui import boot
from kiosk.ui.loudspeaker import Loudspeaker
from kiosk.ui.theme import MOUNT_MM, TARGET_MM, Glass
from kiosk.viewmodel import View

logger = logging.getLogger(__name__)

TURN_S = 6.0
"""How long the attract screen tells one promise: bright areas move, and not more often than 5 s."""


NO_KEYS = Keymap({})

TICK = "tick"
"""The sound of a press, `kiosk.sounds.Sound.TICK`; where it is not loaded, presses are silent."""


class KioskApp:
    """The window of the terminal.

    Attributes:
        first_frame_at: `time.perf_counter()` when the first frame stood on the screen, None before.
        touch_health: what the touches so far tell of the panel.
        loudspeaker: silent until its sounds are loaded.
    """

    def __init__(
        self,
        *,
        send: Callable[[Any], None],
        first: View,
        size: tuple[int, int] = (1080, 1920),
        width_mm: float | None = None,
        mount_mm: float = MOUNT_MM,
        fullscreen: bool = False,
        on_tick: Callable[[], None] = lambda: None,
        touched: Callable[[], None] = lambda: None,
        broken: View | None = None,
        beside: int = 0,
        keymap: Keymap = NO_KEYS,
        on_act: Callable[[Act], None] = lambda act: None,
        on_focus: Callable[[str], None] = lambda name: None,
    ) -> None:
        """Open the window and lay out the first screen; nothing is drawn before `run`.

        Args:
            send: takes the event of every button pressed.
            first: the view to begin with.
            size: of the window in pixels; the display's own when `fullscreen`.
            width_mm: of the panel; without it 15.6 inches across are assumed.
            mount_mm: from the floor to the panel's lower edge.
            fullscreen: take the whole display.
            on_tick: called each second.
            touched: called at every touch and every key that means something, before anything it does.
            broken: shown after an unexpected failure.
            beside: pixels of the window right of the screen that are not the terminal's.
            keymap: what the keys of a keypad do.
            on_act: takes what a key does that is not about buttons.
            on_focus: takes the name of the button that got the focus by a key.

        Raises:
            WindowMissing: this machine cannot open a window; the message says why.
        """
        self.first_frame_at: float | None = None
        self.touch_health = TouchHealth()
        self.loudspeaker = Loudspeaker()
        self._send = send
        self._touched = touched
        self._on_tick = on_tick
        self._broken = broken
        width, height = size
        window = boot.open_window(width + beside, height, fullscreen=fullscreen)
        # Kivy's modules must not be imported before the window is open.
        from kiosk.ui.cover import Cover, Rest
        from kiosk.ui.focus import Focus
        from kiosk.ui.keys import Keys
        from kiosk.ui.loop import Loop
        from kiosk.ui.motion import Dusk
        from kiosk.ui.press_guard import PressGuard
        from kiosk.ui.stage import Stage

        glass = Glass.of(int(window.width) - beside, int(window.height), width_mm=width_mm, mount_mm=mount_mm)
        self._stage = Stage(window, glass=glass, still=boot.is_software())
        self._guard = PressGuard(TARGET_MM * glass.px_per_mm)
        self._cover = Cover(window)
        self._dusk = Dusk(window)
        self._turns = 0
        self._rest = Rest(self._cover)
        self._focus = Focus(self._stage, on_move=on_focus)
        self._keys = Keys(
            window, keymap=keymap, focus=self._focus, press=self._press_by_key, felt=self._feel_key, on_act=on_act
        )
        self._keys.rests = lambda: self._rest.is_on
        self._loop = Loop(window, on_tick=self._tick, on_trouble=self._show_broken)
        self._loop.is_moving = lambda: self._stage.is_moving
        self._drawn: list[Callable[[], None]] = []
        self._next_flip: list[Callable[[], None]] = []
        self._frames = 0
        self._seen_at = inf
        self._turned_at = 0.0
        window.bind(
            on_flip=self._flipped,
            on_touch_down=self._feel,
            on_touch_up=self._let_go,
            on_request_close=lambda *_, **__: True,
        )
        self.show(first)

    def run(self) -> None:
        """Show screens until `stop`, SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        self._loop.start()
        try:
            self._loop.run()
        finally:
            self._loop.close()

    def stop(self) -> None:
        """End `run` after the present frame. From any thread."""
        self._loop.stop()

    def post(self, job: Callable[[], None]) -> None:
        """Have `job` called on the screens' thread, at once or after the present frame. From any thread."""
        self._loop.post(job)

    def show(self, view: View) -> None:
        """Show `view`; it is on the screen with the next frame, and of the screen before nothing is kept."""
        self._frames = 0
        before, name = self._stage.shown, self._stage.name
        screen = self._stage.show(view)
        if screen is not before:
            self._seen_at = inf
        screen.press = self._press
        self._focus.follow()
        if view.screen != name:
            self._tell_health(view.screen)
        if not self._rest.is_on:
            self._hide(view.chrome.hidden)
        if view.screen == "attract":
            self._turned_at = monotonic()
        self._dim_or_light()

    def draw(self, view: View) -> None:
        """Show `view` and have it drawn to the last pixel before this returns; for measurements."""
        from kivy.graphics.opengl import glFinish

        self.show(view)
        self._stage.window.dispatch("on_draw")
        glFinish()

    @property
    def beside(self) -> dict[str, int]:
        """The part of the window right of the terminal's screen: `left`, `width`, `height` in pixels."""
        glass, window = self._stage.glass, self._stage.window
        return {"left": glass.width, "width": int(window.width) - glass.width, "height": glass.height}

    def put_beside(self, widget: Any) -> None:
        """Let a widget stand in the window beside the terminal's screen, over every change of screens."""
        self._stage.window.add_widget(widget)

    def on_drawn(self, callback: Callable[[], None]) -> None:
        """Have `callback` called once, when what is shown now has been drawn and stands still."""
        self._drawn.append(callback)
        self._stage.window.canvas.ask_update()

    def on_flip(self, callback: Callable[[], None]) -> None:
        """Have `callback` called once, on the next frame that stands on the screen; for measurements."""
        self._next_flip.append(callback)
        self._stage.window.canvas.ask_update()

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write what is shown as a PNG, with what stands beside it when `whole`; it is drawn for that, so nothing has
        to be waited for."""
        self._stage.look(beside=self.beside["width"] if whole else 0).save(path, compress_level=4)

    def centres(self) -> dict[str, list[int]]:
        """The middle of every button that can be pressed, by name: [x, y] in pixels from the window's top left."""
        return self._stage.centres()

    @property
    def focus(self) -> str:
        """The name of the button that keys are at; "" while nobody uses keys."""
        return self._focus.name

    def rest(self, seconds: float, *, text: str, done: Callable[[], None] = lambda: None) -> None:
        """Feel no finger and no key for `seconds`, so that the screen can be cleaned; it counts them down over
        `text`, then shows what it showed and calls `done`."""
        self._rest.begin(text, until=monotonic() + seconds, done=done)
        self._count_down()

    def begin_keys(self) -> None:
        """Put the ring where keys begin, as after a first key: whoever listens cannot see that there is none."""
        if not self._focus.is_on:
            self._focus.is_on = True
            self._focus.follow()

    def tap(self, name: str) -> None:
        """Press the button `name` as a finger does, through the window's own input; for demos and tests.

        Raises:
            KeyError: no such button can be pressed on the screen shown.
        """
        x, y = self.centres()[name]
        for event in ("on_mouse_down", "on_mouse_up"):
            self._stage.window.dispatch(event, x, y, "left", [])

    def _press(self, button: Any) -> None:
        if self._guard.accepts(at=button.held_at, pos=button.held_pos, seen_at=self._seen_at):
            self.touch_health.pressed(button.name)
            self.loudspeaker.play(TICK)
            self._send(button.button.event)

    def _press_by_key(self, button: Any, at: float) -> None:
        # What had not been drawn when the key went down cannot have been meant, as with a finger.
        if at < self._seen_at:
            return
        self.loudspeaker.play(TICK)
        if button.button.event is None:
            button.press(button)  # turns a page: nothing that a visit hears of
            self._focus.follow()
        else:
            self._send(button.button.event)

    def _feel(self, window: Any, touch: Any) -> bool:
        if touch.x >= self._stage.glass.width:
            self._loop.touched()
            return False  # what stands beside the screen is nobody's visit
        if self._rest.is_on:
            return True
        self.touch_health.down(self._place(touch), at=monotonic())
        self._feel_key()
        if self._cover.is_on:
            return True
        self._focus.turn_off()
        return False

    def _let_go(self, window: Any, touch: Any) -> bool:
        self.touch_health.up()
        # A touch begun under the cover ends there, even when the cover is gone by then.
        return False

    def _place(self, touch: Any) -> tuple[float, float]:
        scale = self._stage.glass.px_per_mm
        return touch.pos[0] / scale, touch.pos[1] / scale

    def _count_down(self) -> None:
        """Go on resting, or end it."""
        shown = self._stage.shown
        if shown is not None and not self._rest.goes_on(shown.look, now=monotonic()):
            self._hide(shown.view.chrome.hidden)
            self._rest.done()

    def _hide(self, words: str) -> None:
        """Cover the screen with `words`; empty: show it."""
        shown = self._stage.shown
        if words and shown is not None:
            self._cover.put(shown.look, words)
        else:
            self._cover.lift()

    def _tell_health(self, screen: str) -> None:
        """Another screen is shown: tell which buttons a finger could press on it now."""
        if screen == "attract":
            self.touch_health.visit_ended()
        scale, height = self._stage.glass.px_per_mm, self._stage.glass.height
        centres = self._stage.centres().items()
        self.touch_health.shown({name: (x / scale, (height - y) / scale) for name, (x, y) in centres})

    def _feel_key(self) -> None:
        self._loop.touched()
        self._dim_or_light()
        self._touched()

    def _tick(self) -> None:
        if self._rest.is_on:
            self._count_down()
        if self._stage.name == "attract" and monotonic() - self._turned_at >= TURN_S:
            self._tell_next()
        self._dim_or_light()
        self._on_tick()

    def _tell_next(self) -> None:
        """The first screen tells its next promise; while it is dim nothing on it keeps its place for long."""
        shown: Any = self._stage.shown
        self._turned_at = monotonic()
        self._turns += 1
        shown.tell_next()
        if self._dusk.is_on:
            shown.shift.wander(shown.look, self._turns)

    def _dim_or_light(self) -> None:
        """Dim the first screen while nobody is near; a switch knows, else it is a long time without a touch."""
        from kiosk.ui.motion import DIM_AFTER_S

        shown: Any = self._stage.shown
        is_alone = False
        if self._stage.name == "attract":
            near = shown.view.is_near
            is_alone = self._loop.untouched_s >= DIM_AFTER_S if near is None else not near
        if is_alone:
            self._dusk.fall(shown.look)
        elif self._dusk.is_on:
            self._dusk.lift()
            shown.shift.stop()

    def _flipped(self, *_: Any) -> None:
        if self.first_frame_at is None:
            self.first_frame_at = perf_counter()
            self._loop.idle = self._stage.build_next
        self._frames += 1
        self._seen_at = min(self._seen_at, monotonic())
        while self._next_flip:
            self._next_flip.pop()()
        if not self._drawn:
            return
        if self._frames < 2:
            # A second frame of the same: then nothing of what was shown before is left in either buffer.
            self._stage.window.canvas.ask_update()
            return
        callbacks, self._drawn = self._drawn, []
        for callback in callbacks:
            self._loop.post(partial(self._tell_drawn, callback))

    def _tell_drawn(self, callback: Callable[[], None]) -> None:
        """Call back, unless something else was shown while this waited its turn: that is not drawn yet."""
        if self._frames < 2:
            self.on_drawn(callback)
        else:
            callback()

    def _show_broken(self) -> None:
        if self._broken is not None:
            self.show(self._broken)
