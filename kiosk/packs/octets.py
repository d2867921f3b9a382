"""Whole numbers in as few bytes as they need: seven bits a byte, the lowest first, as in LEB128."""

from __future__ import annotations


class Truncated(ValueError):
    """The bytes end in the middle of a value."""


class Writer:
    """Collects values into `octets`."""

    __slots__ = ("octets",)

    def __init__(self) -> None:
        self.octets = bytearray()

    def number(self, value: int) -> None:
        """A number that is not negative."""
        octets = self.octets
        while value > 0x7F:
            octets.append(value & 0x7F | 0x80)
            value >>= 7
        octets.append(value)

    def signed(self, value: int) -> None:
        """Any number; small ones stay short on both sides of zero."""
        self.number(value << 1 if value >= 0 else (-value << 1) - 1)

    def text(self, value: bytes) -> None:
        """Bytes behind their length."""
        self.number(len(value))
        self.octets += value


class Reader:
    """Takes the values out again, in the same order.

    Raises:
        Truncated: from every method, when there is no whole value left.
    """

    __slots__ = ("_at", "_octets")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def number(self) -> int:
        """What `Writer.number` wrote."""
        octets, at = self._octets, self._at
        try:
            byte = octets[at]
            if byte < 0x80:
                self._at = at + 1
                return byte
            value, shift = byte & 0x7F, 7
            while byte > 0x7F:
                at += 1
                byte = octets[at]
                value |= (byte & 0x7F) << shift
                shift += 7
        except IndexError:
            raise Truncated from None
        self._at = at + 1
        return value

    def numbers(self, count: int) -> list[int]:
        """As many of what `Writer.number` wrote."""
        octets, at, values = self._octets, self._at, []
        try:
            for _ in range(count):
                value = octets[at]
                at += 1
                if value > 0x7F:
                    self._at = at - 1
                    value = self.number()
                    at = self._at
                values.append(value)
        except IndexError:
            raise Truncated from None
        self._at = at
        return values

    def signed(self) -> int:
        """What `Writer.signed` wrote."""
        value = self.number()
        return value >> 1 if not value & 1 else -((value + 1) >> 1)

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        taken = self._octets[self._at : self._at + count]
        if len(taken) != count:
            raise Truncated
        self._at += count
        return taken

    def text(self) -> bytes:
        """What `Writer.text` wrote."""
        return self.take(self.number())

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._octets) - self._at)
