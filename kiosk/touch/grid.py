"""The technician's test of a touch panel: a finger drawn over every cell of a grid."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

CELL_MM = 6.35
"""The side of a cell at most, half of the smallest target: a dead place as large as that one is always found."""


class TouchGrid:
    """Which cells a finger has been on. Places are in mm from the panel's lower left corner."""

    def __init__(self, width_mm: float, height_mm: float) -> None:
        self._size = (width_mm, height_mm)
        self.columns, self.rows = ceil(width_mm / CELL_MM), ceil(height_mm / CELL_MM)
        self._felt: set[tuple[int, int]] = set()
        self._last: tuple[float, float] | None = None

    def down(self, x: float, y: float) -> None:
        """A finger came down at (x, y)."""
        self._last = (x, y)
        self._felt.add(self._cell(x, y))

    def moved(self, x: float, y: float) -> None:
        """The finger slid to (x, y); what lies between counts as far as the panel reported it closely enough.

        A jump over more than a cell is no proof that the cells between are alive.
        """
        if self._last is not None:
            before = self._last
            if abs(x - before[0]) <= CELL_MM and abs(y - before[1]) <= CELL_MM:
                self._felt.add(self._cell((x + before[0]) / 2, (y + before[1]) / 2))
        self.down(x, y)

    def up(self) -> None:
        """The finger left."""
        self._last = None

    def is_felt(self, column: int, row: int) -> bool:
        """Whether a finger was on this cell; (0, 0) is at the lower left."""
        return (column, row) in self._felt

    @property
    def missing(self) -> tuple[tuple[int, int], ...]:
        """The cells that no finger was on yet, row by row from below."""
        return tuple(cell for cell in self._cells() if cell not in self._felt)

    @property
    def is_done(self) -> bool:
        """Whether the whole panel was felt."""
        return not self.missing

    def _cells(self) -> Iterator[tuple[int, int]]:
        for row in range(self.rows):
            for column in range(self.columns):
                yield column, row

    def _cell(self, x: float, y: float) -> tuple[int, int]:
        width, height = self._size
        column = int(x / width * self.columns)
        row = int(y / height * self.rows)
        return min(max(column, 0), self.columns - 1), min(max(row, 0), self.rows - 1)
