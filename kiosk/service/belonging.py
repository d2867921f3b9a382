"""Which invented accounts are one person's, and the number on that person's ID."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.service.mixing import Dice, mix
from kiosk.service.subscribers import WORKED_BILLS, SubscriberBook

_HOME_AND_SHOP = (0, 1)
"""The worked bills A and B are one person's: a home, and the shop of the same name on the lease."""

_WORKED = len(WORKED_BILLS)


class Belonging:
    """Persons and their accounts. Every second pair of neighbours in the book is one person's."""

    def __init__(self, book: SubscriberBook) -> None:
        self._book = book
        self._key = mix(book.seed ^ 0x1D)

    def person(self, subscriber: int) -> int:
        """The person a subscriber is: the first of the person's accounts."""
        return self.accounts(subscriber)[0]

    def accounts(self, subscriber: int) -> Sequence[int]:
        """All subscribers that are the same person, in order; the one asked for is among them."""
        if subscriber < _WORKED:
            return _HOME_AND_SHOP if subscriber in _HOME_AND_SHOP else (subscriber,)
        first = subscriber - (subscriber - _WORKED) % 2
        pair = (first, first + 1)
        is_one = pair[1] < self._book.count and mix(self._key ^ first) % 2 == 0
        return pair if is_one else (subscriber,)

    def national_id(self, subscriber: int) -> str:
        """Ten digits as on a Saudi ID (first 1) or residence permit (first 2), with its Luhn check digit."""
        dice = Dice(mix(self._key + self.person(subscriber)))
        body = ("2" if dice.chance(300) else "1") + dice.digits(8)
        doubled = [int(d) * 2 if place % 2 == 0 else int(d) for place, d in enumerate(body)]
        check = -sum(d - 9 if d > 9 else d for d in doubled) % 10
        return f"{body}{check}"
