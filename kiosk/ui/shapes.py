"""Textures for what is not text: rounded panels, icons, QR codes. Made once per size and colour, then kept.

Everything here is scenery: a texture that could tell one subscriber from another (a QR code, a text) is never
kept by this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from kivy.graphics.texture import Texture
from PIL import Image, ImageDraw

from kiosk.ui import icons
from kiosk.ui.palette import Rgba

_OVER = 4

_LARGE = 40
"""From this radius on (pixels) an edge is smooth with fewer samples, which would take megabytes."""


def upload(picture: Image.Image) -> Any:
    """A picture as a texture, its top row on top. Mode "L" is taken as ink: white, as opaque as the mask says."""
    if picture.mode == "L":
        picture = Image.merge("LA", (Image.new("L", picture.size, 255), picture))
    form = {"LA": "luminance_alpha", "RGBA": "rgba"}[picture.mode]
    texture = Texture.create(size=picture.size, colorfmt=form)
    texture.blit_buffer(picture.tobytes(), colorfmt=form, bufferfmt="ubyte")
    texture.flip_vertical()
    return texture


@lru_cache(maxsize=256)
def panel(radius: int, *, fill: Rgba, edge: Rgba, stroke: int) -> Any:
    """A rounded square of side 2 x `radius` + 2 to be stretched from its middle, with its edge inside."""
    over = _OVER if radius < _LARGE else 2
    side = (2 * radius + 2) * over
    outer = _rounded(side, inset=0, radius=radius * over)
    inner = _rounded(side, inset=stroke * over, radius=max(0, radius - stroke) * over)
    colour = Image.new("RGB", (side, side), _bytes(edge if stroke else fill))
    colour.paste(_bytes(fill), (0, 0), inner)
    alpha = Image.new("L", (side, side))
    if stroke:
        alpha.paste(round(edge[3] * 255), (0, 0), outer)
    alpha.paste(round(fill[3] * 255), (0, 0), inner)
    colour.putalpha(alpha)
    return upload(colour.reduce(over))


@lru_cache(maxsize=128)
def icon(name: str, size: int, *, mirrored: bool) -> Any:
    """An icon as white ink, `size` pixels square."""
    return upload(icons.mask(name, size, mirrored=mirrored))


def modules(matrix: Sequence[Sequence[bool]]) -> Any:
    """A QR code as a texture of one texel a module, dark modules as ink, to be enlarged with hard edges."""
    code = Image.new("L", (len(matrix[0]), len(matrix)))
    code.putdata([255 * dark for row in matrix for dark in row])
    texture = upload(code)
    texture.mag_filter = texture.min_filter = "nearest"
    return texture


def _bytes(colour: Rgba) -> tuple[int, int, int]:
    red, green, blue = (round(part * 255) for part in colour[:3])
    return red, green, blue


def _rounded(side: int, *, inset: int, radius: int) -> Image.Image:
    mask = Image.new("L", (side, side))
    if side > 2 * inset:
        box = (inset, inset, side - inset - 1, side - inset - 1)
        ImageDraw.Draw(mask).rounded_rectangle(box, radius, fill=255)
    return mask
