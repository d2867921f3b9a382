"""Things of one kind in rows of equal width: as many beside each other as have room."""

from __future__ import annotations

from math import ceil

from kiosk.ui.layout import Repeat, Size


class Grid(Repeat):
    """The members in rows as even as can be, each as wide as the others, each row as high as its highest."""

    def natural(self, width: int) -> Size:
        """As wide as there is room, as high as its rows."""
        columns = self._columns(width)
        if not columns:
            return 0, 0
        heights = self._heights(width, columns)
        return width, sum(heights) + self.look.space(self.gap) * (len(heights) - 1)

    def place(self, x: int, y: int, width: int, height: int) -> None:
        """Place the members in reading direction, row by row."""
        columns = self._columns(width)
        super().place(x, y, width, height)
        if not columns:
            return
        gap, wide, top = self.look.space(self.gap), self._cell(width, columns), y + height
        heights = self._heights(width, columns)
        for number, member in enumerate(self.members):
            row, column = divmod(number, columns)
            left = column * (wide + gap)
            bottom = top - sum(heights[: row + 1]) - gap * row
            member.place(x + width - left - wide if self.look.rtl else x + left, bottom, wide, heights[row])

    def _cell(self, width: int, columns: int) -> int:
        return int((width - self.look.space(self.gap) * (columns - 1)) // columns)

    def _columns(self, width: int) -> int:
        """How many stand beside each other; 0 without members."""
        members = self.members
        if not members:
            return 0
        widest = max(member.wish(width)[0] for member in members)
        fitting = (n for n in range(len(members), 1, -1) if self._cell(width, n) >= widest)
        return ceil(len(members) / ceil(len(members) / next(fitting, 1)))

    def _heights(self, width: int, columns: int) -> list[int]:
        wide = self._cell(width, columns)
        tall = [member.wish(wide)[1] for member in self.members]
        return [max(tall[start : start + columns]) for start in range(0, len(tall), columns)]
