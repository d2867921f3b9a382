"""From a page to the bytes a printer prints: three encodings of the same paper.

`raster` sends every row, `lines` the same dots in fewer bytes, `hybrid` lets the printer set Latin letters and
draw QR codes. The same page and profile give the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from devices.escpos import commands
from devices.escpos.hybrid import encode_hybrid
from devices.escpos.lines import encode_lines
from devices.escpos.profiles import Profile
from devices.escpos.raster import encode_raster
from devices.page import Page


class Encoder(StrEnum):
    """How a page becomes bytes."""

    RASTER = "raster"
    LINES = "lines"
    HYBRID = "hybrid"


def encode(page: Page, *, encoder: Encoder, profile: Profile, stored: Collection[str] = ()) -> bytes:
    """The page as ESC/POS, from the settings it needs to the cut.

    Args:
        stored: digests of the logos in the printer's memory, for `hybrid`.

    Raises:
        ValueError: the page is wider than the printer prints.
    """
    if page.width > profile.width:
        raise ValueError(f"a page of {page.width} dots for a printer of {profile.width}")
    match encoder:
        case Encoder.RASTER:
            body = encode_raster(page, profile)
        case Encoder.LINES:
            body = encode_lines(page, profile)
        case Encoder.HYBRID:
            body = encode_hybrid(page, profile, stored=stored)
    return commands.prepare(profile) + body + profile.cut
