from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import make_bill, make_not_issued
from pack_rigs import NOW, STORE_KEY, Utility, invented, renewed

from kiosk.bills import BillService
from kiosk.database import StoreDamaged, StoreUnavailable
from kiosk.gateway import Fetched, GatewayUnreachable, Unchanged
from kiosk.generations import Generations
from kiosk.generations.filling import Filling
from kiosk.generations.pointer import Pointer, State, current
from kiosk.model import AccountNumber, Bill, Document, Source
from kiosk.packs import shards
from kiosk.packs.rows import pack
from kiosk.packs.sealing import PackRefused
from kiosk.packs.shards import Gone, Row
from kiosk.packs.texts import Texts
from kiosk.store import Store

BASE = 20260828060000


class Terminal:
    """A state folder that is filled by hand, and what reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts = Texts()
        self.state = State(folder, STORE_KEY)
        self.generations = Generations(folder, STORE_KEY)
        self.deltas = 0

    def path(self, base: int = BASE) -> Path:
        return self.folder / f"bills-{base}.db"

    def fill(self, rows: list[Row], *, base: int = BASE, as_of: datetime = NOW) -> None:
        """A whole generation, and the pointer to it."""
        self.texts, self.deltas = Texts(), 0
        filling = Filling(self.path(base), STORE_KEY, scope="all", base=base)
        filling.take(self.shard(rows), f"snapshot of {base}", segment=0, as_of=as_of)
        filling.finish()
        self.point(filling.accounts(), base=base)
        filling.close()

    def change(self, rows: list[Row], *, as_of: datetime, base: int = BASE) -> int:
        """A delta; how many accounts there are then."""
        self.deltas += 1
        filling = Filling(self.path(base), STORE_KEY, scope="all", base=base)
        filling.take(self.shard(rows), f"delta {self.deltas}", segment=self.deltas, as_of=as_of)
        accounts = filling.accounts()
        filling.close()
        return accounts

    def shard(self, rows: list[Row]) -> shards.Shard:
        ascending = sorted(rows, key=lambda row: row.account)
        return shards.read(shards.write(ascending, self.texts), rows=len(rows))

    def point(self, bills: int, *, base: int = BASE) -> None:
        pointer = Pointer(self.path(base).name, "all", base, base, self.deltas, bills)
        self.state.put({current("all"): pointer.text()})

    def close(self) -> None:
        self.generations.close()
        self.state.close()


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def number(n: int) -> AccountNumber:
    return AccountNumber(str(30_000_000_000 + n))


def bill(n: int, kwh: int = 100) -> Document:
    return renewed(number(n).digits, kwh)


def rows(*documents: Document) -> list[Row]:
    return [pack(document) for document in documents]


def found(terminal: Terminal, n: int) -> Document | None:
    stored = terminal.generations.stored(number(n))
    return stored.document if stored else None


def test_every_document_is_found_equal_and_right_since_its_publication(terminal: Terminal) -> None:
    documents = invented(200)
    terminal.fill(rows(*documents))
    for document in documents:
        stored = terminal.generations.stored(document.account.number)
        assert stored is not None
        assert (stored.document, stored.as_of, stored.etag) == (document, NOW, None)
    assert terminal.generations.stored(AccountNumber("12345678")) is None


def test_nothing_is_found_where_nothing_was_synced(tmp_path: Path) -> None:
    generations = Generations(tmp_path, STORE_KEY)
    assert generations.stored(number(1)) is None
    assert generations.bill(number(1)) is None
    assert list(tmp_path.iterdir()) == []
    generations.close()
    generations.close()


def test_leading_zeros_tell_accounts_apart(terminal: Terminal) -> None:
    numbers = ["12345678", "012345678", "00000000", "000000000", "999999999999999"]
    terminal.fill(rows(*(make_bill(number=digits) for digits in numbers[:-1])))
    for digits in numbers[:-1]:
        stored = terminal.generations.stored(AccountNumber(digits))
        assert stored is not None and stored.document.account.number.digits == digits
    assert terminal.generations.stored(AccountNumber(numbers[-1])) is None


def test_who_waits_is_said_to_wait_and_keeps_the_last_bill(terminal: Terminal) -> None:
    waiting = make_not_issued(number(1).digits)
    terminal.fill(rows(bill(1), bill(2)))
    assert terminal.change(rows(waiting), as_of=NOW + timedelta(hours=1)) == 2
    stored, last = terminal.generations.stored(number(1)), terminal.generations.bill(number(1))
    assert stored is not None and last is not None
    assert (stored.document, stored.as_of) == (waiting, NOW + timedelta(hours=1))
    assert (last.document, last.as_of) == (bill(1), NOW)


def test_a_delta_changes_takes_and_adds_and_counts_right(terminal: Terminal) -> None:
    terminal.fill(rows(*(bill(n) for n in range(10)), make_not_issued(number(10).digits)))
    later = NOW + timedelta(minutes=15)
    changes = [*rows(bill(3, 7), bill(10), bill(11)), Gone(pack(bill(4)).account), Gone(pack(bill(99)).account)]
    assert terminal.change(changes, as_of=later) == 11
    assert [found(terminal, n) for n in (2, 3, 4, 10, 11)] == [bill(2), bill(3, 7), None, bill(10), bill(11)]
    stored = terminal.generations.stored(number(3))
    assert stored is not None and stored.as_of == later
    back = [Gone(pack(bill(3)).account), *rows(make_not_issued(number(3).digits)), *rows(bill(4, 9))]
    assert terminal.change(back, as_of=later) == 12
    assert terminal.generations.bill(number(3)) is None
    assert found(terminal, 4) == bill(4, 9)


def test_an_object_taken_twice_changes_nothing(terminal: Terminal) -> None:
    terminal.fill(rows(bill(1)))
    filling = Filling(terminal.path(), STORE_KEY, scope="all", base=BASE)
    shard = terminal.shard(rows(bill(2)))
    for _ in range(2):
        filling.take(shard, "twice", segment=1, as_of=NOW)
    assert (filling.accounts(), filling.rows(), filling.deltas()) == (2, 2, 1)
    filling.close()


def test_objects_out_of_order_or_with_rows_twice_are_refused_and_leave_no_trace(terminal: Terminal) -> None:
    filling = Filling(terminal.path(), STORE_KEY, scope="all", base=BASE)
    terminal.shard(rows(bill(1)))
    second = terminal.shard(rows(make_bill(number=number(2).digits, bill_id="with a text of its own 1")))
    with pytest.raises(PackRefused, match="texts"):
        filling.take(second, "second", segment=0, as_of=NOW)
    terminal.texts = Texts()
    first = terminal.shard(rows(bill(1)))
    filling.take(first, "first", segment=0, as_of=NOW)
    again = terminal.shard(rows(bill(1)))
    with pytest.raises(PackRefused, match="rows"):
        filling.take(again, "again", segment=0, as_of=NOW)
    wide = terminal.shard(rows(bill(5)))
    for value in (2**70, "text", None):
        wide.columns[8][0] = value
        with pytest.raises(PackRefused, match="rows"):
            filling.take(wide, "wide", segment=0, as_of=NOW)
    assert (filling.taken(), filling.accounts(), filling.rows()) == ({"first"}, 1, 1)
    filling.close()


@pytest.mark.parametrize(("scope", "base"), [("other", BASE), ("all", BASE + 1)])
def test_a_file_of_another_generation_is_not_gone_on_with(terminal: Terminal, scope: str, base: int) -> None:
    Filling(terminal.path(), STORE_KEY, scope="all", base=BASE).close()
    with pytest.raises(StoreDamaged):
        Filling(terminal.path(), STORE_KEY, scope=scope, base=base)
    Filling(terminal.path(), STORE_KEY, scope="all", base=BASE).close()


def test_a_file_with_another_key_or_garbage_is_damaged(terminal: Terminal) -> None:
    Filling(terminal.path(), bytes(32), scope="all", base=BASE).close()
    with pytest.raises(StoreDamaged):
        Filling(terminal.path(), STORE_KEY, scope="all", base=BASE)
    terminal.path().write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreDamaged):
        Filling(terminal.path(), STORE_KEY, scope="all", base=BASE)


def test_the_next_look_up_reads_the_new_generation(terminal: Terminal) -> None:
    terminal.fill(rows(bill(1)))
    assert found(terminal, 1) == bill(1)
    terminal.fill(rows(bill(1, 5), bill(2)), base=BASE + 1)
    assert terminal.generations.bill(number(1)) is not None  # still of what `stored` looked at
    last = terminal.generations.bill(number(1))
    assert last is not None and last.document == bill(1)
    terminal.path().unlink()
    assert found(terminal, 1) == bill(1, 5)
    assert found(terminal, 2) == bill(2)


def test_a_generation_taken_away_leaves_nothing_and_no_error(terminal: Terminal) -> None:
    terminal.fill(rows(bill(1)))
    assert found(terminal, 1) is not None
    terminal.state.put({current("all"): None})
    assert found(terminal, 1) is None
    terminal.point(1)
    for path in terminal.folder.glob("bills-*"):
        path.unlink()
    assert found(terminal, 1) is None
    assert not terminal.path().exists()


def test_a_pointer_of_another_version_counts_as_none(terminal: Terminal) -> None:
    terminal.fill(rows(bill(1)))
    for text in ("{}", "[]", "garbage", '{"file": "x", "more": 1}'):
        terminal.state.put({current("all"): text})
        assert found(terminal, 1) is None


def test_a_damaged_generation_is_set_aside_once_and_said_so(
    terminal: Terminal, caplog: pytest.LogCaptureFixture
) -> None:
    terminal.fill(rows(*(bill(n) for n in range(400))))
    octets = bytearray(terminal.path().read_bytes())
    for page in range(1, len(octets) // 4096):
        octets[page * 4096 + 100] ^= 1
    terminal.path().write_bytes(octets)
    with pytest.raises(StoreDamaged):
        for n in range(400):
            terminal.generations.stored(number(n))
    assert [message.split(":")[0] for message in caplog.messages] == ["generation_set_aside"]
    assert (terminal.folder / "quarantine" / terminal.path().name).exists()
    assert found(terminal, 1) is None
    terminal.fill(rows(bill(1)))
    assert found(terminal, 1) == bill(1)


def test_a_lost_key_is_noticed_and_shows_nothing(terminal: Terminal, caplog: pytest.LogCaptureFixture) -> None:
    terminal.fill(rows(bill(1)))
    terminal.state.close()
    other = Generations(terminal.folder, bytes(32))
    with pytest.raises(StoreDamaged):
        other.stored(number(1))
    other.close()
    assert found(terminal, 1) == bill(1)


def test_every_flipped_bit_is_noticed_and_never_shows_a_wrong_bill(terminal: Terminal) -> None:
    documents = {n: bill(n, 1000 + n) for n in range(60)}
    terminal.fill(rows(*documents.values()))
    terminal.generations.close()
    whole, chance = terminal.path().read_bytes(), random.Random(7)
    for _ in range(25):
        broken = bytearray(whole)
        broken[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        terminal.path().write_bytes(broken)
        for n, document in documents.items():
            try:
                stored = terminal.generations.stored(number(n))
            except StoreDamaged:
                break
            assert stored is None or stored.document == document
        terminal.generations.close()
        shutil.rmtree(terminal.folder / "quarantine", ignore_errors=True)


def test_a_log_cut_anywhere_shows_what_was_or_what_came(tmp_path: Path) -> None:
    terminal, chance = Terminal(tmp_path), random.Random(9)
    terminal.fill(rows(*(bill(n) for n in range(60))))
    filling = Filling(terminal.path(), STORE_KEY, scope="all", base=BASE)
    for step in (1, 2, 3):
        changes = terminal.shard(rows(*(bill(n, step) for n in range(60))))
        filling.take(changes, f"delta {step}", segment=step, as_of=NOW)
    log = terminal.path().with_name(terminal.path().name + "-wal")
    whole, octets = terminal.path().read_bytes(), log.read_bytes()
    filling.close()
    terminal.generations.close()
    for _ in range(40):
        cut = chance.randrange(len(octets))
        terminal.path().write_bytes(whole)
        log.write_bytes(octets[:cut] if chance.random() < 0.5 else octets[:cut] + b"\xff" + octets[cut + 1 :])
        log.with_name(terminal.path().name + "-shm").unlink(missing_ok=True)
        seen = {document for n in range(60) for document in [found(terminal, n)]}
        assert None not in seen
        kwh = {document.kwh_total for document in seen if isinstance(document, Bill)}
        assert kwh in ({100}, {1}, {2}, {3})
        terminal.generations.close()
    terminal.close()


def test_a_row_this_version_cannot_read_counts_as_absent(
    terminal: Terminal, caplog: pytest.LogCaptureFixture
) -> None:
    terminal.fill(rows(bill(1), bill(2)))
    filling = Filling(terminal.path(), STORE_KEY, scope="all", base=BASE)
    filling._connection.execute("UPDATE bill SET extra = x'ffff' WHERE account = ?", (pack(bill(1)).account,))
    filling.close()
    assert found(terminal, 1) is None
    assert found(terminal, 2) == bill(2)
    assert caplog.messages == ["generation_row_unreadable"]


def test_threads_share_one_reader_while_generations_change(terminal: Terminal) -> None:
    terminal.fill(rows(*(bill(n) for n in range(50))))
    wrong: list[Any] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for n in range(50):
                document = found(terminal, n)
                if document is None or document.account.number != number(n):
                    wrong.append(document)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for step in range(1, 6):
        terminal.fill(rows(*(bill(n, step) for n in range(50))), base=BASE + step)
    over.set()
    for thread in threads:
        thread.join(10)
    assert wrong == []


def test_a_bill_is_looked_up_in_well_under_a_millisecond(terminal: Terminal) -> None:
    documents = invented(400)
    terminal.fill(rows(*documents))
    took = []
    for document in documents * 2:
        started = time.perf_counter()
        assert terminal.generations.stored(document.account.number) is not None
        took.append(time.perf_counter() - started)
    assert sorted(took)[len(took) // 2] < 0.001


class FakeGateway:
    def __init__(self, answer: Fetched | None = None) -> None:
        self.answer = answer
        self.etags: list[str | None] = []

    def fetch(self, account: AccountNumber, *, etag: str | None) -> Fetched | Unchanged:
        self.etags.append(etag)
        if self.answer is None:
            raise GatewayUnreachable("refused")
        return self.answer


def service(terminal: Terminal, store: Store, answer: Fetched | None = None) -> BillService:
    return BillService(FakeGateway(answer), store, now=lambda: NOW, generations=terminal.generations)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store.memory(now=lambda: NOW)
    yield store
    store.close()


def test_of_what_was_looked_up_and_what_was_synced_the_later_counts(terminal: Terminal, store: Store) -> None:
    terminal.fill(rows(*(bill(n) for n in range(4))))
    bills = service(terminal, store)
    store.keep(number(1), bill(1, 7), as_of=NOW + timedelta(seconds=1), etag=None)
    store.keep(number(2), bill(2, 7), as_of=NOW - timedelta(seconds=1), etag=None)
    store.keep(number(3), bill(3, 7), as_of=NOW, etag=None)
    store.keep(number(9), bill(9, 7), as_of=NOW, etag=None)
    shown = [bills.stored(number(n)) for n in (0, 1, 2, 3, 9, 10)]
    documents = [current and current.bill for current in shown]
    assert documents == [bill(0), bill(1, 7), bill(2), bill(3, 7), bill(9, 7), None]
    assert shown[0] is not None and (shown[0].source, shown[0].as_of) == (Source.STORED, NOW)


def test_the_last_bill_is_found_wherever_it_is_kept(terminal: Terminal, store: Store) -> None:
    terminal.fill(rows(bill(1), bill(2), bill(3), make_not_issued(number(4).digits)))
    bills = service(terminal, store)
    later = NOW + timedelta(hours=1)
    terminal.change(rows(make_not_issued(number(1).digits)), as_of=later)
    store.keep(number(2), make_not_issued(number(2).digits), as_of=later, etag=None)
    store.keep(number(4), bill(4, 7), as_of=NOW - timedelta(days=30), etag=None)
    found_bills = [bills.previous(number(n)) for n in (1, 2, 3, 4, 9)]
    assert [current and current.bill for current in found_bills] == [bill(1), bill(2), None, bill(4, 7), None]


def test_a_live_bill_is_kept_and_counts_from_then_on(terminal: Terminal, store: Store) -> None:
    terminal.fill(rows(bill(1)))
    live = Fetched(bill(1, 7), NOW + timedelta(minutes=1), '"v1"')
    bills = service(terminal, store, live)
    assert bills.refresh(number(1)).bill == bill(1, 7)
    current = bills.stored(number(1))
    assert current is not None and current.bill == bill(1, 7)


def test_a_damaged_generation_costs_its_bills_and_never_a_visit(
    terminal: Terminal, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    terminal.fill(rows(bill(1), bill(2)))
    bills = service(terminal, store)
    store.keep(number(1), bill(1, 7), as_of=NOW - timedelta(days=1), etag=None)
    octets = bytearray(terminal.path().read_bytes())
    octets[200] ^= 1
    terminal.path().write_bytes(octets)
    for _ in range(2):
        assert bills.stored(number(2)) is None
        current = bills.stored(number(1))
        assert current is not None and current.bill == bill(1, 7)
    assert "store fault: store_damaged" in caplog.messages


def test_a_state_folder_that_cannot_be_changed_is_said_plainly(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.fill(rows(bill(1)))
    terminal.path().write_bytes(b"garbage" * 1000)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StoreUnavailable, match="store_io"):
        terminal.generations.stored(number(1))


def test_values_are_kept_together_and_forgotten(tmp_path: Path) -> None:
    state = State(tmp_path, STORE_KEY)
    state.put({"one": "1", "two": "2"})
    state.put({"one": None, "three": "3"})
    state.close()
    again = State(tmp_path, STORE_KEY)
    assert [again.get(name) for name in ("one", "two", "three")] == [None, "2", "3"]
    again.close()


def test_what_a_utility_publishes_is_what_is_found(tmp_path: Path) -> None:
    from kiosk.publish.board import Board

    utility, terminal = Utility(tmp_path), Terminal(tmp_path)
    documents = invented(50)
    utility.publish(documents)
    raw = Board(utility.folder, "all", utility.keys).raw(utility.manifest().snapshot[0])
    filling = Filling(terminal.path(), STORE_KEY, scope="all", base=BASE)
    filling.take(shards.read(raw, rows=50), "all", segment=0, as_of=datetime(2026, 1, 1, tzinfo=UTC))
    filling.finish()
    terminal.point(filling.accounts())
    filling.close()
    assert all(terminal.generations.stored(document.account.number) for document in documents)
    terminal.close()
