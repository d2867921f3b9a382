"""What may be shown of a bill, at each of the site's privacy levels and after a second proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from kiosk.views.frame import Level


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What the screen may show. Amount due, due date, consumption, period and status are always shown.

    `breakdown`: tiers, charges, VAT lines, readings and notes on them; `history`: the 13 months and comparisons;
    `name`: the whole name, masked otherwise.
    """

    breakdown: bool
    history: bool
    name: bool

    @classmethod
    def at(cls, level: Level, *, proven: bool) -> Self:
        """What `level` allows; everything once the subscriber has `proven` to be one."""
        return cls(breakdown=proven or level != "strict", history=proven or level == "open", name=proven)


def masked_name(name: str) -> str:
    """The first letter of each word: `س*** أ***`; at most three words, so that their number tells little."""
    return " ".join(f"{word[0]}***" for word in name.split()[:3])
