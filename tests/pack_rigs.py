"""A utility that publishes into a folder, a web server that offers it, and many bills in no time."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from factories import make_bill

from kiosk import ebill
from kiosk.model import Document
from kiosk.packs.figures import FIELDS, account_key
from kiosk.packs.manifest import VALID_FOR, Manifest, PackObject, sign, verify
from kiosk.packs.rows import BillRow, pack
from kiosk.packs.shards import Row
from kiosk.packs.texts import Texts
from kiosk.publish import Keys, Published, publish
from kiosk.publish.board import Board
from kiosk.service.subscribers import SubscriberBook

NOW = datetime(2026, 8, 28, 6, tzinfo=UTC)
STORE_KEY = bytes(range(32))


def line(document: Document | dict[str, Any]) -> bytes:
    """A document as a line of what is published."""
    fields = document if isinstance(document, dict) else ebill.write(document)
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def lines(documents: Iterable[Document]) -> bytes:
    """Documents as they are published."""
    return b"".join(map(line, documents))


@functools.cache
def invented(count: int, month: str = "2026-08") -> tuple[Document, ...]:
    """Bills of as many invented subscribers, the worked bills' first."""
    book = SubscriberBook(1, 100_000)
    return tuple(ebill.read(json.dumps(book.bill(index, month))) for index in range(count))


@functools.cache
def many_rows(count: int) -> list[Row]:
    """Rows like those of as many neighbours: invented bills again and again, under ascending account numbers."""
    models = [row for row in map(pack, invented(600)) if isinstance(row, BillRow)]
    first = account_key("30000000000")
    return [_under(models[n % len(models)], first + 11 * n) for n in range(count)]


def _under(row: BillRow, account: int) -> BillRow:
    return replace(row, figures=row.figures._replace(account=account))


class Utility:
    """Publishes into `folder`; its clock stands at `now`."""

    def __init__(self, folder: Path, *, scope: str = "all", keys: Keys | None = None) -> None:
        self.folder = folder / "published"
        self.scope = scope
        self.keys = keys or Keys.open(folder / "utility.key")
        self.now = NOW
        self.rejected: list[tuple[int, str]] = []

    def publish(self, content: bytes | Iterable[Document]) -> Published:
        """Publish lines."""
        octets = content if isinstance(content, bytes) else lines(content)
        return publish(
            io.BytesIO(octets),
            folder=self.folder,
            scope=self.scope,
            keys=self.keys,
            now=self.now,
            progress=lambda what, count: None,
            reject=lambda number, problem: self.rejected.append((number, problem)),
        )

    def publish_rows(self, rows: Sequence[Row], *, objects: int = 1) -> Manifest:
        """Publish rows as a snapshot of so many objects, without the detour over lines."""
        board, texts, items = Board(self.folder, self.scope, self.keys), Texts(), list[PackObject]()
        size = -(-len(rows) // objects)
        for start in range(0, len(rows), size):
            items += board.write(rows[start : start + size], texts)
        held = Manifest(
            scope=self.scope,
            generation=int(f"{self.now:%Y%m%d%H%M%S}"),
            base=int(f"{self.now:%Y%m%d%H%M%S}"),
            as_of=self.now,
            issued_at=self.now,
            expires=self.now + VALID_FOR,
            scope_key_id=self.keys.scope.id,
            fields=FIELDS,
            snapshot=items,
            deltas=[],
        )
        board.post(held, instead_of=None)
        return held

    @property
    def manifest_path(self) -> Path:
        """The one mutable file."""
        return self.folder / "v1" / "sync" / self.scope / "manifest"

    def manifest(self) -> Manifest:
        """What is published."""
        return verify(self.manifest_path.read_bytes(), self.keys.trust)

    def repost(self, **changes: Any) -> None:
        """Sign the manifest again with some fields changed, as only a faulty publisher would."""
        self.manifest_path.write_bytes(sign(replace(self.manifest(), **changes), self.keys.signer))

    def object_path(self, n: int = 0) -> Path:
        """The file of an object of the snapshot."""
        return self.folder / "v1" / "objects" / self.manifest().snapshot[n].sha256

    def later(self, **by: float) -> None:
        """Let time pass at the utility."""
        self.now += timedelta(**by)


def renewed(number: str, kwh: int) -> Document:
    """A bill that differs from others of the account by what was used."""
    return make_bill(number=number, kwh=kwh)


Reply = tuple[int, dict[str, str], bytes]
"""Status, headers and body of an answer; a body shorter than its Content-Length is cut off there."""


class PackServer:
    """A static web server on loopback. `fault(path, number)` may answer a request instead; None lets it be.

    `requests` are the paths asked for, with the Range asked for.
    """

    def __init__(self, folder: Path, *, ranges: bool = True, etags: bool = True) -> None:
        self.folder = folder
        self.ranges = ranges
        self.etags = etags
        self.fault: Callable[[str, int], Reply | None] = lambda path, number: None
        self.requests: list[tuple[str, str | None]] = []
        self.sent = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def objects_asked(self) -> list[str]:
        """The names of the objects asked for, in order."""
        return [path.rsplit("/", 1)[1] for path, _ in self.requests if "/objects/" in path]

    def reply(self, path: str, headers: Any) -> Reply:
        """The answer of a static server."""
        file = self.folder / path.lstrip("/")
        if not file.is_file():
            return 404, {}, b""
        body = file.read_bytes()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        found = {"ETag": etag} if self.etags else {}
        if self.etags and headers.get("If-None-Match") == etag:
            return 304, found, b""
        asked = re.fullmatch(r"bytes=(\d+)-", headers.get("Range") or "")
        if asked and self.ranges:
            start = int(asked[1])
            if start >= len(body):
                return 416, {}, b""
            return 206, found | {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}, body[start:]
        return 200, found, body

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                number = len(server.requests)
                server.requests.append((self.path, self.headers.get("Range")))
                status, headers, body = server.fault(self.path, number) or server.reply(self.path, self.headers)
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                server.sent += len(body)
                self.close_connection = int(headers.get("Content-Length", len(body))) != len(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        return Handler
