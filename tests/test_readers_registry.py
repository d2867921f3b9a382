"""From a settings table to a driver: ours from a checkout, and those of packages that others wrote."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from devices import registry
from devices.card_map import CardMap
from devices.card_reader import CardReaderError, CredentialKind, Presented, ReaderEvent
from devices.monitor import Monitor
from devices.printer import JournalEntry, PrinterError
from devices.serial_reader import SerialCardReader
from devices.settings import CardReaderSettings, PrinterSettings
from devices.simulated_reader import SimulatedCardReader

ACME = '''
"""A card reader that somebody else sells, in a package of its own."""
from devices.card_reader import Presented, ReaderHealth
from devices.codecs.frames import Frame, Part
from devices.intake import Intake


class AcmeReader:
    def __init__(self, *, name="acme", url, beeps=1, card_map=None):
        self.name, self.beeps = name, beeps
        self._intake = Intake(name, card_map=card_map)

    def start(self, sink):
        self._intake.connect(sink)
        self._intake.report(ReaderHealth.ONLINE)

    def arm(self, armed):
        self._intake.arm(armed)
        if armed:
            self._intake.take([Frame((Part("barcode", bytearray(b"10023456789")),), 1e12)])

    def health(self):
        return self._intake.health

    def close(self):
        self._intake.shut()


class Impostor(AcmeReader):
    pass
'''
ENTRY_POINTS = """[devices.card_readers]
acme = acme_reader:AcmeReader
serial = acme_reader:Impostor
broken = acme_reader_that_is_not_there:Reader
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A third party's package, installed as pip would leave it."""
    (tmp_path / "acme_reader.py").write_text(ACME)
    metadata = tmp_path / "acme_reader-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-reader\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("acme_reader", None)


class NoJournal:
    def record(self, entry: JournalEntry) -> None: ...

    def unfinished(self) -> tuple[JournalEntry, ...]:
        return ()


def reader(**table: object) -> object:
    return registry.open_card_reader(CardReaderSettings(**table), CardMap())  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["serial:///dev/x?baud=9600", "/dev/pts/7", "socket://h:1", "rfc2217://h:1"])
def test_every_kind_of_line_has_the_serial_driver(url: str) -> None:
    assert isinstance(reader(url=url, name="stripe", lrc=True), SerialCardReader)


def test_a_reader_bound_by_identity_has_the_serial_driver() -> None:
    assert isinstance(reader(match={"vid": "0403", "pid": "6001"}), SerialCardReader)


def test_our_drivers_are_there_without_being_installed() -> None:
    assert isinstance(reader(url="simulated:"), SimulatedCardReader)
    assert {"serial", "simulated"} <= set(registry.driver_names(registry.CARD_READERS))
    assert {"escpos", "simulated"} <= set(registry.driver_names(registry.PRINTERS))


@pytest.mark.usefixtures("acme")
def test_a_third_partys_driver_is_found_by_its_entry_point_and_gets_its_own_keys() -> None:
    acme = registry.open_card_reader(CardReaderSettings(url="acme:", name="front", beeps=3), CardMap())  # type: ignore[call-arg]
    events: list[ReaderEvent] = []
    acme.start(events.append)
    acme.arm(True)
    (presented,) = [event for event in events if isinstance(event, Presented)]
    assert (presented.device, presented.credential.kind) == ("front", CredentialKind.ACCOUNT)
    assert (acme.name, acme.beeps) == ("front", 3)  # type: ignore[attr-defined]
    acme.close()


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"url": "acme:", "beps": 3}, 'did you mean "beeps"'),
        ({"url": "broken:"}, "does not load"),
        ({"url": "acme:", "codec": "magtek"}, 'unknown key of driver acme "codec"'),
    ],
)
def test_a_driver_that_cannot_be_made_says_why(table: dict[str, object], words: str) -> None:
    with pytest.raises(CardReaderError, match=words):
        reader(**table)


@pytest.mark.usefixtures("acme")
def test_an_address_that_no_driver_answers_to_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValidationError, match='did you mean "acme:"'):
        CardReaderSettings(url="acm:")
    with pytest.raises(ValidationError, match="Known: file:, serial:, simulated:, tcp:, usb:"):
        PrinterSettings(url="nope:")


@pytest.mark.usefixtures("acme")
def test_a_package_cannot_take_the_place_of_our_driver(caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(reader(url="/dev/x"), SerialCardReader)
    assert "acme_reader:Impostor is not used" in caplog.text


def test_a_shared_monitor_reaches_the_drivers_that_want_one() -> None:
    monitor = Monitor()
    made = registry.open_card_reader(CardReaderSettings(url="/dev/x"), CardMap(), monitor=monitor)
    assert made._shared is monitor  # type: ignore[attr-defined]
    monitor.close()


def test_a_printer_that_cannot_be_made_is_a_printer_error() -> None:
    with pytest.raises(PrinterError, match="unknown driver"):
        registry.open_printer(PrinterSettings.model_construct(url="teleprinter:"), journal=NoJournal())
