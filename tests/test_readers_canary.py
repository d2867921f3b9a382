"""A payment card's number goes in through every entrance, and is then nowhere to be found."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices import commands
from devices.card_map import CardMap, Rule, Source
from devices.card_reader import CredentialKind, ReaderEvent, Rejected, Rejection
from devices.codecs.frames import Frame, Part
from devices.intake import Intake

PAN = "4929" + "8847" + "1053" + "2614"[:3]
CANARY = PAN + next(
    str(d)
    for d in range(10)
    if sum(int(c) if i % 2 else sum(divmod(int(c) * 2, 10)) for i, c in enumerate(PAN + str(d))) % 10 == 0
)
"""Sixteen digits that a card could have, in nobody's list of test numbers."""

ENTRANCES = {
    "track1": f"B{CANARY}^DOE/JANE^25121010000",
    "track2": f"{CANARY}=25121010000012345678",
    "track3": f"01{CANARY}=724724000000",
    "barcode": CANARY,
    "gs1": f"8020{CANARY}",
    "ndef": f"https://pay.example/?pan={CANARY}",
    "apdu": CANARY,
    "uid": CANARY,
    "em4100": CANARY,
}
GREEDY = CardMap(
    [
        Rule(Source.TRACK1, "XX12345678", r"[A-Z]*(?P<account>\d{8,15})"),
        Rule(Source.TRACK2, "12345678=", r"(?P<account>\d{8,15})"),
        Rule(Source.BARCODE, "12345678", r"(?P<account>\d{8,15})"),
        Rule(Source.NDEF, "https://pay.example/?pan=12345678", r".*?(?P<account>\d{8,15})"),
        Rule(Source.UID, "12345678", r"(?P<uid>\d{8,16})", kind=CredentialKind.CARD_UID),
    ]
)
"""Rules that would take anything they are given."""


def parts_of(number: str) -> Iterator[str]:
    """The number, and every piece of it that says more than a receipt may: seven digits in a row."""
    yield from {number[at : at + 7] for at in range(len(number) - 6)}


def assert_absent(text: str) -> None:
    assert not any(piece in text for piece in parts_of(CANARY))


@pytest.mark.parametrize("source", ENTRANCES)
def test_a_payment_card_leaves_no_digit_in_events_logs_traces_or_errors(
    source: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[ReaderEvent] = []
    failures: list[str] = []

    def receive(event: ReaderEvent) -> None:
        events.append(event)
        try:
            raise RuntimeError(f"cannot show {event!r}")
        except RuntimeError:
            failures.append(traceback.format_exc())
            raise

    intake = Intake("reader", card_map=GREEDY)
    intake.connect(receive)
    intake.arm(True)
    part = Part(source, bytearray(ENTRANCES[source].encode()))
    frame = Frame((part,), 1e12)
    intake.take([frame])
    assert [event.reason for event in events if isinstance(event, Rejected)] == [Rejection.PAYMENT_CARD]
    assert intake.counts == {"payment_card": 1}
    assert intake.trace == ()
    everything = [repr(events), repr(frame), repr(intake), caplog.text, *failures, json.dumps(dict(intake.counts))]
    everything += [json.dumps(commands.event_facts(event, reveal=True)) for event in events]
    assert_absent("".join(everything))
    assert bytes(part.data) == bytes(len(ENTRANCES[source]))


def test_the_watching_program_holds_no_digit_in_its_whole_memory(tmp_path: Path) -> None:
    link = tmp_path / "reader"
    settings = tmp_path / "devices.toml"
    settings.write_text(f'[[card_reader]]\nurl = "simulated:?link={link}"\ncodec = "magtek"\n')
    program = [sys.executable, "-m", "devices", "watch", "--settings", str(settings), "--json", "--reveal"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        try:
            said, found_account, found_canary = swipe_and_search(watching, link)
        finally:
            watching.send_signal(signal.SIGTERM)
            rest = watching.communicate(timeout=10)
    assert watching.returncode == 0
    assert "payment_card" in said
    assert_absent(said + "".join(rest))
    assert (found_account, found_canary) == (True, False)


def swipe_and_search(watching: subprocess.Popen[str], link: Path) -> tuple[str, bool, bool]:
    """Swipe payment cards, whole and cut short, then a subscriber's card; search the program's memory for both."""
    assert watching.stdout
    said = watching.stdout.readline()
    assert json.loads(said)["health"] == "online"
    tracks = (f"%{ENTRANCES['track1']}?", f";{ENTRANCES['track2']}?", f"+{ENTRANCES['track3']}?")
    with link.open("wb", buffering=0) as line:
        for _ in range(3):
            line.write(f"\x02{''.join(tracks)}\r\x03\x02;{CANARY[:13]}\r".encode())
        line.write(b";55554321=2512?\r")
    while '"presented"' not in said:
        said += watching.stdout.readline() or pytest.fail("the watching program ended")
    # The account, just revealed, proves that the search finds what is there.
    return said, memory_holds(watching.pid, "55554321"), memory_holds(watching.pid, CANARY[:12])


def memory_holds(pid: int, text: str) -> bool:
    """Whether a running process has this text anywhere in memory that it can write to."""
    wanted = text.encode()
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for region in maps:
            addresses, permissions, *_ = region.split()
            start, end = (int(address, 16) for address in addresses.split("-"))
            if "w" not in permissions:
                continue
            try:
                if wanted in os.pread(memory.fileno(), end - start, start):
                    return True
            except OSError:
                continue
    return False
