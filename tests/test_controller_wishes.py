"""Wishes, proofs and limits through the controller; and that nothing of them stays."""

from __future__ import annotations

import gc
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from devices.card_reader import CredentialKind, Rejection
from devices.printer import PrintJob
from kiosk.errands import Errands
from kiosk.http import HttpSession
from kiosk.journal import JobJournal
from kiosk.model import AccountNumber, CurrentBill
from kiosk.outbox import Outbox
from kiosk.service import Service, ServiceConfig
from kiosk.service.belonging import Belonging
from kiosk.tally import Tally
from kiosk.visit import must_wait
from kiosk.visit.choices import (
    AccountChosen,
    AccountsChosen,
    CodeWanted,
    ConsentGiven,
    IdChosen,
    MobileChosen,
    MoreChosen,
    ProofChosen,
    SendingChosen,
)
from kiosk.visit.events import BackPressed, DigitTyped, Finished, NumberConfirmed, PrintRequested, Touched
from kiosk.visit.rules import Rules
from kiosk.visit.states import (
    Asking,
    ChooseAccount,
    EnterCode,
    EnterNumber,
    More,
    PresentCard,
    PresentProof,
    ProofProblem,
    ShowBill,
    WishDone,
    WishRefused,
)
from kiosk.wishes import BillSent, Channel, Refusal, SendBill
from tests.factories import make_bill, make_current
from tests.fakes import FakeBills, FakeErrands, FakeMemory, Terminal, fake_page

A, B = "30012345678", "10098765432"
MOBILE = "0557654321"
BILLS = {number: make_current(make_bill(number=number)) for number in (A, B)}


def at_bill(**parts: Any) -> Terminal:
    """A terminal with the bill of A on the screen, or on its way."""
    terminal = Terminal(FakeBills(known=dict(BILLS)), **parts)
    terminal.type_number(A)
    return terminal


def send(terminal: Terminal, *events: Any) -> None:
    for event in events:
        terminal.controller.send(event)


def type_in(terminal: Terminal, digits: str) -> None:
    send(terminal, *map(DigitTyped, digits), NumberConfirmed())


def test_a_wish_is_asked_once_and_its_answer_shown() -> None:
    errands = FakeErrands([BillSent("…42")])
    terminal = at_bill(errands=errands)
    send(terminal, MoreChosen(), SendingChosen(Channel.SMS))
    assert errands.asked == [(A, SendBill(Channel.SMS))]
    assert terminal.screens[-3:] == [More, Asking, WishDone]


def test_without_errands_the_service_counts_as_away() -> None:
    terminal = at_bill()
    send(terminal, MoreChosen(), SendingChosen(Channel.SMS))
    assert isinstance(terminal.state, WishRefused) and terminal.state.refusal is Refusal.UNREACHABLE


def test_a_bug_in_an_errand_becomes_an_honest_screen(caplog: pytest.LogCaptureFixture) -> None:
    terminal = at_bill(errands=FakeErrands([RuntimeError(f"no row for {A}")]))
    send(terminal, MoreChosen(), SendingChosen(Channel.SMS))
    assert isinstance(terminal.state, WishRefused) and terminal.state.refusal is Refusal.FAILED
    assert "wish failed unexpectedly: RuntimeError" in caplog.text and A not in caplog.text


def test_an_answer_for_somebody_who_left_is_dropped() -> None:
    terminal = at_bill(errands=FakeErrands([BillSent("…42")]), waits=True)
    terminal.work()
    send(terminal, MoreChosen(), SendingChosen(Channel.SMS))
    assert isinstance(terminal.state, Asking)
    send(terminal, Finished())
    terminal.shown.clear()
    terminal.work()
    assert terminal.shown == []


def test_numbers_that_led_to_nothing_are_remembered_over_restarts() -> None:
    memory = FakeMemory(guesses=[5.0] * (Rules().guesses - 1))
    terminal = Terminal(memory=memory, now=1000.0)
    terminal.type_number("12345678")
    assert len(memory.guesses) == Rules().guesses
    assert must_wait(terminal.controller.visit, now=1000.0, rules=Rules())
    after_restart = Terminal(memory=memory, now=7.0)
    after_restart.type_number("12345678")
    assert isinstance(after_restart.state, EnterNumber) and after_restart.state.problem == "too_many"


def test_receipts_of_earlier_visits_today_count() -> None:
    terminal = at_bill(memory=FakeMemory(prints=Rules().prints_a_day))
    send(terminal, PrintRequested())
    assert isinstance(terminal.state, ShowBill)


@pytest.mark.parametrize(
    ("source", "proven"), [("track2", True), ("ndef", True), ("barcode", False), ("gs1", False)]
)
def test_only_a_card_proves_whose_account_it_is(source: str, proven: bool) -> None:
    told: list[bool] = []

    def page(current: CurrentBill, /, *, language: str, copy: int, proven: bool) -> PrintJob:
        told.append(proven)
        return fake_page(current, language=language, copy=copy, proven=proven)

    terminal = Terminal(FakeBills(known=dict(BILLS)), make_page=page)
    terminal.reader.present(A, source=source)
    assert isinstance(terminal.state, ShowBill) and terminal.controller.visit.is_proven is proven
    send(terminal, PrintRequested())
    assert told == [proven]


def test_what_is_no_id_and_what_is_another_s_card_are_not_asked_for() -> None:
    errands = FakeErrands()
    terminal = at_bill(errands=errands)
    send(terminal, MoreChosen(), ProofChosen(), IdChosen())
    terminal.reader.present("12", kind=CredentialKind.NATIONAL_ID)
    assert isinstance(terminal.state, PresentProof) and terminal.state.problem is Rejection.UNKNOWN_CARD
    terminal.reader.present(B)
    assert isinstance(terminal.state, PresentProof) and terminal.state.problem is ProofProblem.OTHER_ACCOUNT
    assert errands.asked == []


@dataclass
class Desk:
    """A terminal between the real bill service and a state folder."""

    terminal: Terminal
    service: Service
    folder: Path

    def code(self) -> str:
        messages = requests.get(f"{self.service.url}/demo/messages", timeout=10).json()["messages"]
        return str(messages[0]["text"][-6:])

    def kept(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.iterdir())


def desk(service: Service, folder: Path) -> Desk:
    journal = JobJournal.file(folder / "journal.db", b"k" * 32)
    outbox = Outbox(journal.database, journal.sealing_key)
    tally = Tally(journal, window_s=600.0)
    errands = Errands(HttpSession(service.url), outbox=outbox, tally=tally)
    return Desk(at_bill(errands=errands, memory=tally), service, folder)


def test_a_whole_visit_with_the_real_service(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A mobile given, a proof for it, the code confirmed, the other account, its bill sent; then nothing is left."""
    config = ServiceConfig(rate_per_min=1e6, burst=100_000, lists_received=True)
    with caplog.at_level(logging.DEBUG), Service(config) as service:
        here = desk(service, tmp_path)
        terminal = here.terminal
        send(terminal, MoreChosen(), MobileChosen(), ConsentGiven())
        type_in(terminal, MOBILE)
        send(terminal, CodeWanted())
        proof_code = here.code()
        type_in(terminal, proof_code)
        assert isinstance(terminal.state, EnterCode) and terminal.state.mobile == MOBILE
        proof = terminal.controller.visit.person.proof
        mobile_code = here.code()
        type_in(terminal, mobile_code)
        assert isinstance(terminal.state, WishDone) and terminal.state.channel is None
        send(terminal, BackPressed(), MoreChosen(), AccountsChosen())
        assert isinstance(terminal.state, ChooseAccount)
        send(terminal, AccountChosen(AccountNumber(B)))
        assert isinstance(terminal.state, ShowBill) and terminal.controller.visit.is_proven
        send(terminal, MoreChosen(), SendingChosen(Channel.SMS))
        assert isinstance(terminal.state, WishDone)
        assert found_in(terminal.controller, (proof, B)) == sorted((proof, B))
        send(terminal, Finished())
        terminal.shown.clear()
        secrets = (MOBILE, proof, proof_code, mobile_code, A, B)
        assert found_in(terminal.controller, secrets) == []
        logged = [record.getMessage() for record in caplog.records if record.name.startswith("kiosk")]
        assert not [line for line in logged for secret in secrets if secret in line]
        assert not [secret for secret in secrets if secret.encode() in here.kept()]


def found_in(root: object, secrets: tuple[str, ...]) -> list[str]:
    """The secrets that can be reached from `root` as strings, however deep; code and the fakes' shelves apart."""
    apart = (type, type(gc), type(found_in), FakeBills)
    seen: set[int] = set()
    waiting: list[object] = [root]
    found: set[str] = set()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, apart):
            continue
        seen.add(id(thing))
        if isinstance(thing, str):
            found |= {secret for secret in secrets if secret in thing}
        waiting.extend(gc.get_referents(thing))
    return sorted(found)


def test_the_id_bar_code_opens_the_whole_bill(tmp_path: Path) -> None:
    with Service(ServiceConfig(rate_per_min=1e6, burst=100_000)) as service:
        terminal = desk(service, tmp_path).terminal
        send(terminal, MoreChosen(), ProofChosen(), IdChosen())
        number = Belonging(service.desk.book).national_id(0)
        wrong = next(other for other in ("1000000008", "1101798278") if other != number)
        terminal.reader.present(wrong, kind=CredentialKind.NATIONAL_ID)
        assert isinstance(terminal.state, PresentProof) and terminal.state.problem is ProofProblem.WRONG_ID
        terminal.reader.present(number, kind=CredentialKind.NATIONAL_ID)
        assert isinstance(terminal.state, ShowBill) and terminal.controller.visit.is_proven


def test_an_id_before_a_bill_identifies_nobody() -> None:
    terminal = Terminal()
    send(terminal, Touched())
    terminal.reader.present("1000000008", kind=CredentialKind.NATIONAL_ID)
    assert terminal.state == PresentCard(Rejection.UNKNOWN_CARD)


def test_a_fresh_bill_arrives_under_the_list() -> None:
    terminal = Terminal(FakeBills(known=dict(BILLS), kept={A: BILLS[A]}), waits=True)
    terminal.type_number(A)
    send(terminal, MoreChosen())
    terminal.work()
    assert isinstance(terminal.state, More) and isinstance(terminal.state.home, ShowBill)
    assert not terminal.state.home.refreshing
