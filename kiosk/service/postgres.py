"""The service's records in a PostgreSQL, which several services may share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from kiosk.service.storage import DatabaseAway, Row, Words, statements

_CONNECT_S = 5
_STATEMENT_MS = 5000
"""The service answers one request at a time: a statement that hangs must not hang all of them."""


class PostgresDatabase:
    """A `Database` in one schema of a PostgreSQL. A connection that was lost is made anew at the next call."""

    WORDS = Words(
        whole="bigint",
        real="double precision",
        blob="bytea",
        counter="bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        strict="",
    )

    def __init__(self, url: str, *, schema: str) -> None:
        """Connect; `url` as libpq writes it (its password belongs into `PGPASSWORD` or a password file).

        Raises:
            DatabaseAway: it does not answer, or does not let this service in.
        """
        self._url = url
        self._schema = schema
        self._connection = self._connected()

    def create(self, tables: str) -> None:
        # Two services that start at once would both make a table: they take turns.
        with self.transaction():
            self.rows("SELECT pg_advisory_xact_lock(hashtext(?::text))::text", self._schema)
            for table in statements(tables, self.WORDS):
                self.change(table)

    def rows(self, statement: str, *parameters: Any) -> Sequence[Row]:
        with self._told_apart():
            return self._execute(statement, parameters).fetchall()

    def change(self, statement: str, *parameters: Any) -> int:
        with self._told_apart():
            return self._execute(statement, parameters).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._told_apart(), self._alive().transaction():
            yield

    def close(self) -> None:
        self._connection.close()

    def _execute(self, statement: str, parameters: Sequence[Any]) -> psycopg.Cursor[Row]:
        query = statement.replace("%", "%%").replace("?", "%s").encode()
        return self._alive().execute(query, parameters)

    def _alive(self) -> psycopg.Connection[Row]:
        if self._connection.closed:
            self._connection = self._connected()
        return self._connection

    def _connected(self) -> psycopg.Connection[Row]:
        with self._told_apart():
            connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=_CONNECT_S, tcp_user_timeout=_STATEMENT_MS
            )
            connection.execute(f"SET statement_timeout = {_STATEMENT_MS}")
            name = sql.Identifier(self._schema)
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
            connection.execute(sql.SQL("SET search_path TO {}").format(name))
            return connection

    @contextmanager
    def _told_apart(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise DatabaseAway(type(error).__name__) from error
