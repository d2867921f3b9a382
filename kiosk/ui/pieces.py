"""Small things that a widget draws by itself: rounded blocks, circles, icons and lines of text."""

from __future__ import annotations

from typing import Any

from kivy.graphics import BorderImage, Color, InstructionGroup, Rectangle, SmoothLine

from kiosk.ui import shapes, text
from kiosk.ui.theme import Look


class Pieces:
    """What is drawn inside one widget, in window pixels; `clear` and draw anew to change anything."""

    def __init__(self, canvas: Any) -> None:
        """Draw into `canvas`, after what is there already."""
        self._group = InstructionGroup()
        canvas.add(self._group)

    def clear(self) -> None:
        """Take every piece away."""
        self._group.clear()

    def block(
        self, look: Look, colour: str, *, at: tuple[float, float], size: tuple[float, float], radius: float = 0
    ) -> None:
        """A block with rounded corners (as round as it can be, `radius` pixels at most), lower left at `at`."""
        width, height = max(1, round(size[0])), max(1, round(size[1]))
        rounding = int(min(radius, width // 2, height // 2))
        fill = look.palette.rgba(colour)
        self._group.add(Color(1, 1, 1, 1))
        self._group.add(
            BorderImage(
                texture=shapes.panel(rounding, fill=fill, edge=fill, stroke=0),
                border=(rounding,) * 4,
                pos=(round(at[0]), round(at[1])),
                size=(width, height),
            )
        )

    def circle(
        self,
        look: Look,
        colour: str,
        *,
        centre: tuple[float, float],
        radius: float,
        width: float,
        end: float = 360,
    ) -> None:
        """The line of a circle, `width` pixels wide, from the top clockwise to `end` degrees."""
        self._group.add(Color(*look.palette.rgba(colour)))
        self._group.add(SmoothLine(circle=(*centre, radius, 0, end, 120), width=width / 2, cap="round"))

    def icon(self, look: Look, name: str, colour: str, *, at: tuple[float, float], side: float) -> None:
        """An icon, lower left at `at`."""
        self._group.add(Color(*look.palette.rgba(colour)))
        self._group.add(
            Rectangle(
                texture=shapes.icon(name, max(1, round(side)), mirrored=look.rtl),
                pos=(round(at[0]), round(at[1])),
                size=(round(side), round(side)),
            )
        )

    def write(self, words: str, style: text.Style, colour: str, *, at: tuple[float, float]) -> None:
        """One line of text, `style.leading` high, lower left at `at`."""
        drawn = text.draw([words], style, width=text.width(words, style), align="left")
        if drawn is None:
            return
        self._group.add(Color(*style.look.palette.rgba(colour)))
        self._group.add(
            Rectangle(
                texture=shapes.upload(drawn.mask),
                size=drawn.mask.size,
                pos=(int(at[0] + drawn.x), int(at[1] + style.leading - drawn.y - drawn.mask.height)),
            )
        )
