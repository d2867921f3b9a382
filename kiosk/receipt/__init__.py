"""A bill on paper: what the subscriber takes home, laid out once for preview, picture and every encoding.

The paper is a copy of the bill in Arabic and the subscriber's language. It shows what the privacy level allows and
never looks like a proof of payment. Nothing here reads or writes anything.
"""

from __future__ import annotations

from datetime import datetime

from devices.page import Page
from kiosk.applink import paper_link
from kiosk.model import Account, Bill, CurrentBill, Source
from kiosk.receipt import details, parts
from kiosk.receipt import labels as say
from kiosk.receipt import type as receipt_type
from kiosk.receipt.privacy import OnPaper, shown_account
from kiosk.receipt.sheet import Row, Sheet
from kiosk.receipt.type import LABEL, STRONG, TITLE
from kiosk.sums import problems


def prepare(sample: Bill, *, width: int, language: str, app_link: str) -> None:
    """Load and draw what all receipts share, in a quiet moment after start; without it the first one takes longer.

    `sample` is an invented bill; width, language and link are those of most receipts. May be called from any thread,
    and twice.
    """
    receipt_type.prepare()
    page(
        CurrentBill(sample, sample.issue_at, Source.LIVE),
        width=width,
        language=language,
        level="open",
        number=0,
        terminal="",
        copy=1,
        now=sample.issue_at,
        app_link=app_link,
        call_centre="0",
    )


def page(
    current: CurrentBill,
    *,
    width: int,
    language: str,
    level: str,
    number: int,
    terminal: str,
    copy: int,
    now: datetime,
    app_link: str,
    proven: bool = False,
    call_centre: str = "",
    demo: bool = False,
) -> Page:
    """The receipt of a bill; of a bill not issued yet, a slip that says so. The same arguments give the same page.

    Args:
        width: printable dots across the paper: 576 for 80 mm, 384 for 58 mm.
        language: of the visit, stands first with Arabic beside it; Arabic has English beside it. One that the paper
            does not know gets English.
        level: the site's privacy level, "open", "default" or "strict".
        number: the receipt number, the same on every copy.
        copy: 1 for the first, more is printed as "COPY n".
        now: when it is printed, any time zone.
        app_link: the settings' https link to the app; empty leaves its QR out.
        proven: whether the subscriber has given a second proof.
        demo: writes "demo" across the paper.
    """
    sheet = Sheet(width, language if language in say.LANGUAGES else "en")
    on_paper = OnPaper.at(level, proven=proven)
    if demo:
        parts.demo_band(sheet)
    sheet.gap(8)
    if isinstance(current.bill, Bill):
        _bill(sheet, current, current.bill, on_paper, copy=copy)
        tax_qr = current.bill.qr if on_paper.tax else None
        parts.codes(sheet, tax_qr, paper_link(app_link), is_due=bool(current.bill.amount_due))
    else:
        _not_issued(sheet, current.bill.account, on_paper)
        parts.codes(sheet, None, paper_link(app_link), is_due=False)
    parts.foot(sheet, number=number, terminal=terminal, now=now, call_centre=call_centre)
    if demo:
        parts.demo_band(sheet)
    return sheet.page()


def _bill(sheet: Sheet, current: CurrentBill, bill: Bill, on_paper: OnPaper, *, copy: int) -> None:
    parts.head(sheet, bill.seller)
    parts.title(sheet, bill.document_type if on_paper.tax else None, copy=copy)
    if current.source is Source.STORED:
        parts.stored(sheet, current)
    parts.amount(sheet, bill)
    parts.facts(sheet, bill, on_paper)
    details.consumption(sheet, bill, readings=on_paper.breakdown)
    if on_paper.breakdown:
        details.charges(sheet, bill)
    if on_paper.history and not problems(bill):
        details.history(sheet, bill)
    if bill.amount_due:
        parts.pay(sheet, bill, on_paper)


def _not_issued(sheet: Sheet, account: Account, on_paper: OnPaper) -> None:
    sheet.say(say.NOT_ISSUED, TITLE, LABEL)
    sheet.gap(14)
    sheet.say(say.ISSUE_DAY, LABEL)
    sheet.gap(14)
    sheet.table([Row(say.ACCOUNT, shown_account(account.number, whole=on_paper.account), STRONG)])
    sheet.gap(4)
    sheet.pair(say.NOT_PROOF, STRONG, STRONG)
    sheet.gap(6)
