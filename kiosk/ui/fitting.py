"""What a screen leaves out where not everything has room: the least important first, and never a smaller text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from kiosk.ui.layout import Node, Wishes


def fit(root: Node, has_room: Callable[[], bool]) -> bool:
    """Decide what inside `root` is left out so that the rest `has_room`.

    What has a `rank` leaves, highest first, all of one rank together, until the rest fits. Then what left for
    nothing (beside something as tall, say) comes back, lowest rank first. What has none never leaves. False when
    there is no room even so.
    """
    ranked = sorted(_ranked(root), key=_rank)
    _let(ranked, fit=True)
    if has_room():
        return True
    groups = [list(group) for _, group in groupby(ranked, _rank)]
    gone: list[list[Node]] = []
    while groups and not has_room():
        gone.insert(0, groups.pop())
        _let(gone[0], fit=False)
    if not has_room():
        return False
    for group in gone:
        _let(group, fit=True)
        if not has_room():
            _let(group, fit=False)
    return True


def _ranked(node: Node) -> Iterator[Node]:
    """Everything inside that may be left out."""
    for child in node.children:
        if child.rank:
            yield child
        yield from _ranked(child)


def _rank(node: Node) -> float:
    return float(node.rank)


def _let(group: list[Node], *, fit: bool) -> None:
    for node in group:
        node.fits = fit
    Wishes.kept.clear()
