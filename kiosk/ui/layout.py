"""Placing things: one pass from the screen inwards, in reading direction, measured before it is drawn.

A screen is laid out whole, at once, when it is told what to show; nothing settles over several frames, so
what `centres` says about a button is true as soon as the screen is. Rows run from right to left when the
language does. Layout files name design tokens, never figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from kivy.graphics import BorderImage, Color
from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty, OptionProperty, StringProperty
from kivy.uix.widget import Widget

from kiosk.ui import shapes
from kiosk.ui.theme import Look

Size = tuple[int, int]


class Wishes:
    """What nodes wished for since `kept` was cleared, while a screen is arranged: nothing changes meanwhile but
    what `kiosk.ui.fitting` leaves out, which clears it. There is one window, and one thread that arranges."""

    kept: ClassVar[dict[tuple[int, int], Size]] = {}
    are_kept: ClassVar[bool] = False


class Node(Widget):
    """Something with a place on a screen.

    `tall` and `wide` fix a side by a size token, `grow` takes a share of the room left over, `rank` says what
    goes first where not everything fits (0 never goes), `shown` takes it off the screen without forgetting it.
    `grow_turned` is its share in a box that turned on a lying panel (-1: `grow`). `firm` keeps its
    width where a row is too narrow for everybody. `fits` is the answer of `kiosk.ui.fitting` to whether there
    was room, `spare` marks what a `Repeat` keeps for a longer list.
    """

    tall = StringProperty("")
    wide = StringProperty("")
    grow = NumericProperty(0)
    grow_turned = NumericProperty(-1)
    firm = BooleanProperty(False)
    rank = NumericProperty(0)
    shown = BooleanProperty(True)
    fits = BooleanProperty(True)
    spare = BooleanProperty(False)
    look = ObjectProperty(None, allownone=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(size_hint=(None, None), **kwargs)

    def wish(self, width: int) -> Size:
        """The size it would like when `width` pixels are there; asked once for each width while a screen is
        arranged, because every box asks on every level."""
        if not Wishes.are_kept:
            return self._wished(width)
        key = (id(self), width)
        if key not in Wishes.kept:
            Wishes.kept[key] = self._wished(width)
        return Wishes.kept[key]

    def _wished(self, width: int) -> Size:
        look: Look = self.look
        own_width, own_height = self.natural(look.size(self.wide) if self.wide else width)
        wide = look.size(self.wide) if self.wide else own_width
        return wide, max(own_height, look.size(self.tall)) if self.tall else own_height

    def natural(self, width: int) -> Size:
        """What its content takes within `width`, before `tall` and `wide` decide."""
        return 0, 0

    def place(self, x: int, y: int, width: int, height: int) -> None:
        """Stand at (x, y), the lower left corner in window pixels, and draw."""
        self.pos, self.size = (x, y), (width, height)
        self.paint()

    def paint(self) -> None:
        """Draw for the present size and look."""

    def on_touch_down(self, touch: Any) -> bool:
        """Hand a touch to what is inside, unless it cannot be seen."""
        return self.is_seen and bool(super().on_touch_down(touch))

    def adopt(self, look: Look) -> None:
        """Take another look, with everything inside; the next `place` draws in it."""
        self.look = look
        for child in self.children:
            child.adopt(look)

    @property
    def is_seen(self) -> bool:
        """Whether it is on the screen, as far as it decides itself."""
        return bool(self.shown and self.fits and not self.spare)

    def nodes(self) -> Iterator[Node]:
        """Itself and everything inside that is seen, first in reading order first."""
        if self.is_seen:
            yield self
            for child in reversed(self.children):
                yield from child.nodes()


class Panel:
    """The rounded ground of a box, as one stretched texture in a canvas."""

    def __init__(self, canvas: Any) -> None:
        self._canvas = canvas
        self._image: Any = None
        self._made: tuple[Any, ...] = ()

    def paint(
        self, node: Node, *, fill: str, edge: str = "", radius: str = "", stroke: str = "line", outset: str = ""
    ) -> None:
        """Fill the node with a colour token, with an edge when one is named; `outset` is how far it reaches out."""
        look: Look = node.look
        if not fill and not edge:
            self.erase()
            return
        out = look.space(outset)
        x, y, width, height = node.x - out, node.y - out, node.width + 2 * out, node.height + 2 * out
        rounding = min(look.radius(radius) + out, int(width) // 2, int(height) // 2)
        key = (rounding, look.palette.rgba(fill), look.palette.rgba(edge), look.stroke(stroke) if edge else 0)
        if self._image is None:
            with self._canvas:
                # A colour set by what was drawn before would tint the texture.
                Color(1, 1, 1, 1)
                self._image = BorderImage()
        if key != self._made:
            self._made = key
            self._image.texture = shapes.panel(key[0], fill=key[1], edge=key[2], stroke=key[3])
            # A texture stretched from its middle needs a border even without rounding.
            self._image.border = (max(rounding, key[3]),) * 4
        self._image.pos, self._image.size = (x, y), (width, height)

    def erase(self) -> None:
        """Draw nothing."""
        if self._image is not None:
            self._canvas.remove(self._image)
            self._image, self._made = None, ()


class Box(Node):
    """Children one after another along an axis, on a ground of its own when `fill` names a colour.

    `turn` swaps the axis on a lying panel. `align` places children across the axis ("stretch" fills it),
    `pack` along it where nothing grows. `ltr` keeps a row from being mirrored (keypads).
    """

    axis = OptionProperty("column", options=("column", "row"))
    turn = BooleanProperty(False)
    gap = StringProperty("")
    pad = StringProperty("")
    pad_across = StringProperty("")
    align = OptionProperty("stretch", options=("stretch", "start", "center", "end"))
    pack = OptionProperty("start", options=("start", "center", "end", "spread"))
    ltr = BooleanProperty(False)
    fill = StringProperty("")
    edge = StringProperty("")
    stroke = StringProperty("line")
    radius = StringProperty("")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._panel = Panel(self.canvas.before)

    @property
    def is_row(self) -> bool:
        """Whether children stand beside each other on the present panel."""
        return bool((self.axis == "row") != (self.turn and self.look.is_wide))

    @property
    def members(self) -> list[Node]:
        """The children that are seen, first one first."""
        return [child for child in reversed(self.children) if child.is_seen]

    def natural(self, width: int) -> Size:
        """Its children's wishes, with gaps and padding."""
        along, across = self._padding()
        members = self.members
        if not members:
            return 0, 0
        gaps = self.look.space(self.gap) * (len(members) - 1)
        if self.is_row:
            widths = self._widths(width - 2 * along)
            tallest = max(child.wish(w)[1] for child, w in zip(members, widths, strict=True))
            grows = any(self._share(child) for child in members)
            return width if grows else sum(widths) + gaps + 2 * along, tallest + 2 * across
        wishes = [child.wish(width - 2 * along) for child in members]
        return max(w for w, _ in wishes) + 2 * along, sum(h for _, h in wishes) + gaps + 2 * across

    def place(self, x: int, y: int, width: int, height: int) -> None:
        """Stand there and place the children inside."""
        super().place(x, y, width, height)
        for child in self.children:
            child.opacity = 1 if child.is_seen else 0
        if not self.members:
            return
        along, across = self._padding()
        inner = (x + along, y + across, max(0, width - 2 * along), max(0, height - 2 * across))
        if self.is_row:
            self._place_row(*inner)
        else:
            self._place_column(*inner)

    def paint(self) -> None:
        """Draw the ground."""
        self._panel.paint(self, fill=self.fill, edge=self.edge, radius=self.radius, stroke=self.stroke)

    def _share(self, child: Node) -> float:
        turned = self.turn and self.look.is_wide and child.grow_turned >= 0
        return float(child.grow_turned if turned else child.grow)

    def _padding(self) -> Size:
        """Padding at the sides, and above and below, in pixels."""
        sides = self.look.space(self.pad)
        return sides, self.look.space(self.pad_across) if self.pad_across else sides

    def _widths(self, width: int) -> list[int]:
        """How wide each member of a row becomes: its wish, then shares of what is left to those that grow."""
        members = self.members
        room = width - self.look.space(self.gap) * (len(members) - 1)
        shares = [self._share(child) for child in members]
        fixed = [0 if share else min(c.wish(room)[0], room) for c, share in zip(members, shares, strict=True)]
        if sum(fixed) > room:
            fixed = _squeezed(fixed, [bool(child.firm) for child in members], room)
        spare, whole = max(0, room - sum(fixed)), sum(shares)
        return [int(spare * share / whole) if share else part for share, part in zip(shares, fixed, strict=True)]

    def _place_row(self, x: int, y: int, width: int, height: int) -> None:
        widths = self._widths(width)
        gap, at = self._packed(sum(widths), width, len(widths))
        is_mirrored = self.look.rtl and not self.ltr
        for child, wide in zip(self.members, widths, strict=True):
            tall = height if self.align == "stretch" else min(height, child.wish(wide)[1])
            bottom = y + {"start": height - tall, "end": 0}.get(self.align, (height - tall) // 2)
            child.place(x + width - at - wide if is_mirrored else x + at, bottom, wide, tall)
            at += wide + gap

    def _place_column(self, x: int, y: int, width: int, height: int) -> None:
        members = self.members
        wishes = [child.wish(width) for child in members]
        spare = height - sum(h for _, h in wishes) - self.look.space(self.gap) * (len(members) - 1)
        shares = [self._share(child) for child in members]
        extra = [int(max(0, spare) * share / sum(shares)) if share else 0 for share in shares]
        tall = [h + more for (_, h), more in zip(wishes, extra, strict=True)]
        gap, at = self._packed(sum(tall), height, len(tall))
        at_start = self.align == "start"
        for child, (wish, _), high in zip(members, wishes, tall, strict=True):
            wide = width if self.align == "stretch" else min(width, wish)
            if self.align in ("stretch", "center"):
                left = x + (width - wide) // 2
            else:
                left = x if at_start != self.look.rtl else x + width - wide
            child.place(left, y + height - at - high, wide, high)
            at += high + gap

    def _packed(self, taken: int, room: int, count: int) -> Size:
        """The gap between members and where the first one begins."""
        gap = self.look.space(self.gap)
        spare = max(0, room - taken - gap * (count - 1))
        if self.pack == "spread" and count > 1:
            return gap + spare // (count - 1), 0
        return gap, {"center": spare // 2, "end": spare}.get(self.pack, 0)


def _squeezed(widths: list[int], firm: list[bool], room: int) -> list[int]:
    """`widths` cut down to `room` together, those that are firm as they are."""
    kept = sum(width for width, is_firm in zip(widths, firm, strict=True) if is_firm)
    loose = sum(widths) - kept
    left = max(0, room - kept)
    return [w if is_firm or not loose else w * left // loose for w, is_firm in zip(widths, firm, strict=True)]


class Row(Box):
    """A box whose children stand beside each other, middles in line."""

    axis = OptionProperty("row", options=("column", "row"))
    align = OptionProperty("center", options=("stretch", "start", "center", "end"))


class Flow(Row):
    """A row whose members stand below each other where they do not fit beside each other."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._is_narrow = False

    @property
    def is_row(self) -> bool:
        """Whether there was room for a row when it was measured last."""
        return not self._is_narrow

    def natural(self, width: int) -> Size:
        """The row's size, or the column's where the row is too long."""
        self._measure(width)
        return super().natural(width)

    def place(self, x: int, y: int, width: int, height: int) -> None:
        """Stand there as a row or as a column."""
        self._measure(width)
        super().place(x, y, width, height)

    def _measure(self, width: int) -> None:
        along, _ = self._padding()
        wishes = [child.wish(width)[0] for child in self.members]
        needed = sum(wishes) + self.look.space(self.gap) * max(0, len(wishes) - 1) + 2 * along
        self._is_narrow = needed > width
        self.align = "start" if self._is_narrow else "center"


class Column(Box):
    """A box whose children stand above each other."""


class Spacer(Node):
    """Room: as much as `grow` takes, or as `tall` says."""


class Repeat(Box):
    """One `of` for each of `items`, made once and used again; each is given its item."""

    items = ObjectProperty(())
    of = StringProperty("")

    def on_items(self, *_: Any) -> None:
        """Give each member its item and make what is missing; what is too much is emptied and kept."""
        from kivy.factory import Factory

        while len(self.children) < len(self.items):
            made = Factory.get(self.of)()
            self.add_widget(made)
            if self.look is not None:
                made.adopt(self.look)
        for place, member in enumerate(reversed(self.children)):
            member.spare = place >= len(self.items)
            member.item = member.property("item").defaultvalue if member.spare else self.items[place]
