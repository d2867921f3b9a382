"""What is drawn on a receipt besides text: our mark, the QR symbols and the bars of the months."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image, ImageDraw

from devices.page import QrTile
from kiosk.typography import riyal

if TYPE_CHECKING:
    from qrcode import QRCode

QUIET_ZONE = 4
"""Modules around a QR symbol that stay white (ISO/IEC 18004)."""

MODULE = 4
"""Dots per module, half a millimetre: what telephones read from thermal paper. Less only on too narrow paper."""

APP_MODULE = 5
"""Dots per module of the link to the app, where there is room: it is for everybody's telephone."""

Level = Literal["L", "M"]
_LEVELS: tuple[Level, ...] = ("M", "L")

# A sheet with a torn foot on a grid of 24 x 24, and a bolt in it.
_SHEET = ((4, 1), (20, 1), (20, 22), (17.33, 19.5), (14.67, 22), (12, 19.5), (9.33, 22), (6.67, 19.5), (4, 22))
_BOLT = ((13.6, 3.6), (7.4, 11.6), (11.2, 11.6), (9.8, 17.2), (16.6, 8.8), (12.5, 8.8))


@lru_cache(maxsize=4)
def mark(size: int) -> Image.Image:
    """Our mark, `size` dots square, mode "1" with 1 as black: a bill with a bolt."""
    over = 4
    unit = size * over / 24
    large = Image.new("L", (size * over, size * over))
    draw = ImageDraw.Draw(large)
    draw.polygon([(x * unit, y * unit) for x, y in _SHEET], fill=255)
    draw.polygon([(x * unit, y * unit) for x, y in _BOLT], fill=0)
    return large.resize((size, size), Image.Resampling.BOX).point([0] * 128 + [255] * 128, mode="1")


def symbol(payload: str, width: int) -> QrTile:
    """A text, such as the biller's tax QR, unchanged as a symbol at the origin for paper `width` dots wide.

    Correction level M where its modules keep four dots, else L: on narrow paper large modules at level L read
    better than small ones at level M.
    """
    for level in _LEVELS:
        code = _code(payload, level)
        module = min(MODULE, width // _side(code))
        if module == MODULE:
            break
    return _tile(payload, code, level, module)


@lru_cache(maxsize=4)
def app_code(link: str, module: int) -> QrTile:
    """The link to the app as a symbol at the origin; the same on every receipt of a terminal."""
    return _tile(link, _code(link, "M"), "M", module)


def _code(payload: str, level: Level) -> QRCode[Any]:
    from qrcode import QRCode
    from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_M

    # A fixed mask saves nine tenths of the time; Base64 and addresses are irregular enough under any mask.
    correction = {"L": ERROR_CORRECT_L, "M": ERROR_CORRECT_M}[level]
    code = QRCode(error_correction=correction, border=QUIET_ZONE, mask_pattern=2)
    code.add_data(payload.encode("ascii"), optimize=0)
    code.best_fit(start=1)
    return code


def _side(code: QRCode[Any]) -> int:
    """Modules across, quiet zone included (ISO/IEC 18004: 17 + 4 x version)."""
    return 17 + 4 * code.version + 2 * QUIET_ZONE


def _tile(payload: str, code: QRCode[Any], level: Level, module: int) -> QrTile:
    matrix = code.get_matrix()
    side = len(matrix) * module
    small = Image.frombytes("L", (len(matrix), len(matrix)), bytes(255 * dark for row in matrix for dark in row))
    rows = small.resize((side, side), Image.Resampling.NEAREST).convert("1").tobytes()
    return QrTile(0, 0, side, side, rows, payload=payload, module=module, level=level, quiet=QUIET_ZONE)


@lru_cache(maxsize=8)
def sign(height: int) -> Image.Image:
    """The riyal sign, `height` dots tall, mode "1" with 1 as black."""
    return riyal(height).point([0] * 128 + [255] * 128, mode="1")


Bar = Literal["past", "year_ago", "current"]


def bar(width: int, height: int, kind: Bar) -> bytes:
    """The rows of a month's bar: filled for this bill, hatched for the month a year ago, an outline for others."""
    image = Image.new("1", (width, height))
    draw = ImageDraw.Draw(image)
    if kind == "current":
        draw.rectangle((0, 0, width, height), fill=1)
    if kind == "year_ago":
        for y in range(0, height + width, 6):
            draw.line((0, y, width, y - width), fill=1, width=2)
    draw.rectangle((0, 0, width - 1, height - 1), outline=1, width=2)
    return image.tobytes()
