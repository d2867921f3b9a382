"""Carries out ESC/POS commands in standard mode: dots exact for pictures, letters from a font of its own.

Lines collect text and columns on a common lower edge and are printed by a feed; pictures and codes stand on
their own (ESC/POS reference, "Standard mode").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from devices.simulation.paper import Paper

_CELL = (12, 24)
_DEFAULT_SPACING = 30
_LEVELS = "LMQH"
_WHITE = 255
# Capitals of this size are as high as a printer's, and this dark a dot is burnt.
_LETTER_SIZE = 20
_GREY = 150
# The feed from head to cutter that GS V 66 makes, in rows: about 15 mm on most mechanisms.
CUT_FEED = 120


@dataclass(frozen=True, slots=True)
class Style:
    """What ESC @ resets."""

    spacing: int = _DEFAULT_SPACING
    justify: int = 0
    left: int = 0
    area: int | None = None
    wide: int = 1
    high: int = 1
    bold: bool = False
    module: int = 3
    level: str = "L"


@dataclass(slots=True)
class Interpreter:
    """One printer's head and memory. `execute` takes one whole command at a time.

    `pictures` is the memory that survives power cuts, `rows` what the last command moved the paper by.
    `cut` is called instead of cutting at once, so that a machine can have a cutter that jams.
    """

    paper: Paper
    cut: Callable[[], None]
    pictures: dict[bytes, Image.Image] = field(default_factory=dict)
    unknown: deque[bytes] = field(default_factory=lambda: deque(maxlen=100))
    _style: Style = field(default_factory=Style)
    _line: list[tuple[int, Image.Image]] = field(default_factory=list)
    _x: int = 0
    _extent: int = 0
    _code: bytes = b""
    _stored: Image.Image | None = None

    def reset(self) -> None:
        """ESC @, or power on."""
        self._style = Style()
        self._line.clear()
        self._x = self._extent = 0
        self._code, self._stored = b"", None

    def execute(self, command: bytes) -> int:
        """Do it; the rows that the paper moved."""
        before = self.paper.rows_fed
        if len(command) == 1 and 0x20 <= command[0] <= 0xFF:
            self._letter(command)
        elif command == b"\n":
            self._end_line(self._style.spacing)
        elif not self._two_byte(command) and command not in (b"\0", b"\r", b"\t"):
            self.unknown.append(command[:8])
        return self.paper.rows_fed - before

    def _two_byte(self, command: bytes) -> bool:
        handler = _HANDLERS.get(command[:2])
        if handler is None:
            return False
        handler(self, command)
        return True

    def _letter(self, command: bytes) -> None:
        style = self._style
        cell = _cell(command, style.wide, style.high, style.bold)
        if self._x + cell.width > self._area and self._line:
            self._end_line(style.spacing)
        self._put(cell)

    def _put(self, image: Image.Image) -> None:
        self._line.append((self._x, image))
        self._move(self._x + image.width)

    def _move(self, x: int) -> None:
        self._x = x
        self._extent = max(self._extent, x)

    def _end_line(self, feed: int) -> None:
        height = max((image.height for _, image in self._line), default=0)
        if height:
            row = Image.new("1", (self.paper.width, height), _WHITE)
            left = self._style.left + self._offset(min(self._extent, self._area))
            for x, image in self._line:
                row.paste(0, (left + x, height - image.height), _ink(image))
            self.paper.print(row, 0, feed=max(feed, height))
        else:
            self.paper.feed(feed)
        self._line.clear()
        self._x = self._extent = 0

    def _block(self, image: Image.Image) -> None:
        if self._line:
            self._end_line(self._style.spacing)
        left = self._style.left + self._offset(min(image.width, self._area))
        self.paper.print(image, left, feed=image.height)

    @property
    def _area(self) -> int:
        rest = self.paper.width - min(self._style.left, self.paper.width)
        return rest if self._style.area is None else min(self._style.area, rest)

    def _offset(self, width: int) -> int:
        return (0, (self._area - width) // 2, self._area - width)[self._style.justify]

    def _columns(self, command: bytes) -> None:
        mode, count = command[2], _word(command, 3)
        if mode not in (0, 1, 32, 33) or not count:
            self.unknown.append(command[:8])
            return
        deep = 24 if mode in (32, 33) else 8
        turned = Image.frombytes("1", (deep, count), bytes(b ^ 0xFF for b in command[5:]), "raw", "1")
        image = turned.transpose(Image.Transpose.TRANSPOSE)
        # Single density doubles the columns; 8-dot modes stretch each dot over three rows.
        self._put(_scaled(image, 1 if mode in (1, 33) else 2, 1 if deep == 24 else 3))

    def _raster(self, command: bytes) -> None:
        width, height, mode = _word(command, 4) * 8, _word(command, 6), command[3] % 48
        if width and height and mode < 4:
            self._block(_scaled(_dots(command[8:], width, height), 1 + (mode & 1), 1 + (mode >> 1)))

    def _graphics(self, command: bytes) -> None:
        data = command[7:] if command[1] == 0x38 else command[5:]
        match data[1:2]:
            case b"\x70":
                self._stored = _scaled(_dots(data[10:], _word(data, 6), _word(data, 8)), data[3], data[4])
            case b"\x02" | b"\x32":
                if self._stored is not None:
                    self._block(self._stored)
                self._stored = None
            case b"\x43":
                self.pictures[data[3:5]] = _dots(data[11:], _word(data, 6), _word(data, 8))
            case b"\x45":
                if data[2:4] in self.pictures:
                    self._block(_scaled(self.pictures[data[2:4]], data[4], data[5]))
            case b"\x42":
                self.pictures.pop(data[3:5], None)
            case _:
                self.unknown.append(command[:8])

    def _code_2d(self, command: bytes) -> None:
        kind, function, rest = command[5], command[6], command[7:]
        match (kind, function):
            case (0x31, 0x43):
                self._style = replace(self._style, module=rest[0])
            case (0x31, 0x45):
                self._style = replace(self._style, level=_LEVELS[(rest[0] - 48) % 4])
            case (0x31, 0x50):
                self._code = rest[1:]
            case (0x31, 0x51):
                if self._code:
                    self._block(_qr(self._code, self._style.level, self._style.module))
            case (0x31, 0x41):
                return
            case _:
                self.unknown.append(command[:8])

    def _set(self, **changes: object) -> None:
        self._style = replace(self._style, **changes)  # type: ignore[arg-type]

    def _cut(self, command: bytes) -> None:
        if self._line:
            self._end_line(self._style.spacing)
        if len(command) == 4:
            self.paper.feed(CUT_FEED + command[3])
        self.cut()


def _print_mode(it: Interpreter, command: bytes) -> None:
    n = command[2]
    it._set(bold=bool(n & 8), high=2 if n & 16 else 1, wide=2 if n & 32 else 1)


def _nothing(it: Interpreter, command: bytes) -> None:
    return


_HANDLERS: Mapping[bytes, Callable[[Interpreter, bytes], None]] = {
    b"\x1b@": lambda it, c: it.reset(),
    b"\x1b2": lambda it, c: it._set(spacing=_DEFAULT_SPACING),
    b"\x1b3": lambda it, c: it._set(spacing=c[2]),
    b"\x1bJ": lambda it, c: it._end_line(c[2]),
    b"\x1bd": lambda it, c: it._end_line(c[2] * it._style.spacing),
    b"\x1ba": lambda it, c: it._set(justify=c[2] % 48 % 3),
    b"\x1b$": lambda it, c: it._move(_word(c, 2)),
    b"\x1b\\": lambda it, c: it._move(max(it._x + _signed(c, 2), 0)),
    b"\x1b*": Interpreter._columns,
    b"\x1bE": lambda it, c: it._set(bold=bool(c[2] & 1)),
    b"\x1bG": lambda it, c: it._set(bold=bool(c[2] & 1)),
    b"\x1b!": _print_mode,
    b"\x1bt": _nothing,
    b"\x1bM": _nothing,
    b"\x1bR": _nothing,
    b"\x1b ": _nothing,
    b"\x1dP": _nothing,
    b"\x1bi": Interpreter._cut,
    b"\x1bm": Interpreter._cut,
    b"\x1dV": Interpreter._cut,
    b"\x1d!": lambda it, c: it._set(wide=(c[2] >> 4 & 7) + 1, high=(c[2] & 7) + 1),
    b"\x1dL": lambda it, c: it._set(left=_word(c, 2)),
    b"\x1dW": lambda it, c: it._set(area=_word(c, 2)),
    b"\x1dv": Interpreter._raster,
    b"\x1d8": Interpreter._graphics,
    b"\x1d(": lambda it, c: (it._code_2d if c[2:3] == b"k" else it._graphics)(c),
}


def _word(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8


def _signed(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little", signed=True)


def _dots(data: bytes, width: int, height: int) -> Image.Image:
    """Rows of dots (1 is black) as a picture; what is missing of them is white."""
    rows = bytes(b ^ 0xFF for b in data).ljust((width + 7) // 8 * height, b"\xff")
    return Image.frombytes("1", (width, height), rows, "raw", "1")


def _scaled(image: Image.Image, wide: int, high: int) -> Image.Image:
    if (wide, high) == (1, 1):
        return image
    return image.resize((image.width * wide, image.height * high), Image.Resampling.NEAREST)


def _ink(image: Image.Image) -> Image.Image:
    return image.point(lambda dot: 255 - dot, mode="1")


@lru_cache(maxsize=512)
def _cell(letter: bytes, wide: int, high: int, bold: bool) -> Image.Image:
    """One character of font A: a letter of Pillow's own font, squeezed where wider, in a cell of 12 x 24 dots."""
    font = ImageFont.load_default(_LETTER_SIZE)
    left, _, right, _ = font.getbbox(letter.decode("latin-1"))
    width = max(round(right - left), 1)
    drawn = Image.new("L", (width, _CELL[1]), _WHITE)
    ImageDraw.Draw(drawn).text((-left, 0), letter.decode("latin-1"), fill=0, font=font)
    narrow = min(width, _CELL[0] - 1 - bold)
    cell = Image.new("1", _CELL, _WHITE)
    dots = drawn.resize((narrow, _CELL[1])).point(lambda grey: 255 if grey >= _GREY else 0, mode="1")
    cell.paste(dots, ((_CELL[0] - narrow) // 2, 0))
    if bold:
        cell.paste(0, (1, 0), _ink(cell))
    return _scaled(cell, wide, high)


@lru_cache(maxsize=32)
def _qr(payload: bytes, level: str, module: int) -> Image.Image:
    import qrcode
    from qrcode import constants

    code = qrcode.QRCode(border=0, error_correction=getattr(constants, f"ERROR_CORRECT_{level}"))
    code.add_data(payload, optimize=0)
    code.make()
    matrix = code.get_matrix()
    image = Image.new("1", (len(matrix), len(matrix)), _WHITE)
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            if dark:
                image.putpixel((x, y), 0)
    return _scaled(image, module, module)
