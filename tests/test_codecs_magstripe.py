"""Magnetic stripes, byte by byte: the frames of the manuals, and the ways a swipe goes wrong."""

from __future__ import annotations

import pytest

from devices.card_reader import Rejection
from devices.codecs.frames import CardGone, Found, Frame
from devices.codecs.magstripe import ID_TECH, MAGTEK, UIC, Dialect, StripeCodec, check_character

ACCOUNT = b"10023456789=2512"


def read(dialect: Dialect, data: bytes, *, lrc: bool = False) -> list[Found]:
    codec = StripeCodec(dialect, lrc=lrc)
    return [*codec.feed(data, 1.0), *codec.idle(2.0)]


def tracks(found: Found) -> dict[str, bytes]:
    assert isinstance(found, Frame)
    return {part.source: bytes(part.data) for part in found.parts}


def test_the_frame_of_the_magtek_manual_is_read_at_its_carriage_return() -> None:
    frame = bytes.fromhex("021B3B31303032333435363738393D323531323F0D03")
    codec = StripeCodec(MAGTEK)
    assert codec.feed(frame[:-2], 1.0) == []
    (found,) = codec.feed(frame[-2:-1], 1.5)
    assert tracks(found) == {"track2": ACCOUNT}
    assert isinstance(found, Frame)
    assert (found.first_at, found.fault) == (1.0, None)
    assert codec.feed(frame[-1:], 1.6) == []
    assert not codec.pending


@pytest.mark.parametrize(
    ("track", "number", "check"), [(b";10023456789=2512?", 2, b"<"), (b"%A10023456789?", 1, b"J")]
)
def test_the_check_character_is_that_of_iso_7811(track: bytes, number: int, check: bytes) -> None:
    assert bytes([check_character(track, number)]) == check


@pytest.mark.parametrize("third", [b"+", b"!"])
def test_all_three_tracks_of_one_swipe_come_together(third: bytes) -> None:
    (found,) = read(MAGTEK, b"%ABC^D?;" + ACCOUNT + b"?" + third + b"0112=3?\r")
    assert tracks(found) == {"track1": b"ABC^D", "track2": ACCOUNT, "track3": b"0112=3"}


def test_id_techs_tracks_come_together_at_the_end_of_track_two() -> None:
    codec = StripeCodec(ID_TECH)
    assert codec.feed(b"%ABC?\r", 1.0) == []
    (found,) = codec.feed(b";" + ACCOUNT + b"?\r", 1.1)
    assert tracks(found) == {"track1": b"ABC", "track2": ACCOUNT}


def test_a_lone_first_track_comes_after_the_silence() -> None:
    codec = StripeCodec(ID_TECH)
    assert codec.feed(b"%ABC?\r", 1.0) == []
    assert codec.pending
    (found,) = codec.idle(1.2)
    assert tracks(found) == {"track1": b"ABC"}


def test_uic_tracks_end_with_10_and_the_last_with_03() -> None:
    (found,) = read(UIC, b"\x02%ABC?\x10;" + ACCOUNT + b"?\x03")
    assert tracks(found) == {"track1": b"ABC", "track2": ACCOUNT}


@pytest.mark.parametrize("end", [b"\r", b"\x03", b"\r\x03", b"\r\n", b""])
def test_whatever_the_terminator_one_swipe_is_one_frame(end: bytes) -> None:
    (found,) = read(MAGTEK, b";" + ACCOUNT + b"?" + end)
    assert tracks(found) == {"track2": ACCOUNT}


def test_two_swipes_without_a_terminator_between_them_are_two() -> None:
    first, second = read(MAGTEK, b";11111111=?;22222222=?\r")
    assert [tracks(first), tracks(second)] == [{"track2": b"11111111="}, {"track2": b"22222222="}]


def test_a_swipe_whose_end_was_lost_does_not_eat_the_next() -> None:
    first, second = read(MAGTEK, b"\x02;1111\x02;22222222=?\r")
    assert isinstance(first, Frame)
    assert first.fault is Rejection.PARTIAL
    assert tracks(second) == {"track2": b"22222222="}


def test_a_good_track_survives_a_failed_one() -> None:
    (found,) = read(MAGTEK, b"%E?;" + ACCOUNT + b"?\r")
    assert tracks(found) == {"track2": ACCOUNT}
    assert isinstance(found, Frame)
    assert found.fault is Rejection.UNREADABLE


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"%E?;E?+E?\r", Rejection.UNREADABLE),
        (b";100234\r", Rejection.PARTIAL),
        (b"10023456789=2512?\r", Rejection.UNREADABLE),
        (b"?2152=98765432001;\r", Rejection.WRONG_WAY),
        (b";1002345\xb6789=2512?\r", Rejection.UNREADABLE),
        (b";100234\x0056789=2512?\r", Rejection.UNREADABLE),
        (b";100234\x1356789=2512?\r", Rejection.UNREADABLE),
        (b";10023?456789=2512?\r", Rejection.UNREADABLE),
        (b";?\r", Rejection.UNREADABLE),
        (b"%" + b"A" * 300 + b"?\r", Rejection.TOO_LONG),
        (b"click", Rejection.UNREADABLE),
    ],
)
def test_a_failed_swipe_says_how_it_failed_and_holds_nothing(data: bytes, fault: Rejection) -> None:
    (found,) = read(MAGTEK, data)
    assert isinstance(found, Frame)
    assert (found.parts, found.fault) == ((), fault)


@pytest.mark.parametrize(("number", "start", "most"), [(1, b"%", 79), (2, b";", 40), (3, b"+", 107)])
def test_a_track_may_be_as_long_as_the_standard_says_and_no_longer(number: int, start: bytes, most: int) -> None:
    # Both sentinels and the check character count.
    fits, too_long = b"1" * (most - 3), b"1" * (most - 2)
    (found,) = read(MAGTEK, start + fits + b"?\r")
    assert tracks(found) == {f"track{number}": fits}
    (found,) = read(MAGTEK, start + too_long + b"?\r")
    assert isinstance(found, Frame)
    assert (found.parts, found.fault) == ((), Rejection.TOO_LONG)


def test_a_wrong_or_missing_check_character_refuses_the_track() -> None:
    assert tracks(*read(ID_TECH, b";10023456789=2512?<\r", lrc=True)) == {"track2": ACCOUNT}
    for tail, fault in ((b"?=\r", Rejection.UNREADABLE), (b"?\r", Rejection.PARTIAL)):
        (found,) = read(ID_TECH, b";10023456789=2512" + tail, lrc=True)
        assert isinstance(found, Frame)
        assert (found.parts, found.fault) == ((), fault)


def test_a_check_character_that_looks_like_a_sentinel_is_not_one() -> None:
    track = next(
        b";%08d?" % number
        for number in range(10_000_000, 10_001_000)
        if check_character(b";%08d?" % number, 2) == 0x3B
    )
    (found,) = read(MAGTEK, track + b";\r", lrc=True)
    assert tracks(found) == {"track2": track[1:-1]}


def test_an_insertion_reader_tells_when_the_card_leaves() -> None:
    codec = StripeCodec(MAGTEK)
    assert codec.feed(b"1\r", 1.0) == []
    (found,) = codec.feed(b";" + ACCOUNT + b"?0\r", 1.5)
    assert tracks(found) == {"track2": ACCOUNT}
    assert codec.feed(b"0\r", 3.0) == [CardGone(3.0)]


def test_wiping_a_frame_leaves_zeros_of_the_same_length() -> None:
    (found,) = read(MAGTEK, b";" + ACCOUNT + b"?\r")
    assert isinstance(found, Frame)
    found.wipe()
    assert found.parts[0].data == bytes(len(ACCOUNT))
