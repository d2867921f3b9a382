"""Account numbers: what is one, and that none can be read off a log."""

from __future__ import annotations

import copy
import logging
import pickle
import subprocess
import sys
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.model import AccountNumber, AccountNumberError, AccountProblem

WHOLE = "30012345678"
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        WHOLE.translate(ARABIC),
        WHOLE.translate(PERSIAN),
        "3٠۰1234٥678",
        " 300-1234-5678 ",
        "300\u00a01234\u00a05678",
        "\u200f٣٠٠١٢٣٤٥٦٧٨\u200e",
        "\u2067٣٠٠١٢٣٤٥٦٧٨\u2069",
    ],
)
def test_digits_of_every_script_name_the_same_account(text: str) -> None:
    assert AccountNumber.parse(text) == AccountNumber(WHOLE)
    assert AccountNumber.parse(text).digits == WHOLE


def test_leading_zeros_belong_to_the_number() -> None:
    assert AccountNumber.parse("00412345").digits == "00412345"
    assert AccountNumber.parse("00412345") != AccountNumber.parse("000412345")


@pytest.mark.parametrize("length", [8, 9, 11, 15])
def test_eight_to_fifteen_digits_are_an_account_number(length: int) -> None:
    assert AccountNumber.parse("1" * length).digits == "1" * length


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", AccountProblem.TOO_SHORT),
        (" - ", AccountProblem.TOO_SHORT),
        ("1234567", AccountProblem.TOO_SHORT),
        ("1" * 16, AccountProblem.TOO_LONG),
        ("1" * 10_000, AccountProblem.TOO_LONG),
        ("1234567²", AccountProblem.NOT_DIGITS),
        ("１２３４５６７８", AccountProblem.NOT_DIGITS),
        ("१२३४५६७८", AccountProblem.NOT_DIGITS),
        ("12345678x", AccountProblem.NOT_DIGITS),
        ("12345678\n", AccountProblem.NOT_DIGITS),
        ("+12345678", AccountProblem.NOT_DIGITS),
        ("12345.678", AccountProblem.NOT_DIGITS),
        ("1_2345678", AccountProblem.NOT_DIGITS),
        ("12345678\x00", AccountProblem.NOT_DIGITS),
        (";30012345678?", AccountProblem.NOT_DIGITS),
        ("\ud800" + WHOLE, AccountProblem.NOT_DIGITS),
    ],
)
def test_anything_else_is_refused_with_its_reason(text: str, problem: AccountProblem) -> None:
    with pytest.raises(AccountNumberError) as refusal:
        AccountNumber.parse(text)
    assert refusal.value.problem is problem


@settings(max_examples=300)
@given(st.text(max_size=20))
def test_any_text_is_either_a_number_or_refused(text: str) -> None:
    try:
        number = AccountNumber.parse(text)
    except AccountNumberError:
        return
    assert 8 <= len(number.digits) <= 15
    assert set(number.digits) <= set("0123456789")


def test_formatting_shows_the_last_four_digits_only() -> None:
    number = AccountNumber.parse(WHOLE)
    shown = [str(number), repr(number), f"{number}", f"{number!r}", f"{[number]}"]
    assert number.masked == "*******5678"
    assert all("5678" in text and "45678" not in text for text in shown)


def test_a_log_line_and_a_traceback_show_it_masked(caplog: pytest.LogCaptureFixture) -> None:
    number = AccountNumber.parse(WHOLE)
    logging.getLogger("test").warning("asked for %s of %r", number, {"account": number})
    try:
        raise LookupError(number)
    except LookupError:
        text = traceback.format_exc()
    assert "45678" not in caplog.text + text
    assert "*******5678" in caplog.text
    assert "*******5678" in text


def test_the_refusal_quotes_no_digit() -> None:
    with pytest.raises(AccountNumberError) as refusal:
        AccountNumber.parse(WHOLE + "?")
    assert not any(character.isdigit() for character in str(refusal.value) + repr(refusal.value))


def test_copies_and_pickles_are_equal_and_masked() -> None:
    number = AccountNumber.parse(WHOLE)
    for twin in (copy.copy(number), copy.deepcopy(number), pickle.loads(pickle.dumps(number))):
        assert twin == number
        assert hash(twin) == hash(number)
        assert repr(twin) == "AccountNumber(*******5678)"


def test_it_is_not_equal_to_its_text() -> None:
    assert AccountNumber(WHOLE) != WHOLE
    assert len({AccountNumber(WHOLE), AccountNumber.parse(WHOLE.translate(ARABIC)), WHOLE}) == 2


def test_the_model_starts_without_pydantic() -> None:
    program = "import sys, kiosk.model; print(sorted(name for name in sys.modules if 'pydantic' in name))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
