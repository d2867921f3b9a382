"""The ESC/POS commands a receipt is made of, over python-escpos' constants where it has them.

Every function returns whole commands, none of them a real-time one.
"""

from __future__ import annotations

from typing import Literal

from escpos.constants import CODEPAGE_CHANGE, ESC, GS, S_RASTER_N, S_RASTER_Q, TXT_NORMAL, TXT_SIZE, TXT_STYLE

from devices.escpos.profiles import Profile

FEED_LIMIT = 255
"""The most rows `ESC J` feeds at once."""

_LEVELS = {"L": 48, "M": 49, "Q": 50, "H": 51}


def prepare(profile: Profile) -> bytes:
    """Everything that the commands below rely on, set; `ESC @` is the session's, it would stop status reports too.

    `GS P` makes a motion unit one dot; some printers begin with half a dot.
    """
    units: bytes = GS + b"P" + bytes((profile.dpi, profile.dpi))
    page: bytes = CODEPAGE_CHANGE + bytes((profile.code_page,))
    left: bytes = TXT_STYLE["align"]["left"]
    area: bytes = GS + b"W" + _word(profile.width)
    return bytes(units + TXT_NORMAL + size(1) + page + left + margin(0) + area)


def feed(rows: int) -> bytes:
    """Print what the line holds and feed `rows` dots, "ESC J"."""
    whole, rest = divmod(rows, FEED_LIMIT)
    step = ESC + b"J"
    return bytes((step + bytes((FEED_LIMIT,))) * whole + (step + bytes((rest,)) if rest else b""))


def position(x: int) -> bytes:
    """Go to `x` dots from the left margin, "ESC $"."""
    return bytes(ESC + b"$" + _word(x))


def margin(x: int) -> bytes:
    """Begin lines at `x` dots, "GS L"; at the beginning of a line only."""
    return bytes(GS + b"L" + _word(x))


def size(scale: Literal[1, 2]) -> bytes:
    """Letters in their own size or twice as wide and high, "GS !"."""
    return bytes(TXT_SIZE + bytes(((scale - 1) * 0x11,)))


def bold(on: bool) -> bytes:
    """Emphasis, "ESC E"."""
    return bytes(TXT_STYLE["bold"][on])


def columns(data: bytes) -> bytes:
    """A strip of 24 dots, three bytes a column, top in the highest bit, "ESC * 33"."""
    return bytes(ESC + b"*\x21" + _word(len(data) // 3) + data)


def raster(stride: int, data: bytes, *, doubled: bool = False) -> bytes:
    """A block of rows of `stride` bytes, printed at once, "GS v 0"; `doubled` prints each dot as two by two."""
    return bytes((S_RASTER_Q if doubled else S_RASTER_N) + _word(stride) + _word(len(data) // stride) + data)


def qr(payload: str, *, module: int, level: Literal["L", "M", "Q", "H"]) -> bytes:
    """A QR symbol drawn by the printer, model 2, `module` dots per module, "GS ( k" functions 165 to 181."""
    data = payload.encode("ascii")
    return (
        _symbol(b"\x41\x32\x00")
        + _symbol(b"\x43" + bytes((module,)))
        + _symbol(b"\x45" + bytes((_LEVELS[level],)))
        + _symbol(b"\x50\x30" + data)
        + _symbol(b"\x51\x30")
    )


def stored_logo(key: bytes) -> bytes:
    """The picture kept under two characters in the printer's memory, "GS ( L" function 69."""
    return _graphics(b"\x30\x45" + key + b"\x01\x01")


def store_logo(key: bytes, width: int, height: int, data: bytes) -> bytes:
    """Keep a picture under two characters, "GS ( L" function 67. Each call wears the printer's memory a little."""
    return _graphics(b"\x30\x43\x30" + key + b"\x01" + _word(width) + _word(height) + b"\x31" + data)


def _symbol(body: bytes) -> bytes:
    return bytes(GS + b"(k" + _word(len(body) + 1) + b"1" + body)


def _graphics(body: bytes) -> bytes:
    return bytes(GS + b"(L" + _word(len(body)) + body)


def _word(value: int) -> bytes:
    return value.to_bytes(2, "little")
