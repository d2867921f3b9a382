"""The readiness report on the terminal's own printer: what a technician leaves behind, or takes along."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from devices.page import Page
from kiosk.receipt import labels as say
from kiosk.receipt.figures import moment
from kiosk.receipt.labels import Say
from kiosk.receipt.pictures import symbol
from kiosk.receipt.sheet import Row, Sheet
from kiosk.receipt.type import LABEL, QUIET, STRONG, TITLE, set_line, wrapped
from kiosk.typography import plain

REPORT = Say("تقرير الجاهزية", "Readiness report")
READY = Say("جاهز للخدمة", "Ready")
NOT_READY = Say("غير جاهز", "Not ready")
TERMINAL = Say("الجهاز", "Terminal")
VERSION = Say("الإصدار", "Version")

_MARKS = {"ok": "OK", "warning": "WARNING", "failed": "FAILED"}


def report_page(report: Mapping[str, Any], *, width: int, code: str = "") -> Page:
    """A page of the report (`kiosk.health.report`, or one with more in it), in the words of its checks.

    `code` is what a QR under it says; empty leaves it out. What is in order stands in one line, the rest with what
    was seen and what to do.
    """
    sheet = Sheet(width, "en")
    sheet.gap(8)
    sheet.say(REPORT, STRONG, STRONG)
    sheet.say(READY if report["ready"] else NOT_READY, TITLE, LABEL)
    sheet.gap(6)
    sheet.table(
        [
            Row(TERMINAL, plain(str(report["terminal"])) or "-"),
            Row(say.PRINTED, moment(datetime.fromisoformat(report["at"]))),
            Row(VERSION, plain(str(report["version"]))),
        ]
    )
    sheet.rule()
    sheet.gap(8)
    for check in report["checks"]:
        _check(sheet, check)
    if code:
        sheet.rule()
        sheet.drawn(symbol(code, width))
    sheet.gap(8)
    return sheet.page()


def _check(sheet: Sheet, check: Mapping[str, str]) -> None:
    name, seen, mark = plain(check["name"]), plain(check["seen"]), _MARKS[check["verdict"]]
    if check["verdict"] == "ok":
        sheet.table([Row(Say("", f"{name}: {seen}"), mark, QUIET, own=False)])
        return
    sheet.table([Row(Say("", name), mark, STRONG, own=False)])
    for text in filter(None, (seen, plain(check["remedy"]))):
        for line in wrapped(text, QUIET, sheet.width, language="en"):
            sheet.line([(set_line(line, QUIET, language="en", lean="left"), 0)], QUIET)
    sheet.gap(6)
