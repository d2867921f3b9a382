"""A receipt laid out and encoded, beside python-escpos' own picture of the whole page."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial
from io import StringIO
from typing import Any

from devices.escpos.encoding import Encoder, encode
from devices.escpos.profiles import profile
from devices.page import LogoTile, Page
from kiosk.bench import median_ms
from kiosk.model import CurrentBill, Seller, Source
from kiosk.receipt import page
from kiosk.samples import sample_bill

_TAX_QR = (
    "ASbYtNix2YPYqSDYp9mE2YjYp9it2Kkg2YTZhNmD2YfYsdio2KfYoQIPMzAwMDAwMDAwMDAwMDAzAxQy"
    "MDI2LTA4LTI4VDAwOjA1OjAwWgQHMTc5Ny4xMQUGMjM0LjQx"
)
_LINK = "https://app.ebill.example/"
_COLD = "from kiosk.bench import receipt as b; {}print(b.laid_out_ms())"


def measure(*, runs: int) -> dict[str, Any]:
    """Milliseconds to lay out bill A at 80 mm, and what its bytes are beside our own whole raster.

    `first_ms` is in a fresh process, `cold_ms` after what a terminal draws ahead when it starts, `warm_ms` again.
    """
    made = bill_a()
    streams = encoded(made)
    raster = len(streams[Encoder.RASTER])
    began = time.perf_counter()
    theirs = python_escpos_image(made)
    spent_ms = (time.perf_counter() - began) * 1000
    return {
        "first_ms": _fresh_ms("", runs=runs),
        "cold_ms": _fresh_ms("b.prepare(); ", runs=runs),
        "warm_ms": median_ms(bill_a, runs=runs),
        "length_mm": made.height / 8,
        **{f"{name}_bytes": len(data) for name, data in streams.items()},
        **{f"{name}_of_raster": round(len(data) / raster, 3) for name, data in streams.items()},
        **{f"{name}_ms": median_ms(partial(_encoded, made, name), runs=runs) for name in Encoder},
        "python_escpos_image_bytes": len(theirs),
        "python_escpos_image_ms": round(spent_ms, 1),
    }


def prepare() -> None:
    """Draw ahead what a terminal draws ahead after its start: another utility's bill, the letters and the marks."""
    from kiosk import bootstrap
    from kiosk.settings import load

    settings = load()
    bootstrap.prepare_receipts(replace(settings, site=replace(settings.site, app_link=_LINK)))


def laid_out_ms() -> float:
    """How long the page takes now, in this process."""
    began = time.perf_counter()
    bill_a()
    return (time.perf_counter() - began) * 1000


def encoded(made: Page) -> dict[str, bytes]:
    """The page by every encoder, and by `hybrid` for a printer that holds its head (`hybrid_stored`)."""
    held = [piece.digest for piece in made.pieces if isinstance(piece, LogoTile)]
    able = replace(profile("generic"), nv_logo=True)
    return {
        **{name: _encoded(made, name) for name in Encoder},
        "hybrid_stored": encode(made, encoder=Encoder.HYBRID, profile=able, stored=held),
    }


def _encoded(made: Page, name: Encoder) -> bytes:
    return encode(made, encoder=name, profile=profile("generic"))


def python_escpos_image(made: Page) -> bytes:
    """The page as python-escpos sends a picture, and a cut."""
    from escpos.printer import Dummy

    printer = Dummy()
    with redirect_stdout(StringIO()):  # it complains there of a width that it was not given
        printer.image(made.image(), impl="bitImageRaster")
    return bytes(printer.output) + profile("generic").cut


def bill_a() -> Page:
    """The receipt of the worked bill A on 80 mm paper."""
    bill = sample_bill()
    # Not the seller of what `prepare` draws: the head of a bill is drawn with the first one.
    seller = Seller(
        name_ar="شركة الواحة للكهرباء",
        name_en="Al Waha Electricity",
        vat_number="300000000000003",
        cr_number="1010000000",
        address_ar="الرياض، طريق الملك فهد",
        address_en="King Fahd Road, Riyadh",
    )
    bill = replace(bill, qr=_TAX_QR, seller=seller)
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


def _fresh_ms(prepared: str, *, runs: int) -> float:
    command = [sys.executable, "-c", _COLD.format(prepared)]
    found = [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(runs)
    ]
    return round(sorted(found)[runs // 2], 1)
