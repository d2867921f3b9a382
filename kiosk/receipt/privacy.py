"""What of a bill may stand on paper, at each of the site's privacy levels and after a second proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from kiosk.model import AccountNumber
from kiosk.typography import plain


@dataclass(frozen=True, slots=True)
class OnPaper:
    """Amount due, due date, consumption, period and status are always on paper; these are not.

    `breakdown`: tiers, charges, VAT lines and readings; `history`: the 13 months; `name`: whole, masked or not at
    all; `place`: address and premise; `account`: the whole number, which SADAD asks for, or its last four digits;
    `tax`: the tax QR and the buyer's VAT number.
    """

    breakdown: bool
    history: bool
    name: Literal["whole", "masked", "none"]
    place: bool
    account: bool
    tax: bool

    @classmethod
    def at(cls, level: str, *, proven: bool) -> Self:
        """What `level` (open, default, strict) allows; everything once the subscriber has `proven` to be one.

        Raises:
            ValueError: there is no such level.
        """
        if level not in ("open", "default", "strict"):
            raise ValueError("the privacy level is open, default or strict")
        if proven:
            return cls(breakdown=True, history=True, name="whole", place=True, account=True, tax=True)
        if level == "strict":
            return cls(breakdown=False, history=False, name="none", place=False, account=False, tax=False)
        return cls(breakdown=True, history=level == "open", name="masked", place=False, account=True, tax=True)


def shown_account(number: AccountNumber, *, whole: bool) -> str:
    """The account number as it may be printed."""
    return number.digits if whole else number.masked


def shown_name(name: str | None, how: Literal["whole", "masked", "none"]) -> str:
    """A name as it may be printed, empty when it may not; masked leaves the first letters of three words."""
    if name is None or how == "none":
        return ""
    name = plain(name)
    return name if how == "whole" else " ".join(f"{word[0]}***" for word in name.split()[:3])
