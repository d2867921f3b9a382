"""Much to read, a page at a time: two buttons turn, nothing has to be dragged, no line is cut through."""

from __future__ import annotations

from typing import Any

from kivy.graphics import ScissorPop, ScissorPush
from kivy.lang import Builder
from kivy.properties import NumericProperty, ObjectProperty

from kiosk.ui.files import kv_of
from kiosk.ui.layout import Column, Node, Row, Size
from kiosk.ui.widgets.button import Pressable
from kiosk.ui.widgets.words import Text
from kiosk.viewmodel import Button

Builder.load_file(kv_of(__file__))

PREVIOUS = Button(name="page_previous", text="", event=None, icon="up")
NEXT = Button(name="page_next", text="", event=None, icon="down")


class PageTurner(Row):
    """The two buttons; the one that would lead nowhere cannot be pressed."""

    previous = ObjectProperty(PREVIOUS)
    following = ObjectProperty(NEXT)


class OpenPage(Column):
    """A column seen through an opening: `offset` pixels of it lie above the opening, `clip` are seen."""

    offset = NumericProperty(0)
    clip = NumericProperty(0)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._opening = ScissorPush(x=0, y=0, width=0, height=0)
        self.canvas.before.insert(0, self._opening)
        self.canvas.after.add(ScissorPop())

    def open_at(self, x: int, top: int, width: int) -> None:
        """Place the whole column so that what lies at `offset` begins at `top`, and cut off the rest."""
        height = super().natural(width)[1]
        self.place(x, top + int(self.offset) - height, width, height)
        opening = self._opening
        opening.x, opening.y, opening.width, opening.height = x, int(top - self.clip), width, int(self.clip)

    def pages(self, width: int, room: int) -> list[tuple[int, int]]:
        """How far down each page begins and how much of it is seen, so that no line of text is cut through."""
        height = super().natural(width)[1]
        self.place(0, 0, width, height)
        lines = [(height - top, height - bottom) for member in self.members for top, bottom in _lines(member)]
        found: list[tuple[int, int]] = []
        start = 0
        while start < height:
            seen = [bottom for top, bottom in lines if top >= start and bottom <= start + room]
            # A line that is taller than the room is shown all the same, cut off.
            end = max(seen, default=min(bottom for top, bottom in lines if bottom > start))
            found.append((start, min(end - start, room)))
            following = min((top for top, bottom in lines if bottom > end), default=height)
            start = following if following > start else end
        return found


def _lines(member: Node) -> list[tuple[int, int]]:
    """Top and bottom of each line of text in a member, the first and last with the member's own edge."""
    lines = [(int(node.top), int(node.y)) for node in member.nodes() if isinstance(node, Text)]
    if not lines:
        return [(int(member.top), int(member.y))]
    top, bottom = max(t for t, _ in lines), min(b for _, b in lines)
    return [(int(member.top) if t == top else t, int(member.y) if b == bottom else b) for t, b in lines]


class Pages(Column):
    """One window and one page turner: turns when not everything fits. Takes the height it gets."""

    page = NumericProperty(0)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bind(shown=self._restart)

    def natural(self, width: int) -> Size:
        """No height of its own: it has to `grow`."""
        return width, 0

    def place(self, x: int, y: int, width: int, height: int) -> None:
        """Show the present page, with the page turner below when there are several."""
        window, turner = self._parts()
        self.pos, self.size = (x, y), (width, height)
        turner.fits = window.wish(width)[1] > height
        turner.opacity = 1 if turner.fits else 0
        room = height
        if turner.fits:
            high = turner.wish(width)[1]
            room = height - high - self.look.space(self.gap)
            pages = window.pages(width, room)
            self.page = min(int(self.page), len(pages) - 1)
            turner.previous = Button(PREVIOUS.name, "", None, self.page > 0, PREVIOUS.icon)
            turner.following = Button(NEXT.name, "", None, self.page < len(pages) - 1, NEXT.icon)
            turner.place(x, y, width, high)
            window.offset, window.clip = pages[self.page]
        else:
            window.offset, window.clip = 0, height
        window.open_at(x, y + height, width)

    def turn(self, button: Pressable) -> None:
        """Show the next page, or the one before."""
        self.page += 1 if button.name == NEXT.name else -1
        self.place(int(self.x), int(self.y), int(self.width), int(self.height))

    def _parts(self) -> tuple[OpenPage, PageTurner]:
        turner, window = self.children
        for button in turner.children:
            button.press = self.turn
        return window, turner

    def _restart(self, *_: Any) -> None:
        self.page = 0
