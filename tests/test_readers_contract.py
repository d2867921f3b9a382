"""What every card reader promises, whoever wrote it and whatever it is connected with."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from reader_rigs import CARD, MISHAPS, OTHER_CARD, RIGS, Heard, LineRig, Rig

from devices.card_reader import (
    CredentialKind,
    Presented,
    ReaderChanged,
    ReaderHealth,
    Rejected,
    Rejection,
)
from devices.simulated_hardware import HARDWARE, Mishap
from devices.simulated_line import LineFault

can_read_payment_cards = pytest.mark.parametrize(
    "rig", [name for name in RIGS if name not in ("rdm6300", "id12la")], indirect=True
)


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = RIGS[request.param](tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def heard(rig: Rig) -> Heard:
    """The rig's reader, started, online and armed."""
    heard = Heard()
    rig.reader.start(heard)
    heard.wait_health(ReaderHealth.ONLINE)
    rig.reader.arm(True)
    return heard


def presented(rig: Rig, heard: Heard) -> str:
    """Present the other card and wait for it: what came before has then been dealt with."""
    rig.present(OTHER_CARD)
    return heard.wait(Presented, where=lambda event: event.credential.masked.endswith("0018")).credential.take()


def test_a_card_gives_its_account_number_once(rig: Rig, heard: Heard) -> None:
    rig.present(CARD)
    event = heard.wait(Presented)
    assert event.device == "reader"
    assert event.credential.kind is CredentialKind.ACCOUNT
    assert (event.credential.take(), event.credential.take()) == (rig.accounts[0], "")
    assert event.first_byte_at <= event.decoded_at < event.first_byte_at + 2


def test_leading_zeros_are_kept(rig: Rig, heard: Heard) -> None:
    assert presented(rig, heard) == rig.accounts[1]


def test_the_same_card_twice_within_seconds_counts_once(rig: Rig, heard: Heard) -> None:
    rig.present(CARD)
    heard.wait(Presented)
    rig.present(CARD)
    presented(rig, heard)
    assert len(heard.of(Presented)) == 2


def test_asking_again_lets_the_same_card_count_again(rig: Rig, heard: Heard) -> None:
    rig.present(CARD)
    heard.wait(Presented)
    rig.reader.arm(False)
    rig.reader.arm(True)
    # A motorised reader gives back unread what it drew in before the gate was shut: one tries again then.
    while len(heard.of(Presented)) < 2:
        rig.present(CARD)
        threading.Event().wait(0.5)


def test_what_comes_while_nobody_asks_is_dropped(rig: Rig, heard: Heard) -> None:
    rig.reader.arm(False)
    rig.present(CARD)
    if rig.asks:
        rig.remove()
    while not (rig.asks or rig.reader.counts.get("unarmed")):  # type: ignore[attr-defined]
        threading.Event().wait(0.01)
    rig.reader.arm(True)
    presented(rig, heard)
    assert len(heard.of(Presented)) == 1


@can_read_payment_cards
def test_a_payment_card_is_refused_by_name_and_the_next_card_is_read(rig: Rig, heard: Heard) -> None:
    rig.bank_card()
    assert heard.wait(Rejected).reason is Rejection.PAYMENT_CARD
    assert presented(rig, heard) == rig.accounts[1]


@pytest.mark.parametrize(("rig", "mishap"), MISHAPS, indirect=["rig"])
def test_after_any_mishap_the_next_card_is_read(rig: Rig, heard: Heard, mishap: Mishap) -> None:
    rig.mishap(mishap)
    assert heard.wait(Rejected).reason is not Rejection.PAYMENT_CARD
    assert presented(rig, heard) == rig.accounts[1]
    assert len(heard.of(Presented)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("fault", LineFault)
@pytest.mark.parametrize("rig", [name for name in RIGS if name in HARDWARE], indirect=True)
def test_after_bytes_that_were_spoilt_on_the_line_the_next_card_is_read(
    rig: LineRig, heard: Heard, fault: LineFault
) -> None:
    rig.spoil_next(fault)
    rig.present(CARD)
    rig.remove()
    threading.Event().wait(0.3)  # the silence after which a codec gives up what it has of a frame
    assert presented(rig, heard) == rig.accounts[1]


def test_pulling_the_plug_is_told_and_logged_once_and_so_is_its_return(
    rig: Rig, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "devices")
    rig.unplug()
    heard.wait_health(ReaderHealth.ABSENT)
    assert rig.reader.health() is ReaderHealth.ABSENT
    at = len(heard.events)
    rig.plug_in()
    heard.wait_health(ReaderHealth.ONLINE, after=at)
    assert presented(rig, heard) == rig.accounts[1]
    assert [event.health for event in heard.of(ReaderChanged)] == ["online", "absent", "online"]
    assert [(record.levelname, record.name) for record in caplog.records] == [
        ("WARNING", "devices.intake"),
        ("INFO", "devices.intake"),
    ]


def test_closing_twice_is_fine_and_nothing_is_told_afterwards(rig: Rig, heard: Heard) -> None:
    rig.reader.close()
    at = len(heard.events)
    rig.reader.close()
    assert rig.reader.health() is ReaderHealth.DISABLED
    assert heard.events[at:] == []


def test_a_receiver_that_fails_does_not_stop_the_reader(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()

    def receive(event: object) -> None:
        heard(event)  # type: ignore[arg-type]
        if isinstance(event, Presented) and not event.credential.masked.endswith("0018"):
            raise RuntimeError("the screen failed")

    rig.reader.start(receive)
    heard.wait_health(ReaderHealth.ONLINE)
    rig.reader.arm(True)
    rig.present(CARD)
    heard.wait(Presented)
    assert presented(rig, heard) == rig.accounts[1]
    assert "the screen failed" in caplog.text


@can_read_payment_cards
def test_the_trace_shows_shapes_and_no_digit(rig: Rig, heard: Heard) -> None:
    rig.present(CARD)
    heard.wait(Presented)
    rig.bank_card()
    heard.wait(Rejected)
    presented(rig, heard)
    shapes = [entry.split(" ", 1)[1] for entry in rig.reader.trace]  # type: ignore[attr-defined]
    assert {"#" * 11, "#" * 8} <= {shape.removesuffix("=####") for shape in shapes}
    assert not any(character.isdigit() for shape in shapes for character in shape)
    assert not any("#" * 16 in shape for shape in shapes)
