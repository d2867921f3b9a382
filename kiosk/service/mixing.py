"""The dice behind the invented subscribers: whole-number mixing, the same on every Python and machine."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import TypeVar

_WORD = (1 << 64) - 1

_UNPACK = struct.Struct("<32H").unpack

_Item = TypeVar("_Item")


def mix(value: int) -> int:
    """A whole number scattered over 64 bits: the output step of SplitMix64 (Steele and others, OOPSLA 2014)."""
    value = (value + 0x9E37_79B9_7F4A_7C15) & _WORD
    value = ((value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB) & _WORD
    return value ^ (value >> 31)


def throws(key: int, block: int = 0) -> tuple[int, ...]:
    """Thirty-two numbers of 16 bits decided by a key of at most 96 bits and the number of the block."""
    return _UNPACK(hashlib.blake2b((block << 96 | key).to_bytes(16, "little")).digest())


class Dice:
    """A stream of throws decided by one key; the same key throws the same."""

    __slots__ = ("_block", "_key", "_left")

    def __init__(self, key: int) -> None:
        self._key = key
        self._block = 0
        self._left = iter(throws(key))

    def below(self, end: int) -> int:
        """A number from 0 to `end - 1`; `end` is at most 65 536."""
        for throw in self._left:
            return throw * end >> 16
        self._block += 1
        self._left = iter(throws(self._key, self._block))
        return next(self._left) * end >> 16

    def chance(self, per_mille: int) -> bool:
        """True `per_mille` times in a thousand."""
        return self.below(1000) < per_mille

    def pick(self, items: Sequence[_Item]) -> _Item:
        """One of `items`, each as likely."""
        return items[self.below(len(items))]

    def digits(self, count: int) -> str:
        """`count` decimal digits, leading zeros kept."""
        text = ""
        while len(text) < count:
            text += f"{self.below(10_000):04d}"
        return text[:count]


class Permutation:
    """The numbers of `digits` decimal digits in another order, one to one, without a table.

    A Feistel network of two unequal decimal halves: every round adds to one half what the other decides.
    """

    __slots__ = ("_keys", "_left", "_right")

    def __init__(self, key: int, *, digits: int) -> None:
        self._left = int(10 ** (digits // 2))
        self._right = int(10 ** (digits - digits // 2))
        self._keys = [mix(key * 8 + turn) for turn in range(6)]

    def __len__(self) -> int:
        return self._left * self._right

    def forward(self, number: int) -> int:
        """Where `number` (0 to `len - 1`) goes."""
        left, right = divmod(number, self._right)
        for even, odd in zip(self._keys[::2], self._keys[1::2], strict=True):
            left = (left + mix(even ^ right)) % self._left
            right = (right + mix(odd ^ left)) % self._right
        return left * self._right + right

    def backward(self, number: int) -> int:
        """What goes to `number`."""
        left, right = divmod(number, self._right)
        for even, odd in zip(self._keys[-2::-2], self._keys[::-2], strict=True):
            right = (right - mix(odd ^ left)) % self._right
            left = (left - mix(even ^ right)) % self._left
        return left * self._right + right
