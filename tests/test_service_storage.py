"""The service's records: the same behaviour over SQLite in memory, in a file, and over a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from kiosk.service import Service, ServiceConfig
from kiosk.service.links import Links
from kiosk.service.proofs import TRIES_A_DAY, Outcome, Proofs
from kiosk.service.storage import Database, DatabaseAway, SqliteDatabase, own_secret

NOW = datetime(2026, 9, 15, 9, 20, tzinfo=UTC)
A = "30012345678"
_TABLE = "CREATE TABLE IF NOT EXISTS t(n {counter}, a {whole} UNIQUE, b {blob}, c {real}, d text){strict};"

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
needs_postgresql = pytest.mark.skipif(not _BINARIES, reason="apt-get install postgresql")


class Cluster:
    """A PostgreSQL of these tests' own, on a socket in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._binaries = _BINARIES[-1].parent
        # It refuses to run as root.
        self._user = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        if self._user:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "postgres", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self._folder}"

    def start(self) -> None:
        options = f"-k {self._folder} -c listen_addresses="
        self._run(
            "pg_ctl", "-D", f"{self._folder}/data", "-l", f"{self._folder}/log", "-o", options, "-w", "start"
        )

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self._folder}/data", "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *words: str) -> None:
        command = [*self._user, str(self._binaries / program), *words]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 0, program


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # Not below pytest's folder, which is its own user's alone; and a socket's path is short.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        cluster = Cluster(Path(folder))
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


Open = Callable[[], Database]


@pytest.fixture(params=["memory", "file", pytest.param("postgresql", marks=needs_postgresql)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the records; a second call opens the same ones, but in memory."""
    made: list[Database] = []

    def open_database() -> Database:
        if request.param == "postgresql":
            from kiosk.service.postgres import PostgresDatabase

            url = request.getfixturevalue("cluster").url
            made.append(PostgresDatabase(url, schema=tmp_path.name[-40:]))
        else:
            made.append(SqliteDatabase(None if request.param == "memory" else tmp_path / "records.db"))
        return made[-1]

    yield open_database
    for database in made:
        database.close()
        database.close()


def test_what_is_written_comes_back_as_it_was(opened: Open) -> None:
    database = opened()
    for _ in range(2):
        database.create(_TABLE)
    row = (2**62, bytes(range(256)), 0.1, "50 % = ½ ؟?")
    assert database.change("INSERT INTO t(a, b, c, d) VALUES (?, ?, ?, ?)", *row) == 1
    assert [(a, bytes(b), c, d) for a, b, c, d in database.rows("SELECT a, b, c, d FROM t")] == [row]
    assert database.change("INSERT INTO t(a) VALUES (?) ON CONFLICT DO NOTHING", 2**62) == 0


def test_rows_are_counted_in_the_order_they_came(opened: Open) -> None:
    database = opened()
    database.create(_TABLE)
    for number in (30, 10, 20):
        database.change("INSERT INTO t(a) VALUES (?)", number)
    assert [row[0] for row in database.rows("SELECT a FROM t ORDER BY n")] == [30, 10, 20]


def test_a_transaction_that_fails_leaves_nothing_and_one_inside_belongs_to_it(opened: Open) -> None:
    database = opened()
    database.create(_TABLE)
    with pytest.raises(ZeroDivisionError), database.transaction():
        with database.transaction():
            database.change("INSERT INTO t(a) VALUES (1)")
        raise ZeroDivisionError
    assert database.rows("SELECT a FROM t") == []
    with database.transaction():
        database.change("INSERT INTO t(a) VALUES (2)")
    assert [tuple(row) for row in database.rows("SELECT a FROM t")] == [(2,)]


def test_a_statement_that_cannot_be_done_says_so_in_one_way(opened: Open) -> None:
    database = opened()
    with pytest.raises(DatabaseAway):
        database.rows("SELECT a FROM nowhere")
    assert [tuple(row) for row in database.rows("SELECT 1")] == [(1,)]


def test_everybody_who_uses_the_records_has_the_same_secret(opened: Open) -> None:
    database = opened()
    with ThreadPoolExecutor(1) as other_thread:
        assert own_secret(database) == other_thread.submit(own_secret, database).result()
    assert len(own_secret(database)) == 32


def test_tries_are_counted_together(opened: Open) -> None:
    first = Proofs(opened())
    for _ in range(TRIES_A_DAY):
        assert first.try_id(7, "1000000008", holder="1000000016", now=NOW) is Outcome.WRONG
    assert first.try_id(7, "1000000016", holder="1000000016", now=NOW) is Outcome.NO_MORE
    assert first.try_id(8, "1000000016", holder="1000000016", now=NOW) is Outcome.RIGHT
    tomorrow = NOW + timedelta(days=1)
    code = first.new_code(7, "proof", now=tomorrow)
    assert first.try_code(7, "proof", code, now=tomorrow) is Outcome.RIGHT
    assert first.try_code(7, "proof", code, now=tomorrow) is Outcome.WRONG
    proof = first.prove(7, now=tomorrow)
    assert first.holds(proof.token, 7, now=tomorrow)
    assert not first.holds(proof.token, 8, now=tomorrow)


@needs_postgresql
def test_two_services_over_one_postgresql_are_one(cluster: Cluster) -> None:
    config = ServiceConfig(seed=5, database=cluster.url, now=lambda: NOW, rate_per_min=1e6, burst=1000)
    with Service(config) as one, Service(config) as other:
        link = requests.get(f"{one.url}/v1/bills/{A}", timeout=10).links["alternate"]["url"]
        assert requests.get(link.replace(one.url, other.url), timeout=10).status_code == 200
        wrong = {"national_id": "1000000008"}
        for service in (one, other, one):
            answer = requests.post(f"{service.url}/v1/accounts/{A}/proofs", json=wrong, timeout=10)
            assert answer.json()["code"] == "wrong_id"
        answer = requests.post(f"{other.url}/v1/accounts/{A}/proofs", json=wrong, timeout=10)
        assert answer.json()["code"] == "too_many_tries"


@needs_postgresql
def test_a_postgresql_that_goes_away_makes_it_unready_and_back_again_it_goes_on(cluster: Cluster) -> None:
    config = ServiceConfig(seed=6, database=cluster.url, now=lambda: NOW, rate_per_min=1e6, burst=1000)
    with Service(config) as service:
        assert requests.get(f"{service.url}/readyz", timeout=10).status_code == 200
        cluster.stop()
        try:
            answer = requests.get(f"{service.url}/readyz", timeout=10)
            assert (answer.status_code, answer.json()["code"]) == (503, "maintenance")
            assert int(answer.headers["Retry-After"]) > 0
            # Bills need no records.
            assert requests.get(f"{service.url}/v1/bills/{A}", timeout=10).status_code == 200
        finally:
            cluster.start()
        assert requests.get(f"{service.url}/readyz", timeout=10).status_code == 200


def test_a_postgresql_that_is_not_there_is_said_at_once() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://postgres@127.0.0.1:{nobody.getsockname()[1]}/postgres"
        with pytest.raises(DatabaseAway):
            Service(ServiceConfig(database=url))


def test_a_file_that_is_no_database_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "records-1.db").write_text("nothing of ours" * 100, encoding="utf-8")
    with pytest.raises(DatabaseAway):
        Service(ServiceConfig(data=tmp_path))


def test_a_token_opens_its_bill_until_its_end_and_nobody_elses() -> None:
    links = Links(bytes(range(16)))
    token = links.issue(8_999_999, now=NOW, ttl_s=900)
    link = links.opened(token, now=NOW)
    assert link is not None
    assert (link.subscriber, link.expires) == (8_999_999, NOW + timedelta(seconds=900))
    assert links.opened(token, now=NOW + timedelta(seconds=899.9)) is not None
    assert links.opened(token, now=NOW + timedelta(seconds=900)) is None
    assert Links(bytes(16)).opened(token, now=NOW) is None


@pytest.mark.parametrize("place", range(26))
def test_a_token_with_one_letter_changed_opens_nothing(place: int) -> None:
    links = Links(bytes(range(16)))
    token = links.issue(5, now=NOW, ttl_s=900)
    for letter in "abyzABEFZ0٣ ":
        if letter != token[place]:
            assert links.opened(token[:place] + letter + token[place + 1 :], now=NOW) is None
    for other in (token[:place], token + "a", ""):
        assert links.opened(other, now=NOW) is None


def test_tokens_hold_no_digits_and_do_not_repeat() -> None:
    links = Links(bytes(range(16)))
    tokens = [links.issue(5, now=NOW, ttl_s=900) for _ in range(50)]
    assert all(token.isascii() and token.isalpha() and len(token) == 26 for token in tokens)
    assert len(set(tokens)) > 45
