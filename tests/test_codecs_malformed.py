"""Every codec against every trouble of `malformed.SPOILS`; a million of them a codec: `./kiosk.sh test million`."""

from __future__ import annotations

import logging
import time
from random import Random

import pytest
from codec_samples import SAMPLES, Sample
from codec_walk import check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from malformed import SPOILS, frame
from test_codecs import MANY, every_codec, seen, whole

DAILY = 15


@every_codec
@pytest.mark.parametrize("examples", [DAILY, pytest.param(MANY, marks=pytest.mark.slow)])
def test_no_trouble_of_a_line_breaks_a_promise(sample: Sample, examples: int) -> None:
    """Cuts change nothing, nothing raises, little is held, no repr tells, and the next frame is read."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(sorted(SPOILS)), st.randoms(use_true_random=False))
    def walk(name: str, rnd: Random) -> None:
        check(sample, name, rnd)

    walk()


@every_codec
def test_time_only_counts_by_its_differences(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    def jumps() -> float:
        raise AssertionError("a codec looked at the wall clock")

    monkeypatch.setattr(time, "time", jumps)
    at_start = whole(sample.make(), sample.one)
    codec = sample.make()
    after_a_year = [*codec.feed(sample.one, 3.2e7), *codec.idle(3.2e7 + 1)]
    assert seen(at_start) == seen(after_a_year)


@every_codec
def test_nothing_read_is_logged(sample: Sample, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    rnd = Random(3)
    for name in SPOILS:
        check(sample, name, rnd)
    assert caplog.records == []


HARD = [
    b"%",
    b";",
    b"?",
    b"\r",
    b"\x02",
    b"\x10",
    b"\xf2",
    b"\x00\xff",
    b"\x00\x00\xff",
    b"\xff\xf3\x00\x00",
    b"2;",
    b"%E?",
]


@every_codec
def test_no_run_of_beginnings_takes_more_than_its_share_of_time(sample: Sample) -> None:
    """Beginnings of frames without an end are the dearest garbage; time must stay linear in them."""
    began = time.thread_time()
    for block in HARD:
        codec = sample.make()
        for _ in range(10):
            codec.feed(block * (4096 // len(block)), 1.0)
        codec.idle(2.0)
    assert time.thread_time() - began < len(HARD) * 0.041 * 5


def test_every_codec_has_frames_to_spoil() -> None:
    assert all(frame(sample, Random(1))[1] for sample in SAMPLES)
