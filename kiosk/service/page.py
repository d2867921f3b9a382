"""The page behind the app QR: a bill on a phone, a stand-in for the mobile app.

It shows what the terminal shows without a second proof: a masked name, the last digits of the account, no address,
no history. Nothing in it comes from anywhere else: no script, no font, no picture of another host.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from html import escape
from importlib.resources import files
from typing import Any

from kiosk.service import months, page_text
from kiosk.service.documents import SELLER
from kiosk.service.page_text import LANGUAGES, Language, Text

_MARK = (
    '<svg viewBox="0 0 40 40" aria-hidden="true"><rect width="40" height="40" rx="12" fill="#1b8354"/>'
    '<path d="M22 6 10 23h8l-2 11 14-18h-9z" fill="#fff"/></svg>'
)

_LONG_AMOUNT = 10_000_00
"""Halalas from which the amount is set smaller, so that it fits a narrow phone."""


class Pages:
    """Draws the pages; `headers` go with each of them."""

    def __init__(self) -> None:
        self._texts = page_text.load()
        self._style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode("ascii")
        self.headers = {
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex, nofollow, noarchive",
            "Vary": "Accept-Language, Accept-Encoding",
        }

    def bill(
        self, document: dict[str, Any], *, language: Language, now: datetime, as_of: datetime, closes: datetime
    ) -> str:
        """The page of a document, in a language of `LANGUAGES`."""
        text = self._texts[language]
        if document["status"] == "not_issued":
            who = _who(document["account"], text)
            plain = _plain(text.word("not_issued_title"), text.word("not_issued_text"), who=who)
            return self._page(text, [plain, _footer(text, as_of=as_of, closes=closes)])
        today = now.astimezone(months.RIYADH).date()
        parts = [
            _summary(document, text, today),
            _consumption(document, text),
            _readings(document, text),
            _lines(document, text),
            _payment(document, text),
            _document(document, text),
            _footer(text, as_of=as_of, closes=closes),
        ]
        return self._page(text, parts)

    def gone(self, *, language: Language) -> str:
        """The page of a link that has expired, or never was one."""
        text = self._texts[language]
        return self._page(text, [_plain(text.word("gone_title"), text.word("gone_text"))])

    def _page(self, text: Text, parts: Iterable[str]) -> str:
        direction = "rtl" if text.language == "ar" else "ltr"
        other = LANGUAGES[1 - LANGUAGES.index(text.language)]
        return (
            f'<!doctype html><html lang="{text.language}" dir="{direction}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            '<meta name="robots" content="noindex,nofollow,noarchive">'
            '<meta name="format-detection" content="telephone=no">'
            '<meta name="color-scheme" content="light dark"><meta name="theme-color" content="#104631">'
            f"<title>{text.word('title')}</title><style>{self._style}</style></head><body>"
            f"<header><div>{_MARK}<strong>{text.either(SELLER, 'name')}</strong>"
            f'<a href="?language={other}" hreflang="{other}" lang="{other}">{text.word("other_language")}</a>'
            "</div></header>"
            f"<main>{''.join(parts)}</main></body></html>"
        )


def _plain(title: str, sentence: str, *, who: str = "") -> str:
    return f'<section class="plain">{who}<h2>{title}</h2><p>{sentence}</p></section>'


def _footer(text: Text, *, as_of: datetime, closes: datetime) -> str:
    local = as_of.astimezone(months.RIYADH)
    return (
        f"<footer><p>{text.word('as_of', date=text.day(local.date()), time=text.time(local))}</p>"
        f"<p>{text.word('closes', time=text.time(closes))}</p><p>{text.word('demo')}</p></footer>"
    )


def _who(account: dict[str, Any], text: Text) -> str:
    other = LANGUAGES[1 - LANGUAGES.index(text.language)]
    name = account.get(f"name_{text.language}") or account.get(f"name_{other}") or ""
    number = f"{text.word('account')} {page_text.masked_account(account['number'])}"
    shown = f"<bdi>{page_text.masked_name(name)}</bdi>" if name else ""
    return f'<div class="who">{shown}<span>{number}</span></div>'


def _summary(bill: dict[str, Any], text: Text, today: date) -> str:
    due, credit = bill["amount_due"], bill["credit"]
    amount = credit if credit and not due else due
    title = "credit" if amount == credit and credit else "amount_due"
    status = "credit_note" if bill["document_type"] == "credit_note" else bill["status"]
    size = "amount long" if amount >= _LONG_AMOUNT else "amount"
    parts = [
        _who(bill["account"], text),
        f'<h1>{text.word(title)}</h1><p class="{size}">{text.money(amount)}</p>',
        f'<p class="due"><span class="chip">{text.word(status)}</span>{_due(bill, text, today)}</p>',
    ]
    if bill["disconnection_date"] is not None and due:
        day = date.fromisoformat(bill["disconnection_date"])
        parts.append(f'<p class="notice">{text.word("disconnection", date=text.day(day))}</p>')
    return f"<section>{''.join(parts)}</section>"


def _due(bill: dict[str, Any], text: Text, today: date) -> str:
    if not bill["amount_due"]:
        return text.word("nothing_due")
    if bill["due_date"] is None:
        return ""
    day = date.fromisoformat(bill["due_date"])
    return f"<b>{text.due(day, today)}</b><span>{text.day(day)}</span>"


def _consumption(bill: dict[str, Any], text: Text) -> str:
    period = bill["period"]
    start, end = date.fromisoformat(period["start"]), date.fromisoformat(period["end"])
    rows = "".join(_tier(tier, text) for tier in bill["tiers"]) if bill["kwh_total"] else ""
    return (
        f"<section><h2>{text.word('consumption')}</h2>"
        f'<p class="big">{text.number(bill["kwh_total"])} <small>{text.word("kwh")}</small></p>'
        f'<p class="quiet">{text.day(start)} – {text.day(end)} · {text.days(period["days"])}</p>'
        f"{_bar(bill) if bill['kwh_total'] else ''}<dl>{rows}</dl></section>"
    )


def _bar(bill: dict[str, Any]) -> str:
    """One bar divided by tiers, from the reader's start to the end; a gap of half a per cent between them."""
    parts, x = [], 0.0
    for tier in bill["tiers"]:
        width = 100 * tier["kwh"] / bill["kwh_total"]
        shown = width if tier is bill["tiers"][-1] else max(width - 0.5, 0.5)
        parts.append(f'<rect class="t{min(tier["n"], 4)}" x="{x:.2f}" width="{shown:.2f}" height="10"/>')
        x += width
    box = 'viewBox="0 0 100 10" preserveAspectRatio="none"'
    return f'<svg class="bar" {box} aria-hidden="true">{"".join(parts)}</svg>'


def _tier(tier: dict[str, Any], text: Text) -> str:
    name = text.word("tier", n=str(tier["n"]))
    rate = text.word("rate", rate=f'<span class="figure">{escape(tier["rate"])}</span>')
    return (
        f'<div><dt><i class="t{min(tier["n"], 4)}"></i>{name}<small>{rate}</small></dt>'
        f"<dd>{text.number(tier['kwh'])} {text.word('kwh')}</dd></div>"
    )


def _readings(bill: dict[str, Any], text: Text) -> str:
    return f"<section><h2>{text.word('readings')}</h2>{''.join(_meter(m, text) for m in bill['meters'])}</section>"


def _meter(meter: dict[str, Any], text: Text) -> str:
    number = f'<span class="figure">{escape(meter["number"])}</span>'
    rows = [
        _row(text.word("reading_current"), text.number(meter["reading_current"])),
        _row(text.word("reading_previous"), text.number(meter["reading_previous"])),
    ]
    if meter["factor"] > 1:
        rows.append(_row(text.word("factor"), text.number(meter["factor"])))
    rows.append(_row(text.word("breaker"), f"{text.number(meter['breaker_amp'])} {text.word('ampere')}"))
    notes = [text.word(meter["reading_kind"])] if meter["reading_kind"] != "actual" else []
    if meter["rollover_at"] is not None:
        notes.append(text.word("rollover"))
    note = f'<p class="quiet">{" · ".join(notes)}</p>' if notes else ""
    return f'<div class="meter"><p>{text.word("meter", number=number)}</p>{note}<dl>{"".join(rows)}</dl></div>'


def _lines(bill: dict[str, Any], text: Text) -> str:
    charges = bill["charges"]
    rows = [
        _row(text.word("energy"), text.money(charges["energy"])),
        _row(text.word("meter_fee"), text.money(charges["meter_fee"])),
    ]
    rows += [_row(text.either(other, "label"), text.money(other["amount"])) for other in charges["other"]]
    rows += [_row(text.word("vat", rate=escape(line["rate"])), text.money(line["amount"])) for line in bill["vat"]]
    rows.append(_row(text.word("current_total"), text.money(bill["current_total"]), kind="sum"))
    if bill["plan"]["kind"] == "fixed":
        rows.append(_row(text.word("fixed_amount"), text.money(bill["plan"]["fixed_amount"])))
    if bill["previous_balance"]:
        rows.append(_row(text.word("previous_balance"), text.money(bill["previous_balance"])))
    if bill["payments_received"]:
        rows.append(_row(text.word("payments"), text.money(-bill["payments_received"])))
    rows += [_row(text.either(row, "label"), text.money(row["amount"])) for row in bill["adjustments"]]
    if bill["credit"]:
        rows.append(_row(text.word("credit"), text.money(bill["credit"]), kind="sum total"))
    else:
        rows.append(_row(text.word("amount_due"), text.money(bill["amount_due"]), kind="sum total"))
    plan = f' <span class="chip">{text.word("plan")}</span>' if bill["plan"]["kind"] == "fixed" else ""
    return f"<section><h2>{text.word('lines')}{plan}</h2><dl>{''.join(rows)}</dl></section>"


def _payment(bill: dict[str, Any], text: Text) -> str:
    if not bill["amount_due"]:
        return ""
    biller = f'<span class="figure">{escape(bill["sadad"]["biller"])}</span>'
    account = page_text.masked_account(bill["account"]["number"])
    return (
        f'<section><h2>{text.word("how_to_pay")}</h2><div class="pay"><strong>{text.word("sadad")}</strong>'
        f"<p>{text.word('biller')} {biller}<br>{text.word('account')} {account}</p></div>"
        f'<p class="quiet">{text.word("sadad_hint")}</p></section>'
    )


def _document(bill: dict[str, Any], text: Text) -> str:
    issue = datetime.fromisoformat(bill["issue_at"]).astimezone(months.RIYADH).date()
    rows = [
        _row(text.word("invoice_number"), f'<span class="figure">{escape(bill["invoice_number"])}</span>'),
        _row(text.word("issue_date"), f"{text.day(issue)}<br>{text.hijri(issue)}"),
    ]
    return f'<section><dl>{"".join(rows)}</dl><p class="note">{text.word("not_proof")}</p></section>'


def _row(label: str, value: str, *, kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f"<div{mark}><dt>{label}</dt><dd>{value}</dd></div>"
