"""The keys of a tactile keypad by name, and what each of them does: digits are fixed, the rest is a setting.

Keys are known by their place on the keyboard (page 7 of the USB HID Usage Tables, which SDL calls scancodes), so
that the layout set on the machine plays no part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

DIGITS: Mapping[int, str] = {
    **{30 + at: digit for at, digit in enumerate("1234567890")},
    **{89 + at: digit for at, digit in enumerate("1234567890")},
}
"""The digits of the main row and of the number block, whatever Num Lock says."""

_NAMES: Mapping[str, int] = {
    "enter": 40,
    "escape": 41,
    "backspace": 42,
    "tab": 43,
    "space": 44,
    **{f"f{n}": 57 + n for n in range(1, 13)},
    "insert": 73,
    "home": 74,
    "page_up": 75,
    "delete": 76,
    "end": 77,
    "page_down": 78,
    "right": 79,
    "left": 80,
    "down": 81,
    "up": 82,
    "pad_divide": 84,
    "pad_multiply": 85,
    "pad_minus": 86,
    "pad_plus": 87,
    "pad_enter": 88,
    "pad_point": 99,
    **{f"f{n}": 91 + n for n in range(13, 25)},
    "mute": 127,
    "volume_up": 128,
    "volume_down": 129,
    **{chr(ord("a") + at): 4 + at for at in range(26)},
}

KEY_NAMES = tuple(_NAMES)
"""Every key that can be given something to do."""


class Act(StrEnum):
    """What a key can do; the names are those of the settings table `[keys]`."""

    NEXT = "next"
    PREVIOUS = "previous"
    RIGHT = "right"
    LEFT = "left"
    PRESS = "press"
    DELETE = "delete"
    BACK = "back"
    SPEECH = "speech"
    REPEAT = "repeat"
    SLOWER = "slower"
    FASTER = "faster"
    SOFTER = "softer"
    LOUDER = "louder"
    ITEM_BACK = "item_back"
    ITEM_ON = "item_on"
    HIDE = "hide"


@dataclass(frozen=True, slots=True)
class Key:
    """A key that was pressed and means something: what to do, or the digit to type."""

    act: Act | None = None
    digit: str = ""


@dataclass(frozen=True, slots=True)
class Keymap:
    """What each key does, by its place on the keyboard."""

    acts: Mapping[int, Act]

    @classmethod
    def of(cls, named: Mapping[str, Sequence[str]]) -> Keymap:
        """The map of a settings table: for each act the names of its keys."""
        return cls({_NAMES[key]: Act(act) for act, keys in named.items() for key in keys})

    def key(self, place: int, *, backwards: bool = False) -> Key | None:
        """What the key at `place` means; None when nothing. `backwards`: with Shift, by which Tab goes back."""
        if place in DIGITS:
            return Key(digit=DIGITS[place])
        act = self.acts.get(place)
        if act is Act.NEXT and backwards:
            return Key(Act.PREVIOUS)
        return Key(act) if act else None
