"""A simulated Sankyo ICT3Q8: takes a card in when it may, reads it, gives it back."""

from __future__ import annotations

from collections.abc import Mapping

from devices.codecs import sankyo
from devices.codecs.frames import Frame
from devices.simulated_hardware.hardware import Mishap, wanted


class SankyoHardware:
    """The reader with the card that is in it. A card that was given back is taken at once."""

    mishaps = frozenset({Mishap.UNREADABLE})

    def __init__(self) -> None:
        self._codec = sankyo.make_codec()
        self._offered: dict[str, str] | None = None
        self._inside: dict[str, str] | None = None
        self._accepts = False
        self.refuses_next = False
        """The next command is answered by NAK, as after noise on the line."""

    @property
    def holds_card(self) -> bool:
        """Whether a card is inside."""
        return self._inside is not None

    def present(self, fields: Mapping[str, str]) -> bytes:
        """Push a card in; fields `track1` to `track3`. Nothing is sent until the host asks."""
        self._offered = wanted(fields, "track1", "track2", "track3")
        return b""

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """A card without anything on its tracks."""
        self._offered = {}
        return b""

    def remove(self) -> bytes:
        """Whoever held a card before the shut gate takes it away; one that comes out is taken at once anyway."""
        self._offered = None
        return b""

    def heard(self, data: bytes) -> bytes:
        """Acknowledge and answer commands."""
        answer = b""
        for item in self._codec.feed(data, 0.0):
            if isinstance(item, Frame) and item.parts[0].source == "sankyo":
                if self.refuses_next:
                    self.refuses_next = False
                    answer += sankyo.NAK
                else:
                    answer += sankyo.ACK + sankyo.frame(self._answer(bytes(item.parts[0].data)))
        return answer

    def _answer(self, text: bytes) -> bytes:
        command = text[1:3]
        if self._accepts and self._inside is None and self._offered is not None:
            self._inside, self._offered = self._offered, None
        match command:
            case b":0" | b":1":
                self._accepts = command == b":0"
            case b"00" | b"30":
                self._inside = None
            case b"61" | b"62" | b"63":
                track = (self._inside or {}).get(f"track{command[1:].decode()}")
                if track is None:
                    return b"N" + command + b"01"
                return b"P" + command + b"02" + track.encode()
        return b"P" + command + (b"02" if self._inside is not None else b"00")
