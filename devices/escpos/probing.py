"""What a technician wants to know of a printer before trusting it: which questions it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from devices.escpos.condition import ERROR_CAUSE, FULL, OFFLINE_CAUSE, PRINTER, ROLL
from devices.escpos.conversation import Conversation
from devices.escpos.profiles import Fence, Profile
from devices.printer import PrinterHealth

_ANSWER_S = 0.5
# GS I n: printer information as text; 65 firmware, 66 maker, 67 model, 68 serial number (ESC/POS reference,
# "Transmit printer ID").
_IDENTITIES = (66, 67, 65)
_SERIAL = 68
_PUSH_ON, _PUSH_OFF = b"\x1da\x0e", b"\x1da\x00"


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """Which questions were answered; `health` is ABSENT when the printer could not be opened.

    `real_time` holds the n of each DLE EOT n, `identity` maker, model and firmware as the printer says
    (clones lie), `noise` bytes that answered nothing.
    """

    health: PrinterHealth = PrinterHealth.ABSENT
    real_time: tuple[int, ...] = ()
    full_status: bool = False
    fences: tuple[Fence, ...] = ()
    pushes: bool = False
    identity: tuple[str, ...] = ()
    noise: int = 0

    def proven(self, profile: Profile) -> Profile:
        """The profile with what was found out put in and marked as probed."""
        return replace(
            profile,
            status=bool(self.real_time) or self.full_status,
            full_status=self.full_status and profile.full_status,
            fences=tuple(kind for kind in Fence if kind in self.fences),
            asb=self.pushes,
            probed=profile.probed | {"status", "full_status", "fences", "asb"},
        )


def probe(talk: Conversation) -> ProbeReport:
    """Ask everything, one question after the other; takes some seconds when little is answered.

    Raises:
        TransportError: the port is gone.
    """
    noise = talk.noise
    real_time = tuple(n for n in (PRINTER, OFFLINE_CAUSE, ERROR_CAUSE, ROLL) if talk.ask(n))
    full_status = talk.asks_full and talk.ask(FULL)
    fences = tuple(kind for kind in (Fence.STATUS, Fence.PROCESS_ID) if _answers(talk, kind))
    return ProbeReport(
        health=talk.condition.health if real_time or full_status else PrinterHealth.SILENT,
        real_time=real_time,
        full_status=full_status,
        fences=fences,
        pushes=_pushes(talk),
        identity=_identity(talk),
        noise=talk.noise - noise,
    )


def serial_number(talk: Conversation) -> str:
    """The number that no other printer has, as it says; empty when it says none in half a second."""
    talk.identity.clear()
    talk.send(bytes((0x1D, 0x49, _SERIAL)))
    talk.until(partial(_heard_identities, talk, 1), timeout_s=_ANSWER_S)
    return talk.identity[0].decode("ascii", "replace").strip() if talk.identity else ""


def _answers(talk: Conversation, kind: Fence) -> bool:
    token = talk.fence(kind)
    return talk.until(lambda: talk.passed(token), timeout_s=_ANSWER_S)


def _pushes(talk: Conversation) -> bool:
    """Whether switching automatic status on brings one at once; left as it was found."""
    was_on, before = talk.asks_pushes, talk.pushes
    talk.send(_PUSH_ON)
    came = talk.until(lambda: talk.pushes > before, timeout_s=_ANSWER_S)
    if not was_on:
        talk.send(_PUSH_OFF)
    return came


def _identity(talk: Conversation) -> tuple[str, ...]:
    talk.identity.clear()
    for count, number in enumerate(_IDENTITIES, start=1):
        talk.send(bytes((0x1D, 0x49, number)))
        talk.until(partial(_heard_identities, talk, count), timeout_s=_ANSWER_S)
    return tuple(text.decode("ascii", "replace") for text in talk.identity)


def _heard_identities(talk: Conversation, count: int) -> bool:
    return len(talk.identity) >= count
