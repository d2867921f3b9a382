"""Issue day in figures: taking packs in beside plain inserts of the same rows, looking bills up, nine million whole.

`issue_day` repeats a few thousand invented bills under other account numbers, which costs no time; `nine_million`
invents every one, publishes them over stdin, syncs and looks up, and takes an hour.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Any

import zstandard

from kiosk.database import connect
from kiosk.generations import Generations
from kiosk.generations.filling import INSERT_BILL, create_tables
from kiosk.model import AccountNumber
from kiosk.packs import shards
from kiosk.packs.figures import FIELDS, account_key
from kiosk.packs.manifest import VALID_FOR, Manifest, verify
from kiosk.packs.rows import BillRow, pack
from kiosk.packs.shards import Shard
from kiosk.packs.texts import Texts
from kiosk.publish import Keys as PublisherKeys
from kiosk.publish.board import Board
from kiosk.service.subscribers import SubscriberBook
from kiosk.sync import Keys, Synced, synchronise
from kiosk.sync.source import FolderSource

Figures = dict[str, Any]

MONTH = "2026-08"
NATION = 9_000_000
_KEY = bytes(range(32))
_MODELS = 3000
_LOOK_UPS = 5000
_COLD_LOOK_UPS = 200
_NEIGHBOURS = 5000
_PART = 100_000


def issue_day(folder: Path, *, count: int = 100_000) -> Figures:
    """Packs of `count` bills taken in, beside the same rows by `executemany` and by sqlite-utils; then look-ups.

    Rates are bills a second of one core; the others have nothing to fetch, verify, open or parse. `insert_all` is
    sqlite-utils as it comes, without encryption; `whole_insert_all` are the documents as they are, in columns of JSON.
    """
    keys, accounts = PublisherKeys.open(folder / "utility.key"), list(_accounts(count))
    _publish(folder, keys, accounts)
    ours = _apart(_take_in, folder, "ours")
    raw, plain = (_apart(work, folder, "plain") for work in (_by_executemany, _by_insert_all))
    return {
        "bills": count,
        "import_per_s": round(count / ours["cpu_s"]),
        "import_wall_s": ours["wall_s"],
        "import_mb": ours["peak_mb"],
        "executemany_per_s": round(count / raw["cpu_s"]),
        "insert_all_per_s": round(count / plain["cpu_s"]),
        "whole_insert_all_per_s": (whole := _whole_bills_per_s(folder)),
        "of_executemany": round(raw["cpu_s"] / ours["cpu_s"], 2),
        "times_insert_all": round(plain["cpu_s"] / ours["cpu_s"], 1),
        "times_whole_insert_all": round(count / ours["cpu_s"] / whole, 1),
        "wire_bytes_a_bill": _wire_bytes(),
        "stored_bytes_a_bill": round(_stored_bytes(folder / "ours") / count, 1),
        **_look_ups(folder / "ours", accounts),
        **_look_ups_beside(folder, accounts),
    }


def nine_million(folder: Path, *, count: int = NATION) -> Figures:
    """A whole nation: invented, published over stdin by the command, synced, looked up. Needs 8 GB of disk.

    Inventing takes longer than publishing, so it is done before, into packed files; what is there already is kept.
    """
    files = _invented(folder / "invented", count)
    published = _publish_command(folder, files)
    ours = _apart(_take_in, folder, "ours")
    book, chance = SubscriberBook(1, count), random.Random(1)
    accounts = [book.account(chance.randrange(count)) for _ in range(4 * _LOOK_UPS)]
    held = _manifest(folder, PublisherKeys.open(folder / "utility.key"))
    return {
        "bills": published["bills"],
        "publish_s": published["seconds"],
        "publish_mb": published["peak_mb"],
        "wire_mb": round(sum(item.bytes for item in held.snapshot) / 1e6),
        "import_wall_s": ours["wall_s"],
        "import_cpu_s": ours["cpu_s"],
        "import_mb": ours["peak_mb"],
        "stored_mb": round(_stored_bytes(folder / "ours") / 1e6),
        **_look_ups(folder / "ours", accounts),
        **_look_ups_beside(folder, accounts),
    }


def _accounts(count: int) -> Iterator[str]:
    """Numbers as a utility gives them: ascending, with gaps."""
    chance, number = random.Random(count), 30_000_000_000
    for _ in range(count):
        number += chance.randrange(1, 22)
        yield str(number)


def _bill_rows(indexes: Iterable[int]) -> Iterator[BillRow]:
    from kiosk import ebill

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


def _stored_bytes(state: Path) -> int:
    return sum(path.stat().st_size for path in state.glob("bills-*"))


def _publish(folder: Path, keys: PublisherKeys, accounts: list[str]) -> None:
    """Model bills under these accounts, as a snapshot without the detour over lines."""
    models = list(_bill_rows(range(0, _MODELS * 2999, 2999)))

    def rows() -> Iterator[BillRow]:
        for n, digits in enumerate(accounts):
            model = models[n % len(models)]
            yield replace(model, figures=model.figures._replace(account=account_key(digits)))

    board, now = Board(folder / "published", "all", keys), datetime.now(UTC).replace(microsecond=0)
    items = list(board.write(rows(), Texts()))
    held = Manifest("all", 1, 1, now, now, now + VALID_FOR, keys.scope.id, FIELDS, items, [])
    board.post(held, instead_of=None)


def _manifest(folder: Path, keys: PublisherKeys) -> Manifest:
    path = folder / "published" / "v1" / "sync" / "all" / "manifest"
    return verify(path.read_bytes(), keys.trust)


def _apart(work: Callable[[Path, str], object], folder: Path, name: str) -> Figures:
    """Work in a process of its own: seconds of the clock and of the core, and the most memory it had."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_measured, work, folder, name).result()


def _measured(work: Callable[[Path, str], object], folder: Path, name: str) -> Figures:
    wall, cpu = time.perf_counter(), time.process_time()
    untimed = work(folder, name)
    skipped_wall, skipped_cpu = untimed if isinstance(untimed, tuple) else (0.0, 0.0)
    return {
        "wall_s": round(time.perf_counter() - wall - skipped_wall, 2),
        "cpu_s": round(time.process_time() - cpu - skipped_cpu, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _take_in(folder: Path, name: str) -> None:
    _sync(folder, name)


def _sync(folder: Path, name: str) -> Synced:
    keys = PublisherKeys.open(folder / "utility.key")
    (folder / name).mkdir(exist_ok=True)
    return synchronise(
        FolderSource(folder / "published"),
        folder=folder / name,
        scope="all",
        keys=Keys(keys.trust, keys.scope, _KEY),
        now=lambda: datetime.now(UTC),
    )


def _by_executemany(folder: Path, name: str) -> tuple[float, float]:
    def insert(db: Any, rows: list[tuple[Any, ...]]) -> None:
        db.conn.execute("BEGIN IMMEDIATE")
        db.conn.executemany(INSERT_BILL, rows)
        db.conn.execute("COMMIT")

    return _inserted(folder, name, insert, lambda shard: list(_tuples(shard)))


def _by_insert_all(folder: Path, name: str) -> tuple[float, float]:
    return _inserted(folder, name, lambda db, rows: db.table("bill").insert_all(rows), _dicts, key=None)


def _whole_bills_per_s(folder: Path) -> int:
    from sqlite_utils import Database

    book, path = SubscriberBook(1, NATION), folder / "whole.db"
    documents = [book.bill(index * 2999, MONTH) for index in range(_MODELS)]
    issued = [document for document in documents if document["status"] != "not_issued"]
    path.unlink(missing_ok=True)
    db = Database(connect(path, None), execute_plugins=False, recursive_triggers=False)
    cpu = time.process_time()
    db.table("bill").insert_all(issued, pk="bill_id")
    cpu = time.process_time() - cpu
    db.close()
    return round(len(issued) / cpu)


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
    key: bytes | None = _KEY,
) -> tuple[float, float]:
    """The same rows into the same table; what getting at the rows took comes back, not to be counted."""
    from sqlite_utils import Database

    path, began = folder / f"{name}.db", (time.perf_counter(), time.process_time())
    path.unlink(missing_ok=True)
    board = Board(folder / "published", "all", PublisherKeys.open(folder / "utility.key"))
    db = Database(connect(path, key), execute_plugins=False, recursive_triggers=False)
    create_tables(db)
    inserted = [0.0, 0.0]
    for item in _manifest(folder, PublisherKeys.open(folder / "utility.key")).snapshot:
        rows = prepare(shards.read(board.raw(item), rows=item.rows))
        wall, cpu = time.perf_counter(), time.process_time()
        insert(db, rows)
        inserted[0] += time.perf_counter() - wall
        inserted[1] += time.process_time() - cpu
    db.close()
    return time.perf_counter() - began[0] - inserted[0], time.process_time() - began[1] - inserted[1]


def _look_ups(state: Path, accounts: list[str]) -> Figures:
    """From an account to its whole document, in ms: again and again, and with nothing of the file in memory."""
    chance = random.Random(2)
    numbers = [AccountNumber(chance.choice(accounts)) for _ in range(_LOOK_UPS)]
    generations = Generations(state, _KEY)
    for number in numbers:
        generations.stored(number)
    warm = [_timed(generations, number) for number in numbers]
    generations.close()
    cold = []
    for number in numbers[:_COLD_LOOK_UPS]:
        _evict(state)
        generations = Generations(state, _KEY)
        cold.append(_timed(generations, number))
        generations.close()
    return _percentiles("warm", warm) | _percentiles("cold", cold)


def _look_ups_beside(folder: Path, accounts: list[str]) -> Figures:
    """The same while another process takes packs in at low priority, a thousand times a second."""
    chance, generations, took = random.Random(3), Generations(folder / "ours", _KEY), []
    command = [sys.executable, "-m", "kiosk.bench.issue_day", str(folder)]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        while process.poll() is None:
            took.append(_timed(generations, AccountNumber(chance.choice(accounts))))
            time.sleep(0.001)
    generations.close()
    for path in (folder / "beside").glob("bills-*"):
        path.unlink()
    return _percentiles("beside_import", took)


def _timed(generations: Generations, number: AccountNumber) -> float:
    began = time.perf_counter()
    if generations.stored(number) is None:
        raise LookupError("a published account is missing")
    return (time.perf_counter() - began) * 1000


def _percentiles(name: str, took: list[float]) -> Figures:
    took.sort()
    return {
        f"look_up_{name}_p50_ms": round(took[len(took) // 2], 3),
        f"look_up_{name}_p99_ms": round(took[len(took) * 99 // 100], 3),
    }


def _evict(state: Path) -> None:
    for path in state.glob("*.db*"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _invented(folder: Path, count: int) -> list[Path]:
    """Packed files of `count` bills in no order of accounts, made by all cores."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{start:08d}.ndjson.zst" for start in range(0, count, _PART)]
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        list(pool.map(_invent, paths, [count] * len(paths), range(0, count, _PART)))
    return paths


def _invent(path: Path, count: int, start: int) -> None:
    if path.exists():
        return
    book, draft = SubscriberBook(1, count), path.with_suffix(".draft")
    with draft.open("wb") as file, zstandard.ZstdCompressor(level=3).stream_writer(file) as packed:
        for index in range(start, min(start + _PART, count)):
            packed.write(json.dumps(book.bill(index, MONTH), ensure_ascii=False).encode() + b"\n")
    draft.replace(path)


def _publish_command(folder: Path, files: list[Path]) -> Figures:
    command = [sys.executable, "-m", "kiosk", "publish", "-", "--json"]
    command += ["--out", str(folder / "published"), "--key", str(folder / "utility.key")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes")
        for path in files:
            _pour(path, process.stdin)
        process.stdin.close()
        said: Figures = json.loads(process.stdout.read())
    return said | {"peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024}


def _pour(path: Path, into: IO[bytes]) -> None:
    with path.open("rb") as file:
        zstandard.ZstdDecompressor().copy_stream(file, into)


if __name__ == "__main__":
    os.nice(19)
    _sync(Path(sys.argv[1]), "beside")
