"""Paper as a thermal head leaves it: dots in rows, cut into slips."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from PIL import Image, ImageChops

# A head cannot print wider than this; keeps a wild command from filling the memory.
_MOST_ROWS = 60_000
# A simulated terminal may run for weeks.
_KEPT = 200
# Pillow keeps any value in a mode "1" picture; only 0 and 255 invert well.
_WHITE = 255


@dataclass(frozen=True, slots=True)
class Slip:
    """One piece of paper that was cut off: `image` mode "1", black on white, white rows at the end left out."""

    image: Image.Image

    @property
    def is_blank(self) -> bool:
        """Whether nothing is on it."""
        return self.image.height == 0


@dataclass(slots=True)
class Paper:
    """The strip between the head and the last cut, and the last slips that were cut; `width` in dots."""

    width: int
    slips: deque[Slip] = field(default_factory=lambda: deque(maxlen=_KEPT))
    cuts: int = 0
    rows_fed: int = 0
    _strip: list[tuple[int, Image.Image]] = field(default_factory=list)
    _y: int = 0

    def print(self, image: Image.Image, x: int, *, feed: int) -> None:
        """Burn a mode "1" picture (black on white) with its left edge at dot `x`, and move on by `feed` rows."""
        row = Image.new("1", (self.width, image.height), _WHITE)
        # Only ink is put down, and what is beyond the head is nowhere.
        row.paste(0, (x, 0), ImageChops.invert(image))
        if row.height and self._y < _MOST_ROWS:
            self._strip.append((self._y, row))
        self.feed(feed)

    def feed(self, rows: int) -> None:
        """Move on without printing."""
        self._y += rows
        self.rows_fed += rows

    def cut(self) -> None:
        """Cut off what there is; a blank piece is a slip, too."""
        self.slips.append(Slip(self.torso()))
        self.cuts += 1
        self._strip.clear()
        self._y = 0

    def torso(self) -> Image.Image:
        """What hangs uncut in the printer, up to its last black row; height 0: nothing."""
        height = max((y + row.height for y, row in self._strip), default=0)
        whole = Image.new("1", (self.width, height), _WHITE)
        for y, row in self._strip:
            whole.paste(0, (0, y), ImageChops.invert(row))
        ink = ImageChops.invert(whole.convert("L")).getbbox() if height else None
        return whole.crop((0, 0, self.width, ink[3] if ink else 0))
