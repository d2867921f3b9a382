"""An icon on the screen, alone or on a round or square ground."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.properties import BooleanProperty, NumericProperty, StringProperty

from kiosk.ui import shapes
from kiosk.ui.layout import Node, Panel, Size


class Icon(Node):
    """An icon by name, `side` (a size token) wide; on a ground of its own when `fill` names a colour.

    `part` is how much of the ground the icon takes. Without a name it takes no room.
    """

    name = StringProperty("")
    side = StringProperty("icon")
    ink = StringProperty("text")
    fill = StringProperty("")
    edge = StringProperty("")
    radius = StringProperty("round")
    part = NumericProperty(0.56)
    firm = BooleanProperty(True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._panel = Panel(self.canvas.before)
        with self.canvas:
            self._colour = Color(0, 0, 0, 0)
            self._ink = Rectangle(size=(0, 0))
        self.bind(name=self._rename)
        self._rename()

    def natural(self, width: int) -> Size:
        """A square of its side."""
        return (self.look.size(self.side),) * 2

    def paint(self) -> None:
        """Draw the ground and, in its middle, the icon."""
        self._panel.paint(self, fill=self.fill, edge=self.edge, radius=self.radius)
        side = int(min(self.size) * (self.part if self.fill or self.edge else 1))
        if not side or not self.name:
            self._ink.size = (0, 0)
            return
        self._colour.rgba = self.look.palette.rgba(self.ink)
        self._ink.texture = shapes.icon(self.name, side, mirrored=self.look.rtl)
        self._ink.size = (side, side)
        self._ink.pos = (int(self.center_x - side / 2), int(self.center_y - side / 2))

    def recolour(self, ink: str) -> None:
        """Change the colour of the icon and nothing else."""
        self.ink = ink
        self._colour.rgba = self.look.palette.rgba(ink)

    def _rename(self, *_: Any) -> None:
        self.shown = bool(self.name)
