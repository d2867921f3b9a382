"""Millions of invented subscribers without a database: any bill of any of them, any month, the same by seed.

The first four hold the worked bills of `examples/`, served as they are written there. Of the others every bill is
worked out when it is asked for, and fits the bills before and after it: readings, history and balances run on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from typing import Any

from kiosk.model import Category
from kiosk.service import months
from kiosk.service.account_numbers import AccountNumbers
from kiosk.service.documents import Subscriber, issued, not_issued
from kiosk.service.ledger import Contract, Ledger
from kiosk.service.mixing import Dice, mix
from kiosk.service.people import People
from kiosk.service.premises import Neighbourhood, Premises
from kiosk.service.tariffs import Price, Tariffs

WORKED_BILLS = ("a-residential", "b-commercial", "c-first-e-bill-2018", "d-not-issued")
"""The documents of the first subscribers, in order: files of `examples/`."""

FEWEST_SUBSCRIBERS = 10
"""The worked bills and enough others to show."""

_SHOWCASE_REACH = 400
"""How many subscribers are looked at to find some that show what bills can say."""

_FIRST_NEW_ACCOUNT = months.FIRST_E_BILL + 1
_NEW_ACCOUNT_MONTHS = 120
"""Those who are new opened their accounts in one of the ten years from February 2018."""

Document = dict[str, Any]
"""One `ebill/1` as it goes on the wire."""


class SubscriberBook:
    """The subscribers of one seed, numbered from 0 to `count - 1`."""

    def __init__(self, seed: int, count: int) -> None:
        """Open the book.

        Raises:
            ValueError: there cannot be so many subscribers, or so few.
        """
        if count < FEWEST_SUBSCRIBERS:
            raise ValueError(f"subscribers must be {FEWEST_SUBSCRIBERS} or more")
        self.seed = seed
        self.count = count
        self._worked: list[Document] = [
            json.loads(files(__package__).joinpath("examples", f"{name}.json").read_text(encoding="utf-8"))
            for name in WORKED_BILLS
        ]
        given = [document["account"]["number"] for document in self._worked]
        self._numbers = AccountNumbers(seed, count, given=given)
        self._key = mix(seed)
        self._people = People.load()
        self._neighbourhood = Neighbourhood.load(mix(seed))
        self._tariffs = Tariffs.load()
        self._prices: dict[tuple[Category, int], _PriceList] = {}

    def account(self, index: int) -> str:
        """The account number of subscriber `index`, 8 to 15 digits.

        Raises:
            IndexError: there is no such subscriber.
        """
        return self._numbers.number(index)

    def index_of(self, account: str) -> int | None:
        """Whose account that is; None when it is nobody's, or no account number at all."""
        return self._numbers.index(account)

    def bill(self, index: int, month: str) -> Document:
        """The document of subscriber `index` for a month (`YYYY-MM`): a bill, or "not issued".

        A closed account answers with its last bill, a worked bill's holder with that bill, whatever the month.

        Raises:
            IndexError: there is no such subscriber.
            ValueError: no month, or after `months.LAST` less a year.
        """
        return self._document(index, months.ordinal(month), now=None)

    def current(self, index: int, now: datetime) -> Document:
        """What the biller answers for subscriber `index` at a moment: the newest bill.

        On the 28th, until the subscriber's own minute of that day, the answer is "not issued".
        """
        return self._document(index, months.month_of(now.astimezone(months.RIYADH).date()), now=now)

    def is_withheld(self, index: int) -> bool:
        """Whether the subscriber asked that terminals do not show the bill; two of a thousand did."""
        return index >= len(self._worked) and mix(self._key - index) % 1000 < 2

    def showcase(self, now: datetime) -> list[str]:
        """Ten accounts worth trying: the worked bills, then others that show what bills can say."""
        found = list(range(len(self._worked)))
        others = [n for n in range(len(found), min(self.count, _SHOWCASE_REACH)) if not self.is_withheld(n)]
        wishes = [_has_fixed_plan, _has_disconnection, _has_credit, _has_several_meters, _has_no_consumption]
        for index in others:
            document = self.current(index, now)
            wish = next((wish for wish in wishes if document["status"] != "not_issued" and wish(document)), None)
            if wish is not None:
                wishes.remove(wish)
                found.append(index)
            if not wishes:
                break
        found.extend(index for index in others if index not in found)
        return [self.account(index) for index in found[:FEWEST_SUBSCRIBERS]]

    def _document(self, index: int, month: int, *, now: datetime | None) -> Document:
        if 0 <= index < len(self._worked):
            return json.loads(json.dumps(self._worked[index]))  # type: ignore[no-any-return]
        number = self.account(index)
        subscriber, closed, minute = self._subscriber(index, number)
        if now is not None and now < months.issued_at(month, minute):
            if now >= months.issued_at(month, 0) and month <= closed:
                return not_issued(subscriber)
            month -= 1
        month = min(month, closed)
        if month > months.LAST - 12:
            raise ValueError("no bills that late")
        if month < max(subscriber.contract.opened, months.FIRST_E_BILL):
            return not_issued(subscriber)
        prices = self._price_list(subscriber.premises)
        ledger = Ledger(subscriber.premises, subscriber.contract, prices=prices, month=month)
        return issued(subscriber, ledger, month=month, minute=minute)

    def _subscriber(self, index: int, number: str) -> tuple[Subscriber, int, int]:
        """The subscriber, the month of the last bill, and the minute of issue day the bill comes out."""
        key = mix(self._key + index)
        dice = Dice(key)
        city = self._people.city(dice)
        premises = self._neighbourhood.premises(dice, key=key, climate=city.climate)
        opened, closed = _years_of_service(dice)
        contract = Contract.draw(dice, key=key, opened=opened, category=premises.category)
        minute = dice.below(24 * 60)
        holder = self._people.holder(dice, premises.category, city)
        return Subscriber(index, number, holder, premises, contract), closed, minute

    def _price_list(self, premises: Premises) -> _PriceList:
        key = (premises.category, premises.read_day)
        if key not in self._prices:
            self._prices[key] = _PriceList(self._tariffs, *key)
        return self._prices[key]


def _years_of_service(dice: Dice) -> tuple[int, int]:
    """The months of a subscriber's first and last bill: most are older and younger than any bill here."""
    throw = dice.below(1000)
    if throw < 120:
        return _FIRST_NEW_ACCOUNT + dice.below(_NEW_ACCOUNT_MONTHS), months.LAST
    if throw < 125:
        return months.FIRST, months.FIRST_E_BILL + (dice.below(72) if dice.chance(750) else 0)
    # Three of a thousand are connected and have never had a bill.
    return (months.LAST if throw < 128 else months.FIRST), months.LAST


class _PriceList(dict[int, Price]):
    """What premises of one category read on one day pay for each month, found when first asked for."""

    def __init__(self, tariffs: Tariffs, category: Category, read_day: int) -> None:
        super().__init__()
        self._tariffs = tariffs
        self._category = category
        self._read_day = read_day

    def __missing__(self, month: int) -> Price:
        start, end = months.day_in(month - 1, self._read_day), months.day_in(month, self._read_day)
        price = self[month] = self._tariffs.price(self._category, start=start, end=end)
        return price


_Wish = Callable[[Document], bool]


def _has_fixed_plan(document: Document) -> bool:
    return bool(document["plan"]["kind"] == "fixed")


def _has_disconnection(document: Document) -> bool:
    return document["disconnection_date"] is not None


def _has_credit(document: Document) -> bool:
    return bool(document["credit"] > 0)


def _has_several_meters(document: Document) -> bool:
    return len(document["meters"]) > 1


def _has_no_consumption(document: Document) -> bool:
    return bool(document["kwh_total"] == 0)
