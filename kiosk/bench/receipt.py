"""A receipt laid out and encoded, beside python-escpos' own picture of the whole page."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from typing import Any

from devices.escpos.encoding import Encoder, encode
from devices.escpos.profiles import profile
from devices.page import Page
from kiosk.bench import median_ms
from kiosk.model import CurrentBill, Source
from kiosk.receipt import page
from kiosk.samples import sample_bill

_TAX_QR = (
    "ASbYtNix2YPYqSDYp9mE2YjYp9it2Kkg2YTZhNmD2YfYsdio2KfYoQIPMzAwMDAwMDAwMDAwMDAzAxQy"
    "MDI2LTA4LTI4VDAwOjA1OjAwWgQHMTc5Ny4xMQUGMjM0LjQx"
)
_LINK = "https://app.ebill.example/"
_COLD = (
    "import time; from kiosk.bench import receipt as b; b.prepare(); t = time.perf_counter(); b.bill_a(); "
    "print((time.perf_counter() - t) * 1000)"
)


def measure(*, runs: int) -> dict[str, Any]:
    """Milliseconds to lay out bill A at 80 mm, cold (in a fresh process) and warm, and bytes by encoder."""
    cold = sorted(float(_fresh()) for _ in range(runs))[runs // 2]
    made = bill_a()
    sizes = {name: len(encode(made, encoder=name, profile=profile("generic"))) for name in Encoder}
    raster = sizes[Encoder.RASTER]
    return {
        "cold_ms": round(cold, 1),
        "warm_ms": median_ms(bill_a, runs=runs),
        "rows": made.height,
        **{f"{name}_bytes": size for name, size in sizes.items()},
        **{f"{name}_of_raster": round(size / raster, 3) for name, size in sizes.items()},
        **_python_escpos(made, runs=runs),
    }


def prepare() -> None:
    """Draw ahead what a terminal draws ahead after its start."""
    from kiosk import receipt

    receipt.prepare(_LINK)


def bill_a() -> Page:
    """The receipt of the worked bill A on 80 mm paper."""
    bill = replace(sample_bill(), qr=_TAX_QR)
    return page(
        CurrentBill(bill, bill.issue_at, Source.LIVE),
        width=576,
        language="ar",
        level="default",
        number=1,
        terminal="T-0000",
        copy=1,
        now=bill.issue_at,
        app_link=_LINK,
    )


def _fresh() -> str:
    return subprocess.run([sys.executable, "-c", _COLD], capture_output=True, text=True, check=True).stdout


def _python_escpos(made: Page, *, runs: int) -> dict[str, Any]:
    from escpos.printer import Dummy

    picture, began = made.image(), time.perf_counter()
    printer = Dummy()
    with redirect_stdout(StringIO()):  # it complains there of a width that it was not given
        printer.image(picture, impl="bitImageRaster")
    spent = (time.perf_counter() - began) * 1000
    return {"python_escpos_image_bytes": len(printer.output), "python_escpos_image_ms": round(spent, 1)}
