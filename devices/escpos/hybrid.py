"""The fewest bytes: the printer's own letters for Latin and figures, its own QR codes, its stored logo.

Arabic stays exact to the dot. A text moves by three dots at most from its place in the picture, and is sent as a
picture after all where the printer's letters would touch something else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from devices.escpos import commands
from devices.escpos.lines import STRIP, Tape
from devices.escpos.profiles import Profile
from devices.escpos.raster import Dots
from devices.page import LogoTile, Page, Piece, QrTile, TextTile

_SHIFT = 3
"""How far a text may move up or down, in dots."""

_FONT_A = (12, 24)
"""A printer's font A in dots, as `TextTile` reckons with it."""

_REACH = 8
"""How far Arabic letters reach over and under a strip, in dots."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Texts that the printer sets in one line whose upper edge is row `top`."""

    top: int
    texts: tuple[TextTile, ...]

    @property
    def height(self) -> int:
        return STRIP * self.texts[0].scale

    @property
    def bottom(self) -> int:
        return self.top + self.height


def encode_hybrid(page: Page, profile: Profile, *, stored: Collection[str] = ()) -> bytes:
    """The page for a printer of this profile.

    `stored` holds the digests of the logos known to be in the printer's memory.
    """
    codes = [piece for piece in page.pieces if _is_own(piece, profile, stored) and _is_alone(piece, page.pieces)]
    # A page leaves room for letters of this size and no other.
    sets_text = profile.printer_font and (profile.font_width, profile.font_height) == _FONT_A
    texts = [piece for piece in page.pieces if isinstance(piece, TextTile) and sets_text]
    rest: list[Piece] = [piece for piece in page.pieces if piece not in codes and piece not in texts]
    lines, dots = _lines(texts, rest, page)
    tape = Tape(dots, profile)
    natives: list[_Line | Piece] = [*lines, *codes]
    for native in sorted(natives, key=_top):
        tape.dots_to(_top(native))
        _print(tape, native)
    tape.dots_to(page.height)
    return tape.end(page.height)


def logo_key(digest: str) -> bytes:
    """The two characters a logo of this digest is kept under in a printer's memory."""
    first, second = divmod(int.from_bytes(sha256(digest.encode()).digest()[:4], "big") % (94 * 94), 94)
    return bytes((0x21 + first, 0x21 + second))


def store_logo(logo: LogoTile) -> bytes:
    """The command that keeps `logo` in a printer's memory; send it once, not with every job: the memory wears."""
    return commands.store_logo(logo_key(logo.digest), logo.width, logo.height, logo.rows)


def _is_own(piece: Piece, profile: Profile, stored: Collection[str]) -> bool:
    match piece:
        case QrTile():
            return profile.native_qr
        case LogoTile():
            return profile.nv_logo and piece.digest in stored
    return False


def _is_alone(piece: Piece, pieces: Iterable[Piece]) -> bool:
    return not any(
        other is not piece and other.y < piece.y + piece.height and piece.y < other.y + other.height
        for other in pieces
    )


def _lines(texts: Sequence[TextTile], rest: list[Piece], page: Page) -> tuple[list[_Line], Dots]:
    """The texts that the printer can set, and the dots of everything else."""
    while True:
        dots = Dots.of(rest, page.width, page.height)
        lines: list[_Line] = []
        refused: list[TextTile] = []
        for group in _groups(texts):
            after = lines[-1].bottom if lines else 0
            top = _best_top(group, dots, after)
            clear = [text for text in group if top is not None and _is_clear(text, top, dots)]
            # Twice as high, a line leaves no room for strips beside it.
            if top is None or (group[0].scale == 2 and (len(clear) < len(group) or _shadow(dots, top, 2 * STRIP))):
                clear = []
            refused += [text for text in group if text not in clear]
            if clear and top is not None:
                lines.append(_Line(top, tuple(clear)))
        if not refused:
            return lines, dots
        texts = [text for text in texts if text not in refused]
        rest = [*rest, *refused]


def _groups(texts: Sequence[TextTile]) -> list[list[TextTile]]:
    groups: list[list[TextTile]] = []
    for text in sorted(texts, key=lambda text: (text.y, text.x)):
        if groups and (text.y, text.scale) == (groups[-1][0].y, groups[-1][0].scale):
            groups[-1].append(text)
        else:
            groups.append([text])
    return groups


def _best_top(group: Sequence[TextTile], dots: Dots, after: int) -> int | None:
    """The row near the texts' own from which the strips beside them leave the least ink over."""
    y = group[0].y
    tops = [top for top in range(y - _SHIFT, y + _SHIFT + 1) if top >= after]
    if group[0].scale == 2:
        return y if y >= after else None
    clear = [top for top in tops if all(_is_clear(text, top, dots) for text in group)]
    return min(clear or tops, key=lambda top: (_left_over(dots, top), abs(top - y)), default=None)


def _left_over(dots: Dots, top: int) -> int:
    """About the bytes that ink just over and just under the strips from `top` will cost."""
    return _rows_cost(dots, max(top - _REACH, 0), top) + _rows_cost(dots, top + STRIP, top + STRIP + _REACH)


def _rows_cost(dots: Dots, start: int, end: int) -> int:
    rows = [row for row in dots.rows[start:end] if row]
    shadow = _shadow(dots, start, end - start)
    if not shadow:
        return 0
    across = shadow.bit_length() - (shadow & -shadow).bit_length() + 8
    return 12 + len(rows) * (across // 8)


def _is_clear(text: TextTile, top: int, dots: Dots) -> bool:
    span = ((1 << text.width) - 1) << dots.width - text.x - text.width
    return not _shadow(dots, top, STRIP * text.scale) & span


def _shadow(dots: Dots, top: int, height: int) -> int:
    found = 0
    for row in dots.rows[top : top + height]:
        found |= row
    return found


def _top(native: _Line | Piece) -> int:
    return native.top if isinstance(native, _Line) else native.y


def _print(tape: Tape, native: _Line | Piece) -> None:
    match native:
        case _Line():
            tape.feed_to(native.top)
            _print_line(tape, native)
        case QrTile():
            quiet = native.quiet * native.module
            tape.feed_to(native.y + quiet)
            symbol = commands.qr(native.payload, module=native.module, level=native.level)
            tape.put(symbol, left=native.x + quiet, moves=native.height - 2 * quiet)
        case LogoTile():
            tape.feed_to(native.y)
            tape.put(commands.stored_logo(logo_key(native.digest)), left=native.x, moves=native.height)


def _print_line(tape: Tape, line: _Line) -> None:
    scale = line.texts[0].scale
    strips = [] if scale == 2 else list(tape.strips(line.top))
    parts = [(x, commands.columns(data)) for x, data in strips]
    parts += [(_own_x(text), _own_text(text)) for text in line.texts]
    for x, command in sorted(parts, key=lambda part: part[0]):
        tape.put(commands.position(x) + command)
    tape.feed(line.height)


def _own_x(text: TextTile) -> int:
    """Where the printer's letters begin: they may be narrower than a picture with wide letters."""
    return text.x + (text.width - _FONT_A[0] * text.scale * len(text.text)) // 2


def _own_text(text: TextTile) -> bytes:
    letters = text.text.encode("ascii")
    if text.bold:
        letters = commands.bold(True) + letters + commands.bold(False)
    return commands.size(2) + letters + commands.size(1) if text.scale == 2 else letters
