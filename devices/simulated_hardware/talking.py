"""Simulated readers that only talk: magnetic stripe heads, plain scanners, 125 kHz modules."""

from __future__ import annotations

from collections.abc import Mapping

from devices.codecs import em4100, hid_pos, magstripe, scanner
from devices.codecs.magstripe import Dialect
from devices.simulated_hardware.hardware import Mishap, TalkingHardware, wanted


class StripeHardware(TalkingHardware):
    """A magnetic stripe head."""

    mishaps = frozenset({Mishap.GARBAGE, Mishap.UNREADABLE, Mishap.PULLED_OUT, Mishap.WRONG_WAY})

    def __init__(self, dialect: Dialect, *, lrc: bool = False) -> None:
        self._dialect = dialect
        self._lrc = lrc

    def present(self, fields: Mapping[str, str]) -> bytes:
        """A swipe; fields `track1` to `track3`, without sentinels."""
        tracks = {
            int(name[-1]): text.encode() for name, text in wanted(fields, "track1", "track2", "track3").items()
        }
        return magstripe.encode(self._dialect, tracks, lrc=self._lrc)

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """A swipe that goes wrong as it does at the counter."""
        match mishap:
            case Mishap.UNREADABLE:
                return magstripe.encode(self._dialect, {1: b"E", 2: b"E"})
            case Mishap.PULLED_OUT:
                whole = self.present(fields)
                return whole[: len(whole) // 2]
            case Mishap.WRONG_WAY:
                return b"?%b;\r" % fields.get("track2", "1")[::-1].encode()
            case _:
                return b"\x00\xffq\x91\x7f(\r"


class ScannerHardware(TalkingHardware):
    """A bar code scanner that sends lines with AIM ids, or HID reports."""

    mishaps = frozenset({Mishap.GARBAGE, Mishap.PULLED_OUT})

    def __init__(self, *, as_reports: bool = False) -> None:
        self._as_reports = as_reports

    def present(self, fields: Mapping[str, str]) -> bytes:
        """A scan; field `barcode`, or `gs1` with 1Dh between fields."""
        (name, text), *_ = wanted(fields, "gs1", "barcode").items()
        encode = hid_pos.encode if self._as_reports else scanner.encode
        return encode(text.encode(), aim=b"]C1" if name == "gs1" else b"]C0")

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """Control characters of a code that was made to do harm, or half a code."""
        if mishap is Mishap.PULLED_OUT:
            return self.present({"barcode": "1002"})
        return self.present({"barcode": "\x1b[5~\x7f"})


class Em4100Hardware(TalkingHardware):
    """A 125 kHz module."""

    mishaps = frozenset({Mishap.UNREADABLE, Mishap.PULLED_OUT})

    def __init__(self, *, with_line_end: bool = False) -> None:
        self._with_line_end = with_line_end

    def present(self, fields: Mapping[str, str]) -> bytes:
        """A tag; field `em4100`, ten hex digits."""
        return em4100.encode(wanted(fields, "em4100")["em4100"].encode(), with_line_end=self._with_line_end)

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """A wrong check byte, or half a frame."""
        whole = self.present(fields)
        if mishap is Mishap.PULLED_OUT:
            return whole[:7]
        return whole.replace(whole[11:13], b"%02X" % (int(whole[11:13], 16) ^ 1))
