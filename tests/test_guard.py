"""The payment-card guard: what it stops, what it lets pass, and that nothing of a stopped card remains."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.card_reader import Rejection
from devices.codecs.frames import Frame, Part
from devices.guard import Guard, passes_luhn

# Numbers that card schemes publish for tests; none belongs to anybody.
VISA, MASTERCARD, NEW_MASTERCARD, AMEX, DINERS, DISCOVER, UNIONPAY = (
    "4111111111111111",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "6011111111111117",
    "6200000000000005",
)
MADA = "9682010000000005"
CARDS = [VISA, MASTERCARD, NEW_MASTERCARD, AMEX, DINERS, DISCOVER, UNIONPAY, MADA]


def admit(source: str, text: str) -> object:
    admitted = Guard().admit(Frame((Part(source, bytearray(text.encode())),), 1.0))
    return admitted if isinstance(admitted, Rejection) else dict(admitted)


@pytest.mark.parametrize("pan", CARDS)
@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("track1", "B{}^DOE/JANE^2512101"),
        ("track2", "{}=25121010000000000000"),
        ("track2", "{}="),
        ("track3", "01{}=724724000000"),
        ("track2", "01{}=724724000000"),
    ],
)
def test_a_payment_card_is_stopped_on_every_track(source: str, text: str, pan: str) -> None:
    assert admit(source, text.format(pan)) is Rejection.PAYMENT_CARD


@pytest.mark.parametrize("pan", [pan for pan in CARDS if pan is not DINERS])
@pytest.mark.parametrize("source", ["track2", "barcode", "ndef", "apdu"])
@pytest.mark.parametrize("text", ["{}", "https://pay.example/?card={}&x=1", "tel:{}"])
def test_a_card_number_by_itself_is_stopped_wherever_it_stands(source: str, text: str, pan: str) -> None:
    assert admit(source, text.format(pan)) is Rejection.PAYMENT_CARD


def test_a_card_number_in_groups_or_in_arabic_digits_is_stopped() -> None:
    grouped = " ".join(VISA[at : at + 4] for at in range(0, 16, 4))
    arabic = VISA.translate({ord("0") + n: ord("٠") + n for n in range(10)})
    persian = VISA.translate({ord("0") + n: ord("۰") + n for n in range(10)})
    for text in (grouped, grouped.replace(" ", "-"), arabic, persian):
        assert admit("ndef", text) is Rejection.PAYMENT_CARD
    assert admit("track1", f"B{grouped}^DOE/JANE^2512") is Rejection.PAYMENT_CARD


def test_a_bank_card_on_one_track_takes_the_others_of_its_swipe_along() -> None:
    parts = (Part("track1", bytearray(b"ANYTHING")), Part("track2", bytearray(f"{VISA}=2512".encode())))
    assert Guard().admit(Frame(parts, 1.0)) is Rejection.PAYMENT_CARD
    assert [bytes(part.data) for part in parts] == [bytes(8), bytes(21)]


@pytest.mark.parametrize(
    "text", ["10023456789=2512", "00000018=", "999999999999999=9912", "96820010023456789=2512"]
)
def test_a_subscriber_card_passes(text: str) -> None:
    assert admit("track2", text) == {"track2": text}


@pytest.mark.parametrize(
    "account", ["1000000008", "1101798278", "30012345678", "4000000000000", "123456789012347"]
)
def test_a_number_that_passes_luhn_alone_is_no_payment_card(account: str) -> None:
    assert admit("barcode", account) == {"barcode": account}


def test_a_payment_slip_is_not_taken_for_a_card() -> None:
    # 415 and the place make 16 digits that start with 4; some places pass Luhn too.
    places = [f"628100000{number:04}" for number in range(1000, 1020)]
    assert any(passes_luhn([int(digit) for digit in "415" + place]) for place in places)
    for place in places:
        text = f"415{place}\x1d80201002345678"
        assert admit("gs1", text) == {"gs1": text}
    assert admit("gs1", f"415{places[0]}8020{VISA}") is Rejection.PAYMENT_CARD


def test_digits_of_arabic_keyboards_come_out_european() -> None:
    assert admit("ndef", "١٠٠٢٣٤٥٦٧٨٩") == {"ndef": "10023456789"}
    assert admit("barcode", "۱۰۰۲۳۴۵۶۷۸۹") == {"barcode": "10023456789"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1" * 513, Rejection.TOO_LONG),
        ("100234\x1b56789", Rejection.CONTROL_CHARS),
        ("10023456789\n", Rejection.CONTROL_CHARS),
        ("WIFI:S:cafe;P:secret;;", Rejection.UNKNOWN_CARD),
        (
            "AQtFbGVjdHJpY2l0eQIPMzAwMDAwMDAwMDAwMDAzAxQyMDI2LTA4LTI4VDAwOjAwOjAwWgQFMTAuMDAFBDEuMzA=",
            Rejection.TAX_QR,
        ),
    ],
)
def test_what_is_no_plain_text_is_refused_by_name(text: str, reason: Rejection) -> None:
    assert admit("barcode", text) is reason


def test_an_admitted_frame_is_wiped_too() -> None:
    part = Part("barcode", bytearray(b"10023456789"))
    assert Guard().admit(Frame((part,), 1.0)) == (("barcode", "10023456789"),)
    assert bytes(part.data) == bytes(11)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=700),
    st.sampled_from(["track1", "track2", "track3", "barcode", "gs1", "ndef", "apdu", "uid"]),
)
def test_the_guard_never_raises_and_always_wipes(data: bytes, source: str) -> None:
    part = Part(source, bytearray(data))
    Guard().admit(Frame((part,), 1.0))
    assert bytes(part.data) == bytes(len(data))


@settings(max_examples=300, deadline=None)
@given(
    st.text("0123456789", min_size=12, max_size=18), st.sampled_from(["4", "51", "34", "37", "62", "2221", "2720"])
)
def test_every_number_of_a_payment_issuer_with_its_check_digit_is_stopped(middle: str, issuer: str) -> None:
    body = (issuer + middle)[:15]
    last = next(digit for digit in range(10) if passes_luhn([int(c) for c in body + str(digit)]))
    assert admit("track2", f"{body}{last}=2512") is Rejection.PAYMENT_CARD
    if len(body) == 15:
        assert admit("barcode", f"{body}{last}") is Rejection.PAYMENT_CARD
