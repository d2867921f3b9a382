"""What a terminal says on paper when it is taken out of use: which it was, and that its keys and bills are gone."""

from __future__ import annotations

from datetime import datetime

from devices.page import Page
from kiosk.receipt.figures import moment
from kiosk.receipt.labels import Say
from kiosk.receipt.sheet import Row, Sheet
from kiosk.receipt.type import LABEL, TITLE
from kiosk.typography import plain

_TITLE = Say("إنهاء خدمة الجهاز", "Terminal taken out of use")
_SAID = Say(
    "تُمحى مفاتيح هذا الجهاز وكل الفواتير المحفوظة فيه، ولا يمكن استرجاعها.",
    "The keys of this terminal and all bills kept on it are being destroyed. They cannot be recovered.",
)
_TERMINAL = Say("رقم الجهاز", "Terminal")
_KEY = Say("بصمة المفتاح", "Key")
_AT = Say("الوقت", "At")
_BY = Say("الفني", "Technician")


def page(*, terminal: str, key: str, by: str, now: datetime, width: int, language: str) -> Page:
    """The slip for the files of whoever answers for the terminal; `key` is the fingerprint of its own key."""
    sheet = Sheet(width, language if language in ("ar", "en") else "en")
    sheet.gap(8)
    sheet.say(_TITLE, TITLE, LABEL)
    sheet.gap(14)
    sheet.say(_SAID, LABEL, LABEL)
    sheet.gap(14)
    rows = [(_TERMINAL, plain(terminal)), (_KEY, key), (_AT, moment(now)), (_BY, plain(by))]
    sheet.table([Row(label, value) for label, value in rows])
    sheet.gap(8)
    return sheet.page()
