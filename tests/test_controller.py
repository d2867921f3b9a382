"""The controller over working parts: no thread, no sleep, no window."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest

from devices.card_reader import CredentialKind, ReaderHealth, Rejection
from devices.printer import JobState, JobUpdate, PrinterError, PrinterHealth, PrinterStatus, PrintJob
from kiosk.gateway import AnswerUnusable, TooManyRequests
from kiosk.model import AccountNumber, Bill, CurrentBill, Source
from kiosk.visit.events import (
    BackPressed,
    Finished,
    LanguageChosen,
    NumberChosen,
    PrintRequested,
    RetryRequested,
    TerminalClosed,
    TerminalOpened,
    Tick,
    Touched,
)
from kiosk.visit.states import (
    Attract,
    Identify,
    LookingUp,
    NotFound,
    NotIssuedYet,
    OutOfService,
    PresentCard,
    PrintFailed,
    Printing,
    ServiceAway,
    ShowBill,
    TakeReceipt,
    Trouble,
)
from tests.factories import make_bill, make_current, make_not_issued
from tests.fakes import FakeBills, Terminal

DIGITS = "30098765432"
FIRST = "30011223344"


def live() -> CurrentBill:
    return make_current(make_bill(number=DIGITS))


def stored() -> CurrentBill:
    return make_current(make_bill(number=DIGITS), source=Source.STORED)


def test_a_typed_number_brings_its_bill() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}))
    terminal.type_number(DIGITS)
    assert terminal.state == ShowBill(live(), 1)


def test_a_stored_bill_is_the_first_thing_shown_and_the_fresh_one_follows() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}, kept={DIGITS: stored()}), waits=True)
    terminal.type_number(DIGITS)
    assert terminal.state == ShowBill(stored(), 1, refreshing=True)
    assert LookingUp not in terminal.screens
    terminal.work()
    assert terminal.state == ShowBill(live(), 1)


def test_a_known_account_gets_its_stored_bill_when_the_service_is_away() -> None:
    terminal = Terminal(FakeBills(kept={DIGITS: stored()}, online=False))
    terminal.type_number(DIGITS)
    assert terminal.state == ShowBill(stored(), 1, trouble=Trouble.UNREACHABLE)


def test_an_unknown_account_gets_an_honest_screen_when_the_service_is_away() -> None:
    terminal = Terminal(FakeBills(online=False))
    terminal.type_number(DIGITS)
    assert terminal.state == ServiceAway(AccountNumber(DIGITS), Trouble.UNREACHABLE, DIGITS, "refused")


@pytest.mark.parametrize(
    ("error", "trouble", "code"),
    [
        (AnswerUnusable("schema"), Trouble.UNUSABLE, "schema"),
        (TooManyRequests(30.0), Trouble.BUSY, TooManyRequests(30.0).code),
        (ZeroDivisionError(), Trouble.FAILED, ""),
    ],
)
def test_each_failure_has_its_own_screen(error: Exception, trouble: Trouble, code: str) -> None:
    terminal = Terminal(FakeBills(error=error))
    terminal.type_number(DIGITS)
    assert terminal.state == ServiceAway(AccountNumber(DIGITS), trouble, DIGITS, code)


def test_a_second_try_asks_the_service_again() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}, online=False))
    terminal.type_number(DIGITS)
    terminal.bills.online = True
    terminal.controller.send(RetryRequested())
    assert terminal.state == ShowBill(live(), 2)


def test_a_number_nobody_has_is_said_so() -> None:
    terminal = Terminal()
    terminal.type_number(DIGITS)
    assert terminal.state == NotFound(DIGITS)


def test_the_previous_bill_is_offered_while_the_next_is_not_issued() -> None:
    waiting = make_current(make_not_issued(DIGITS))
    terminal = Terminal(FakeBills(known={DIGITS: waiting}, last_month={DIGITS: stored()}))
    terminal.type_number(DIGITS)
    assert terminal.state == NotIssuedYet(waiting, stored())


def test_an_answer_for_somebody_who_left_is_dropped() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}), waits=True)
    terminal.type_number(DIGITS)
    terminal.controller.send(Finished())
    terminal.shown.clear()
    terminal.work()
    assert terminal.state == Attract()
    assert terminal.shown == []


def test_an_answer_for_the_one_before_is_not_shown_to_the_next() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}), waits=True)
    terminal.type_number(DIGITS)
    terminal.controller.send(Finished())
    terminal.type_number("12345678")
    terminal.later.pop(0)()
    assert isinstance(terminal.state, LookingUp)


def test_a_bug_in_a_worker_is_logged_without_identity(caplog: pytest.LogCaptureFixture) -> None:
    terminal = Terminal(FakeBills(error=RuntimeError(f"no row for {DIGITS}")))
    with caplog.at_level(logging.ERROR):
        terminal.type_number(DIGITS)
    assert "look-up failed unexpectedly: RuntimeError" in caplog.text
    assert "in refresh" in caplog.text
    assert DIGITS not in caplog.text


def test_printing_goes_from_the_button_to_the_receipt() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}))
    terminal.controller.send(LanguageChosen("en"))
    terminal.controller.send(BackPressed())
    terminal.type_number(DIGITS)
    terminal.controller.send(PrintRequested())
    assert terminal.state == TakeReceipt(ShowBill(live(), 1, copies=1), 2)
    assert [job.id for job in terminal.printer.jobs] == ["job-ar-1"]
    assert terminal.screens[-3:] == [ShowBill, Printing, TakeReceipt]


def test_a_receipt_is_in_the_language_of_the_screen() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}))
    terminal.controller.send(LanguageChosen("en"))
    terminal.type_number(DIGITS)
    terminal.controller.send(PrintRequested())
    assert [job.id for job in terminal.printer.jobs] == ["job-en-1"]


def test_a_receipt_for_somebody_who_left_while_it_was_laid_out_is_not_printed() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}), waits=True)
    terminal.type_number(DIGITS)
    terminal.work()
    terminal.controller.send(PrintRequested())
    terminal.controller.send(Finished())
    terminal.work()
    assert terminal.printer.jobs == []


def test_paper_that_comes_late_says_so_to_whoever_waits_for_it() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}))
    terminal.printer.script = [(JobState.HELD, "paper_out", False)]
    terminal.type_number(DIGITS)
    terminal.controller.send(PrintRequested())
    assert terminal.state == PrintFailed(ShowBill(live(), 1, copies=1), 2, JobState.HELD, "paper_out")
    terminal.printer.watch(JobUpdate("job-ar-1", JobState.CUT, confirmed=True))
    assert isinstance(terminal.state, TakeReceipt)


def broken_page(current: CurrentBill, /, *, language: str, copy: int, proven: bool) -> PrintJob:
    raise ValueError(f"cannot draw {DIGITS}")


def test_a_receipt_that_cannot_be_laid_out_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}), make_page=broken_page)
    terminal.type_number(DIGITS)
    terminal.controller.send(PrintRequested())
    assert terminal.state == PrintFailed(ShowBill(live(), 1), 2, JobState.REFUSED, "page")
    assert DIGITS not in caplog.text


@pytest.mark.parametrize(
    ("error", "outcome", "reason", "copies"),
    [
        (PrinterError(PrinterStatus(PrinterHealth.COVER_OPEN)), JobState.REFUSED, "cover_open", 0),
        (OSError(5, "gone"), JobState.UNKNOWN, "driver", 1),
    ],
)
def test_a_driver_that_raises_becomes_an_honest_screen(
    error: Exception, outcome: JobState, reason: str, copies: int
) -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}))
    terminal.printer.error = error
    terminal.type_number(DIGITS)
    terminal.controller.send(PrintRequested())
    assert terminal.state == PrintFailed(ShowBill(live(), 1, copies=copies), 2, outcome, reason)


def test_the_printer_is_looked_at_with_every_tick() -> None:
    terminal = Terminal()
    assert terminal.controller.visit.printer is PrinterHealth.READY
    terminal.printer.health = PrinterHealth.PAPER_OUT
    terminal.controller.send(Tick())
    assert terminal.controller.visit.printer is PrinterHealth.PAPER_OUT


def test_a_terminal_without_a_printer_offers_no_receipt() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}), printer=None)
    terminal.type_number(DIGITS)
    terminal.controller.send(PrintRequested())
    assert isinstance(terminal.state, ShowBill)
    terminal.controller.close()


def test_a_card_at_the_attract_screen_brings_the_bill_at_once() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}))
    terminal.reader.present(DIGITS)
    assert terminal.state == ShowBill(live(), 1)


def test_readers_count_only_while_somebody_is_to_be_identified() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}))
    armed = [terminal.reader.armed]
    for event in (Touched(), NumberChosen()):
        terminal.controller.send(event)
        armed.append(terminal.reader.armed)
    terminal.reader.present(DIGITS)
    armed.append(terminal.reader.armed)
    terminal.controller.send(TerminalClosed())
    armed.append(terminal.reader.armed)
    assert armed == [True, True, True, False, True]  # closed, it counts for technicians


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (CredentialKind.NATIONAL_ID, "1000000008"),
        (CredentialKind.CARD_UID, "04A2B3"),
        (CredentialKind.ACCOUNT, "12"),
    ],
)
def test_a_card_that_names_no_account_is_said_so(kind: CredentialKind, value: str) -> None:
    terminal = Terminal()
    terminal.reader.present(value, kind=kind)
    assert terminal.state == PresentCard(Rejection.UNKNOWN_CARD)


def test_what_a_reader_refuses_has_its_reason_on_the_screen() -> None:
    terminal = Terminal()
    terminal.reader.reject(Rejection.PAYMENT_CARD)
    assert terminal.state == PresentCard(Rejection.PAYMENT_CARD)


def test_a_reader_that_goes_away_is_no_longer_offered() -> None:
    terminal = Terminal()
    assert terminal.controller.visit.readers == {"card"}
    terminal.reader.change(ReaderHealth.ABSENT)
    assert terminal.controller.visit.readers == frozenset()


def test_only_what_can_be_seen_is_shown_again() -> None:
    terminal = Terminal()
    terminal.controller.send(Touched())
    terminal.now = 5.0
    terminal.controller.send(Touched())
    terminal.controller.send(Tick())
    assert [visit.state for visit in terminal.shown] == [Identify()]


def test_an_idle_visit_ends_by_the_clock_alone() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}))
    terminal.type_number(DIGITS)
    for terminal.now in (61.0, 82.0):
        terminal.controller.send(Tick())
    assert terminal.state == Attract()


def test_closing_closes_every_device_and_nothing_counts_afterwards() -> None:
    terminal = Terminal(FakeBills(known={DIGITS: live()}), waits=True)
    terminal.type_number(DIGITS)
    terminal.controller.close()
    terminal.controller.close()
    terminal.work()
    assert (terminal.reader.closed, terminal.printer.closed) == (1, 1)
    assert terminal.state == Attract()


def test_a_second_visit_finds_no_trace_of_the_first() -> None:
    """Account numbers and bills made during a visit are gone from memory once it has ended."""

    @dataclass
    class Fresh(FakeBills):
        def refresh(self, account: AccountNumber) -> CurrentBill:
            return replace(live(), bill=make_bill(number=account.digits))

    terminal = Terminal(Fresh())
    terminal.type_number(FIRST)
    terminal.controller.send(PrintRequested())
    assert traces() != []
    terminal.controller.send(Finished())
    terminal.shown.clear()
    assert traces() == []


def traces() -> list[object]:
    """Everything alive that names the subscriber."""
    gc.collect()
    alive = gc.get_objects()
    return [
        thing
        for thing in alive
        # `type`, since asking a weak proxy for its class fails when its object is gone
        if (type(thing) is AccountNumber and thing.digits == FIRST)
        or (type(thing) is Bill and thing.account.number.digits == FIRST)
    ]


def test_the_first_frame_waits_for_no_network_no_store_and_no_validator() -> None:
    heavy = (
        "requests",
        "sqlite3",
        "sqlcipher3",
        "pydantic",
        "escpos",
        "kivy",
        "hijridate",
        "serial",
        "kiosk.gateway",
    )
    loaded = "import sys, kiosk.controller, kiosk.views; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    ).stdout.split()
    assert [name for name in heavy if name in modules] == []


def test_a_technicians_card_opens_no_visit_and_counts_out_of_service_too() -> None:
    terminal = Terminal()
    terminal.reader.present("9682700017", kind=CredentialKind.TECHNICIAN)
    assert terminal.state == Attract()
    terminal.controller.send(TerminalClosed("closed_paper"))
    terminal.reader.present("9682700017", kind=CredentialKind.TECHNICIAN)
    terminal.reader.present(DIGITS)
    assert terminal.technicians == ["9682700017"] * 2
    assert terminal.state == OutOfService("closed_paper")


def test_while_a_technician_is_at_work_readers_tell_nobody_else_but_how_they_are() -> None:
    terminal, heard = Terminal(FakeBills(known={DIGITS: live()})), []
    terminal.controller.send(TerminalClosed("maintenance"))
    terminal.controller.divert(heard.append)
    assert terminal.controller.is_diverted
    terminal.reader.present(DIGITS)
    terminal.reader.reject(Rejection.PAYMENT_CARD)
    terminal.reader.change(ReaderHealth.ABSENT)
    assert [type(event).__name__ for event in heard] == ["Presented", "Rejected", "ReaderChanged"]
    assert terminal.controller.visit.readers == frozenset()
    terminal.controller.divert(None)
    assert not terminal.controller.is_diverted
    terminal.controller.send(TerminalOpened())
    terminal.reader.present(DIGITS)
    assert len(heard) == 3
    assert isinstance(terminal.state, ShowBill)
