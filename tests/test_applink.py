"""The app QR's address: the service's link only when it can do no harm."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import qrcode
from factories import make_bill, make_current, make_not_issued
from hypothesis import given
from hypothesis import strategies as st

from kiosk import applink
from kiosk.applink import LinkProblem
from kiosk.model import AccountNumber

APP = "https://app.example.sa/get"
HOSTS = ("pay.example.sa", "127.0.0.1:8443")
NUMBER = "30012345678"
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
BENGALI = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")


def shown(offered: str | None, number: str = NUMBER) -> str:
    current = make_current(make_bill(number=number), link=offered)
    return applink.link(current, app_link=APP, app_hosts=HOSTS)


@pytest.mark.parametrize(
    "offered",
    [
        "https://pay.example.sa/b/Zk3-_9",
        "https://PAY.example.SA/b/Zk3",
        "HTTPS://pay.example.sa:443/b",
        "https://pay.example.sa",
        "https://pay.example.sa?t=1767225600#x",
        "https://127.0.0.1:8443/app/t0k3n",
        "https://pay.example.sa/" + "a" * 99,
    ],
)
def test_a_harmless_link_of_the_service_is_shown_as_it_is(offered: str) -> None:
    assert shown(offered) == offered


def test_without_a_link_the_settings_link_is_shown() -> None:
    assert shown(None) == APP
    assert applink.link(make_current(make_not_issued()), app_link=APP, app_hosts=HOSTS) == APP


def test_the_paper_carries_the_settings_link() -> None:
    assert applink.paper_link(APP) == APP


@pytest.mark.parametrize(
    ("offered", "problem"),
    [
        ("", LinkProblem.MALFORMED),
        ("https://pay.example.sa/ b", LinkProblem.MALFORMED),
        ("https://pay.example.sa/\n", LinkProblem.MALFORMED),
        ("ht\ttps://pay.example.sa/", LinkProblem.MALFORMED),
        ("https://pay.example.sa\\@evil.example/", LinkProblem.MALFORMED),
        ("https://pay.example.sa/\u202etxt", LinkProblem.MALFORMED),
        ("https://pаy.example.sa/", LinkProblem.MALFORMED),
        ("https://pay.example.sa:port/", LinkProblem.MALFORMED),
        ("https://pay.example.sa:99999/", LinkProblem.MALFORMED),
        ("https://[::1/", LinkProblem.MALFORMED),
        ("https://pay.example.sa/" + "a" * 100, LinkProblem.TOO_LONG),
        ("http://pay.example.sa/b", LinkProblem.NOT_HTTPS),
        ("//pay.example.sa/b", LinkProblem.NOT_HTTPS),
        ("javascript:alert(1)", LinkProblem.NOT_HTTPS),
        ("/b/token", LinkProblem.NOT_HTTPS),
        ("https://pay.example.sa@evil.example/", LinkProblem.USERINFO),
        ("https://user:x@pay.example.sa/", LinkProblem.USERINFO),
        ("https://@pay.example.sa/", LinkProblem.USERINFO),
        ("https:///b", LinkProblem.HOST),
        ("https://evil.example/", LinkProblem.HOST),
        ("https://pay.example.sa.evil.example/", LinkProblem.HOST),
        ("https://x.pay.example.sa/", LinkProblem.HOST),
        ("https://example.sa/", LinkProblem.HOST),
        ("https://pay.example.sa./", LinkProblem.HOST),
        ("https://pay.example.sa:8443/", LinkProblem.HOST),
        ("https://127.0.0.1/", LinkProblem.HOST),
        ("https://127.0.0.1:8444/", LinkProblem.HOST),
        ("https://pay.example.sa/30012345678", LinkProblem.ACCOUNT),
        ("https://pay.example.sa/x30012345678y", LinkProblem.ACCOUNT),
        ("https://pay.example.sa/300-1234-5678", LinkProblem.ACCOUNT),
        ("https://pay.example.sa/300/1234?n=5678", LinkProblem.ACCOUNT),
        ("https://pay.example.sa/#30012345678", LinkProblem.ACCOUNT),
        ("https://pay.example.sa/%33%30%30%31%32%33%34%35%36%37%38", LinkProblem.ACCOUNT),
        ("https://pay.example.sa/%2533001234567%38", LinkProblem.ACCOUNT),
        ("https://pay.example.sa/?a=" + quote(NUMBER.translate(ARABIC)), LinkProblem.ACCOUNT),
        ("https://pay.example.sa/" + quote("٣٠٠") + "12345678", LinkProblem.ACCOUNT),
    ],
)
def test_any_other_link_is_replaced_by_the_settings_link(offered: str, problem: LinkProblem) -> None:
    assert applink.problem(offered, hosts=HOSTS, account=AccountNumber(NUMBER)) is problem
    assert shown(offered) == APP


@pytest.mark.parametrize("script", [ARABIC, FULL_WIDTH, BENGALI, str.maketrans("0123", "⓪①②③")])
def test_the_account_number_is_found_in_digits_of_every_script(script: dict[int, str]) -> None:
    account = AccountNumber(NUMBER)
    assert applink.holds_account(quote(quote(NUMBER.translate(script))), account)


def test_a_number_without_its_leading_zeros_is_found_too() -> None:
    assert shown("https://pay.example.sa/412345", number="00412345") == APP
    assert shown("https://pay.example.sa/41234", number="00041234") == "https://pay.example.sa/41234"


def test_another_number_is_no_reason_to_refuse() -> None:
    offered = "https://pay.example.sa/99912345678?exp=1767225600"
    assert shown(offered) == offered


def test_an_empty_list_of_hosts_allows_none() -> None:
    current = make_current(link="https://pay.example.sa/b")
    assert applink.link(current, app_link=APP, app_hosts=()) == APP


def test_the_settings_own_link_may_go_anywhere_over_https() -> None:
    assert applink.problem(APP) is None
    assert applink.problem("http://app.example.sa") is LinkProblem.NOT_HTTPS


def test_the_longest_link_makes_a_qr_of_version_seven() -> None:
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(("https://pay.example.sa/" + "a" * 122)[: applink.LONGEST].encode(), optimize=0)
    assert code.best_fit() == 7


@given(st.text(max_size=140))
def test_whatever_the_service_sends_the_answer_is_https(offered: str) -> None:
    assert shown(offered).lower().startswith("https://")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40), st.integers(0, 11))
def test_the_account_number_is_found_within_any_text(text: str, cut: int) -> None:
    digits = "".join(character for character in text if not character.isdigit() and character != "%")
    assert applink.holds_account(quote(digits[:cut] + NUMBER[:5] + digits + NUMBER[5:]), AccountNumber(NUMBER))
