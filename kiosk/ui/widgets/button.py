"""Things to press: they act when the finger leaves inside, show at once that they feel it, and let go when it
slides off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from kivy.lang import Builder
from kivy.properties import BooleanProperty, ObjectProperty, OptionProperty, StringProperty

from kiosk.ui.files import kv_of
from kiosk.ui.layout import Panel, Row
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.words import Text
from kiosk.viewmodel import Button

Builder.load_file(kv_of(__file__))

NOTHING = Button(name="", text="", event=None, enabled=False)
"""What a push button holds before it is told its button."""


@dataclass(frozen=True, slots=True)
class Paint:
    """Colour tokens of a kind of button; `edge` may be empty."""

    fill: str
    pressed: str
    ink: str
    edge: str = ""


KINDS: Mapping[str, Paint] = {
    "primary": Paint("primary", "primary_pressed", "primary_ink"),
    "second": Paint("second", "second_pressed", "second_ink", "second_edge"),
    "quiet": Paint("sunken", "chosen", "text", "key_edge"),
    "accent": Paint("accent", "accent_pressed", "accent_ink"),
    "key": Paint("key", "key_pressed", "text", "key_edge"),
    "tile": Paint("card", "second_pressed", "text", "second_edge"),
    "deep": Paint("hero", "hero_line", "hero_ink", "hero_ink"),
}
"""The kinds of buttons. "deep" stands on the hero colour."""

_OFF = Paint("off", "off", "off_ink")
_CHOSEN = Paint("chosen", "chosen", "chosen_ink")
_CHOSEN_DEEP = Paint("hero_deep", "hero_deep", "hero_ink")


class Pressable(Row):
    """A button of the view model, whatever is inside. `press` is called with it when it was pressed.

    `held_at` (monotonic s) and `held_pos` (window pixels) say when and where the finger came down last.

    Beside words its icon may leave where there is little room, unless it `sheds` nothing.

    The present one of several (a language) is chosen: it cannot be pressed and is not greyed.
    """

    button = ObjectProperty(NOTHING, allownone=True, rebind=True)
    kind = OptionProperty("second", options=tuple(KINDS))
    role = StringProperty("button")
    icon_side = StringProperty("icon")
    has_words = BooleanProperty(False)
    sheds = BooleanProperty(True)
    pressed = BooleanProperty(False)
    focused = BooleanProperty(False)
    press: Callable[[Pressable], None] | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Two rings, the inner one in the colour of paper: on any ground, and round any button, one of them is seen.
        self._halo, self._ring = Panel(self.canvas.after), Panel(self.canvas.after)
        self._held = ""
        self.held_at = 0.0
        self.held_pos = (0.0, 0.0)
        self.bind(button=self._change, pressed=self._feel, focused=self._feel)
        self._change()

    @property
    def name(self) -> str:
        """The stable name of its button; "" without one."""
        return self.button.name if self.button else ""

    @property
    def is_enabled(self) -> bool:
        """Whether pressing it does anything."""
        return bool(self.button and self.button.enabled)

    @property
    def colours(self) -> Paint:
        """The colour tokens for its kind and present state."""
        if self.button and self.button.chosen:
            return _CHOSEN_DEEP if self.kind == "deep" else _CHOSEN
        return KINDS[self.kind] if self.is_enabled else _OFF

    def paint(self) -> None:
        """Draw the ground, pressed or not, and the ring when it has the focus."""
        colours = self.colours
        self.fill = colours.pressed if self.pressed else colours.fill
        self.edge = colours.edge
        super().paint()
        for panel, edge, stroke in ((self._halo, "card", "halo"), (self._ring, "focus", "focus")):
            panel.paint(
                self, fill="", edge=edge if self.focused else "", radius=self.radius, stroke=stroke, outset="xs"
            )

    def place(self, x: int, y: int, width: int, height: int) -> None:
        """Stand there; what is inside takes the ink of the present state first."""
        for node in self.walk(restrict=True):
            if isinstance(node, Icon | Text) and node.ink in INKS:
                node.ink = self.colours.ink
        super().place(x, y, width, height)

    def hold(self, touch: Any) -> None:
        """Remember what was touched, when and where."""
        self._held, self.held_at, self.held_pos = self.name, monotonic(), touch.pos

    def on_touch_down(self, touch: Any) -> bool:
        """Take hold of a touch that lands here."""
        if not (self.is_seen and self.collide_point(*touch.pos)) or not is_finger(touch):
            return False
        if self.is_enabled:
            touch.grab(self)
            self.hold(touch)
            self.pressed = True
        return True

    def on_touch_move(self, touch: Any) -> bool:
        """Look pressed only while the finger is inside."""
        if touch.grab_current is not self:
            return False
        self.pressed = self.collide_point(*touch.pos)
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Act if the finger leaves inside what it touched, and that is still there."""
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        was_inside, self.pressed = self.pressed and self.collide_point(*touch.pos), False
        is_same = self.name == self._held and self.is_enabled and self.get_parent_window() is not None
        if was_inside and is_same and self.press is not None:
            self.press(self)
        return True

    def _change(self, *_: Any) -> None:
        self.shown = bool(self.name)
        self.has_words = bool(self.button and self.button.text)
        self.pressed = False

    def _feel(self, *_: Any) -> None:
        if self.look is not None:
            self.paint()


class PushButton(Pressable):
    """The usual button: an icon and words. What points forward stands behind the words.

    Beside the largest words there is no icon: it would say nothing more.
    """

    leading = StringProperty("")
    trailing = StringProperty("")

    def on_button(self, *_: Any) -> None:
        """Put the icon on its side of the words."""
        icon = self.button.icon if self.button else ""
        self.leading, self.trailing = ("", icon) if icon == "forward" else (icon, "")


class StackedButton(Pressable):
    """A narrow button: the icon above the words."""


INKS = frozenset(paint.ink for paint in (*KINDS.values(), _OFF, _CHOSEN, _CHOSEN_DEEP))
"""The inks a button gives what is inside it; any other ink is left as the layout says."""


def is_finger(touch: Any) -> bool:
    """A finger or the left button; the wheel and the other buttons press nothing."""
    return "button" not in touch.profile or touch.button == "left"
