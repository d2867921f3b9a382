"""A simulated board of switches: a line at every change."""

from __future__ import annotations

from collections.abc import Mapping

from devices.simulated_hardware.hardware import Mishap, TalkingHardware


class SwitchBoardHardware(TalkingHardware):
    """The board of a cabinet; its inputs are presented as fields, `D0=1`."""

    mishaps = frozenset({Mishap.GARBAGE})

    def present(self, fields: Mapping[str, str]) -> bytes:
        """A line for each input."""
        return "".join(f"{name}={state}\n" for name, state in fields.items()).encode()

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> bytes:
        """A line that means nothing."""
        return b"D0=\xff\n"
