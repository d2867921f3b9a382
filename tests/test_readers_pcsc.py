"""The PC/SC reader's own thread: cards that come, stay, go and break off, and a service that is away.

Against a stand-in for the service here; against the real pcscd in `test_readers_virtual.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from fake_pcscd import FakePcscd
from reader_rigs import Heard

from devices import pcsc_reader
from devices.card_reader import CardReaderError, Presented, ReaderHealth, Rejected, Rejection, Removed
from devices.codecs import ndef
from devices.pcsc_reader import PcscCardReader
from devices.simulated_hardware.tag import Type2Tag, Type4Card
from devices.transports import TransportDenied, TransportError, TransportLost


@pytest.fixture
def pcscd(monkeypatch: pytest.MonkeyPatch) -> FakePcscd:
    pcscd = FakePcscd()
    monkeypatch.setattr(pcsc_reader, "Pcsc", pcscd.connect)
    return pcscd


@pytest.fixture
def reader(pcscd: FakePcscd) -> Iterator[tuple[PcscCardReader, Heard]]:
    reader, heard = PcscCardReader(name="nfc"), Heard()
    reader.start(heard)
    heard.wait_health(ReaderHealth.ONLINE)
    reader.arm(True)
    yield reader, heard
    reader.close()


CARD = Type4Card(ndef.text_record("10023456789"))


def test_a_card_is_read_once_and_its_leaving_is_told(
    pcscd: FakePcscd, reader: tuple[PcscCardReader, Heard]
) -> None:
    pcscd.change(tag=CARD)
    assert reader[1].wait(Presented).credential.take() == "10023456789"
    pcscd.change(tag=None)
    reader[1].wait(Removed)
    assert reader[0].counts == {"presented": 1}


def test_an_ntag_is_read_page_by_page(pcscd: FakePcscd, reader: tuple[PcscCardReader, Heard]) -> None:
    pcscd.change(tag=Type2Tag(ndef.text_record("00000018")))
    assert reader[1].wait(Presented).credential.take() == "00000018"


def test_a_card_that_lies_there_counts_when_somebody_begins_to_ask(
    pcscd: FakePcscd, reader: tuple[PcscCardReader, Heard]
) -> None:
    nfc, heard = reader
    nfc.arm(False)
    pcscd.change(tag=CARD)
    nfc.arm(True)
    heard.wait(Presented)
    nfc.arm(False)
    before = len(heard.events)
    nfc.arm(True)
    heard.wait(Presented, after=before)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"tag": Type4Card(None)}, Rejection.UNKNOWN_CARD),
        ({"tag": CARD, "mute": True}, Rejection.UNREADABLE),
        ({"tag": Type4Card(ndef.text_record("1"), exchanges_left=3)}, Rejection.PARTIAL),
        ({"tag": Type4Card(ndef.text_record("pan 4111111111111111"))}, Rejection.PAYMENT_CARD),
    ],
)
def test_a_card_that_gives_no_number_says_why(
    pcscd: FakePcscd, reader: tuple[PcscCardReader, Heard], facts: dict[str, object], reason: Rejection
) -> None:
    pcscd.change(**facts)
    assert reader[1].wait(Rejected).reason is reason


@pytest.mark.parametrize(
    ("error", "health"),
    [
        (TransportLost("pcsc", "pcscd was stopped"), ReaderHealth.ABSENT),
        (TransportDenied("pcsc", "install the polkit rule"), ReaderHealth.DENIED),
    ],
)
def test_a_service_that_goes_away_is_back_within_a_second(
    pcscd: FakePcscd, reader: tuple[PcscCardReader, Heard], error: TransportError, health: ReaderHealth
) -> None:
    heard = reader[1]
    pcscd.change(error=error)
    heard.wait_health(health)
    before, back_at = len(heard.events), time.monotonic()
    pcscd.change(error=None)
    heard.wait_health(ReaderHealth.ONLINE, after=before)
    assert time.monotonic() - back_at < 1.0
    pcscd.change(tag=CARD)
    heard.wait(Presented)


def test_a_reader_that_is_unplugged_is_absent_until_it_is_back(
    pcscd: FakePcscd, reader: tuple[PcscCardReader, Heard]
) -> None:
    pcscd.change(names=[])
    reader[1].wait_health(ReaderHealth.ABSENT)
    before = len(reader[1].events)
    pcscd.change(names=["ACS ACR122U 00 00"], woken=True)
    reader[1].wait_health(ReaderHealth.ONLINE, after=before)


def test_without_a_service_the_reader_is_absent_and_closes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # The library asks the service at this path, when there is a library at all.
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", "/nowhere/pcscd.comm")
    reader, heard = PcscCardReader(url="pcsc:ACR122"), Heard()
    reader.start(heard)
    heard.wait_health(ReaderHealth.ABSENT)
    started = time.monotonic()
    reader.close()
    reader.close()
    assert time.monotonic() - started < 1.0


def test_only_a_named_reader_will_do(pcscd: FakePcscd) -> None:
    reader, heard = PcscCardReader(url="pcsc:OmniKey"), Heard()
    reader.start(heard)
    heard.wait_health(ReaderHealth.ABSENT)
    reader.close()
    with pytest.raises(CardReaderError, match="pcsc:NAME"):
        PcscCardReader(url="pcsc:///dev/x")
