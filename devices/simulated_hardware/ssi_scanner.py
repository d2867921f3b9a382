"""A simulated Zebra scanner: sends a scan again, marked as such, until it is acknowledged."""

from __future__ import annotations

from collections.abc import Mapping

from devices.codecs import ssi
from devices.simulated_hardware.hardware import Mishap, wanted

_MOST_DATA = 248


class SsiHardware:
    """A scanner in Simple Serial Interface mode. It scans only while scanning is enabled, as the real one does."""

    mishaps = frozenset({Mishap.GARBAGE})

    def __init__(self) -> None:
        self.enabled = False
        self.acknowledged = 0

    def present(self, fields: Mapping[str, str]) -> bytes:
        """A scan, in several packets when it is long; field `barcode`, or `gs1`."""
        (name, text), *_ = wanted(fields, "gs1", "barcode").items()
        return self._packets(text.encode(), code_type=ssi.GS1_128 if name == "gs1" else ssi.CODE_128)

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """A code that holds control characters."""
        return self._packets(b"\x1b[5~\x7f", code_type=ssi.CODE_128)

    def remove(self) -> bytes:
        """A scanner does not notice."""
        return b""

    def heard(self, data: bytes) -> bytes:
        """Take commands: acknowledgements are counted, all others are acknowledged."""
        answer = b""
        for at in range(0, len(data), 6):
            opcode = data[at + 1] if at + 1 < len(data) else 0
            if opcode == ssi.ACK:
                self.acknowledged += 1
            elif opcode in (ssi.SCAN_ENABLE, ssi.SCAN_DISABLE):
                self.enabled = opcode == ssi.SCAN_ENABLE
                answer += ssi.packet(ssi.ACK, source=0)
        return answer

    def _packets(self, code: bytes, *, code_type: int) -> bytes:
        pieces = [code[at : at + _MOST_DATA] for at in range(0, len(code), _MOST_DATA)]
        return b"".join(
            ssi.decode_data(piece, code_type=code_type, status=ssi.CONTINUED if number < len(pieces) else 0)
            for number, piece in enumerate(pieces, start=1)
        )
