"""Issue day in figures: taking packs in beside plain inserts of the same rows, and looking bills up.

The bills are a few thousand invented ones under other account numbers, which costs no time to make.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiosk import ebill
from kiosk.bench.look_ups import look_ups, look_ups_beside
from kiosk.bench.terminal import (
    SCOPE,
    STORE_KEY,
    Figures,
    apart,
    manifest_of,
    stored_bytes,
    take_in,
    utility_keys,
)
from kiosk.database import connect
from kiosk.generations.filling import INSERT_BILL, create_tables
from kiosk.packs import shards
from kiosk.packs.figures import FIELDS, account_key
from kiosk.packs.manifest import VALID_FOR, Manifest
from kiosk.packs.rows import BillRow, pack
from kiosk.packs.shards import Shard
from kiosk.packs.texts import Texts
from kiosk.publish.board import Board
from kiosk.service.subscribers import SubscriberBook

MONTH = "2026-08"
NATION = 9_000_000
_MODELS = 3000
_NEIGHBOURS = 5000


def issue_day(folder: Path, *, count: int = 1_000_000) -> Figures:
    """Packs of `count` bills taken in, beside the same rows by `executemany` and by sqlite-utils; then look-ups.

    Rates are bills a second of one core. Ours begins with signed packs; the others have their rows in memory
    already: nothing to fetch, verify, open or parse. `executemany` and `insert_all` fill the same encrypted
    tables; `insert_all_plain` is unencrypted; `insert_all_documents` puts whole documents, as they come, into
    columns of JSON, as one would who had only sqlite-utils.
    """
    accounts = list(_accounts(count))
    _publish(folder, accounts)
    ours = apart(take_in, folder, "ours")
    compared = {
        "executemany": apart(_by_executemany, folder, "raw"),
        "insert_all": apart(_by_insert_all, folder, "rows"),
        "insert_all_plain": apart(_by_plain_insert_all, folder, "plain"),
        "insert_all_documents": apart(_documents_by_insert_all, folder, "documents"),
    }
    rates = {
        name: (_documents() if "documents" in name else count) / took["cpu_s"] for name, took in compared.items()
    }
    rate = count / ours["cpu_s"]
    return {
        "bills": count,
        "import_per_s": round(rate),
        "import_wall_s": ours["wall_s"],
        "import_mb": ours["peak_mb"],
        **{f"{name}_per_s": round(found) for name, found in rates.items()},
        **{f"times_{name}": round(rate / found, 2) for name, found in rates.items()},
        "wire_bytes_a_bill": _wire_bytes(),
        "stored_bytes_a_bill": round(stored_bytes(folder / "ours") / count, 1),
        **look_ups(folder / "ours", accounts),
        **look_ups_beside(folder, accounts),
    }


def _documents() -> int:
    return len(_whole_documents())


def _accounts(count: int) -> Iterator[str]:
    """Numbers as a utility gives them: ascending, with gaps."""
    chance, number = random.Random(count), 30_000_000_000
    for _ in range(count):
        number += chance.randrange(1, 22)
        yield str(number)


def _bill_rows(indexes: Iterable[int]) -> Iterator[BillRow]:
    book = SubscriberBook(1, NATION)
    documents = (ebill.read(json.dumps(book.bill(index, MONTH))) for index in indexes)
    yield from (row for row in map(pack, documents) if isinstance(row, BillRow))


def _wire_bytes() -> float:
    """What a bill takes in an object of neighbours, each of them somebody else."""
    book, number, indexes = SubscriberBook(1, NATION), 30_050_000_000, list[int]()
    while len(indexes) < _NEIGHBOURS:
        number += 1
        index = book.index_of(str(number))
        if index is not None:
            indexes.append(index)
    return round(len(shards.compress(shards.write(list(_bill_rows(indexes)), Texts()))) / _NEIGHBOURS, 1)


def _publish(folder: Path, accounts: list[str]) -> None:
    """Model bills under these accounts, as a snapshot without the detour over lines."""
    keys, models = utility_keys(folder), list(_bill_rows(range(0, _MODELS * 2999, 2999)))

    def rows() -> Iterator[BillRow]:
        for n, digits in enumerate(accounts):
            model = models[n % len(models)]
            yield replace(model, figures=model.figures._replace(account=account_key(digits)))

    board, now = Board(folder / "published", SCOPE, keys), datetime.now(UTC).replace(microsecond=0)
    items = list(board.write(rows(), Texts()))
    held = Manifest(SCOPE, 1, 1, now, now, now + VALID_FOR, keys.scope.id, FIELDS, items, [])
    board.post(held, instead_of=None)


def _by_executemany(folder: Path, name: str) -> tuple[float, float]:
    def insert(db: Any, rows: list[tuple[Any, ...]]) -> None:
        db.conn.execute("BEGIN IMMEDIATE")
        db.conn.executemany(INSERT_BILL, rows)
        db.conn.execute("COMMIT")

    return _inserted(folder, name, insert, lambda shard: list(_tuples(shard)))


def _by_insert_all(folder: Path, name: str) -> tuple[float, float]:
    return _inserted(folder, name, lambda db, rows: db.table("bill").insert_all(rows), _dicts)


def _by_plain_insert_all(folder: Path, name: str) -> tuple[float, float]:
    return _inserted(folder, name, lambda db, rows: db.table("bill").insert_all(rows), _dicts, key=None)


def _documents_by_insert_all(folder: Path, name: str) -> tuple[float, float]:
    from sqlite_utils import Database

    began = (time.perf_counter(), time.process_time())
    documents, path = _whole_documents(), folder / f"{name}.db"
    path.unlink(missing_ok=True)
    db = Database(connect(path, None), execute_plugins=False, recursive_triggers=False)
    skipped = (time.perf_counter() - began[0], time.process_time() - began[1])
    db.table("bill").insert_all(documents, pk="bill_id")
    db.close()
    return skipped


def _whole_documents() -> list[dict[str, Any]]:
    book = SubscriberBook(1, NATION)
    documents = [book.bill(index * 2999, MONTH) for index in range(_MODELS)]
    return [document for document in documents if document["status"] != "not_issued"]


def _dicts(shard: Shard) -> list[dict[str, Any]]:
    names = ["account", "segment", *FIELDS[1:]]
    return [dict(zip(names, row, strict=True)) for row in _tuples(shard)]


def _tuples(shard: Shard) -> Iterator[tuple[Any, ...]]:
    for account, *others in zip(*shard.columns, strict=True):
        yield (account, 0, *others)


def _inserted(
    folder: Path,
    name: str,
    insert: Callable[[Any, Any], object],
    prepare: Callable[[Shard], object],
    *,
    key: bytes | None = STORE_KEY,
) -> tuple[float, float]:
    """The same rows into the same table; what getting at the rows took comes back, not to be counted."""
    from sqlite_utils import Database

    path, began = folder / f"{name}.db", (time.perf_counter(), time.process_time())
    path.unlink(missing_ok=True)
    board = Board(folder / "published", SCOPE, utility_keys(folder))
    db = Database(connect(path, key), execute_plugins=False, recursive_triggers=False)
    create_tables(db)
    inserted = [0.0, 0.0]
    for item in manifest_of(folder).snapshot:
        rows = prepare(shards.read(board.raw(item), rows=item.rows))
        wall, cpu = time.perf_counter(), time.process_time()
        insert(db, rows)
        inserted[0] += time.perf_counter() - wall
        inserted[1] += time.process_time() - cpu
    db.close()
    return time.perf_counter() - began[0] - inserted[0], time.process_time() - began[1] - inserted[1]
