"""The panel of buttons that stands in the window beside the terminal's screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

from kiosk.panel import PanelGroup, PanelView
from kiosk.ui.layout import Column, Row, Spacer
from kiosk.ui.theme import Glass, Look
from kiosk.ui.widgets.button import PushButton
from kiosk.ui.widgets.words import Text
from kiosk.viewmodel import Button

_PX_PER_MM = 3.0
"""Smaller than on the terminal's screen: whoever demonstrates sits at a desk, with a mouse."""


class Dock(Column):
    """Two columns of small buttons under headings. `press` is called with a button's name."""

    def __init__(self, *, press: Callable[[str], None], **kwargs: Any) -> None:
        super().__init__(fill="sunken", pad="m", gap="s", **kwargs)
        self._press = press
        self._buttons: list[PushButton] = []
        self._note = Text(ink="quiet")
        self._shape: tuple[tuple[str, ...], ...] = ()

    def show(self, view: PanelView, *, left: int, width: int, height: int) -> None:
        """Draw the panel with its lower left corner at (`left`, 0), all in window pixels."""
        look = Look(Glass(width, height, width / _PX_PER_MM), view.language, text_size=1)
        shape = tuple((group.title, *(button.name for button in group.buttons)) for group in view.groups)
        if shape != self._shape:
            self._shape = shape
            self._build(view)
        for made, (button, is_on) in zip(self._buttons, _all(view), strict=True):
            made.button, made.kind = button, "accent" if is_on else "quiet"
        self._note.text = view.note
        self.adopt(look)
        self.place(left, 0, width, height)

    def tap(self, name: str) -> None:
        """Press the button `name` through the window's own input.

        Raises:
            KeyError: there is no such button.
        """
        button = {button.name: button for button in self._buttons}[name]
        window = self.get_parent_window()
        for event in ("on_mouse_down", "on_mouse_up"):
            window.dispatch(event, button.center_x, window.height - button.center_y, "left", [])

    def _build(self, view: PanelView) -> None:
        self.clear_widgets()
        self._buttons.clear()
        self.add_widget(Text(text=view.title, role="heading"))
        for group in view.groups:
            self.add_widget(Text(text=group.title, role="strong", ink="quiet"))
            for pair in _pairs(group):
                row = Row(gap="s")
                for name in pair:
                    made = PushButton(kind="quiet", role="label", tall="target", pad="xs", grow=1)
                    made.press = lambda pressed: self._press(pressed.name)
                    row.add_widget(made if name else Spacer(grow=1))
                    self._buttons += [made] if name else []
                self.add_widget(row)
        self.add_widget(Spacer(grow=1))
        self.add_widget(self._note)


def _pairs(group: PanelGroup) -> Iterator[tuple[str, str]]:
    names = [button.name for button in group.buttons]
    return zip_longest(names[::2], names[1::2], fillvalue="")


def _all(view: PanelView) -> Iterator[tuple[Button, bool]]:
    for group in view.groups:
        for button in group.buttons:
            yield button, button.name in group.on
