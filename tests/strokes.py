"""Counts the separate marks and the holes of a 1-bit picture: where they differ, letters do too."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image

Run = tuple[int, int]


def topology(mask: Image.Image, *, threshold: int = 128) -> tuple[int, int]:
    """Marks (joined also at corners) and holes (joined at sides only) of what is at least `threshold`."""
    framed = Image.new("L", (mask.width + 2, mask.height + 2))
    framed.paste(mask.point(lambda v: 255 if v >= threshold else 0), (1, 1))
    data = framed.tobytes()
    rows = [data[i * framed.width : (i + 1) * framed.width] for i in range(framed.height)]
    marks = _components((list(_runs(row, 255)) for row in rows), reach=1)
    grounds = _components((list(_runs(row, 0)) for row in rows), reach=0)
    return marks, grounds - 1


def _runs(row: bytes, value: int) -> Iterable[Run]:
    wanted, other = bytes((value,)), bytes((255 - value,))
    end = 0
    while (start := row.find(wanted, end)) >= 0:
        end = row.find(other, start)
        end = len(row) if end < 0 else end
        yield start, end


def _components(rows: Iterable[list[Run]], *, reach: int) -> int:
    parent: list[int] = []

    def root(label: int) -> int:
        while parent[label] != label:
            parent[label] = parent[parent[label]]
            label = parent[label]
        return label

    above: list[tuple[Run, int]] = []
    for row in rows:
        here = []
        for start, end in row:
            parent.append(len(parent))
            label = len(parent) - 1
            for (left, right), other in above:
                if left < end + reach and start < right + reach:
                    parent[root(other)] = root(label)
            here.append(((start, end), label))
        above = here
    return len({root(label) for label in range(len(parent))})
