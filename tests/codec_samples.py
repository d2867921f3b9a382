"""For each codec: how to make it, values it can carry, how they are sent, what must come of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from devices.codecs import em4100, hid_pos, keyboard, magstripe, pn532, sankyo, scanner, ssi
from devices.codecs.frames import Codec
from devices.codecs.keyboard import KeyboardCodec
from devices.codecs.magstripe import StripeCodec

Seen = tuple[list[tuple[str, bytes]], None]


@dataclass(frozen=True)
class Sample:
    """One codec under test."""

    name: str
    make: Callable[[], Codec]
    values: st.SearchStrategy[Any]
    encode: Callable[[Any], bytes]
    expected: Callable[[Any], Seen]
    example: Any
    detects_a_flipped_bit: bool = True

    @property
    def frames(self) -> st.SearchStrategy[bytes]:
        """The bytes of any one frame."""
        return self.values.map(self.encode)

    @property
    def one(self) -> bytes:
        """The bytes of one fixed frame."""
        return self.encode(self.example)


def characters(first: int, last: int, *, without: bytes = b"") -> st.SearchStrategy[bytes]:
    """Non-empty runs of the bytes from `first` to `last`, as long as the shortest track allows."""
    letters = [byte for byte in range(first, last + 1) if byte not in without]
    return st.lists(st.sampled_from(letters), min_size=1, max_size=37).map(bytes)


TRACK_1 = characters(0x20, 0x5F, without=b"!%+;?").filter(lambda data: data != b"E")
TRACK_2 = characters(0x30, 0x3E, without=b";")


def swipes(*, needed: int, optional: tuple[int, ...]) -> st.SearchStrategy[dict[int, bytes]]:
    """Track number to content; `needed` is always among them."""
    kinds = {1: TRACK_1, 2: TRACK_2, 3: TRACK_2}
    return st.fixed_dictionaries({needed: kinds[needed]}, optional={number: kinds[number] for number in optional})


def stripe(name: str, dialect: magstripe.Dialect, *, lrc: bool, optional: tuple[int, ...]) -> Sample:
    return Sample(
        name,
        lambda: StripeCodec(dialect, lrc=lrc),
        swipes(needed=2, optional=optional),
        lambda tracks: magstripe.encode(dialect, tracks, lrc=lrc),
        lambda tracks: ([(f"track{number}", tracks[number]) for number in sorted(tracks)], None),
        {2: b"10023456789=2512"},
        detects_a_flipped_bit=lrc,
    )


def one_part(source: str) -> Callable[[bytes], Seen]:
    return lambda data: ([(source, data)], None)


PLAIN = st.text("0123456789ABCDEFxyz/:?=&", min_size=1, max_size=200).map(str.encode)
TAGS = st.binary(min_size=5, max_size=5).map(lambda tag: tag.hex().upper().encode())

OTHERS = [
    Sample(
        "scanner",
        scanner.ScannerCodec,
        PLAIN,
        lambda code: scanner.encode(code, aim=b"]C0"),
        one_part("barcode"),
        b"10023456789",
        detects_a_flipped_bit=False,
    ),
    Sample(
        "hid-pos",
        hid_pos.HidPosCodec,
        PLAIN,
        hid_pos.encode,
        one_part("barcode"),
        b"10023456789",
        detects_a_flipped_bit=False,
    ),
    Sample(
        "typed-scan",
        lambda: KeyboardCodec(scanner.ScannerCodec()),
        PLAIN,
        lambda code: keyboard.encode(code + b"\r"),
        one_part("barcode"),
        b"10023456789",
        detects_a_flipped_bit=False,
    ),
    Sample(
        "typed-swipe",
        lambda: KeyboardCodec(StripeCodec(magstripe.MAGTEK)),
        swipes(needed=2, optional=(1, 3)),
        lambda tracks: keyboard.encode(magstripe.encode(magstripe.MAGTEK, tracks)),
        lambda tracks: ([(f"track{number}", tracks[number]) for number in sorted(tracks)], None),
        {2: b"10023456789=2512"},
        detects_a_flipped_bit=False,
    ),
    Sample("rdm6300", em4100.Em4100Codec, TAGS, em4100.encode, one_part("em4100"), b"0A0050A9B6"),
    Sample(
        "id12la",
        em4100.Em4100Codec,
        TAGS,
        lambda tag: em4100.encode(tag, with_line_end=True),
        one_part("em4100"),
        b"0A0050A9B6",
    ),
    Sample(
        "ssi",
        ssi.make_codec,
        st.binary(min_size=0, max_size=250),
        lambda code: ssi.decode_data(code),
        lambda code: one_part("ssi")(ssi.decode_data(code)[:-2]),
        b"10023456789",
    ),
    Sample(
        "pn532",
        pn532.make_codec,
        st.binary(min_size=1, max_size=264).map(lambda data: b"\xd5" + data),
        pn532.frame,
        one_part("pn532"),
        b"\xd5\x4b\x00",
    ),
    Sample(
        "sankyo",
        sankyo.make_codec,
        st.binary(min_size=1, max_size=400),
        sankyo.frame,
        one_part("sankyo"),
        b"P62022;",
    ),
]
SAMPLES = [
    stripe("magtek", magstripe.MAGTEK, lrc=False, optional=(1, 3)),
    stripe("magtek-lrc", magstripe.MAGTEK, lrc=True, optional=(1, 3)),
    stripe("idtech", magstripe.ID_TECH, lrc=False, optional=(1,)),
    stripe("idtech-lrc", magstripe.ID_TECH, lrc=True, optional=(1,)),
    stripe("uic-lrc", magstripe.UIC, lrc=True, optional=(1, 3)),
    *OTHERS,
]
