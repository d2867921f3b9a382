"""The encodings against an emulator that nobody here wrote; see `test_printer_emulator` for how to run it."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from test_encoders import EXACT, PAGES, commands_of, differing, generic
from test_printer_emulator import Emulator
from test_printer_emulator import pytestmark as only_with_the_emulator

from devices.escpos.encoding import Encoder, encode
from devices.page import QrTile, TextTile

pytestmark = only_with_the_emulator


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory):
    one = Emulator(tmp_path_factory.mktemp("emulator"), "epson-tm-t20iii")
    yield one
    one.close()


def on_paper(emulator: Emulator, data: bytes, *, size: tuple[int, int]) -> Image.Image:
    """What came out, as large as the page: white at its end is not kept by the emulator."""
    before = len(emulator.receipts())
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=5) as line:
        line.sendall(data)
    end = time.monotonic() + 20
    while len(receipts := emulator.receipts()) == before:
        assert time.monotonic() < end, "nothing came out"
        time.sleep(0.05)
    whole = Image.new("L", size, 255)
    whole.paste(receipts[-1].convert("L"), (0, 0))
    return whole


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("encoder", EXACT)
def test_paper_shows_the_page_to_the_dot(emulator, name, encoder):
    page = PAGES[name]
    data = encode(page, encoder=encoder, profile=generic(page.width))
    shown = on_paper(emulator, data, size=(page.width, page.height))
    assert differing(shown, page.image()) == 0


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("encoder", Encoder)
def test_both_codes_can_be_read(emulator, name, encoder):
    page = PAGES[name]
    shown = on_paper(
        emulator, encode(page, encoder=encoder, profile=generic(page.width)), size=(page.width, page.height)
    )
    expected = {piece.payload for piece in page.pieces if isinstance(piece, QrTile)}
    assert {code.text for code in zxingcpp.read_barcodes(shown)} == expected


@pytest.mark.parametrize("name", PAGES)
def test_hybrid_keeps_arabic_to_the_dot_and_sets_latin_in_its_room(emulator, name, tmp_path: Path):
    page = PAGES[name]
    data = encode(page, encoder=Encoder.HYBRID, profile=generic(page.width))
    assert any(len(command) == 1 for command in commands_of(data))
    shown = on_paper(emulator, data, size=(page.width, page.height))
    covered = Image.new("L", shown.size, 255)
    for piece in page.pieces:
        box = (piece.x, piece.y - 3, piece.x + piece.width, piece.y + piece.height + 3)
        covered.paste(0, box)
        if not isinstance(piece, TextTile | QrTile):
            exact = (piece.x, piece.y, piece.x + piece.width, piece.y + piece.height)
            assert differing(shown.crop(exact), piece.image()) == 0
    # No ink where the page has no piece.
    outside = Image.composite(Image.new("L", shown.size, 255), shown, covered.point(lambda v: 255 - v))
    assert outside.getextrema() == (255, 255)
