"""What holds for every codec: the properties that a line full of noise, cuts and gluings may not break."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from codec_samples import SAMPLES, Sample
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.codecs.frames import CardGone, Codec, Found, Frame

DAILY = 40
MANY = int(os.environ.get("CODEC_EXAMPLES", "2000"))
EXAMPLES = [DAILY, pytest.param(MANY, marks=pytest.mark.slow)]
every_codec = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
how_often = pytest.mark.parametrize("examples", EXAMPLES)


def seen(found: Sequence[Found]) -> list[object]:
    """What was found, without times, as values that compare."""
    return [
        "gone"
        if isinstance(item, CardGone)
        else ([(part.source, bytes(part.data)) for part in item.parts], item.fault)
        for item in found
    ]


def good(found: Sequence[Found]) -> list[object]:
    """The data of the frames without a fault."""
    return seen([item for item in found if isinstance(item, Frame) and not item.fault])


def data(found: Sequence[Found]) -> list[bytes]:
    """Everything read, faults or not; a mere acknowledgement is nothing read."""
    return [bytes(part.data) for item in found if isinstance(item, Frame) for part in item.parts if part.data]


def whole(codec: Codec, data: bytes) -> list[Found]:
    """All that a codec finds in `data`, silence included."""
    return [*codec.feed(data, 1.0), *codec.idle(2.0)]


def run(examples: int, check: Callable[..., None], *strategies: st.SearchStrategy[object]) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings(max_examples=examples, deadline=None, suppress_health_check=checks)(given(*strategies)(check))()


@dataclass
class Cut:
    """Bytes and where to cut them."""

    data: bytes
    cuts: list[int]

    def pieces(self) -> list[bytes]:
        edges = [0, *sorted(cut % (len(self.data) + 1) for cut in self.cuts), len(self.data)]
        return [self.data[a:b] for a, b in itertools.pairwise(edges)]


@every_codec
@how_often
def test_the_same_frames_come_however_the_bytes_are_cut(sample: Sample, examples: int) -> None:
    def check(blocks: list[bytes], cuts: list[int]) -> None:
        cut = Cut(b"".join(blocks), cuts)
        codec = sample.make()
        in_pieces = [item for piece in cut.pieces() for item in codec.feed(piece, 1.0)]
        assert seen([*in_pieces, *codec.idle(2.0)]) == seen(whole(sample.make(), cut.data))

    blocks = st.lists(st.one_of(sample.frames, st.binary(max_size=12)), max_size=4)
    run(examples, check, blocks, st.lists(st.integers(0, 4000), max_size=8))


@every_codec
@how_often
def test_a_frame_after_garbage_and_silence_is_read(sample: Sample, examples: int) -> None:
    def check(garbage: bytes, frame: bytes) -> None:
        codec = sample.make()
        whole(codec, garbage)
        assert seen(whole(codec, frame)) == seen(whole(sample.make(), frame))
        assert good(whole(sample.make(), frame))

    run(examples, check, st.binary(max_size=600), sample.frames)


@every_codec
@how_often
def test_two_frames_glued_together_are_two(sample: Sample, examples: int) -> None:
    def check(first: bytes, second: bytes) -> None:
        glued = good(whole(sample.make(), first + second))
        assert glued == good(whole(sample.make(), first)) + good(whole(sample.make(), second))

    run(examples, check, sample.frames, sample.frames)


@pytest.mark.parametrize(
    "sample", [sample for sample in SAMPLES if sample.detects_a_flipped_bit], ids=lambda sample: sample.name
)
@how_often
def test_a_flipped_bit_never_gives_another_number(sample: Sample, examples: int) -> None:
    def check(frame: bytes, bit: int) -> None:
        flipped = bytearray(frame)
        flipped[bit // 8 % len(frame)] ^= 1 << bit % 8
        assert set(data(whole(sample.make(), bytes(flipped)))) <= set(data(whole(sample.make(), frame)))

    run(examples, check, sample.frames, st.integers(0, 8000))


@every_codec
@how_often
def test_no_more_is_held_than_promised(sample: Sample, examples: int) -> None:
    def check(pieces: list[bytes]) -> None:
        codec = sample.make()
        for piece in pieces:
            codec.feed(piece, 1.0)
            assert codec.held <= codec.max_buffer
        codec.idle(2.0)
        assert (codec.held, codec.pending) == (0, False)

    run(examples, check, st.lists(st.one_of(sample.frames, st.binary(max_size=700)), max_size=6))


@every_codec
@how_often
def test_what_is_encoded_is_what_is_read(sample: Sample, examples: int) -> None:
    def check(value: object) -> None:
        assert good(whole(sample.make(), sample.encode(value))) == [sample.expected(value)]

    run(examples, check, sample.values)


@every_codec
def test_a_megabyte_of_garbage_takes_less_than_a_second(sample: Sample) -> None:
    garbage = random.Random(5).randbytes(1_000_000)
    codec = sample.make()
    started = time.process_time()
    for at in range(0, len(garbage), 4096):
        codec.feed(garbage[at : at + 4096], float(at))
    assert time.process_time() - started < 1.0


@every_codec
@how_often
def test_nothing_read_shows_in_a_repr(sample: Sample, examples: int) -> None:
    def check(frame: bytes) -> None:
        codec = sample.make()
        found = codec.feed(frame, 1.0)
        text = repr(codec) + repr(found)
        assert not any(piece.decode("latin-1") in text for piece in data(found) if len(piece) > 7)

    run(examples, check, sample.frames)


@every_codec
def test_reset_forgets_what_was_held(sample: Sample) -> None:
    codec = sample.make()
    frame = sample.one
    codec.feed(frame[:-2], 1.0)
    codec.reset()
    assert (codec.held, codec.pending) == (0, False)
    assert good(whole(codec, frame)) == good(whole(sample.make(), frame))
