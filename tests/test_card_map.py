"""The card map: which rule reads what, and which rules do not load."""

from __future__ import annotations

import time

import pytest

from devices.card_map import CardMap, CardMapError, Rule, Source
from devices.card_reader import Credential, CredentialKind, Rejection
from devices.registry import make_card_map
from devices.settings import CardMapRule

ACCOUNT = Rule(Source.BARCODE, "10023456789", r"[0-9]{8,15}$")
NATIONAL_ID = Rule(Source.BARCODE, "1000000008", r"[12]\d{9}$", kind=CredentialKind.NATIONAL_ID)


def identity(card_map: CardMap, **texts: str) -> tuple[str, str, str] | Rejection:
    found = card_map.identify(tuple(texts.items()))
    return (found.kind, found.take(), found.source) if isinstance(found, Credential) else found


def problems(*rules: Rule) -> tuple[str, ...]:
    with pytest.raises(CardMapError) as caught:
        CardMap(rules)
    return caught.value.problems


def test_without_settings_bare_numbers_and_payment_slips_are_read() -> None:
    card_map = CardMap()
    assert identity(card_map, track2="10023456789=2512") == ("account", "10023456789", "track2")
    assert identity(card_map, track2="00000018") == ("account", "00000018", "track2")
    assert identity(card_map, barcode="10023456789") == ("account", "10023456789", "barcode")
    assert identity(card_map, gs1="4156281000000017802000234567") == ("account", "00234567", "gs1")
    assert identity(card_map, gs1="80200023456789\x1d4156281000000017") == ("account", "0023456789", "gs1")


def test_the_first_rule_that_matches_wins() -> None:
    assert identity(CardMap([NATIONAL_ID, ACCOUNT]), barcode="1000000008") == (
        "national_id",
        "1000000008",
        "barcode",
    )
    assert identity(CardMap([ACCOUNT, NATIONAL_ID]), barcode="1000000008") == ("account", "1000000008", "barcode")


def test_a_national_id_needs_its_check_digit() -> None:
    card_map = CardMap([NATIONAL_ID, ACCOUNT])
    assert identity(card_map, barcode="1071724369") == ("account", "1071724369", "barcode")


def test_a_prefix_is_left_out_of_the_account() -> None:
    rule = Rule(Source.TRACK2, "968210023456789=2512", r"9682(?P<account>\d{8,15})=")
    assert identity(CardMap([rule]), track2="968200000018=2512") == ("account", "00000018", "track2")


def test_an_account_is_never_the_beginning_of_a_longer_number() -> None:
    rule = Rule(Source.TRACK2, "10023456789=", r"\d{8,15}")
    assert identity(CardMap([rule]), track2="1" * 16) is Rejection.UNKNOWN_CARD


@pytest.mark.parametrize("text", ["1234567", "1234567890123456", "", "abc"])
def test_what_is_no_account_number_is_an_unknown_card(text: str) -> None:
    assert identity(CardMap(), barcode=text) is Rejection.UNKNOWN_CARD


def test_a_link_names_the_account_in_its_query() -> None:
    rule = Rule(
        Source.NDEF, "https://example.org/?a=10023456789", r"https://example\.org/\?a=(?P<account>\d{8,15})$"
    )
    card_map = CardMap([rule])
    assert identity(card_map, ndef="https://example.org/?a=00000018") == ("account", "00000018", "ndef")
    assert identity(card_map, ndef="https://example.com/?a=00000018") is Rejection.UNKNOWN_CARD


def test_a_slip_of_another_biller_is_not_ours() -> None:
    slip = "4156281000000017802010023456789"
    card_map = CardMap([Rule(Source.GS1, slip, ai="8020", require_gln="6281000000017")])
    assert identity(card_map, gs1=slip) == ("account", "10023456789", "gs1")
    assert identity(card_map, gs1=slip.replace("0017", "0024")) is Rejection.UNKNOWN_CARD


def test_a_card_number_that_changes_with_every_tap_is_unknown() -> None:
    card_map = CardMap([Rule(Source.UID, "04A1B2C3D4E5F6", kind=CredentialKind.CARD_UID)])
    assert identity(card_map, uid="04A1B2C3D4E5F6") == ("card_uid", "04A1B2C3D4E5F6", "uid")
    assert identity(card_map, uid="08A1B2C3") is Rejection.UNKNOWN_CARD


def test_the_applications_to_ask_for_are_those_of_the_rules() -> None:
    rule = Rule(Source.APDU, "10023456789F", r"(?P<account>\d{8,15})", aid="F0A1B2C3D4", read="00B0000006")
    (application,) = CardMap([ACCOUNT, rule]).applications
    assert (application.aid, application.read) == (b"\xf0\xa1\xb2\xc3\xd4", b"\x00\xb0\x00\x00\x06")


def test_every_rule_that_cannot_be_used_is_named_at_once() -> None:
    found = problems(
        Rule(Source.TRACK2, "12345=", r"(?P<account>\d{8,15})="),
        Rule(Source.TRACK2, "10023456789=", r"(\d{8,15}="),
        ACCOUNT,
        Rule(Source.GS1, "8020123", r"\d+"),
        Rule(Source.BARCODE, "", r"\d+"),
        Rule(Source.APDU, "123", r"\d+"),
        Rule(Source.APDU, "12345678", r"\d+", aid="F0A", read="00"),
    )
    assert [problem.split(":")[0] for problem in found] == [f"card_map {n}" for n in (1, 2, 4, 5, 6, 7)]


@pytest.mark.parametrize(
    ("source", "example"), [(Source.TRACK2, "4111111111111111=2512"), (Source.BARCODE, "378282246310005")]
)
def test_no_rule_reads_a_payment_card(source: Source, example: str) -> None:
    (problem,) = problems(Rule(source, example, r"(?P<account>\d{8,15})"))
    assert "payment" in problem
    assert not any(character.isdigit() for character in problem.split(":", 1)[1])


@pytest.mark.parametrize("pattern", [r"(\d+)+=", r"((\d+)x)*=", r"(\d*)*", r"\d*\d*\d*\d*=", "1" * 121])
def test_a_pattern_that_could_take_for_ever_does_not_load(pattern: str) -> None:
    (problem,) = problems(Rule(Source.TRACK2, "10023456789=", pattern))
    assert "pattern" in problem


def test_the_worst_pattern_that_loads_is_fast_enough() -> None:
    card_map = CardMap([Rule(Source.BARCODE, "12345678x", r"(?P<account>\d*)\d*\d*x")])
    started = time.process_time()
    assert identity(card_map, barcode="1" * 512) is Rejection.UNKNOWN_CARD
    assert time.process_time() - started < 2.0


def test_technicians_cards_and_pairing_codes_are_told_from_subscribers() -> None:
    rule = CardMapRule(
        source=Source.TRACK2, pattern=r"9682(?P<id>7\d{5})=", example="9682700017=", kind=CredentialKind.TECHNICIAN
    )
    card_map = make_card_map([rule])
    found = card_map.identify([(Source.TRACK2, "9682700017=2512")])
    assert isinstance(found, Credential)
    assert (found.kind, found.take()) == (CredentialKind.TECHNICIAN, "700017")
    code = f"EBP1/BILLS.EXAMPLE.SA:443/{'B' * 52}/{'C' * 26}"
    for made in (card_map, make_card_map([])):
        found = made.identify([(Source.BARCODE, code)])
        assert isinstance(found, Credential)
        assert (found.kind, found.take()) == (CredentialKind.PAIRING, code)
        assert made.identify([(Source.BARCODE, f"{code}\n;")]) is Rejection.UNKNOWN_CARD
