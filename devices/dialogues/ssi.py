"""The dialogue with Zebra scanners: acknowledge every scan, or it is sent again; switch scanning on and off."""

from __future__ import annotations

from devices.card_reader import ReaderHealth, Rejection
from devices.codecs import ssi
from devices.codecs.buffers import Segment
from devices.codecs.frames import Bytes, Found, Frame, Part
from devices.codecs.scanner import MAX_CODE, coded_part
from devices.dialogues.dialogue import Turn

_OPCODE, _STATUS, _TYPE, _CODE = 1, 3, 4, 5


class SsiDialogue:
    """Scans in, acknowledgements out. A scan in several packets is put together, a repeated packet left out."""

    def __init__(self) -> None:
        self._codec = ssi.make_codec()
        self._code = Segment(MAX_CODE)
        self._last_sum = -1
        self._due_at: float | None = None

    def opened(self, t: float) -> Turn:
        """Scanning is off until somebody asks."""
        self._codec.reset()
        self._code.clear()
        self._due_at = None
        return Turn(send=ssi.packet(ssi.SCAN_DISABLE), health=ReaderHealth.ONLINE)

    def heard(self, data: Bytes, t: float) -> Turn:
        """Scans that are complete come at once."""
        turn = self._read(self._codec.feed(data, t))
        self._due_at = t + self._codec.gap_s if self._codec.pending else None
        return Turn(turn.found, turn.send, self._due_at)

    def due(self, t: float) -> Turn:
        """The line fell silent within a packet, or what looked like one."""
        self._due_at = None
        return self._read(self._codec.idle(t))

    def armed(self, armed: bool, t: float) -> Turn:
        """The scanner's light is on while somebody asks."""
        return Turn(send=ssi.packet(ssi.SCAN_ENABLE if armed else ssi.SCAN_DISABLE), due_at=self._due_at)

    def _read(self, found: list[Found]) -> Turn:
        scans: list[Found] = []
        send = b""
        for item in found:
            if isinstance(item, Frame) and item.parts[0].data[_OPCODE] == ssi.DECODE_DATA:
                send += ssi.packet(ssi.ACK)
                scans += self._read_packet(item.parts[0].data, item.first_at)
                item.wipe()
        return Turn(scans, send)

    def _read_packet(self, packet: bytearray, t: float) -> list[Found]:
        status = packet[_STATUS]
        # The status says itself that it is a repetition, so it is not part of what is compared.
        checksum = hash((len(packet), sum(packet) - status, bytes(packet[_TYPE : _TYPE + 1])))
        repeated = bool(status & ssi.RETRANSMITTED) and checksum == self._last_sum
        self._last_sum = checksum
        if repeated or len(packet) <= _CODE:
            return []
        view = memoryview(packet)
        self._code.append(view[_CODE:], t)
        view.release()
        return [] if status & ssi.CONTINUED else [self._finish(packet[_TYPE])]

    def _finish(self, code_type: int) -> Frame:
        first_at, overflow = self._code.first_at, self._code.overflow
        data = self._code.take()
        if overflow:
            data[:] = bytes(len(data))
            return Frame((), first_at, Rejection.TOO_LONG)
        part = coded_part(data)
        return Frame((Part("gs1", part.data) if code_type == ssi.GS1_128 else part,), first_at)
