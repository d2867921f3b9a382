"""The dock: hands for whoever demonstrates the terminal, beside its screen. Cards, codes, and things to break."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.simulated_hardware import Mishap
from devices.simulated_reader import SimulatedCardReader
from kiosk import simulation
from kiosk.demo.stand import Stand
from kiosk.demo.surroundings import SimulatedSurroundings
from kiosk.demo.wire import Weather, Wire
from kiosk.panel import PanelGroup, PanelView
from kiosk.viewmodel import Button

if TYPE_CHECKING:
    from kiosk.ui.dock import Dock as DockWidget

WIDTH = 400
"""Pixels beside the terminal's screen."""

_WORDS = Path(__file__).with_name("dock_words.toml")
_TAX_CODE = "AQtFbGVjdHJpY2l0eQIPMzAwMDAwMDAwMDAwMDAzAxQyMDI2LTA4LTI4VDAwOjAwOjAwWgQFMTAuMDAFBDEuMzA="
"""Seller, VAT number, time, total and VAT as base64 TLV: the QR of an invented tax invoice."""
_NATIONAL_ID = "1000000008"
_BILLER = "6281000000017"
"""An invented place of a biller: GLN, field 415."""


@dataclass(slots=True)
class Dock:
    """What stands beside the screen and does what its buttons say, once the terminal's parts are open."""

    stand: Stand
    around: SimulatedSurroundings
    wire: Wire | None = None
    """The way to the service, once that is up."""
    on: set[str] = field(default_factory=set)
    """The switches that are on."""
    _widget: DockWidget | None = None

    def stand_up(self) -> None:
        """Appear in the window; on the screens' thread."""
        from kiosk.ui.dock import Dock as DockWidget

        self._widget = DockWidget(press=self.press)
        self.stand.app.put_beside(self._widget)
        self.show()

    def press(self, name: str) -> None:
        """Do what the button `name` says, or undo it where it is a switch that is on.

        Raises:
            KeyError: there is no such button, or the parts are not open yet.
        """
        if name in self.acts:
            self.acts[name]()
            return
        is_on = name not in self.on
        self.switches[name](is_on)
        self.on.symmetric_difference_update({name})
        self.show()

    def tap(self, name: str) -> None:
        """Press the button `name` as a mouse does, through the window's own input; for tests.

        Raises:
            KeyError: there is no such button.
        """
        assert self._widget is not None
        self._widget.tap(name)

    @property
    def names(self) -> list[str]:
        """Every button that does something now."""
        return [*self.acts, *self.switches]

    @property
    def acts(self) -> Mapping[str, Callable[[], object]]:
        """What is done once, by name."""
        reader = self._reader
        if reader is None:
            return {}
        first, second, *_ = self.stand.accounts
        return {
            "account_card": partial(reader.present_track2, f"{first}=2912"),
            "other_card": partial(reader.present_track2, f"{second}=2912"),
            "bank_card": reader.bank_card,
            "wrong_way": partial(reader.mishap, Mishap.WRONG_WAY),
            "pulled_out": partial(reader.mishap, Mishap.PULLED_OUT),
            "unreadable": partial(reader.mishap, Mishap.UNREADABLE),
            "two_cards": partial(reader.mishap, Mishap.TWO_CARDS),
            "bill_code": partial(reader.scan, first),
            "slip_code": partial(reader.scan, f"415{_BILLER}8020{first}\x1d"),
            "tax_code": partial(reader.scan, _TAX_CODE),
            "national_id": partial(reader.scan, _NATIONAL_ID),
        }

    @property
    def switches(self) -> Mapping[str, Callable[[bool], None]]:
        """What is on until it is off again, by name."""
        parts = self.stand.terminal.parts
        if parts is None or self.wire is None:
            return {}
        found = {trouble.name: trouble.turn for trouble in simulation.troubles(parts.printer, parts.readers)}
        weathers = {"service_slow": Weather.SLOW, "service_dead": Weather.DEAD, "network_away": Weather.SILENT}
        found |= {name: partial(self._change_weather, name, weather) for name, weather in weathers.items()}
        return {**found, **self.around.switches}

    def close(self) -> None:
        """Take the simulated surroundings away; twice is fine."""
        if self.wire:
            self.wire.close()
        self.around.close()

    def _change_weather(self, name: str, weather: Weather, on: bool) -> None:
        # Only one of them at a time makes sense.
        self.on -= {"service_slow", "service_dead", "network_away"} - {name}
        if self.wire:
            self.wire.weather = weather if on else Weather.FAIR

    @property
    def _reader(self) -> SimulatedCardReader | None:
        parts = self.stand.terminal.parts
        readers = parts.readers if parts else ()
        return next((reader for reader in readers if isinstance(reader, SimulatedCardReader)), None)

    def show(self) -> None:
        """Draw the buttons as they are now; on the screens' thread."""
        if self._widget:
            self._widget.show(self.view(), **self.stand.app.beside)

    def view(self) -> PanelView:
        """The panel as it is now, in the language of the terminal's site."""
        words = self._words
        known = set(self.names)

        def group(title: str, names: str) -> PanelGroup:
            buttons = tuple(Button(name, words[name], None, name in known) for name in names.split())
            return PanelGroup(words[title], buttons, frozenset(self.on))

        return PanelView(
            self._language,
            words["title"],
            tuple(group(title, names) for title, names in _GROUPS.items()),
            words["note"].format(accounts=self.stand.accounts[0]) if known else "",
        )

    @property
    def _language(self) -> str:
        return "ar" if self.stand.terminal.facts.rules.language == "ar" else "en"

    @property
    def _words(self) -> dict[str, str]:
        words: dict[str, Any] = tomllib.loads(_WORDS.read_text("utf-8"))[self._language]
        return words


_GROUPS = {
    "present": "account_card other_card bank_card wrong_way pulled_out unreadable two_cards",
    "scan": "bill_code slip_code tax_code national_id",
    "break": "paper_out paper_low paper_jam cover_open cutter_stuck printer_silent reader_unplugged"
    " service_slow service_dead network_away",
    "around": "power_cut door_open nobody_near headphones",
}
