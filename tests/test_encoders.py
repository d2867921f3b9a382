"""Pages as bytes: the same dots on paper, few bytes, and none that a printer would take for an order."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zxingcpp
from factories import make_current, make_not_issued, worked_bill
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from devices.escpos import commands
from devices.escpos.encoding import Encoder, encode
from devices.escpos.hybrid import logo_key, store_logo
from devices.escpos.profiles import profile
from devices.escpos.raster import REAL_TIME
from devices.escpos.spans import command_length
from devices.page import LogoTile, Page, QrTile, RuleTile, TextTile, Tile, pack
from devices.simulation.interpreter import Interpreter
from devices.simulation.paper import Paper
from kiosk import receipt
from kiosk.model import Source

# As long as a tax QR with its signatures is; the printed text is the biller's, whatever it says.
PHASE_2 = base64.b64encode(bytes(37 * index % 251 for index in range(411))).decode()
APP = "https://app.ebill.example/"
EXACT = (Encoder.RASTER, Encoder.LINES)
MOTION_UNITS = b"\x1dP"


def receipt_page(bill=None, **changes) -> Page:
    arguments = {"width": 576, "language": "ar", "level": "default", "number": 1, "terminal": "K1", "copy": 1}
    arguments |= {"now": datetime(2026, 8, 30, tzinfo=UTC), "app_link": APP, "call_centre": "920000000"}
    return receipt.page(make_current(bill or worked_bill("a"), source=Source.LIVE), **(arguments | changes))


def generic(width: int = 576, **changes):
    return replace(profile("generic"), width=width, **changes)


def commands_of(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        length = command_length(data, at)
        assert length is not None and at + length <= len(data), "a command is cut off"
        found.append(data[at : at + length])
        at += length
    return found


def printed(data: bytes, page: Page, *, memory: bytes = b"") -> Image.Image:
    """What the simulated head prints, as high as the page."""
    paper = Paper(page.width)
    head = Interpreter(paper, cut=paper.cut)
    for command in commands_of(memory + data):
        head.execute(command)
    assert [c for c in head.unknown if not c.startswith(MOTION_UNITS)] == []
    assert len(paper.slips) == 1
    whole = Image.new("1", (page.width, page.height), 255)
    whole.paste(paper.slips[0].image, (0, 0))
    return whole


def differing(one: Image.Image, other: Image.Image) -> int:
    return sum(ImageChops.difference(one.convert("L").point(bool), other.convert("L").point(bool)).histogram()[1:])


PAGES = {
    "worked A": receipt_page(),
    "worked A, English, 58 mm": receipt_page(width=384, language="en"),
    "worked B proven, copy": receipt_page(worked_bill("b"), proven=True, copy=3),
    "history, 58 mm": receipt_page(width=384, proven=True),
    "demo": receipt_page(demo=True, level="strict"),
    "phase 2, 58 mm": receipt_page(replace(worked_bill("a"), qr=PHASE_2), width=384),
    "not issued": receipt_page(make_not_issued(), width=384),
    "worked B, Hindi, 58 mm": receipt_page(worked_bill("b"), width=384, language="hi"),
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("encoder", EXACT)
def test_paper_shows_the_page_to_the_dot(name, encoder):
    page = PAGES[name]
    data = encode(page, encoder=encoder, profile=generic(page.width))
    assert differing(printed(data, page), page.image()) == 0


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("encoder", Encoder)
def test_both_codes_can_be_read_from_paper(name, encoder):
    page = PAGES[name]
    picture = printed(encode(page, encoder=encoder, profile=generic(page.width)), page)
    expected = {piece.payload for piece in page.pieces if isinstance(piece, QrTile)}
    read = zxingcpp.read_barcodes(picture.convert("L").point(lambda v: 255 if v else 0))
    assert {code.text for code in read} == expected


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("zbarimg") is None, reason="needs zbarimg: apt-get install zbar-tools")
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("encoder", Encoder)
def test_zbar_reads_both_codes_too(name, encoder, tmp_path: Path):
    page = PAGES[name]
    path = tmp_path / "paper.png"
    printed(encode(page, encoder=encoder, profile=generic(page.width)), page).save(path)
    found = subprocess.run(
        ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(found.stdout.split()) == {piece.payload for piece in page.pieces if isinstance(piece, QrTile)}


@pytest.mark.parametrize("name", PAGES)
def test_a_printer_of_few_talents_gets_the_same_dots_from_hybrid(name):
    page = PAGES[name]
    plain = generic(page.width, printer_font=False, native_qr=False)
    assert encode(page, encoder=Encoder.HYBRID, profile=plain) == encode(
        page, encoder=Encoder.LINES, profile=plain
    )
    large = replace(plain, printer_font=True, font_width=14)
    assert encode(page, encoder=Encoder.HYBRID, profile=large) == encode(
        page, encoder=Encoder.LINES, profile=plain
    )
    blocks = replace(plain, strip24=False)
    data = encode(page, encoder=Encoder.LINES, profile=blocks)
    assert b"\x1b*" not in b"".join(c[:2] for c in commands_of(data))
    assert differing(printed(data, page), page.image()) == 0


@pytest.mark.parametrize("name", PAGES)
def test_hybrid_keeps_every_dot_that_is_not_latin(name):
    page = PAGES[name]
    picture = printed(encode(page, encoder=Encoder.HYBRID, profile=generic(page.width)), page)
    for piece in page.pieces:
        if not isinstance(piece, TextTile | QrTile):
            box = (piece.x, piece.y, piece.x + piece.width, piece.y + piece.height)
            assert differing(picture.crop(box), piece.image()) == 0


def test_hybrid_lets_the_printer_set_latin_and_figures():
    page = PAGES["worked A"]
    data = encode(page, encoder=Encoder.HYBRID, profile=generic())
    letters = b"".join(c for c in commands_of(data) if len(c) == 1 and c >= b" ")
    own = [piece.text.encode() for piece in page.pieces if isinstance(piece, TextTile)]
    assert len(own) > 50
    assert [text for text in own if text not in letters] == []


def test_hybrid_text_stays_near_its_place():
    page = PAGES["worked A"]
    picture = printed(encode(page, encoder=Encoder.HYBRID, profile=generic()), page)
    for piece in page.pieces:
        if isinstance(piece, TextTile):
            top = piece.y - 3
            found = picture.crop((piece.x, top, piece.x + piece.width, top + piece.height + 6))
            assert found.convert("L").point(lambda v: 0 if v else 255).getbbox() is not None, piece.text


def test_sizes_of_the_worked_bill_at_80_mm():
    page = PAGES["worked A"]
    logos = [piece.digest for piece in page.pieces if isinstance(piece, LogoTile)]
    able = generic(nv_logo=True)
    whole = len(encode(page, encoder=Encoder.RASTER, profile=able))
    assert whole >= 72 * page.height
    assert len(encode(page, encoder=Encoder.LINES, profile=able)) <= 0.45 * whole
    assert len(encode(page, encoder=Encoder.HYBRID, profile=able)) <= 0.16 * whole
    assert len(encode(page, encoder=Encoder.HYBRID, profile=able, stored=logos)) <= 0.12 * whole


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("encoder", Encoder)
def test_no_picture_is_longer_than_the_printer_takes_at_once(name, encoder):
    page = PAGES[name]
    for limit in (2048, 700):
        data = encode(page, encoder=encoder, profile=generic(page.width, max_block=limit))
        pictures = [c for c in commands_of(data) if c[:2] in (b"\x1dv", b"\x1b*")]
        assert pictures and max(map(len, pictures)) <= limit


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("encoder", Encoder)
def test_no_receipt_holds_a_real_time_command(name, encoder):
    data = encode(PAGES[name], encoder=encoder, profile=generic(PAGES[name].width))
    assert REAL_TIME.search(data) is None


def test_the_same_page_gives_the_same_bytes():
    for encoder in Encoder:
        first, second = (encode(receipt_page(), encoder=encoder, profile=generic()) for _ in range(2))
        assert first == second


def test_the_job_ends_in_the_cut_of_the_profile():
    for name in ("generic", "custom-vkp80"):
        data = encode(PAGES["worked A"], encoder=Encoder.LINES, profile=profile(name))
        assert data.endswith(profile(name).cut)


def test_a_page_wider_than_the_printer_is_refused():
    with pytest.raises(ValueError, match="576 dots"):
        encode(PAGES["worked A"], encoder=Encoder.RASTER, profile=generic(384))


def test_a_narrow_page_is_printed_by_a_wide_printer():
    page = PAGES["history, 58 mm"]
    for encoder in EXACT:
        picture = printed(encode(page, encoder=encoder, profile=generic()), replace(page, width=576))
        assert differing(picture.crop((0, 0, 384, page.height)), page.image()) == 0


def test_a_stored_logo_is_called_by_its_key_and_looks_the_same():
    page = PAGES["worked A"]
    logo = next(piece for piece in page.pieces if isinstance(piece, LogoTile))
    able = generic(nv_logo=True)
    without = encode(page, encoder=Encoder.HYBRID, profile=able)
    with_logo = encode(page, encoder=Encoder.HYBRID, profile=able, stored={logo.digest})
    assert len(with_logo) < len(without) - 400
    assert commands.stored_logo(logo_key(logo.digest)) in with_logo
    shown = printed(with_logo, page, memory=store_logo(logo))
    box = (logo.x, logo.y, logo.x + logo.width, logo.y + logo.height)
    assert differing(shown.crop(box), logo.image()) == 0
    other = generic(nv_logo=False)
    assert encode(page, encoder=Encoder.HYBRID, profile=other, stored={logo.digest}) == without


def test_logo_keys_are_two_visible_characters():
    keys = {logo_key(f"{n:064x}") for n in range(200)}
    assert all(re.fullmatch(rb"[!-~]{2}", key) for key in keys)
    assert len(keys) > 190


def tile(rows: list[str], x: int = 0, y: int = 0) -> Tile:
    image = Image.new("1", (len(rows[0]), len(rows)), 1)
    for top, row in enumerate(rows):
        for left, dot in enumerate(row):
            if dot == "#":
                image.putpixel((left, top), 0)
    return Tile(x, y, image.width, image.height, pack(image))


# 0x10 0x04, 0x10 0x05 and 0x10 0x14 as dots.
ORDERS = ["...#.........#..", "...#.........#.#", "...#.......#.#.."]


@pytest.mark.parametrize("encoder", Encoder)
@pytest.mark.parametrize("x", [0, 1, 3, 8, 50, 368])
@pytest.mark.parametrize("turned", [False, True])
def test_a_picture_made_of_orders_is_printed_without_them(encoder, x, turned):
    dots = [order * 2 for order in ORDERS] * 8
    if turned:
        dots = ["".join(row[column] for row in (d + "." * 4 for d in dots)) for column in range(36)]
    page = Page(384 + 32, 60, (tile(dots, x=x, y=7),))
    data = encode(page, encoder=encoder, profile=generic())
    assert REAL_TIME.search(data) is None
    assert differing(printed(data, page), page.image()) == 0


@pytest.mark.parametrize("encoder", Encoder)
def test_a_picture_that_can_only_be_an_order_loses_single_dots(encoder):
    # Every shift of the order beside each other, from edge to edge.
    row = "".join("." * shift + ORDERS[0] for shift in range(8)).ljust(184, ".") + "#" * 8
    page = Page(192, 3, (tile([row] * 3),))
    data = encode(page, encoder=encoder, profile=generic(192, strip24=False))
    assert REAL_TIME.search(data) is None
    assert 0 < differing(printed(data, page), page.image()) <= 12


@st.composite
def pages(draw):
    width = draw(st.sampled_from([64, 100, 384]))
    pieces, y = [], draw(st.integers(0, 40))
    for _ in range(draw(st.integers(1, 6))):
        wide, high = draw(st.integers(1, width)), draw(st.integers(1, 60))
        x = draw(st.integers(0, width - wide))
        stride = (wide + 7) // 8
        ink = draw(st.sampled_from([0x10, 0x04, 0xFF, 0x00, 0x80, 0x01, 0x14, 0x55]))
        rows = bytes(ink if draw(st.booleans()) else 0x10 for _ in range(stride))
        image = Image.frombytes("1", (wide, high), bytes(b ^ 0xFF for b in rows * high))
        pieces.append(Tile(x, y, wide, high, pack(image)))
        y += high + draw(st.integers(0, 50))
    return Page(width, y, tuple(pieces))


@settings(max_examples=150, deadline=None)
@given(pages(), st.sampled_from(EXACT), st.booleans())
def test_any_page_is_exact_but_for_dots_given_up(page, encoder, strips):
    data = encode(page, encoder=encoder, profile=generic(page.width + -page.width % 8, strip24=strips))
    assert REAL_TIME.search(data) is None
    shown = printed(data, replace(page, width=page.width + -page.width % 8)).crop((0, 0, page.width, page.height))
    lost = differing(shown, page.image())
    assert lost == 0 or (encoder is Encoder.RASTER or not strips)
    assert lost <= 0.02 * page.width * page.height


def test_a_rule_costs_a_quarter_of_its_dots():
    rule = RuleTile(0, 4, 576, 2, b"\xff" * 144)
    data = encode(Page(576, 10, (rule,)), encoder=Encoder.LINES, profile=generic())
    empty = encode(Page(576, 10, ()), encoder=Encoder.LINES, profile=generic())
    assert len(data) - len(empty) <= 36 + 8 + 3


def test_white_paper_is_fed():
    data = encode(Page(576, 600, ()), encoder=Encoder.LINES, profile=generic())
    assert data == commands.prepare(generic()) + b"\x1bJ\xff\x1bJ\xff\x1bJ\x5a" + generic().cut
