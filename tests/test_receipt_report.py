"""The readiness report on paper."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from devices.page import QrTile, TextTile, misplaced
from kiosk.health import Finding, Verdict, report
from kiosk.receipt.report import report_page

FINDINGS = [
    Finding("python", Verdict.OK, "3.11.7"),
    Finding("service", Verdict.WARNING, "ValueError: gateway.url is not set", "check the network and gateway.url"),
    Finding("printer", Verdict.FAILED, "paper_out: " + "a very long word " * 12, "look at the printer"),
    Finding("card_reader قارئ", Verdict.OK, "online"),
]
NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize("width", [576, 384])
def test_every_check_stands_on_it_and_nothing_overlaps(width: int) -> None:
    page = report_page(report(FINDINGS, terminal="K0421", now=NOW), width=width, code="EBILL:1:" + "A" * 400)
    assert misplaced(page) == []
    shown = " ".join(piece.text for piece in page.pieces if isinstance(piece, TextTile))
    for text in ("Not ready", "K0421", "01/09/2026 12:00", "python: 3.11.7", "OK", "WARNING", "FAILED"):
        assert text in shown, text
    assert "check the network and gateway.url" in shown
    (code,) = [piece for piece in page.pieces if isinstance(piece, QrTile)]
    assert code.payload.startswith("EBILL:1:")


def test_a_report_without_a_code_or_a_terminal_is_a_page_too() -> None:
    page = report_page(report(FINDINGS[:1], now=NOW), width=576)
    assert not any(isinstance(piece, QrTile) for piece in page.pieces)
    assert "Ready" in [piece.text for piece in page.pieces if isinstance(piece, TextTile)]
