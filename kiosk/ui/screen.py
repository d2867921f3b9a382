"""One screen: built once, told what to show, wiped when the visit is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kivy.properties import BooleanProperty, ObjectProperty, StringProperty

from kiosk.ui.blank import blank
from kiosk.ui.fitting import fit
from kiosk.ui.layout import Column, Node, Wishes
from kiosk.ui.motion import Shift
from kiosk.ui.theme import Look
from kiosk.ui.widgets.button import Pressable
from kiosk.ui.widgets.chrome import Footer, Header, Watermark
from kiosk.viewmodel import Chrome, PanelView


class Screen(Column):
    """The whole window. A layout rule of the same name says what stands where, from `root.view`.

    Subclasses name the class of their `model`; most have nothing to add but that. `is_moving` while something
    on it moves by itself. `lies` on a panel wider than high, `is_tight` there with the largest letters;
    `is_crowded` where pictures have to be small; `is_low` where everything to press is within reach from a seat.
    """

    is_moving = False

    view = ObjectProperty(None, rebind=True)
    ground = StringProperty("ground")
    lies = BooleanProperty(False)
    is_tight = BooleanProperty(False)
    is_crowded = BooleanProperty(False)
    is_low = BooleanProperty(False)
    model: type

    def __init__(self, **kwargs: Any) -> None:
        # Layout rules read the view while they are applied.
        super().__init__(view=blank(self.model), **kwargs)
        self.press: Callable[[Pressable], None] = lambda button: None
        self.shift = Shift(self.canvas)
        self._overlay: Any = None
        self._watermark = Watermark()
        self.canvas.after.add(self._watermark.canvas)

    def render(self, view: Any, look: Look) -> None:
        """Show `view`; when this returns every widget stands where it will be drawn."""
        if look != self.look:
            self.adopt(look)
            self.lies, self.is_tight = look.is_wide, look.is_wide and look.is_largest
            self.is_crowded, self.is_low = look.is_wide or look.is_largest, look.low
        self.view = view
        self._cover(view.chrome.panel)
        for button in self.buttons():
            # What only turns a page keeps its own answer.
            if button.press is None:
                button.press = self._pressed
        self.arrange()

    def arrange(self) -> None:
        """Place everything anew, but for what has no room."""
        Wishes.are_kept = True
        try:
            self._arrange()
        finally:
            Wishes.are_kept = False
            Wishes.kept.clear()

    def _arrange(self) -> None:
        glass = self.look.glass
        if not fit(self, lambda: self._has_room() and self._is_reached()):
            fit(self, self._has_room)
        self.place(0, 0, glass.width, glass.height)
        if self.is_covered:
            self._overlay.place(0, 0, glass.width, glass.height)
        self._watermark.look, self._watermark.text = self.look, self.view.chrome.demo
        self._watermark.place(0, 0, glass.width, glass.height)

    def erase(self) -> None:
        """Forget all that was shown, but for the frame, which says nothing of a subscriber."""
        chrome: Chrome = self.view.chrome
        self.shift.stop()
        self.view = blank(self.model, chrome=chrome)

    def prepare(self, chrome: Chrome, look: Look) -> None:
        """Draw the frame ahead of the first visit, so that only what is new has to be drawn then."""
        self.render(blank(self.model, chrome=chrome), look)

    @property
    def members(self) -> list[Node]:
        """What stands on the screen; what lies over it is placed by itself."""
        return [child for child in super().members if child is not self._overlay]

    @property
    def is_covered(self) -> bool:
        """Whether a panel lies over the screen; only what is on it can be read and pressed then."""
        return self._overlay is not None and bool(self._overlay.shown)

    def nodes(self) -> Iterator[Node]:
        """Everything that can be read and pressed: the panel's while there is one, else the screen's."""
        yield from self._overlay.nodes() if self.is_covered else super().nodes()

    def buttons(self) -> Iterator[Pressable]:
        """Every button on the screen that has something to say."""
        for node in self.nodes():
            if isinstance(node, Pressable) and node.name:
                yield node

    def way_on(self) -> str:
        """The name of the next step, the large button below; "" without one."""
        footers = (node for node in self.nodes() if isinstance(node, Footer))
        return next((footer.button.name for footer in footers if footer.button), "")

    def begins_at(self) -> str:
        """The button that keys begin at: the first of the content, else the way on, else the first there is.

        Not the languages above, and not the way out: Enter alone must lead on.
        """
        frame = {
            button.name
            for node in self.nodes()
            if isinstance(node, Header | Footer)
            for button in node.nodes()
            if isinstance(button, Pressable)
        }
        names = [button.name for button in self.buttons() if button.is_enabled]
        content = next((name for name in names if name not in frame), "")
        return content or (self.way_on() if self.way_on() in names else "") or next(iter(names), "")

    def _pressed(self, button: Pressable) -> None:
        self.press(button)

    def _cover(self, panel: PanelView | None) -> None:
        """Lay `panel` over the screen, or take what lies there away."""
        if panel is not None and self._overlay is None:
            from kiosk.ui.widgets.options import Overlay

            self._overlay = Overlay()
            self._overlay.adopt(self.look)
            self.add_widget(self._overlay)
        if self._overlay is not None:
            self._overlay.shown = panel is not None
            self._overlay.opacity = float(panel is not None)
        if panel is not None:
            self._overlay.panel = panel

    def _has_room(self) -> bool:
        """Whether everything fits."""
        glass = self.look.glass
        return bool(self.natural(glass.width)[1] <= glass.height)

    def _is_reached(self) -> bool:
        """Whether everything to press is where it has to be."""
        glass = self.look.glass
        if not self.look.low:
            return True
        self.place(0, 0, glass.width, glass.height)
        return all(button.top <= glass.reach_px for button in self.buttons())
