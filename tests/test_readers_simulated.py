"""The simulated reader's own ways of presenting, and the pseudo-terminal that it can read."""

from __future__ import annotations

from pathlib import Path

import pytest
from reader_rigs import Heard

from devices.card_reader import CardReaderError, Presented, ReaderHealth, Rejected, Rejection
from devices.simulated_hardware import Mishap
from devices.simulated_reader import SimulatedCardReader


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def reader(heard: Heard) -> SimulatedCardReader:
    reader = SimulatedCardReader()
    reader.start(heard)
    reader.arm(True)
    return reader


def test_everything_is_over_when_presenting_returns(reader: SimulatedCardReader, heard: Heard) -> None:
    reader.present_track2("00000018=2512")
    reader.scan("10023456789")
    reader.scan("80200023456789\x1d4156281000000017")
    reader.tap("30012345678")
    assert [(event.credential.source, event.credential.take()) for event in heard.of(Presented)] == [
        ("track2", "00000018"),
        ("barcode", "10023456789"),
        ("gs1", "0023456789"),
        ("ndef", "30012345678"),
    ]


def test_every_refusal_that_has_a_sentence_can_be_shown(reader: SimulatedCardReader, heard: Heard) -> None:
    for mishap in (Mishap.UNREADABLE, Mishap.PULLED_OUT, Mishap.WRONG_WAY, Mishap.TWO_CARDS):
        reader.mishap(mishap)
    reader.bank_card()
    reader.scan("AQtFbGVjdHJpY2l0eQIPMzAwMDAwMDAwMDAwMDAzAxQyMDI2LTA4LTI4VDAwOjAwOjAwWgQFMTAuMDAFBDEuMzA=")
    reader.scan("1" * 600)
    reader.scan("1234\x1b5678")
    reader.tap("https://example.org/")
    # That something was presented again is told after a second only: tests/test_readers_intake.py.
    assert {event.reason for event in heard.of(Rejected)} == set(Rejection) - {Rejection.REPEATED}


def test_unplugged_it_reads_nothing(reader: SimulatedCardReader, heard: Heard) -> None:
    reader.unplug()
    reader.present_track2()
    reader.tap("10023456789")
    assert heard.of(Presented) == []
    assert reader.health() is ReaderHealth.ABSENT


def test_it_reads_what_is_written_to_its_pseudo_terminal(tmp_path: Path, heard: Heard) -> None:
    link = tmp_path / "reader"
    reader = SimulatedCardReader(url=f"simulated:?link={link}")
    reader.start(heard)
    heard.wait_health(ReaderHealth.ONLINE)
    reader.arm(True)
    with link.open("wb", buffering=0) as line:
        line.write(b";00000018=?\r;1002")
        assert heard.wait(Presented).credential.take() == "00000018"
        # What was cut off is told after the silence.
        assert heard.wait(Rejected).reason is Rejection.PARTIAL
    reader.close()
    assert not link.is_symlink()


def test_a_file_in_the_place_of_its_terminal_is_left_alone(tmp_path: Path, heard: Heard) -> None:
    link = tmp_path / "precious"
    link.write_text("precious")
    reader = SimulatedCardReader(url=f"simulated:?link={link}")
    reader.start(heard)
    heard.wait_health(ReaderHealth.FAULT)
    reader.close()
    assert link.read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"url": "simulated://host"}, "simulated:?link="),
        ({"url": "simulated:?lnk=/tmp/x"}, 'did you mean "link"'),
        ({"codec": "pn532"}, "codec of a simulated reader"),
    ],
)
def test_one_that_cannot_be_used_as_configured_says_why(arguments: dict[str, str], words: str) -> None:
    with pytest.raises(CardReaderError) as caught:
        SimulatedCardReader(**arguments)  # type: ignore[arg-type]
    assert words in str(caught.value)
