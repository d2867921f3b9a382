"""What lines, cables, cards and people do to the bytes of a frame, one function each; and random frames to do it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from codec_samples import Sample

Spoil = Callable[[bytes, Random], bytes]


def _insert(data: bytes, rnd: Random, what: bytes) -> bytes:
    at = rnd.randrange(len(data) + 1)
    return data[:at] + what + data[at:]


def _lose(data: bytes, rnd: Random, what: bytes) -> bytes:
    return data.replace(what, b"", 1)


def _high_bit(data: bytes, rnd: Random) -> bytes:
    """7E1 read as 8N1: the parity bit arrives as the highest one."""
    return bytes(byte | 0x80 if byte.bit_count() % 2 else byte for byte in data)


def _flip(data: bytes, rnd: Random) -> bytes:
    at = rnd.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rnd.randrange(8)]) + data[at + 1 :]


def _swap(data: bytes, rnd: Random) -> bytes:
    at = rnd.randrange(len(data))
    return data[at:] + data[:at]


def _cut(data: bytes, rnd: Random) -> bytes:
    return data[: rnd.randrange(len(data))]


def _repeat(data: bytes, rnd: Random) -> bytes:
    at = rnd.randrange(len(data))
    return data[:at] + data[at : at + 1] * rnd.randrange(2, 200) + data[at:]


SPOILS: Mapping[str, Spoil] = {
    "start sentinel lost": lambda data, rnd: data[1:],
    "end lost": lambda data, rnd: data[:-1],
    "cut off": _cut,
    "end sentinel in the middle": lambda data, rnd: _insert(data, rnd, b"?"),
    "start sentinel in the middle": lambda data, rnd: _insert(data, rnd, rnd.choice([b";", b"%", b"+"])),
    "tracks that failed before it": lambda data, rnd: rnd.choice([b"%E?", b";E?", b"+E?", b"%E?;E?\r"]) + data,
    "tracks turned round": _swap,
    "one character too many": _repeat,
    "parity bits": _high_bit,
    "break": lambda data, rnd: _insert(data, rnd, bytes(rnd.randrange(1, 40))),
    "xon and xoff": lambda data, rnd: _insert(_insert(data, rnd, b"\x11"), rnd, b"\x13"),
    "02 inside": lambda data, rnd: _insert(data, rnd, b"\x02"),
    "03 lost": lambda data, rnd: _lose(data, rnd, b"\x03"),
    "hex in small letters": lambda data, rnd: data.lower(),
    "wrong sum": lambda data, rnd: data[:-2] + bytes([data[-2] ^ 0x55]) + data[-1:] if len(data) > 2 else data,
    "bit turned over": _flip,
    "10 10 03": lambda data, rnd: _insert(data, rnd, b"\x10\x10\x03"),
    "length of everything": lambda data, rnd: b"\xf2\xff\xff" + data,
    "length of less than a head": lambda data, rnd: bytes([rnd.randrange(4), 0xF3]) + data,
    "extended length of everything": lambda data, rnd: b"\x00\x00\xff\xff\xff\xff\xff" + data,
    "storm of acknowledgements": lambda data, rnd: b"\x06" * 300 + b"\x00\x00\xff\x00\xff\x00" * 30 + data,
    "echo": lambda data, rnd: data + data,
    "three kilobytes": lambda data, rnd: bytes(rnd.choices(b"0123456789AZ/", k=3000)) + data,
    "noise": lambda data, rnd: _insert(data, rnd, rnd.randbytes(rnd.randrange(1, 300))),
}
"""What can happen to one frame, by name; each takes the frame and a source of chance."""


def frame(sample: Sample, rnd: Random) -> tuple[bytes, set[bytes]]:
    """The bytes of one frame of random content, and what is to be read of it."""
    value = _CONTENT.get(sample.name.partition("-")[0], _swipe)(sample, rnd)
    return sample.encode(value), {data for _, data in sample.expected(value)[0] if data}


def _swipe(sample: Sample, rnd: Random) -> dict[int, bytes]:
    tracks = {2: bytes(rnd.choices(b"0123456789=", k=rnd.randrange(1, 37)))}
    if rnd.random() < 0.3:
        tracks[1] = b"A" + bytes(rnd.choices(b"0123456789ABCXYZ^/ ", k=rnd.randrange(1, 60)))
    return tracks


def _plain(sample: Sample, rnd: Random) -> Any:
    if sample.name == "typed-swipe":
        return _swipe(sample, rnd)
    # A key is eight events of 24 bytes: what is typed is kept short here.
    most = 15 if sample.name.startswith("typed") else 120
    return bytes(rnd.choices(b"0123456789ABCxyz/:?=&", k=rnd.randrange(1, most)))


_CONTENT: Mapping[str, Callable[[Sample, Random], Any]] = {
    "scanner": _plain,
    "hid": _plain,
    "typed": _plain,
    "rdm6300": lambda sample, rnd: rnd.randbytes(5).hex().upper().encode(),
    "id12la": lambda sample, rnd: rnd.randbytes(5).hex().upper().encode(),
    "ssi": lambda sample, rnd: rnd.randbytes(rnd.randrange(0, 250)),
    "pn532": lambda sample, rnd: b"\xd5" + rnd.randbytes(rnd.randrange(1, 264)),
    "sankyo": lambda sample, rnd: rnd.randbytes(rnd.randrange(1, 400)),
}
