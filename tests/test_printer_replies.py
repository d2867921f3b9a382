"""The bytes that printers answer, in any order and any pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.escpos.condition import Condition
from devices.escpos.replies import (
    MAX_BLOCK,
    Block,
    Flow,
    FullStatus,
    Paper,
    Pushed,
    RealTime,
    Reply,
    ReplyParser,
)
from devices.printer import PrinterHealth

_PUSHED = st.builds(
    lambda a, b, c, d: Pushed(bytes([0x10 | a & 0x6C, b & 0x6F, c & 0x6F, d & 0x6F])),
    *[st.integers(0, 255)] * 4,
)
_REPLIES = st.one_of(
    st.builds(lambda v: RealTime(0x12 | v & 0x6C), st.integers(0, 255)),
    _PUSHED,
    st.builds(Paper, st.sampled_from([0x00, 0x03, 0x0C, 0x0F])),
    st.builds(
        Block,
        st.sampled_from([0x37, 0x5F, 0x3D, 0x35, 0x3B]),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40).map(str.encode),
    ),
    st.builds(Flow, st.booleans()),
)
_CUSTOM = st.builds(FullStatus, st.binary(min_size=4, max_size=4))


def _wire(reply: Reply) -> bytes:
    match reply:
        case RealTime(value) | Paper(value):
            return bytes([value])
        case Pushed(frame):
            return frame
        case Block(header, text):
            return bytes([header]) + text + b"\0"
        case FullStatus(frame):
            return b"\x10\x0f" + frame
        case Flow(may_send):
            return b"\x11" if may_send else b"\x13"


def _cut(data: bytes, points: list[int]) -> list[bytes]:
    edges = [0, *sorted(p % (len(data) + 1) for p in points), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@settings(max_examples=300)
@given(st.lists(_REPLIES, max_size=30), st.lists(st.integers(0, 2000), max_size=20))
def test_any_order_of_replies_in_any_pieces_is_understood(replies: list[Reply], points: list[int]) -> None:
    parser = ReplyParser()
    heard = [found for piece in _cut(b"".join(map(_wire, replies)), points) for found in parser.feed(piece)]
    assert heard == replies
    assert parser.noise == 0 and parser.held == 0


@settings(max_examples=200)
@given(
    st.lists(st.one_of(_CUSTOM, _REPLIES.filter(lambda r: not isinstance(r, Pushed))), max_size=20),
    st.lists(st.integers(0, 500), max_size=10),
)
def test_full_status_is_understood_where_the_profile_says_so(replies: list[Reply], points: list[int]) -> None:
    parser = ReplyParser(full_status=True)
    heard = [found for piece in _cut(b"".join(map(_wire, replies)), points) for found in parser.feed(piece)]
    assert heard == replies


@settings(max_examples=300)
@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=10), st.booleans())
def test_noise_raises_nothing_is_bounded_and_splits_alike(data: bytes, points: list[int], custom: bool) -> None:
    whole, pieces = ReplyParser(full_status=custom), ReplyParser(full_status=custom)
    expected = whole.feed(data)
    heard: list[Reply] = []
    for piece in _cut(data, points):
        heard += pieces.feed(piece)
        assert pieces.held <= MAX_BLOCK
    assert heard == expected and pieces.noise == whole.noise


@settings(max_examples=200)
@given(st.binary(max_size=200), _REPLIES)
def test_a_reply_after_noise_and_a_pause_is_heard(noise: bytes, reply: Reply) -> None:
    parser = ReplyParser()
    parser.feed(noise)
    parser.idle()
    assert parser.feed(_wire(reply)) == [reply]


def test_an_endless_block_is_given_up() -> None:
    parser = ReplyParser()
    assert parser.feed(b"\x5f" + b"a" * 1000) == []
    assert parser.noise > 500
    parser.idle()
    assert parser.feed(b"\x37\x22ABCD\x00") == [Block(0x37, b'"ABCD')]


def test_the_frames_seen_live_mean_what_the_reference_says() -> None:
    parser = ReplyParser()
    fine, low, out = parser.feed(bytes.fromhex("10000000 10000300 18000F00"))
    assert isinstance(fine, Pushed) and isinstance(low, Pushed) and isinstance(out, Pushed)
    healths = [Condition().pushed(reply.frame).health for reply in (fine, low, out)]
    assert healths == [PrinterHealth.READY, PrinterHealth.PAPER_LOW, PrinterHealth.PAPER_OUT]


@pytest.mark.parametrize(
    ("question", "value", "health"),
    [
        (1, 0x12, PrinterHealth.READY),
        (1, 0x1A, PrinterHealth.OFFLINE),
        (2, 0x16, PrinterHealth.COVER_OPEN),
        (2, 0x32, PrinterHealth.PAPER_OUT),
        (3, 0x16, PrinterHealth.JAM),
        (3, 0x1A, PrinterHealth.CUTTER),
        (3, 0x32, PrinterHealth.OFFLINE),
        (3, 0x52, PrinterHealth.OVERHEATED),
        (4, 0x1E, PrinterHealth.PAPER_LOW),
        (4, 0x7E, PrinterHealth.PAPER_OUT),
    ],
)
def test_each_real_time_answer_has_its_word(question: int, value: int, health: PrinterHealth) -> None:
    assert Condition().answered(question, value).health is health


def test_being_online_again_clears_the_causes_but_not_the_paper() -> None:
    held = Condition().answered(1, 0x1A).answered(2, 0x16).answered(4, 0x1E)
    assert held.health is PrinterHealth.COVER_OPEN
    assert held.answered(1, 0x12).health is PrinterHealth.PAPER_LOW


@pytest.mark.parametrize(
    ("frame", "health"),
    [
        ("00000000", PrinterHealth.READY),
        ("01000000", PrinterHealth.PAPER_OUT),
        ("04000000", PrinterHealth.PAPER_LOW),
        ("20000000", PrinterHealth.PAPER_WAITING),
        ("00020000", PrinterHealth.COVER_OPEN),
        ("00004000", PrinterHealth.JAM),
        ("00000100", PrinterHealth.OVERHEATED),
        ("00000001", PrinterHealth.CUTTER),
        ("00000004", PrinterHealth.OFFLINE),
    ],
)
def test_each_bit_of_the_full_status_has_its_word(frame: str, health: PrinterHealth) -> None:
    assert Condition().full(bytes.fromhex(frame)).health is health


def test_a_presenter_shows_its_paper_in_the_roll_status_where_the_dialect_says_so() -> None:
    assert Condition().answered(4, 0x52, exit_sensor=True).health is PrinterHealth.PAPER_WAITING
    assert Condition().answered(4, 0x52).health is PrinterHealth.PAPER_OUT
