"""A simulated PN532 module: good enough for programs that were written for the real one (nfcpy drives it)."""

from __future__ import annotations

from collections.abc import Mapping

from devices.codecs import ndef, pn532
from devices.codecs.frames import Frame
from devices.simulated_hardware.hardware import Mishap, wanted
from devices.simulated_hardware.tag import Tag, Type4Card

_VERSION = bytes.fromhex("32010607")
"""IC PN532, firmware 1.6, all card types."""
_TIMEOUT = 0x01
_AUTOMATIC_RATS = 0x10
_RATS = 0xE0
"""The request to speak ISO 14443-4; I-blocks have the bits of E2 at 02."""
_OTHER_UID = bytes.fromhex("04FEDCBA987654")


class Pn532Hardware:
    """The module with the tags that lie on it."""

    mishaps = frozenset({Mishap.UNREADABLE, Mishap.PULLED_OUT, Mishap.TWO_CARDS})

    def __init__(self) -> None:
        self.tags: list[Tag] = []
        self._codec = pn532.make_codec()
        self._activates = True
        self.silent = False

    def present(self, fields: Mapping[str, str]) -> bytes:
        """Lay a card on it; field `ndef` becomes a text record, a link becomes a link."""
        text = wanted(fields, "ndef")["ndef"]
        record = ndef.link_record(text) if "://" in text else ndef.text_record(text)
        # Each content has its own serial number, as each card has.
        self.lay(Type4Card(record, uid=b"\x04" + sum(map(ord, text)).to_bytes(6, "big")))
        return b""

    def lay(self, *tags: Tag) -> None:
        """Lay exactly these on it."""
        self.tags = list(tags)

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """A card taken away while it was read, two cards, or one that holds nothing for us."""
        match mishap:
            case Mishap.TWO_CARDS:
                self.lay(Type4Card(b""), Type4Card(b"", uid=_OTHER_UID))
            case Mishap.PULLED_OUT:
                self.lay(Type4Card(ndef.text_record("10023456789"), exchanges_left=3))
            case _:
                self.lay(Type4Card(None))
        return b""

    def remove(self) -> bytes:
        """Take all away."""
        self.tags = []
        return b""

    def heard(self, data: bytes) -> bytes:
        """Acknowledge and answer commands."""
        answer = b""
        for item in self._codec.feed(data, 0.0):
            if isinstance(item, Frame) and item.parts[0].source == "pn532" and not self.silent:
                content = bytes(item.parts[0].data)
                if content[:1] == bytes([pn532.HOST]) and len(content) > 1:
                    answer += pn532.ACK + self._answer(content[1], content[2:])
        return answer

    def _answer(self, code: int, data: bytes) -> bytes:
        match code:
            case 0x00:  # Diagnose; its first test sends back what it was sent
                result = data if data[:1] == b"\0" else b"\0"
            case 0x02:  # GetFirmwareVersion
                result = _VERSION
            case 0x06:  # ReadRegister; the transmitter still holds the request when no card answered it
                result = b"\x26" * (len(data) // 2)
            case 0x12:  # SetParameters
                self._activates = bool(data[0] & _AUTOMATIC_RATS)
                result = b""
            case 0x16:  # PowerDown
                result = b"\0"
            case 0x40:  # InDataExchange
                result = self._exchange(data)
            case 0x42:  # InCommunicateThru
                result = self._exchange_block(data)
            case 0x4A:  # InListPassiveTarget
                result = self._list(data)
            case 0x44 | 0x52 | 0x54:  # InDeselect, InRelease, InSelect
                result = b"\0"
            case _:
                result = b""
        return pn532.frame(bytes([pn532.MODULE, code + 1]) + result)

    def _list(self, data: bytes) -> bytes:
        """InListPassiveTarget: only type A tags (00) are known here."""
        tags = [tag for tag in self.tags if tag.exchanges_left > 0][: data[0]] if data[1] == 0 else []
        return bytes([len(tags)]) + b"".join(
            bytes([number])
            + tag.sens_res
            + bytes([tag.sel_res, len(tag.uid)])
            + tag.uid
            + (tag.ats if self._activates else b"")
            for number, tag in enumerate(tags, start=1)
        )

    def _exchange_block(self, block: bytes) -> bytes:
        """A block as ISO 14443-4 puts it on the air: activation, a command and its number, or good-bye."""
        tag = self.tags[0] if self.tags else None
        if tag is None or not block:
            return bytes([_TIMEOUT])
        if block[0] == _RATS:
            return b"\0" + tag.ats
        if block[0] & 0xE2 == 0x02:
            answer = tag.exchange(block[1:])
            return bytes([_TIMEOUT]) if answer is None else b"\0" + block[:1] + answer
        return b"\0" + block

    def _exchange(self, data: bytes) -> bytes:
        tag = self.tags[data[0] - 1] if 0 < data[0] <= len(self.tags) else None
        answer = tag.exchange(data[1:]) if tag else None
        return bytes([_TIMEOUT]) if answer is None else b"\0" + answer
