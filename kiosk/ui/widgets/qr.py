"""A QR code that every phone reads: whole pixels a module, hard edges, white ground in every theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.properties import StringProperty

from kiosk.ui import shapes
from kiosk.ui.layout import Node, Panel, Size

QUIET = 4
"""Light modules around the code (ISO/IEC 18004)."""


class Qr(Node):
    """The code for `payload` on a white card, as large as a whole number of pixels a module allows within `side`."""

    payload = StringProperty("")
    side = StringProperty("qr")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._panel = Panel(self.canvas.before)
        self._modules = 0
        with self.canvas:
            self._colour = Color(0, 0, 0, 0)
            self._code = Rectangle(size=(0, 0))
        self.bind(payload=self._encode)

    def natural(self, width: int) -> Size:
        """A square."""
        return (min(width, self.look.size(self.side)),) * 2

    @property
    def module_px(self) -> int:
        """Pixels a module is wide; 0 without a code."""
        return int(min(self.size)) // (self._modules + 2 * QUIET) if self._modules else 0

    def paint(self) -> None:
        """Draw the card and the code in its middle."""
        self._panel.paint(self, fill="paper", edge="line", radius="l")
        self._colour.rgba = self.look.palette.rgba("paper_ink")
        side = self.module_px * self._modules
        self._code.size = (side, side)
        self._code.pos = (int(self.center_x - side / 2), int(self.center_y - side / 2))

    def _encode(self, *_: Any) -> None:
        if not self.payload:
            self._modules, self._code.texture, self._code.size = 0, None, (0, 0)
            return
        matrix = _matrix(self.payload)
        self._modules = len(matrix)
        self._code.texture = shapes.modules(matrix)


def _matrix(payload: str) -> Sequence[Sequence[bool]]:
    # Only the screen with the code needs the library.
    from qrcode import QRCode, constants

    code = QRCode(error_correction=constants.ERROR_CORRECT_M, border=0)
    code.add_data(payload)
    code.make(fit=True)
    matrix: Sequence[Sequence[bool]] = code.get_matrix()
    return matrix
