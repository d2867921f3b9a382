"""Scanners and stripe heads that act as a keyboard: key events of the Linux input layer back into characters.

The kernel's key codes name places on the keyboard, so the layout that is set on this machine plays no part.
"""

from __future__ import annotations

import struct

from devices.codecs.buffers import Segment
from devices.codecs.frames import Bytes, Codec, Found

EVENT = struct.Struct("llHHi")
"""struct input_event of a 64-bit kernel: seconds, microseconds, type, code, value."""
_KEY_EVENT, _PRESSED = 0x01, 1
_SHIFTS = (42, 54)
_CAPS_LOCK = 58
_REFUSED = 0x7F
"""Stands for every key that no code of ours needs: the guard refuses a text that holds it."""
_ROWS = (
    (2, b"1234567890-=", b"!@#$%^&*()_+"),
    (16, b"qwertyuiop[]\r", b"QWERTYUIOP{}\r"),
    (30, b"asdfghjkl;'`", b'ASDFGHJKL:"~'),
    (43, b"\\zxcvbnm,./", b"|ZXCVBNM<>?"),
    (57, b" ", b" "),
    (71, b"789-456+1230.", b"789-456+1230."),
    (55, b"*", b"*"),
    (96, b"\r", b"\r"),
    (98, b"/", b"/"),
)
"""First key code of a row of the US layout, its characters plain and shifted (linux/input-event-codes.h)."""
_PLAIN = {first + at: char for first, plain, _ in _ROWS for at, char in enumerate(plain)}
_SHIFTED = {first + at: char for first, _, shifted in _ROWS for at, char in enumerate(shifted)}
_GS_KEY = 27
"""Ctrl and ] is how scanners type the separator of GS1 codes."""
_CONTROLS = (29, 97)


class KeyboardCodec:
    """Turns key events into the characters that were typed, for the codec of what types them."""

    def __init__(self, inner: Codec) -> None:
        """`inner` reads the characters; Enter is its carriage return."""
        self._inner = inner
        self._event = Segment(EVENT.size)
        self._held: set[int] = set()
        self._caps = False
        self.max_buffer = EVENT.size + inner.max_buffer
        self.gap_s = inner.gap_s

    @property
    def held(self) -> int:
        """Bytes of the running event and of the text typed so far."""
        return len(self._event) + self._inner.held

    @property
    def pending(self) -> bool:
        """Whether a text has begun, or a key is held or locked that a device would have let go of by then."""
        return bool(len(self._event) or self._held) or self._caps or self._inner.pending

    def feed(self, data: Bytes, t: float) -> list[Found]:
        """The texts that end with these events."""
        found: list[Found] = []
        rest = memoryview(data)
        if self._event:
            taken = EVENT.size - len(self._event)
            self._event.append(rest[:taken], t)
            rest = rest[taken:]
            if len(self._event) < EVENT.size:
                return found
            event = self._event.take()
            found += self._read(event, t)
            event[:] = bytes(EVENT.size)
        whole = len(rest) - len(rest) % EVENT.size
        found += self._read(rest[:whole], t)
        self._event.append(rest[whole:], t)
        return found

    def _read(self, events: Bytes, t: float) -> list[Found]:
        """The texts that end with whole events, read where they lie: what is not copied need not be wiped."""
        found: list[Found] = []
        for _, _, kind, code, value in EVENT.iter_unpack(events):
            if kind == _KEY_EVENT:
                character = self._character(code, value)
                if character is not None:
                    found += self._inner.feed(bytes((character,)), t)
        return found

    def idle(self, t: float) -> list[Found]:
        """The keys fell silent; modifiers and locks are forgotten too, for their release may have been lost."""
        self._event.clear()
        self._held.clear()
        self._caps = False
        return self._inner.idle(t)

    def reset(self) -> None:
        """Wipe what is held back."""
        self._event.clear()
        self._held.clear()
        self._caps = False
        self._inner.reset()

    def _character(self, code: int, value: int) -> int | None:
        """The character that a key event types, or None."""
        if code in _SHIFTS or code in _CONTROLS:
            (self._held.add if value else self._held.discard)(code)
            return None
        if value != _PRESSED:
            return None
        if code == _CAPS_LOCK:
            self._caps = not self._caps
            return None
        return self._typed(code)

    def _typed(self, code: int) -> int:
        if not self._held.isdisjoint(_CONTROLS):
            return 0x1D if code == _GS_KEY else _REFUSED
        shifted = not self._held.isdisjoint(_SHIFTS)
        if self._caps and chr(_PLAIN.get(code, 0)).isalpha():
            shifted = not shifted
        return (_SHIFTED if shifted else _PLAIN).get(code, _REFUSED)


def encode(text: bytes) -> bytes:
    """The events of a keyboard on which this is typed; characters that it lacks are left out."""
    codes = {char: (code, False) for code, char in _PLAIN.items()} | {0x1D: (_GS_KEY, False)}
    codes = {char: (code, True) for code, char in _SHIFTED.items() if char not in codes} | codes
    return b"".join(_strokes(*codes[char], control=char == 0x1D) for char in text if char in codes)


def _strokes(code: int, shifted: bool, *, control: bool) -> bytes:
    modifier = _CONTROLS[0] if control else _SHIFTS[0] if shifted else None
    presses = [(code, 1), (code, 0)]
    if modifier:
        presses = [(modifier, 1), *presses, (modifier, 0)]
    # Each key event is followed by a synchronisation event.
    return b"".join(EVENT.pack(0, 0, _KEY_EVENT, key, value) + EVENT.pack(0, 0, 0, 0, 0) for key, value in presses)
