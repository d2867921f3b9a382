"""The parts of every receipt: who issued the bill, what is due, whose it is, how to pay, and which paper it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from PIL import Image

from devices.page import LogoTile, QrTile, Tile, pack
from kiosk import words
from kiosk.model import Account, Bill, CurrentBill, DocumentType, Money, Seller, Status
from kiosk.receipt import labels as say
from kiosk.receipt.figures import day, hijri, hijri_of, moment, money, period
from kiosk.receipt.labels import Say
from kiosk.receipt.pictures import APP_MODULE, MODULE, app_code, mark, sign, symbol
from kiosk.receipt.privacy import OnPaper, shown_account, shown_name
from kiosk.receipt.sheet import Row, Sheet
from kiosk.receipt.type import AMOUNTS, LABEL, QUIET, STRONG, TITLE, set_label, set_line, set_words
from kiosk.sums import issue_day
from kiosk.typography import figure_height, is_rtl, plain

_MARK = 64
"""The size of our mark, 8 mm."""


def demo_band(sheet: Sheet) -> None:
    """White on black across the paper: this is a demonstration."""
    settings = [set_label(say.DEMO.of(code), TITLE, language=code) for code in ("en", "ar")]
    band = Image.new("1", (sheet.width, 68), 1)
    x = (sheet.width - sum(setting.width for setting in settings) - 40) // 2
    for setting in settings:
        letters = Image.frombytes("1", (setting.width, setting.height), setting.rows)
        band.paste(0, (x, 47 - setting.over), letters)
        x += setting.width + 40
    sheet.picture(band)


def head(sheet: Sheet, seller: Seller) -> None:
    """Our mark, and who issued the bill."""
    sheet.drawn(letterhead(seller, sheet.width))
    sheet.gap(8)


@lru_cache(maxsize=4)
def letterhead(seller: Seller, width: int) -> LogoTile:
    """All of the head as one picture at the origin, the same on every receipt: a printer may keep it."""
    sheet = Sheet(width, "ar")
    sheet.picture(mark(_MARK))
    sheet.gap(4)
    names = Say(plain(seller.name_ar), plain(seller.name_en))
    sheet.say(names, STRONG, LABEL)
    addresses = Say(plain(seller.address_ar or ""), plain(seller.address_en or ""))
    for language in (sheet.language, sheet.other):
        if getattr(addresses, language):
            sheet.centred(addresses.of(language), QUIET, language=language)
    sheet.gap(4)
    sheet.flanked(say.VAT_NUMBER, plain(seller.vat_number), QUIET)
    if seller.cr_number:
        sheet.flanked(say.CR_NUMBER, plain(seller.cr_number), QUIET)
    image = sheet.page().image()
    return LogoTile(0, 0, *image.size, pack(image))


def title(sheet: Sheet, document: DocumentType | None, *, copy: int) -> None:
    """What this paper is and what it is not: a copy of a bill, and proof of no payment.

    A paper without the lines of VAT is no tax document: `document` is None then.
    """
    sheet.rule()
    sheet.gap(6)
    sheet.pair(say.BILL_COPY, STRONG, STRONG)
    if document:
        sheet.pair(say.DOCUMENTS[document], LABEL, QUIET)
    sheet.gap(2)
    sheet.pair(say.NOT_PROOF, STRONG, STRONG)
    if copy > 1:
        sheet.gap(4)
        _copy(sheet, copy)
    sheet.gap(6)
    sheet.rule()


def _copy(sheet: Sheet, copy: int) -> None:
    arabic = set_label(say.COPY.ar, TITLE, language="ar")
    english = set_label(f"{say.COPY.en} {copy} /", TITLE, language="en")
    left = (sheet.width - arabic.width - english.width - 14) // 2
    # Arabic stands at the right of the pair whatever comes first on the paper: both are read towards the middle.
    sheet.line([(english, left), (arabic, left + english.width + 14)], TITLE)


def stored(sheet: Sheet, current: CurrentBill) -> None:
    """That the bill came from the terminal's memory, and when it was right."""
    sheet.gap(6)
    sheet.pair(say.STORED, STRONG, STRONG)
    sheet.table([Row(say.AS_OF, moment(current.as_of), STRONG)])
    sheet.gap(3)
    sheet.rule()


def amount(sheet: Sheet, bill: Bill) -> None:
    """The one figure people look for, in figures and in words, and until when."""
    label = say.AMOUNT_DUE
    if bill.credit:
        label = say.CREDITED if bill.document_type is DocumentType.CREDIT_NOTE else say.CREDIT
    figure = bill.credit or bill.amount_due
    sheet.gap(8)
    sheet.pair(label, STRONG, STRONG)
    sheet.gap(8)
    _large(sheet, figure)
    sheet.gap(10)
    if not figure:
        sheet.say(say.NOTHING_DUE, LABEL)
    elif figure <= words.LARGEST:
        _spelled(sheet, figure)
    _until(sheet, bill)
    sheet.gap(8)
    sheet.rule()
    sheet.gap(8)


def _spelled(sheet: Sheet, figure: Money) -> None:
    """The amount in the subscriber's words where it can be spelled, and in Arabic, which is what counts."""
    first = sheet.language if sheet.language in words.LANGUAGES else "en"
    for language in dict.fromkeys((first, "ar")):
        spelled = words.money(figure, language)
        sheet.centred(spelled[0].upper() + spelled[1:], LABEL, language=language, setter=set_words)


def _large(sheet: Sheet, figure: Money) -> None:
    for style in AMOUNTS:
        figures = set_line(money(figure), style, language="en")
        riyals = sign(figure_height(style.latin.font()))
        space = style.latin.size // 4
        width = riyals.width + space + figures.width
        if width <= sheet.width:
            break
    x = (sheet.width - width) // 2
    baseline = sheet.y + figures.over
    sheet.pieces.append(Tile(x, baseline - riyals.height, *riyals.size, riyals.tobytes()))
    sheet.pieces.append(figures.place(x + riyals.width + space, baseline))
    sheet.y = baseline + figures.under


def _until(sheet: Sheet, bill: Bill) -> None:
    if bill.status is Status.SUPERSEDED:
        sheet.gap(8)
        sheet.say(say.DO_NOT_PAY)
    elif bill.due_date and bill.amount_due:
        sheet.gap(8)
        # A line of its own: letters twice as high leave a printer no room for Arabic beside them.
        sheet.pair(say.DUE_DATE, STRONG, STRONG)
        sheet.centred(day(bill.due_date), TITLE, language="en")
        if written := hijri(bill.due_date):
            _hijri(sheet, written)


def _hijri(sheet: Sheet, written: str) -> None:
    """A Hijri day and its era in the order of the language, the figures apart for the printer's own letters."""
    day_of_year = set_line(written, QUIET, language="en")
    era = set_label(say.ERA.of(sheet.language), QUIET, language=sheet.language)
    pair = [era, day_of_year] if sheet.rtl else [day_of_year, era]
    x = (sheet.width - day_of_year.width - era.width - 10) // 2
    sheet.line([(pair[0], x), (pair[1], x + pair[0].width + 10)], QUIET)


def facts(sheet: Sheet, bill: Bill, on_paper: OnPaper) -> None:
    """Whose bill it is, its number and dates."""
    sheet.table([*_owner(bill.account, on_paper, sheet.language), *_dates(bill, sheet.language)])
    sheet.gap(3)


def _owner(account: Account, on_paper: OnPaper, language: str) -> Iterator[Row]:
    yield Row(say.ACCOUNT, shown_account(account.number, whole=on_paper.account), value_style=STRONG)
    names = Say(shown_name(account.name_ar, on_paper.name), shown_name(account.name_en, on_paper.name))
    yield from _either(say.SUBSCRIBER, names, language)
    if on_paper.place:
        places = Say(plain(account.address_ar or ""), plain(account.address_en or ""))
        yield from _either(say.ADDRESS, places, language)
        if account.premise_id:
            yield Row(say.PREMISE, plain(account.premise_id))
    if on_paper.tax and account.buyer_vat_number:
        yield Row(say.BUYER_VAT, account.buyer_vat_number)


def _either(label: Say, text: Say, language: str) -> Iterator[Row]:
    """A row with `text` in the language of the paper, or in the other one where only that is known."""
    readable = "ar" if is_rtl(language) else "en"
    other = "en" if readable == "ar" else "ar"
    language = readable if getattr(text, readable) else other
    if found := getattr(text, language):
        yield Row(label, found, language=language)


def _dates(bill: Bill, language: str) -> Iterator[Row]:
    yield Row(say.INVOICE, plain(bill.invoice_number))
    yield Row(say.ISSUED, moment(bill.issue_at))
    if written := hijri_of(bill.issue_hijri) if bill.issue_hijri else hijri(issue_day(bill)):
        yield Row(say.HIJRI, written)
    yield Row(say.PERIOD, period(bill.period))
    yield Row(say.DAYS, str(bill.period.days))
    if bill.status in say.STATUSES:
        yield Row(say.STATUS, say.STATUSES[bill.status].of(language), language=language)
    if bill.disconnection_date:
        yield Row(say.DISCONNECTION, day(bill.disconnection_date), value_style=STRONG)


def pay(sheet: Sheet, bill: Bill, on_paper: OnPaper) -> None:
    """How to pay: SADAD's biller and number."""
    number = plain(bill.sadad.number)
    shown = number if on_paper.account else "*" * max(len(number) - 4, 0) + number[-4:]
    sheet.rule()
    sheet.gap(8)
    sheet.table([Row(say.sadad(plain(bill.sadad.biller)), shown, STRONG, both=True)])
    sheet.gap(3)


def codes(sheet: Sheet, tax_qr: str | None, app_link: str, *, is_due: bool) -> None:
    """The biller's tax QR as it came, and the way into the app; beside each other on narrow paper if they fit."""
    found: list[tuple[Say, QrTile]] = []
    if tax_qr:
        found.append((say.TAX_QR, symbol(tax_qr, sheet.width)))
    if app_link:
        module = MODULE if sheet.is_narrow else APP_MODULE
        found.append((say.APP_PAY if is_due else say.APP_QR, app_code(app_link, module)))
    if sheet.is_narrow and len(found) == 2 and sum(code.width for _, code in found) <= sheet.width:
        sheet.rule()
        sheet.gap(8)
        sheet.columns(found)
        return
    for words_, code in found:
        sheet.rule()
        sheet.gap(8)
        sheet.pair(words_, LABEL, QUIET)
        sheet.drawn(code)


def foot(sheet: Sheet, *, number: int, terminal: str, now: datetime, call_centre: str) -> None:
    """Which paper this is, printed where and when, and whom to call."""
    sheet.rule()
    sheet.gap(8)
    rows = [Row(say.RECEIPT, f"{number:06} / {plain(terminal)}"), Row(say.PRINTED, moment(now))]
    if call_centre:
        rows.append(Row(say.CALL_CENTRE, plain(call_centre)))
    sheet.table(rows)
    sheet.gap(4)
