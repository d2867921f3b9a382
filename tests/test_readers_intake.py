"""What counts as presented again, on a clock that only the test moves."""

from __future__ import annotations

import pytest
from reader_rigs import Heard

from devices.card_reader import Presented, Rejected, Rejection
from devices.codecs.frames import Frame, Part
from devices.intake import Intake


class Scanner:
    """An armed intake and its clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.heard = Heard()
        self.intake = Intake("scanner", now=lambda: self.now)
        self.intake.connect(self.heard)
        self.intake.arm(True)

    def sees(self, code: bytes, *, after_s: float) -> None:
        self.now += after_s
        self.intake.take([Frame((Part("barcode", bytearray(code)),), self.now)])

    @property
    def told(self) -> list[str]:
        return [
            event.reason if isinstance(event, Rejected) else "presented"
            for event in self.heard.events
            if isinstance(event, Presented | Rejected)
        ]


@pytest.fixture
def scanner() -> Scanner:
    return Scanner()


def test_a_code_that_stays_before_a_scanner_is_presented_once(scanner: Scanner) -> None:
    for _ in range(12):
        scanner.sees(b"10023456789", after_s=0.4)
    assert scanner.told == ["presented"]
    assert scanner.intake.counts == {"presented": 1, "repeated": 11}


def test_one_that_was_taken_away_and_comes_back_is_told_of_as_repeated(scanner: Scanner) -> None:
    scanner.sees(b"10023456789", after_s=0.0)
    scanner.sees(b"10023456789", after_s=1.5)
    scanner.sees(b"10023456789", after_s=0.1)
    assert scanner.told == ["presented", Rejection.REPEATED]


def test_another_code_and_a_later_time_count_anew(scanner: Scanner) -> None:
    scanner.sees(b"10023456789", after_s=0.0)
    scanner.sees(b"00000018", after_s=0.1)
    scanner.sees(b"00000018", after_s=6.0)
    assert scanner.told == ["presented"] * 3
