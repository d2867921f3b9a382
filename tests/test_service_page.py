"""The page behind the app QR: the right words and figures in both languages, and nothing a stranger should see."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from kiosk.service import Service, ServiceConfig, SubscriberBook, page_text
from kiosk.service.page import Pages
from kiosk.service.page_text import LANGUAGES, Language

NOW = datetime(2026, 9, 15, 9, 20, tzinfo=UTC)
CLOSES = NOW + timedelta(minutes=15)
A, B, D = "30012345678", "10098765432", "30055555555"
_VOID = {"meta", "rect", "path", "br"}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    config = ServiceConfig(subscribers=1000, rate_per_min=1e6, burst=100_000, now=lambda: NOW)
    with Service(config) as service:
        yield service


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages()


def _link(service: Service, account: str) -> str:
    answer = requests.get(f"{service.url}/v1/bills/{account}", timeout=10)
    return answer.headers["Link"].removeprefix("<").partition(">")[0]


def _page(service: Service, account: str, *, language: str = "en") -> requests.Response:
    return requests.get(_link(service, account), params={"language": language}, timeout=10)


def _draw(pages: Pages, document: dict[str, Any], language: Language = "en") -> str:
    return pages.bill(document, language=language, now=NOW, as_of=NOW, closes=CLOSES)


def _worked(name: str) -> dict[str, Any]:
    text = files("kiosk.service").joinpath("examples", f"{name}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


class _Reader(HTMLParser):
    """What a reader sees, and whether every tag is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.parts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.parts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.parts).split())


def test_the_residential_bill_reads_in_english(service: Service) -> None:
    text = _Reader(_page(service, A).text).text
    for words in (
        *("Al Waha Electricity", "S*** A***", "Account number ****5678"),
        *("Amount due 1,797.11", "Issued Due in 12 days 27 September 2026", "7,639 kWh"),
        *("25 July 2026 – 25 August 2026 · 31 days", "Tier 1 18 halalas per kWh 6,200 kWh", "Tier 2"),
        *("Current reading 55,849", "Previous reading 48,210", "Breaker 100 A", "Energy 1,547.70"),
        *("Meter service fee 15.00", "VAT 15% 234.41", "Total of this bill 1,797.11", "Biller 002"),
        *("28 August 2026 15 Rabi' al-Awwal 1448 AH", "Not proof of payment", "This page closes at 12:35"),
    ):
        assert words in text


def test_the_residential_bill_reads_in_arabic(service: Service) -> None:
    page = _page(service, A, language="ar").text
    text = _Reader(page).text
    assert '<html lang="ar" dir="rtl">' in page
    for words in (
        *("شركة الواحة للكهرباء", "س*** أ***", "المبلغ المستحق 1,797.11", "تستحق بعد 12 يومًا", "27 سبتمبر 2026"),
        *("كمية الاستهلاك 7,639 ك.و.س", "25 يوليو 2026 – 25 أغسطس 2026 · 31 يومًا", "القراءة السابقة 48,210"),
        *(
            "رسوم خدمة العداد 15.00",
            "ضريبة القيمة المضافة 15% 234.41",
            "15 ربيع الأول 1448 هـ",
            "ليس إثباتًا للسداد",
        ),
    ):
        assert words in text


def test_the_riyal_sign_stands_left_of_the_number_in_both_languages(pages: Pages) -> None:
    for language in LANGUAGES:
        page = _draw(pages, _worked("a-residential"), language)
        assert re.search(r'<span class="money"><svg [^>]*>.{0,400}?</svg>1,797\.11</span>', page)
    style = files("kiosk.service").joinpath("page.css").read_text(encoding="utf-8")
    assert ".money{direction:ltr;unicode-bidi:isolate" in style


def test_arrears_and_part_payments_are_shown(service: Service) -> None:
    text = _Reader(_page(service, B).text).text
    for words in (
        "Multiplication factor 40",
        "Previous balance 412.65",
        "Payments −162.65",
        "Amount due 4,338.71",
    ):
        assert words in text


def test_a_bill_that_is_not_out_says_so(service: Service) -> None:
    text = _Reader(_page(service, D).text).text
    assert "This month's bill is not out yet" in text
    assert "Amount due" not in text


@pytest.mark.parametrize(
    ("language", "accepted", "shown"),
    [
        (None, None, "ar"),
        (None, "en-GB,en;q=0.9,ar;q=0.8", "en"),
        (None, "ar-SA", "ar"),
        (None, "fr,en;q=0.5", "ar"),
        ("en", "ar", "en"),
        ("ar", "en", "ar"),
        ("xx", "en", "ar"),
    ],
)
def test_the_language_is_what_was_asked_for_else_arabic(
    service: Service, language: str | None, accepted: str | None, shown: str
) -> None:
    headers = {"Accept-Language": accepted} if accepted else {}
    answer = requests.get(_link(service, A), params={"language": language}, headers=headers, timeout=10)
    assert answer.headers["Content-Language"] == shown
    assert f'<html lang="{shown}"' in answer.text


def test_a_stranger_sees_no_account_name_address_buyer_or_history(pages: Pages) -> None:
    book = SubscriberBook(seed=1, count=1000)
    for index in range(200):
        document = book.current(index, NOW)
        account = document["account"]
        for language in LANGUAGES:
            page = _draw(pages, document, language)
            hidden = ("name_ar", "name_en", "address_ar", "address_en", "premise_id", "buyer_vat_number")
            for value in (account["number"], *(account.get(key) for key in hidden), document.get("qr")):
                assert value is None or value not in page
            assert account["number"] not in re.sub("<[^>]*>", "", page)


def test_the_months_before_are_not_shown(pages: Pages) -> None:
    bill = _worked("a-residential")
    text = _Reader(_draw(pages, bill)).text
    for month in bill["history"][1:]:
        assert f"{month['kwh']:,}" not in text
        assert f"{month['amount'] / 100:,.2f}" not in text


def test_every_kind_of_bill_makes_a_whole_page(pages: Pages) -> None:
    book = SubscriberBook(seed=5, count=10_000)
    for index in range(4, 400):
        for language in LANGUAGES:
            _Reader(_draw(pages, book.bill(index, "2026-08"), language))


def test_a_credit_note_and_a_credit_have_nothing_to_pay(pages: Pages) -> None:
    note = {**_worked("a-residential"), "document_type": "credit_note", "amount_due": 0, "credit": 179_711}
    text = _Reader(_draw(pages, note)).text
    assert "Credit 1,797.11 Credit note Nothing to pay" in text
    assert "SADAD" not in text


def test_a_disconnection_date_is_told_only_while_something_is_due(pages: Pages) -> None:
    bill = {**_worked("b-commercial"), "disconnection_date": "2026-10-04"}
    assert "Service stops after 4 October 2026" in _Reader(_draw(pages, bill)).text
    assert "Service stops" not in _Reader(_draw(pages, {**bill, "amount_due": 0, "status": "paid"})).text


def test_estimated_readings_and_turned_over_meters_are_told(pages: Pages) -> None:
    bill = _worked("a-residential")
    bill["meters"][0] |= {"reading_kind": "estimated", "rollover_at": 1_000_000}
    assert "Estimated reading · The meter started again from zero" in _Reader(_draw(pages, bill)).text


@pytest.mark.parametrize(
    ("days", "arabic", "english"),
    [
        (-1, "مضى تاريخ الاستحقاق", "The due date has passed"),
        (0, "تستحق اليوم", "Due today"),
        (1, "تستحق غدًا", "Due tomorrow"),
        (2, "تستحق بعد يومين", "Due in 2 days"),
        (3, "تستحق بعد 3 أيام", "Due in 3 days"),
        (10, "تستحق بعد 10 أيام", "Due in 10 days"),
        (11, "تستحق بعد 11 يومًا", "Due in 11 days"),
        (30, "تستحق بعد 30 يومًا", "Due in 30 days"),
        (100, "تستحق بعد 100 يوم", "Due in 100 days"),
        (103, "تستحق بعد 103 أيام", "Due in 103 days"),
    ],
)
def test_days_are_counted_as_each_language_counts(days: int, arabic: str, english: str) -> None:
    texts = page_text.load()
    today = date(2026, 9, 15)
    for language, expected in (("ar", arabic), ("en", english)):
        assert re.sub("<[^>]*>", "", texts[language].due(today + timedelta(days=days), today)) == expected


def test_what_a_biller_writes_cannot_become_markup(pages: Pages) -> None:
    bill = _worked("a-residential")
    attack = "<script>alert(1)</script>&\"'"
    bill["account"] |= {"name_en": attack}
    bill["meters"][0]["number"] = attack
    bill["invoice_number"] = attack
    bill["adjustments"] = [{"label_ar": attack, "label_en": attack, "amount": 100}]
    bill["charges"]["other"] = [
        {"code": "x", "label_ar": attack, "label_en": attack, "amount": 1, "vat_rate": "15"}
    ]
    for language in LANGUAGES:
        page = _draw(pages, bill, language)
        assert "<script" not in page
        _Reader(page)


def test_the_page_is_kept_by_nobody_and_loads_nothing(service: Service) -> None:
    for answer in (_page(service, A), requests.get(f"{service.url}/b/gone", timeout=10)):
        style = re.search("<style>(.*)</style>", answer.text, re.DOTALL)
        assert style
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert '<meta name="robots" content="noindex' in answer.text
        assert not re.search(r"https?://|<script|<link|<img|@import|url\(|style=|\son\w+=", answer.text)


def test_both_languages_have_the_same_words_and_the_same_blanks() -> None:
    table = tomllib.loads(files("kiosk.service").joinpath("page_words.toml").read_text(encoding="utf-8"))
    assert list(table["ar"]) == list(table["en"])
    for key, arabic in table["ar"].items():
        if not key.startswith(("due_", "days_")):
            assert set(re.findall(r"{\w+}", arabic)) == set(re.findall(r"{\w+}", table["en"][key])), key
    assert len(table["months"]["ar"]) == len(table["months"]["en"]) == 12


@pytest.mark.display
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_s_browser_shows_the_bill(service: Service, tmp_path: Path, language: str) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("needs chromium")
    picture = tmp_path / f"bill-{language}.png"
    plex = files("fontpkg_ibm_plex_sans_arabic")
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(
        f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>{plex}</dir>'
        f"<cachedir>{tmp_path}/cache</cachedir></fontconfig>",
        encoding="utf-8",
    )
    options = ["--headless", "--disable-gpu", "--hide-scrollbars", "--window-size=390,1800"]
    options += [f"--user-data-dir={tmp_path}/profile", f"--screenshot={picture}"]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    subprocess.run(
        [browser, *options, f"{_link(service, A)}?language={language}"],
        env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    assert image.size == (390, 1800)
    assert image.getpixel((8, 8)) == (0x10, 0x46, 0x31)
    # The cards keep their margin: nothing runs over the edge of a phone.
    for x in (4, 385):
        column = {image.getpixel((x, y)) for y in range(200, 1800)}
        assert column == {(0xF9, 0xFA, 0xFB)}
    # The amount is the largest thing: a solid band of brand green on the first card.
    amount = image.crop((30, 180, 360, 240))
    dark = amount.convert("L").point(lambda value: 255 * (value < 0x60)).histogram()[255]
    assert dark > 2000
