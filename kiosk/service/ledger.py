"""What the invented subscribers owe: every month's total, who pays when, and balances that carry over exactly.

Each month closes with a balance that is a function of a few months around it, never of all the past; the next
bill opens with it. What was paid in between is what makes the sums of the document come out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from kiosk.model import Category
from kiosk.service.mixing import Dice, mix
from kiosk.service.premises import Premises
from kiosk.service.tariffs import Price, meter_fee

Prices = Mapping[int, Price]
"""What premises of one kind pay for each month."""


class Payer(StrEnum):
    """How a subscriber pays."""

    PROMPT = "prompt"
    PAID = "paid"
    """Has paid the bill before it was looked up."""
    PARTLY = "partly"
    LATE = "late"
    """Lets two to four months come together, then pays them all."""
    AHEAD = "ahead"
    """Pays a round sum ahead every four months, so there is always credit."""
    CREDITED = "credited"
    """Once a year a bill is taken back by a credit note."""
    FIXED = "fixed"
    """Twelve equal amounts, settled once a year."""


_AHEAD_MONTHS = 4
_YEAR = 12
_ROUND_SUM = 100_00
_FIXED_STEP = 5_00

_SHARES = (
    # of a thousand subscribers
    (Payer.PROMPT, 620),
    (Payer.PAID, 110),
    (Payer.PARTLY, 60),
    (Payer.LATE, 110),
    (Payer.AHEAD, 40),
    (Payer.CREDITED, 10),
    (Payer.FIXED, 50),
)
_PAYERS = tuple(payer for payer, share in _SHARES for _ in range(share))

_FIXED_CATEGORIES = (Category.RESIDENTIAL, Category.COMMERCIAL)
"""The fixed plan is not for the government; the biller offers it to homes and shops."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A line besides energy and meter: a charge of the invoice, or an adjustment outside it. Halalas."""

    code: str
    label_ar: str
    label_en: str
    amount: int


_CHARGES = (
    Extra("reconnection", "رسوم إعادة الخدمة", "Reconnection fee", 50_00),
    Extra("meter_test", "رسوم فحص العداد", "Meter test fee", 100_00),
    Extra("breaker_change", "رسوم تعديل سعة القاطع", "Breaker change fee", 200_00),
)
_ADJUSTMENTS = (
    # A reduction stays below the smallest bill, so that it never turns one into a credit.
    Extra("guarantee", "تعويض ضمان الخدمة", "Service guarantee compensation", -10_00),
    Extra("goodwill", "خصم ترضية", "Goodwill reduction", -7_50),
    Extra("correction", "تسوية فاتورة سابقة", "Correction of an earlier bill", 18_35),
)
_SETTLEMENT = Extra("settlement", "تسوية الفاتورة الثابتة", "Fixed plan settlement", 0)
_REFUND = Extra("refund", "إعادة رصيد إلى حسابك البنكي", "Credit returned to your bank account", 0)


@dataclass(frozen=True, slots=True)
class Contract:
    """How a subscriber's account runs: from the month `opened`, and how they pay.

    `phase` places their cycles among everyone's; `cycle` is how many months a late payer lets come together;
    `eventful` accounts have other charges and adjustments now and then.
    """

    key: int
    opened: int
    payer: Payer
    phase: int
    cycle: int
    eventful: bool

    @classmethod
    def draw(cls, dice: Dice, *, key: int, opened: int, category: Category) -> Contract:
        """The contract of the subscriber of `key`, for premises of a category."""
        payer = dice.pick(_PAYERS)
        if payer is Payer.FIXED and category not in _FIXED_CATEGORIES:
            payer = Payer.PROMPT
        return cls(key, opened, payer, dice.below(_YEAR), 2 + dice.below(3), dice.chance(300))


@dataclass(frozen=True, slots=True)
class Balance:
    """What a month's bill says below its own total; in halalas, as in `ebill/1`."""

    previous: int
    payments: int
    adjustments: tuple[Extra, ...]
    due: int
    credit: int


class Ledger:
    """One subscriber's months, as the bill of `month` and those around it need them."""

    def __init__(self, premises: Premises, contract: Contract, *, prices: Prices, month: int) -> None:
        self._premises = premises
        self._contract = contract
        self._prices = prices
        self._kwh: dict[int, int] = {}
        self._totals: dict[int, int] = {}
        self._first, self._last = month - _YEAR, month
        self._work_out(self._first, self._last)

    def kwh(self, month: int) -> int:
        """What all meters together used in a month."""
        self._reach(month, month)
        return self._kwh[month]

    def total(self, month: int) -> int:
        """A month's invoice with VAT."""
        self._reach(month, month)
        return self._totals[month]

    def history(self, month: int, *, most: int) -> list[tuple[int, int, int]]:
        """Month, kWh and total of a month and those before it, at most so many, newest first."""
        first = max(self._contract.opened, month - most + 1)
        self._reach(first, month)
        return [(past, self._kwh[past], self._totals[past]) for past in range(month, first - 1, -1)]

    def price(self, month: int) -> Price:
        """What the subscriber pays for that month's period."""
        return self._prices[month]

    def charges(self, month: int) -> tuple[Extra, ...]:
        """Charges of a month besides energy and meters; none in a month with two VAT rates."""
        throw = mix(self._contract.key + month) if self._contract.eventful else 0
        if throw % 1000 < 950 or len(self.price(month).vat_shares) != 1:
            return ()
        return (_CHARGES[throw // 1000 % len(_CHARGES)],)

    def fees(self, month: int) -> int:
        """The meter fees of a month, all meters together, before VAT."""
        steps = self._prices[month].fees
        return sum([meter_fee(steps, meter.breaker_amp) for meter in self._premises.meters])

    def is_credit_note(self, month: int) -> bool:
        """Whether that month's document takes its bill back."""
        return self._contract.payer is Payer.CREDITED and self._place(month, _YEAR) == 0

    def unpaid_months(self, month: int) -> int:
        """How many earlier bills a late payer has left open when that month's comes."""
        if self._contract.payer is not Payer.LATE:
            return 0
        return min(self._place(month, self._contract.cycle), month - self._contract.opened)

    def fixed_amount(self, month: int) -> int | None:
        """What a fixed plan asks in a month: a twelfth of the year before the plan's year; None without a plan."""
        if self._contract.payer is not Payer.FIXED:
            return None
        first = self._year_start(month)
        if first - _YEAR < self._contract.opened:
            return None
        return -(-self._sum(first - _YEAR, first - 1) // (_YEAR * _FIXED_STEP)) * _FIXED_STEP

    def running_difference(self, month: int) -> int:
        """What the plan's year has cost so far above the fixed amounts."""
        first = self._year_start(month)
        return self._sum(first, month) - (self.fixed_amount(month) or 0) * (month - first + 1)

    @property
    def settlement_month(self) -> int:
        """The month of the year, 1 to 12, whose bill ends the plan's year."""
        return self._contract.phase + 1

    def balance(self, month: int) -> Balance:
        """What a month's bill opens with, what came in, and what remains."""
        previous = self.closing(month - 1)
        closing = self.closing(month)
        if self.is_credit_note(month):
            return Balance(previous, max(previous, 0), (), 0, -closing)
        adjustments = self._adjustments(month)
        if self.fixed_amount(month) is not None:
            return Balance(previous, previous, adjustments, closing, 0)
        payments = previous + self.total(month) + sum(extra.amount for extra in adjustments) - closing
        if payments < 0:
            # Credit that nobody used up goes back to the subscriber's bank.
            adjustments = (*adjustments, replace(_REFUND, amount=-payments))
            payments = 0
        return Balance(previous, payments, adjustments, max(closing, 0), max(-closing, 0))

    def closing(self, month: int) -> int:
        """What is owed once a month's bill stands as served: the next one opens with it. Negative is credit."""
        if month < self._contract.opened:
            return 0
        match self._contract.payer:
            case Payer.PAID:
                return 0
            case Payer.PARTLY:
                return self.total(month) - self._part_paid(month)
            case Payer.LATE:
                return self._sum(month - self.unpaid_months(month), month)
            case Payer.AHEAD:
                return self._drawn_down(month)
            case Payer.CREDITED:
                return self._credited(month)
            case _:
                asked = self.fixed_amount(month)
                own = self.total(month) if asked is None else asked
                return own + sum(extra.amount for extra in self._adjustments(month))

    def _sum(self, first: int, last: int) -> int:
        """The totals of the months from `first` to `last` together."""
        self._reach(first, last)
        return sum([self._totals[month] for month in range(first, last + 1)])

    def _reach(self, first: int, last: int) -> None:
        if first < self._first:
            self._work_out(first, self._first - 1)
            self._first = first
        if last > self._last:
            self._work_out(self._last + 1, last)
            self._last = last

    def _work_out(self, first: int, last: int) -> None:
        used = [0] * (last - first + 1)
        for meter in self._premises.meters:
            units = meter.units(first - 1, last)
            used = [
                kwh + (now - then) * meter.factor for kwh, then, now in zip(used, units, units[1:], strict=False)
            ]
        prices, eventful = self._prices, self._contract.eventful
        steps, fees, totals = None, 0, []
        for month, kwh in enumerate(used, first):
            price = prices[month]
            if price.fees is not steps:
                # The same table stands for years: most bills look the fee up once.
                steps, fees = price.fees, self.fees(month)
            extra = sum([charge.amount for charge in self.charges(month)]) if eventful else 0
            totals.append(price.total(kwh, fees=fees + extra))
        span = range(first, last + 1)
        self._kwh.update(zip(span, used, strict=True))
        self._totals.update(zip(span, totals, strict=True))

    def _part_paid(self, month: int) -> int:
        """From a tenth to nine tenths, in whole riyals."""
        tenths = 1 + mix(self._contract.key ^ month) % 9
        return self.total(month) * tenths // 1000 * 100

    def _drawn_down(self, month: int) -> int:
        first = max(month - self._place(month, _AHEAD_MONTHS), self._contract.opened)
        last = month - self._place(month, _AHEAD_MONTHS) + _AHEAD_MONTHS - 1
        paid = -(-self._sum(first, last) // _ROUND_SUM) * _ROUND_SUM
        return self._sum(first, month) - paid

    def _credited(self, month: int) -> int:
        place = self._place(month, _YEAR)
        if place == 0:
            return -self.total(month)
        if place == 1 and month > self._contract.opened:
            return self.total(month) - self.total(month - 1)
        return self.total(month)

    def _adjustments(self, month: int) -> tuple[Extra, ...]:
        payer = self._contract.payer
        if payer is Payer.FIXED and self.fixed_amount(month) is not None:
            owed = self.running_difference(month) if month % _YEAR + 1 == self.settlement_month else 0
            return (replace(_SETTLEMENT, amount=owed),) if owed > 0 else ()
        throw = mix(self._contract.key - month) if self._contract.eventful and payer is Payer.PROMPT else 0
        return (_ADJUSTMENTS[throw // 1000 % len(_ADJUSTMENTS)],) if throw % 1000 >= 900 else ()

    def _place(self, month: int, cycle: int) -> int:
        return (month + self._contract.phase) % cycle

    def _year_start(self, month: int) -> int:
        """The first month of the plan's year: the one after the settlement month."""
        return month - (month - self.settlement_month) % _YEAR
