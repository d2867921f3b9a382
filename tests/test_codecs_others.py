"""Scanners, tags and motorised readers, byte by byte: the frames of the manuals, and what a line does to them."""

from __future__ import annotations

import pytest

from devices.card_reader import Rejection
from devices.codecs import em4100, gs1, hid_pos, pn532, sankyo, ssi
from devices.codecs.em4100 import Em4100Codec
from devices.codecs.frames import Codec, Frame
from devices.codecs.hid_pos import HidPosCodec
from devices.codecs.scanner import MAX_CODE, ScannerCodec

Read = list[tuple[dict[str, bytes], Rejection | None]]


def read(codec: Codec, data: bytes) -> Read:
    found = [*codec.feed(data, 1.0), *codec.idle(2.0)]
    return [({p.source: bytes(p.data) for p in f.parts}, f.fault) for f in found if isinstance(f, Frame)]


@pytest.mark.parametrize("suffix", [b"\r", b"\n", b"\r\n", b""])
@pytest.mark.parametrize(
    ("aim", "source"),
    [
        (b"", "barcode"),
        (b"]C0", "barcode"),
        (b"]Q1", "barcode"),
        (b"]C1", "gs1"),
        (b"]d2", "gs1"),
        (b"]Q3", "gs1"),
    ],
)
def test_a_scan_is_named_by_its_aim_id(aim: bytes, source: str, suffix: bytes) -> None:
    assert read(ScannerCodec(), aim + b"10023456789" + suffix) == [({source: b"10023456789"}, None)]


def test_a_separator_makes_it_a_gs1_code_without_any_id() -> None:
    slip = b"8020123456789\x1d4156281000000017"
    assert read(ScannerCodec(), slip + b"\r") == [({"gs1": slip}, None)]


def test_a_scan_as_long_as_a_tax_code_fits_and_a_longer_one_is_too_long() -> None:
    assert read(ScannerCodec(), b"A" * MAX_CODE + b"\r") == [({"barcode": b"A" * MAX_CODE}, None)]
    assert read(ScannerCodec(), b"A" * 3000 + b"\r10023456789\r") == [
        ({}, Rejection.TOO_LONG),
        ({"barcode": b"10023456789"}, None),
    ]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("4156281000000017802010023456789", {"415": "6281000000017", "8020": "10023456789"}),
        ("802010023456789\x1d4156281000000017", {"8020": "10023456789", "415": "6281000000017"}),
        ("\x1d41562810000000173902123\x1d8020123", {"415": "6281000000017", "3902": "123", "8020": "123"}),
        ("0106281000000017\x1d10ABC", {"01": "06281000000017", "10": "ABC"}),
        ("no labels here", {}),
        ("41562", {"415": "62"}),
        ("", {}),
    ],
)
def test_gs1_fields_are_found_by_their_labels(text: str, fields: dict[str, str]) -> None:
    assert gs1.fields(text) == fields


def test_the_tag_of_the_rdm6300_example_is_read() -> None:
    frame = bytes.fromhex("0230413030353041394236343503")
    assert frame == em4100.encode(b"0A0050A9B6")
    assert read(Em4100Codec(), frame) == [({"em4100": b"0A0050A9B6"}, None)]


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"\x020A0050A9B646\x03", [({}, Rejection.UNREADABLE)]),
        (b"\x020a0050a9b645\x03", [({}, Rejection.UNREADABLE)]),
        (b"\x020A0050", [({}, Rejection.PARTIAL)]),
        (b"\x020A00\x020A0050A9B645\x03", [({"em4100": b"0A0050A9B6"}, None)]),
        (b"0A0050A9B645\x03", []),
        (b"\x02" + b"0" * 500 + b"\x03", [({}, Rejection.UNREADABLE)]),
    ],
)
def test_a_damaged_tag_gives_no_number(data: bytes, answer: Read) -> None:
    assert read(Em4100Codec(), data) == answer


def test_the_packets_of_the_ssi_examples_are_ours() -> None:
    assert ssi.decode_data(b"10023456789") == bytes.fromhex("10F30000033130303233343536373839FCBD")
    assert ssi.packet(ssi.ACK) == bytes.fromhex("04D00400FF28")
    assert ssi.packet(ssi.SCAN_ENABLE) == bytes.fromhex("04E90400FF0F")
    assert ssi.packet(ssi.SCAN_DISABLE) == bytes.fromhex("04EA0400FF0E")


def test_an_ssi_packet_behind_a_false_length_is_found_after_the_silence() -> None:
    packet = ssi.decode_data(b"10023456789")
    codec = ssi.make_codec()
    assert codec.feed(b"\xff\xf3\x00\x00" + packet, 1.0) == []
    (found,) = codec.idle(1.2)
    assert isinstance(found, Frame)
    assert bytes(found.parts[0].data) == packet[:-2]


@pytest.mark.parametrize(
    ("data", "content"),
    [
        ("0000FF03FDD54B00E000", "D54B00"),
        ("0000FF02FED4022A00", "D402"),
        ("0000FF05FBD4140100001700", "D414010000"),
    ],
)
def test_the_frames_of_the_pn532_manual_are_read_and_written(data: str, content: str) -> None:
    assert read(pn532.make_codec(), bytes.fromhex(data)) == [({"pn532": bytes.fromhex(content)}, None)]
    assert pn532.frame(bytes.fromhex(content)) == bytes.fromhex(data)


def test_acknowledgements_of_the_pn532_are_told_apart() -> None:
    assert read(pn532.make_codec(), pn532.ACK) == [({"pn532-ack": b""}, None)]
    assert read(pn532.make_codec(), bytes.fromhex("0000FFFF0000")) == [({"pn532-nack": b""}, None)]
    assert read(pn532.make_codec(), bytes.fromhex("0000FF01FF7F8100")) == [({"pn532": b"\x7f"}, None)]


def test_the_frames_of_the_sankyo_examples_are_ours() -> None:
    for text, frame in (
        (b"C0032400001000", "F2000E4330303332343030303031303030B299"),
        (b"C10", "F20003433130C52A"),
        (b"C62", "F200034336327CFF"),
    ):
        assert sankyo.frame(text) == bytes.fromhex(frame)
        assert read(sankyo.make_codec(), bytes.fromhex(frame)) == [({"sankyo": text}, None)]
    assert read(sankyo.make_codec(), b"\x06\x15\x04\x10") == [
        ({name: b""}, None) for name in ("sankyo-ack", "sankyo-nak", "sankyo-eot", "sankyo-dle")
    ]


def test_a_length_beyond_any_sankyo_frame_is_noise() -> None:
    assert read(sankyo.make_codec(), b"\xf2\xff\xff" + sankyo.frame(b"C10")) == [({"sankyo": b"C10"}, None)]


def test_a_code_over_several_hid_reports_is_one_code() -> None:
    code = b"https://example.org/bill?" + b"x" * 150
    reports = hid_pos.encode(code, aim=b"]Q1")
    assert len(reports) == 4 * hid_pos.REPORT_SIZE
    assert read(HidPosCodec(), reports) == [({"barcode": code}, None)]
    assert read(HidPosCodec(), reports[:-64]) == [({}, Rejection.PARTIAL)]


def test_hid_reports_that_hold_no_scan_are_left_out() -> None:
    other = bytes([0x03]).ljust(64, b"\0")
    empty = bytes([0x02, 0]).ljust(64, b"\0")
    assert read(HidPosCodec(), other + empty + hid_pos.encode(b"10023456789")) == [
        ({"barcode": b"10023456789"}, None)
    ]
    assert read(HidPosCodec(), bytes([0x02, 57]).ljust(64, b"9")) == []
