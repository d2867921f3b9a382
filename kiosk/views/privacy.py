"""What may be shown of a bill, at each of the site's privacy levels and after a second proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from kiosk.views.frame import Level


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What the screen may show. Amount due, due date, consumption, period and status are always shown.

    `breakdown`: tiers, charges, VAT lines, readings and notes on them; `history`: the 13 months and comparisons;
    `name`: whole, masked or not at all; `place`: address and premise.
    """

    breakdown: bool
    history: bool
    name: Literal["whole", "masked", "none"]
    place: bool

    @classmethod
    def at(cls, level: Level, *, proven: bool) -> Self:
        """What `level` allows; everything once the subscriber has `proven` to be one."""
        if proven:
            return cls(breakdown=True, history=True, name="whole", place=True)
        is_strict = level == "strict"
        name: Literal["masked", "none"] = "none" if is_strict else "masked"
        return cls(breakdown=not is_strict, history=level == "open", name=name, place=False)


def masked_name(name: str) -> str:
    """The first letter of each word: `س*** أ***`; at most three words, so that their number tells little."""
    return " ".join(f"{word[0]}***" for word in name.split()[:3])
