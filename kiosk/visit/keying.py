"""Typing the account number: what each key does, and the guard against bank cards typed by hand."""

from __future__ import annotations

from kiosk.model import ACCOUNT_DIGITS
from kiosk.visit.events import DigitDeleted, DigitsCleared, DigitTyped
from kiosk.visit.states import EnterNumber, NumberProblem


def typed(state: EnterNumber, event: DigitTyped | DigitDeleted | DigitsCleared) -> EnterNumber:
    """The number after one key; a full number takes no further digit. Any key clears the problem.

    A digit too many that makes it a payment card's number shows what is being typed: all of it is dropped at once.
    """
    number = keyed(state.typed, event, most=ACCOUNT_DIGITS.stop)
    if len(number) < ACCOUNT_DIGITS.stop:
        return state if isinstance(event, DigitTyped) and number == state.typed else EnterNumber(number)
    return refuse(state, NumberProblem.PAYMENT_CARD) if is_payment_card(number) else state


def keyed(digits: str, event: DigitTyped | DigitDeleted | DigitsCleared, *, most: int) -> str:
    """`digits` after one key; `most` of them take no further one."""
    match event:
        case DigitTyped(digit):
            fits = len(digit) == 1 and digit in "0123456789" and len(digits) < most
            return digits + digit if fits else digits
        case DigitDeleted():
            return digits[:-1]
        case DigitsCleared():
            return ""


def refuse(state: EnterNumber, problem: NumberProblem) -> EnterNumber:
    """The number is not looked up; the digits of a payment card are dropped at once."""
    kept = "" if problem is NumberProblem.PAYMENT_CARD else state.typed
    return EnterNumber(kept, problem)


def is_complete(digits: str) -> bool:
    """Whether `digits` may be looked up."""
    return len(digits) in ACCOUNT_DIGITS


def is_payment_card(digits: str) -> bool:
    """Whether a typed number is a payment card's (ISO/IEC 7812): any issuer's with 16 digits; of 15 and fewer, only
    American Express (prefixes 34 and 37, always 15 digits) can be told from an account number."""
    if len(digits) == 16:
        issued = "3" <= digits[0] <= "6" or "2221" <= digits[:4] <= "2720" or "968201" <= digits[:6] <= "968211"
    else:
        issued = len(digits) == 15 and digits.startswith(("34", "37"))
    return issued and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    doubled = [int(d) * 2 if index % 2 else int(d) for index, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
