"""A million malformed frames through each codec: `./kiosk.sh test million [CODEC ...]`, MALFORMED=N for another number.

Prints a line of JSON a codec: how many frames, how many of each trouble, how many of them were read all the same,
seconds, and the random seed, which makes the same run again. Ends with 1 at the first broken promise, which it names.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections import Counter
from random import Random

from codec_samples import SAMPLES, Sample
from malformed import SPOILS, frame

from devices.codecs.frames import CardGone, Codec, Found, Frame

SEED = int(os.environ.get("MALFORMED_SEED", "20261123"))


def read(found: list[Found]) -> list[object]:
    """What was found as values that compare."""
    return [
        "gone" if isinstance(item, CardGone) else ([bytes(part.data) for part in item.parts], item.fault)
        for item in found
    ]


def numbers(found: list[Found]) -> set[bytes]:
    """Everything that was read without a fault."""
    frames = [item for item in found if isinstance(item, Frame) and not item.fault]
    return {bytes(part.data) for item in frames for part in item.parts if part.data}


def fed(codec: Codec, data: bytes, rnd: Random) -> list[Found]:
    """All that comes of `data` in random pieces, with the silence after it; the promises on the way are checked."""
    edges = sorted(rnd.randrange(len(data) + 1) for _ in range(rnd.randrange(4)))
    found: list[Found] = []
    for start, end in itertools.pairwise([0, *edges, len(data)]):
        found += codec.feed(data[start:end], 1.0)
        assert codec.held <= codec.max_buffer, "holds more than it promised"
    found += codec.idle(2.0)
    assert (codec.held, codec.pending) == (0, False), "holds something after the silence"
    return found


def check(sample: Sample, name: str, rnd: Random) -> bool:
    """Spoil one frame, with another one after the silence; whether something was read of the spoilt one."""
    (good, content), (next_one, next_content) = frame(sample, rnd), frame(sample, rnd)
    spoilt = SPOILS[name](good, rnd)
    codec = sample.make()
    found = fed(codec, spoilt, rnd)
    assert read(found) == read([*(other := sample.make()).feed(spoilt, 7.0), *other.idle(8.0)]), "cuts change it"
    got = numbers(found)
    if name == "bit turned over" and sample.detects_a_flipped_bit:
        assert got <= content, "a flipped bit gives another number"
    if any(len(text) > 7 for text in got):
        shown = repr(codec) + repr(found)
        assert not any(len(text) > 7 and text.decode("latin-1") in shown for text in got), (
            "a repr shows what was read"
        )
    assert numbers(fed(codec, next_one, rnd)) == next_content, "the next is not read"
    return bool(got)


def main(wanted: list[str]) -> int:
    examples = int(os.environ.get("MALFORMED", "1000000"))
    for sample in [sample for sample in SAMPLES if not wanted or sample.name in wanted]:
        rnd, counts, still_read = Random(SEED), Counter[str](), 0
        began = time.perf_counter()
        for number, name in zip(range(examples), itertools.cycle(SPOILS), strict=False):
            try:
                still_read += check(sample, name, rnd)
            except Exception as error:
                print(json.dumps({"codec": sample.name, "number": number, "trouble": name, "broken": repr(error)}))
                raise
            counts[name] += 1
        seconds = round(time.perf_counter() - began, 1)
        facts = {"codec": sample.name, "frames": examples, "read_all_the_same": still_read, "seconds": seconds}
        print(json.dumps({**facts, "seed": SEED, "each": min(counts.values())}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
