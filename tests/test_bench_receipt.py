"""The benchmarks of receipts: they run, and their sizes and ratios keep what was promised."""

from __future__ import annotations

import pytest

from kiosk.bench.printing import cut_after_s
from kiosk.bench.receipt import bill_a, encoded, measure


def test_bill_a_keeps_its_promised_sizes() -> None:
    found = measure(runs=1)
    assert found["lines_of_raster"] <= 0.45
    assert found["hybrid_of_raster"] <= 0.16
    assert found["hybrid_stored_of_raster"] <= 0.12
    assert found["lines_bytes"] < found["python_escpos_image_bytes"] / 2
    assert found["first_ms"] > 0 and found["cold_ms"] > 0 and found["warm_ms"] > 0
    assert found["length_mm"] <= 280


@pytest.mark.parametrize("baud", [9600, 921_600])
def test_a_receipt_takes_the_longer_of_line_and_mechanism(baud: int) -> None:
    data = encoded(bill_a())["hybrid"]
    line_s, mechanism_s = len(data) * 10 / baud, bill_a().height / 8 / 250
    assert max(line_s, mechanism_s) - 0.01 <= cut_after_s(data, baud=baud) <= line_s + mechanism_s + 0.5
