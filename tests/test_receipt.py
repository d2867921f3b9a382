"""A bill on paper: all of it there, none of it touching, nothing shown that the privacy level forbids."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import zxingcpp
from factories import make_bill, make_current, make_meter, make_not_issued, worked_bill
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from devices.page import LogoTile, Page, QrTile, RuleTile, TextTile, Tile, misplaced, pack
from kiosk import receipt
from kiosk.bootstrap import known_languages
from kiosk.model import (
    Adjustment,
    Bill,
    DocumentType,
    HistoryMonth,
    Money,
    OtherCharge,
    Plan,
    PlanKind,
    ReadingKind,
    Source,
    Status,
)
from kiosk.receipt import labels as receipt_labels
from kiosk.receipt import pictures as receipt_pictures
from kiosk.receipt import type as receipt_type
from kiosk.receipt.labels import Say
from kiosk.receipt.type import LABEL, QUIET, STRONG, STYLES, TITLE, Style, set_label, set_words
from kiosk.words import money

GOLDEN = Path(__file__).parent / "golden" / "receipts"
NOW = datetime(2026, 8, 30, 11, 5, tzinfo=UTC)
APP = "https://app.ebill.example/"
LONG_AR = "شركة عبدالرحمن بن عبدالعزيز بن محمد آل سليمان وأولاده للتجارة والمقاولات العامة"
LONG_EN = "Abdulrahman bin Abdulaziz bin Mohammed Al Sulaiman & Sons Trading, Contracting"
LONG_PLACE_AR = "الرياض، حي الملز، شارع الأمير عبدالمحسن بن عبدالعزيز، مبنى 7421، الوحدة 12، الرمز البريدي 12836"
LONG_PLACE_EN = "Building 7421, Prince Abdulmohsen bin Abdulaziz Street, Al Malaz, Unit 12, Riyadh 12836"
WIDTHS = (576, 384)
LANGUAGES = receipt_labels.LANGUAGES


def page(bill=None, *, source=Source.LIVE, **changes) -> Page:
    settings_ = {
        "width": 576,
        "language": "ar",
        "level": "default",
        "number": 317,
        "terminal": "K0421",
        "copy": 1,
        "now": NOW,
        "app_link": APP,
        "call_centre": "920000000",
    }
    current = make_current(worked_bill("a") if bill is None else bill, source=source)
    return receipt.page(current, **(settings_ | changes))


def texts(found: Page) -> list[str]:
    return [piece.text for piece in found.pieces if isinstance(piece, TextTile)]


def says(found: Page, text: str, *styles: Style, language: str = "ar") -> bool:
    """Whether `text`, in Arabic if nothing else is said, stands on the page as one tile."""
    rows = {piece.rows for piece in found.pieces}
    return any(set_label(text, style, language=language).rows in rows for style in styles or STYLES)


def heads(found: Page, text: str, style: Style, *, language: str) -> bool:
    """Whether `text` stands, centred, in the letterhead."""
    (logo,) = [piece.image() for piece in found.pieces if isinstance(piece, LogoTile)]
    setting = set_label(text, style, language=language)
    words = Tile(0, 0, setting.width, setting.height, setting.rows).image()
    x = (logo.width - words.width) // 2
    crops = (logo.crop((x, y, x + words.width, y + words.height)) for y in range(logo.height - words.height + 1))
    return any(crop.tobytes() == words.tobytes() for crop in crops)


def with_names(bill: Bill) -> Bill:
    account = replace(bill.account, name_ar=LONG_AR, name_en=LONG_EN)
    return replace(
        bill,
        account=replace(
            account, address_ar=LONG_PLACE_AR, address_en=LONG_PLACE_EN, premise_id="40123456789012345678"
        ),
        seller=replace(
            bill.seller, name_ar=LONG_AR, name_en=LONG_EN, address_ar=LONG_PLACE_AR, address_en=LONG_PLACE_EN
        ),
        invoice_number="INV-2026-08-000000000001-0123456789-WXYZ",
    )


def with_millions(bill: Bill) -> Bill:
    most = Money(99_999_999_99)
    tiers = tuple(replace(tier, amount=most, kwh=99_999_999, rate="123.4567") for tier in bill.tiers)
    return replace(
        bill,
        tiers=tiers,
        amount_due=most,
        current_total=most,
        previous_balance=Money(-most),
        kwh_total=999_999_999,
    )


def with_meters(bill: Bill) -> Bill:
    kinds = list(ReadingKind)
    meters = tuple(
        make_meter(1240, factor=40 * (n + 1), number=f"KFM20170099{n}", reading_kind=kinds[n % 3])
        for n in range(4)
    )
    return replace(bill, meters=meters)


def with_charges(bill: Bill) -> Bill:
    other = OtherCharge(
        "R",
        "رسوم إعادة التيار بعد الفصل بسبب التأخر عن السداد",
        "Reconnection fee after late payment",
        Money(5000),
        "15",
    )
    adjusted = Adjustment(
        "تسوية فرق قراءة سابقة وفق الاعتراض", "Settlement of an earlier reading as objected", Money(-1234)
    )
    return replace(
        bill,
        charges=replace(bill.charges, other=(other,)),
        adjustments=(adjusted,),
        payments_received=Money(10000),
    )


BILLS = {
    "worked A": worked_bill("a"),
    "worked B": worked_bill("b"),
    "worked C": worked_bill("c"),
    "no use": make_bill(kwh=0),
    "longest names": with_names(worked_bill("a")),
    "millions": with_millions(worked_bill("a")),
    "four meters": with_meters(worked_bill("b")),
    "other charges": with_charges(worked_bill("a")),
    "credit": replace(worked_bill("a"), amount_due=Money(0), credit=Money(5514)),
    "credit note": replace(
        worked_bill("a"), document_type=DocumentType.CREDIT_NOTE, amount_due=Money(0), credit=Money(179711)
    ),
    "fixed plan": replace(
        worked_bill("a"), plan=Plan(PlanKind.FIXED, Money(60000), 3, Money(-12345)), amount_due=Money(60000)
    ),
    "paid": replace(worked_bill("a"), status=Status.PAID, amount_due=Money(0)),
    "partly paid": replace(worked_bill("a"), status=Status.PARTLY_PAID, disconnection_date=date(2026, 10, 1)),
    "superseded": replace(worked_bill("a"), status=Status.SUPERSEDED),
    "no history": replace(worked_bill("a"), history=()),
    "no tax QR": replace(worked_bill("a"), qr=None),
    "bare": replace(
        worked_bill("a"),
        seller=replace(worked_bill("a").seller, cr_number=None, address_ar=None, address_en=None),
        account=replace(
            worked_bill("a").account, name_ar=None, name_en=None, address_ar=None, address_en=None, premise_id=None
        ),
        due_date=None,
        tiers=(),
        meters=(),
        vat=(),
        issue_hijri=None,
    ),
    "not issued": make_not_issued(),
}


@pytest.mark.parametrize("name", BILLS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_overlaps_or_sticks_out(name, width, language):
    for changes in ({"proven": True, "copy": 12, "demo": True}, {"level": "strict", "source": Source.STORED}):
        found = page(BILLS[name], width=width, language=language, **changes)
        assert misplaced(found) == []
        for piece in found.pieces:
            assert len(piece.rows) == piece.stride * piece.height


@pytest.mark.parametrize("name", BILLS)
def test_every_piece_has_ink_and_shows_whole_on_the_page(name):
    found = page(BILLS[name], proven=True)
    whole = found.image()
    for piece in found.pieces:
        box = (piece.x, piece.y, piece.x + piece.width, piece.y + piece.height)
        assert pack(whole.crop(box)) == piece.rows
        assert any(piece.rows)


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(st.sampled_from("ابتثجحخدذرزسشصضطظعغفقكلمنهويىة ABCWMil-'&"), min_size=1, max_size=80),
    due=st.integers(0, 99_999_999_99),
    kwh=st.integers(0, 10**9),
    width=st.sampled_from(WIDTHS),
    language=st.sampled_from(LANGUAGES),
)
def test_no_name_or_amount_breaks_the_layout(name, due, kwh, width, language):
    bill = worked_bill("a")
    bill = replace(bill, account=replace(bill.account, name_ar=name, name_en=name, address_en=name), kwh_total=kwh)
    bill = replace(bill, amount_due=Money(due), current_total=Money(due), previous_balance=Money(-due))
    assert misplaced(page(bill, proven=True, width=width, language=language)) == []


HOSTILE = "\x1b@\x1dV\x00\x10\x04\x01\u202eSaad\u2066 \x9b\ufeff\x00سعد\u200f" + "\u064b" * 90


def test_a_hostile_text_is_harmless():
    bill = with_charges(worked_bill("a"))
    bill = replace(
        bill,
        seller=replace(bill.seller, name_ar=HOSTILE, name_en=HOSTILE, address_ar=HOSTILE, address_en=HOSTILE),
        account=replace(bill.account, name_ar=HOSTILE, name_en=HOSTILE, address_ar=HOSTILE, premise_id=HOSTILE),
        invoice_number=HOSTILE,
        meters=(replace(bill.meters[0], number=HOSTILE),),
        charges=replace(bill.charges, other=(replace(bill.charges.other[0], label_ar=HOSTILE, label_en=HOSTILE),)),
        adjustments=(replace(bill.adjustments[0], label_ar=HOSTILE, label_en=HOSTILE),),
        sadad=replace(bill.sadad, biller=HOSTILE, number=HOSTILE),
    )
    for width in WIDTHS:
        for language in LANGUAGES:
            found = page(bill, proven=True, width=width, language=language, terminal=HOSTILE, call_centre=HOSTILE)
            assert misplaced(found) == []
            assert all(text.isascii() and text.isprintable() for text in texts(found))


def test_figures_of_the_charges_end_in_one_column():
    for language, edge in (("ar", None), ("en", 576)):
        found = page(with_charges(worked_bill("b")), language=language)
        amounts = [
            p
            for p in found.pieces
            if isinstance(p, TextTile) and p.text[-3:-2] == "." and p.text[0] in "-0123456789"
        ]
        assert len(amounts) >= 9
        ends = {p.x + p.width for p in amounts}
        assert len(ends) == 1
        assert edge is None or ends == {edge}


def test_all_that_a_simplified_tax_invoice_must_show_is_there():
    found = page(language="en")
    shown = texts(found)
    for text in (
        *(
            "Simplified tax invoice",
            "INV-2026-08-000001",
            "28/08/2026 00:05",
            "15/03/1448",
            "25/07 - 25/08/2026",
            "31",
        ),
        *("Tier 1: 6,200 x 0.18", "1,116.00", "Tier 2: 1,439 x 0.30", "431.70", "15.00"),
        *("1,562.70", "VAT 15%", "234.41", "Total with VAT", "1,797.11", "0.00"),
        *("7,639 kWh", "KFM2017009912", "48,210", "55,849", "100 A", "27/09/2026"),
        *("Pay: SADAD 002", "30012345678", "000317 / K0421", "30/08/2026 14:05", "920000000"),
    ):
        assert text in shown, text
    for say in (
        receipt_labels.CURRENT_TOTAL,
        receipt_labels.TAXABLE,
        receipt_labels.vat("15"),
        receipt_labels.INVOICE,
    ):
        assert says(found, say.ar, QUIET)
    assert heads(found, "شركة الواحة للكهرباء", STRONG, language="ar")
    assert heads(found, "Al Waha Electricity", LABEL, language="en")
    assert heads(found, "الرياض، طريق الملك فهد", QUIET, language="ar")
    for text in ("King Fahd Road, Riyadh", "300000000000003", "1010000000"):
        assert heads(found, text, QUIET, language="en"), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_amount_stands_in_words_in_arabic_and_for_who_reads_none_in_english(language):
    found = page(language=language)
    spelled = set_words(money(Money(179711), "ar"), LABEL, language="ar")
    assert spelled.rows in {piece.rows for piece in found.pieces}
    english = " ".join(text for text in texts(found) if text.islower() or text.startswith("One thousand"))
    assert (money(Money(179711), "en") in english.replace("One", "one")) == (language != "ar")


def test_the_amount_due_is_the_largest_thing_but_the_codes():
    letters = [p for p in page().pieces if not isinstance(p, QrTile | LogoTile | RuleTile)]
    tall = sorted((_ink_height(p) for p in letters), reverse=True)
    # The figures with their comma, the riyal sign beside them, then the due date.
    assert tall[0] >= 50
    assert tall[1] > 1.3 * tall[2]


def _ink_height(piece) -> int:
    rows = [piece.rows[at : at + piece.stride] for at in range(0, len(piece.rows), piece.stride)]
    inked = [index for index, row in enumerate(rows) if any(row)]
    return inked[-1] - inked[0] + 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", BILLS)
def test_every_paper_says_that_it_proves_no_payment(name, width, language):
    found = page(BILLS[name], width=width, language=language)
    assert says(found, "ليس إثباتًا للسداد", STRONG)
    other = "en" if language == "ar" else language
    words = receipt_labels.NOT_PROOF.of(other)
    assert words in texts(found) or says(found, words, STRONG, language=other)


def test_a_paid_bill_is_said_to_be_paid_by_its_record_only():
    found = page(BILLS["paid"], language="en")
    assert "Paid, as recorded" in texts(found)
    assert "Nothing to pay" in texts(found)
    assert not any("SADAD" in text for text in texts(found))


def test_a_superseded_bill_says_not_to_pay_it():
    found = page(BILLS["superseded"])
    assert "Do not pay the amount of this bill" in texts(found)
    assert "27/09/2026" not in texts(found)


def test_a_credit_is_no_amount_due():
    found = page(BILLS["credit"], language="en")
    assert "Credit" in texts(found) and "Amount due" not in texts(found)
    assert "Fifty-five riyals and fourteen halalas" in texts(found)


def test_the_first_copy_is_not_marked_and_the_next_ones_are():
    assert not any("COPY" in text for text in texts(page()))
    found = page(copy=2)
    assert "COPY 2 /" in texts(found)
    assert says(found, "نسخة", TITLE)


def test_a_stored_bill_carries_its_age():
    assert "As of" not in texts(page())
    found = page(source=Source.STORED)
    assert "As of" in texts(found) and "28/08/2026 01:05" in texts(found)
    assert says(found, "آخر فاتورة محفوظة")


def test_the_demo_is_written_across_both_ends():
    found = page(demo=True).image()
    for rows in ((0, 6), (found.height - 6, found.height)):
        assert found.crop((0, rows[0], found.width, rows[1])).getbbox() is None
    assert page().image().crop((0, 0, 576, 6)).convert("L").getextrema()[0] > 0


def test_a_bill_not_issued_shows_no_amount():
    found = page(BILLS["not issued"], language="en")
    assert "This month's bill is not issued yet" in " ".join(texts(found))
    assert not any(text[-3:-2] == "." for text in texts(found))


LEVELS = [
    ("open", False, {"account", "breakdown", "history", "tax"}),
    ("default", False, {"account", "breakdown", "tax"}),
    ("strict", False, set()),
    ("open", True, {"account", "breakdown", "history", "tax", "name", "place"}),
    ("default", True, {"account", "breakdown", "history", "tax", "name", "place"}),
    ("strict", True, {"account", "breakdown", "history", "tax", "name", "place"}),
]


@pytest.mark.parametrize(("level", "proven", "allowed"), LEVELS)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_privacy_level_decides_what_is_printed(level, proven, allowed, width):
    bill = replace(worked_bill("a"), account=replace(worked_bill("a").account, buyer_vat_number="311111111111113"))
    found = page(bill, level=level, proven=proven, language="en", width=width)
    shown = " ".join(texts(found))
    codes = [piece.payload for piece in found.pieces if isinstance(piece, QrTile)]
    there = {
        "account": "30012345678" in shown,
        "breakdown": "48,210" in shown and "VAT 15%" in shown and "15.00" in shown,
        "history": "7,441" in shown,
        "tax": bill.qr in codes and "311111111111113" in shown and "Simplified tax invoice" in shown,
        "name": "Saad Ahmed" in shown,
        "place": "Al Malaz, Riyadh" in shown and "4012345678" in shown,
    }
    assert {what for what, is_there in there.items() if is_there} == allowed
    if "account" not in allowed:
        assert "*******5678" in shown
    if "breakdown" not in allowed:
        assert not any(
            part in shown for part in ("48,210", "VAT 15%", "KFM2017009912", "1,116.00", "311111111111113")
        )
    assert ("S*** A***" in shown) == (level != "strict" and not proven)
    assert "7,639 kWh" in shown and "27/09/2026" in shown and "25/08/2026" in shown
    assert not any("42" in code for code in codes if code == APP)


def test_an_unknown_privacy_level_is_refused():
    with pytest.raises(ValueError, match="open, default or strict"):
        page(level="private")


def test_the_app_code_is_the_settings_link_and_holds_no_account():
    for changes in ({}, {"level": "open", "proven": True}):
        codes = [piece.payload for piece in page(**changes).pieces if isinstance(piece, QrTile)]
        assert codes[-1] == APP


def test_without_a_link_there_is_no_app_code():
    assert [p.payload for p in page(app_link="").pieces if isinstance(p, QrTile)] == [worked_bill("a").qr]


def phase_2(length: int) -> str:
    return base64.b64encode(bytes(i * 73 % 256 for i in range(length * 3 // 4))).decode()[:length]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("length", [140, 508, 548, 700])
def test_the_tax_code_says_what_the_biller_sent_and_can_be_read(width, length):
    payload = phase_2(length)
    found = page(replace(worked_bill("a"), qr=payload), width=width)
    (code,) = [piece for piece in found.pieces if isinstance(piece, QrTile) and piece.payload == payload]
    assert code.module >= (3 if width == 384 and length == 700 else 4)
    read = {barcode.text for barcode in zxingcpp.read_barcodes(found.image().convert("L"))}
    assert read == {payload, APP}


def test_a_bill_that_does_not_add_up_keeps_its_figures_and_loses_its_chart():
    bill = replace(worked_bill("a"), current_total=Money(179712))
    found = page(bill, language="en", proven=True)
    assert "1,797.12" in texts(found)
    assert "7,441" not in texts(found)
    assert "7,441" in texts(page(language="en", proven=True))


def test_bars_run_the_way_the_language_reads():
    shades = {}
    for language in LANGUAGES:
        found = page(language=language, proven=True)
        bars = [
            p for p in found.pieces if p.width == 24 and p.height >= 2 and not isinstance(p, TextTile | RuleTile)
        ]
        assert len(bars) == 13
        current = max(bars, key=lambda p: sum(byte.bit_count() for byte in p.rows) / len(p.rows))
        shades[language] = sorted(p.x for p in bars).index(current.x)
        assert {p.y + p.height for p in bars} == {current.y + current.height}
    assert shades == {"ar": 0, "ur": 0, "en": 12, "hi": 12, "bn": 12, "fil": 12}


def test_a_month_without_a_row_leaves_its_place_empty():
    bill = worked_bill("a")
    history = tuple(row for row in bill.history if row.month not in ("2026-03", "2025-08"))
    found = page(replace(bill, history=history), proven=True, language="en")
    bars = [p for p in found.pieces if p.width == 24 and not isinstance(p, TextTile | RuleTile)]
    assert len(bars) == 11
    assert texts(found).count("03") == 1


def test_one_month_alone_is_no_chart():
    bill = replace(worked_bill("a"), history=(HistoryMonth("2026-08", 7639, Money(179711)),))
    assert not any("months" in text for text in texts(page(bill, proven=True)))


def test_the_same_receipt_is_the_same_page():
    assert page().digest() == page().digest()
    digests = {
        page(**changes).digest()
        for changes in ({}, {"copy": 2}, {"number": 318}, {"language": "en"}, {"width": 384})
    }
    assert len(digests) == 5


def test_a_subscriber_leaves_nothing_in_memory():
    first = worked_bill("a")
    page(first, proven=True, language="en")
    page(first, proven=True)
    kept = (receipt_type.set_label, receipt_type._part, receipt_pictures.app_code, receipt_pictures.mark)
    before = [cache.cache_info().currsize for cache in kept]
    turned = replace(
        first,
        account=replace(first.account, name_ar="أحمد سعد", name_en="Ahmed Saad", address_en="Riyadh, Malaz Al"),
        invoice_number=first.invoice_number[::-1],
        qr=first.qr[::-1],
    )
    page(turned, proven=True, language="en")
    page(turned, proven=True)
    assert [cache.cache_info().currsize for cache in kept] == before


def test_the_labels_are_there_in_every_language_of_the_terminal():
    assert sorted(LANGUAGES) == known_languages()
    head_only = (receipt_labels.VAT_NUMBER, receipt_labels.CR_NUMBER)
    for value in vars(receipt_labels).values():
        for say in value.values() if isinstance(value, dict) else [value]:
            if isinstance(say, Say) and say not in head_only:
                assert all(getattr(say, language) for language in LANGUAGES), say.en
                assert say.en.isascii() and say.fil.isascii()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receipt_looks_as_approved(language, width, update_golden):
    bill = worked_bill("a")
    picture = page(bill, width=width, language=language, proven=True, copy=2).image()
    path = GOLDEN / f"bill-a-{language}-{width}.png"
    if update_golden:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, optimize=True)
    approved = Image.open(path)
    assert picture.size == approved.size
    assert ImageChops.difference(picture.convert("L"), approved.convert("L")).getbbox() is None
