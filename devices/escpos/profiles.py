"""What each family of printers can do, as data, with how sure we are of every single point.

Nothing here was measured on paper: `documented` means a public manual or command reference says so, `probed`
that a printer answered when asked, `unverified` that it is likely and must be tried on the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from devices.near_miss import unknown


class Provenance(StrEnum):
    """How sure we are that a printer can do what its profile says."""

    DOCUMENTED = "documented"
    PROBED = "probed"
    UNVERIFIED = "unverified"


class Fence(StrEnum):
    """A command answered only when all bytes before it have been worked off."""

    PROCESS_ID = "GS ( H"
    """Function 48: answered with the four characters that were sent."""

    STATUS = "GS r"
    """`GS r 1`: answered with one byte of paper status; cannot be told from an earlier one."""


class PresenterKind(StrEnum):
    """How a printer that holds the cut receipt is told to hand it out or take it back."""

    NONE = "none"
    CUSTOM = "custom"
    CITIZEN = "citizen"
    EPSON_LOOP = "epson-loop"


# GS V 66 0: feed to the cutter and cut, leaving one point (ESC/POS reference, "GS V", function B).
CUT_PARTIAL = b"\x1dV\x42\x00"
# ESC i: full cut (Custom and Pyramid manuals).
CUT_CUSTOM = b"\x1bi"


@dataclass(frozen=True, slots=True)
class Profile:
    """A printer model, or a family that behaves alike.

    `width` is in dots, `dpi` dots per inch, `font_width` x `font_height` one cell of font A in dots.
    `max_block` is the longest picture command in bytes, header included; `speed_mm_s` paper per second.
    `code_page` is the page that `ESC t` selects for printable ASCII.
    """

    name: str
    title: str
    width: int = 576
    dpi: int = 203
    font_width: int = 12
    font_height: int = 24
    code_page: int = 0
    printer_font: bool = True
    native_qr: bool = True
    strip24: bool = True
    nv_logo: bool = False
    status: bool = True
    full_status: bool = False
    asb: bool = False
    fences: tuple[Fence, ...] = (Fence.STATUS,)
    presenter: PresenterKind = PresenterKind.NONE
    cut: bytes = CUT_PARTIAL
    clear: bytes = b"\x10\x05\x02"
    clears_always: bool = False
    speed_mm_s: int = 150
    max_block: int = 2048
    documented: frozenset[str] = frozenset()
    probed: frozenset[str] = frozenset()

    def provenance(self, capability: str) -> Provenance:
        """How sure the value of one capability is.

        Raises:
            KeyError: no capability of that name.
        """
        if capability not in CAPABILITIES:
            raise KeyError(unknown("capability", capability, known=CAPABILITIES))
        if capability in self.probed:
            return Provenance.PROBED
        return Provenance.DOCUMENTED if capability in self.documented else Provenance.UNVERIFIED

    def with_width(self, width: int) -> Profile:
        """The same printer with paper of another width, in dots."""
        return self if width == self.width else replace(self, width=width)

    @property
    def dots_per_mm(self) -> float:
        """Dots in one millimetre, both ways: 8 at 203 dpi by every maker's own rounding."""
        return 8.0 if self.dpi == 203 else self.dpi / 25.4


CAPABILITIES = tuple(
    field.name for field in fields(Profile) if field.name not in ("name", "title", "documented", "probed")
)


class UnknownProfile(ValueError):
    """No profile of that name; the message names the nearest one."""


# What the public ESC/POS command reference states for the TM family as a whole.
_EPSON_DOCUMENTED = frozenset({"width", "dpi", "font_width", "font_height", "code_page", "printer_font"}) | {
    "native_qr",
    "strip24",
    "status",
    "full_status",
    "asb",
    "fences",
    "cut",
}
_CUSTOM_DOCUMENTED = frozenset({"status", "full_status", "presenter", "cut", "dpi"})

_CUSTOM = Profile(
    name="custom-vkp80",
    title="Custom VKP80, VKP80II; Pyramid Reliance",
    native_qr=False,
    full_status=True,
    presenter=PresenterKind.CUSTOM,
    cut=CUT_CUSTOM,
    documented=_CUSTOM_DOCUMENTED,
)

_ALL = (
    Profile(name="generic", title="80 mm ESC/POS printer of any make"),
    Profile(name="generic-58", title="58 mm ESC/POS printer of any make", width=384, speed_mm_s=90),
    Profile(
        name="epson-tm",
        title="Epson TM-T20III, TM-T88VI and relatives",
        nv_logo=True,
        asb=True,
        fences=(Fence.PROCESS_ID, Fence.STATUS),
        # DLE DC4 8: clear buffers, then what DLE ENQ 2 does; written down from the reference, not run.
        clear=b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08",
        clears_always=True,
        speed_mm_s=200,
        documented=_EPSON_DOCUMENTED,
    ),
    Profile(
        name="epson-eu",
        title="Epson EU-T300, EU-T400",
        asb=True,
        native_qr=False,
        presenter=PresenterKind.EPSON_LOOP,
        documented=frozenset({"status", "asb", "dpi"}),
    ),
    _CUSTOM,
    replace(_CUSTOM, name="custom-tg2480", title="Custom TG2480H", presenter=PresenterKind.NONE),
    Profile(
        name="citizen-ppu",
        title="Citizen PPU-700, PPU-700II",
        native_qr=False,
        presenter=PresenterKind.CITIZEN,
        cut=CUT_CUSTOM,
        documented=frozenset({"status", "presenter", "dpi"}),
    ),
    Profile(
        name="file",
        title="a file or a one-way device node",
        printer_font=False,
        native_qr=False,
        status=False,
        fences=(),
        clear=b"",
        documented=frozenset({"status", "fences"}),
    ),
    Profile(
        name="simulated",
        title="our own simulated printer",
        nv_logo=True,
        asb=True,
        fences=(Fence.PROCESS_ID, Fence.STATUS),
        clear=b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08",
        clears_always=True,
        probed=frozenset(CAPABILITIES),
    ),
)

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in _ALL}


def profile(name: str) -> Profile:
    """The profile called `name`.

    Raises:
        UnknownProfile: there is none; says which was probably meant.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise UnknownProfile(unknown("printer profile", name, known=PROFILES)) from None
