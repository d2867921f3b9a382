"""What terminals fetch to fill their stores: a published folder, and the settings every terminal gets, signed."""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from kiosk.service import answers
from kiosk.service.answers import Problem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SETTINGS_SCHEMA = "kiosk-config/1"
SETTINGS_FILE = "kiosk.toml"
"""In the published folder: the settings that every terminal gets."""

_SETTINGS_VALID_FOR = timedelta(days=60)
_SCOPE = re.compile("[a-z0-9][a-z0-9-]{0,39}")
_OBJECT = re.compile("[0-9a-f]{64}")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)
_PIECE = 1 << 18

_MANIFEST_HEADERS = {
    "Cache-Control": "public, max-age=60, stale-if-error=86400",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
_OBJECT_HEADERS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}
_SETTINGS_HEADERS = {**_MANIFEST_HEADERS, "Cache-Control": "private, no-cache"}


class Published:
    """A folder as `publish` lays it out, read afresh for every request; None has nothing in it."""

    def __init__(
        self, folder: Path | None, *, open_key: Callable[[], Ed25519PrivateKey], now: Callable[[], datetime]
    ) -> None:
        """Take a folder; the settings are signed when they are first asked for, right since then.

        Raises:
            OSError, ValueError: the folder's `kiosk.toml` cannot be read.
        """
        self._folder = folder
        self._tables = _settings_tables(folder)
        self._open_key = open_key
        self._now = now
        self._settings: bytes | None = None

    async def manifest(self, request: Request) -> Response:
        """Answer with the manifest of a scope."""
        scope = request.path_params["scope"]
        if self._folder is None or not _SCOPE.fullmatch(scope):
            return answers.problem(Problem.NOT_FOUND)
        try:
            content = (self._folder / "v1" / "sync" / scope / "manifest").read_bytes()
        except OSError:
            return answers.problem(Problem.NOT_FOUND)
        return _tagged(request, content, _MANIFEST_HEADERS)

    async def settings(self, request: Request) -> Response:
        """Answer with the settings for the terminal that asks."""
        if self._settings is None:
            self._settings = _signed_settings(self._tables, key=self._open_key(), now=self._now())
        return _tagged(request, self._settings, _SETTINGS_HEADERS)

    async def object(self, request: Request) -> Response:
        """Answer with an object, or with the part of it that is asked for."""
        name = request.path_params["sha256"]
        if self._folder is None or not _OBJECT.fullmatch(name):
            return answers.problem(Problem.NOT_FOUND)
        path = self._folder / "v1" / "objects" / name
        try:
            size = path.stat().st_size
        except OSError:
            return answers.problem(Problem.NOT_FOUND)
        tag = f'"{name}"'
        headers = {**_OBJECT_HEADERS, "ETag": tag}
        if answers.has_tag(request, tag):
            return Response(status_code=304, headers=headers)
        wanted = _wanted(request, tag)
        start, end = _part(wanted, size) if wanted else (0, size)
        if wanted and start >= end:
            return answers.problem(Problem.NO_SUCH_RANGE, headers={"Content-Range": f"bytes */{size}"})
        headers["Content-Length"] = str(end - start)
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        status = 206 if wanted else 200
        if request.method == "HEAD":
            return Response(None, status, headers=headers, media_type="application/octet-stream")
        pieces = _pieces(path, start, end)
        return StreamingResponse(pieces, status, headers=headers, media_type="application/octet-stream")


async def _pieces(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    # Read on the loop: from the page cache a piece takes less than the hop to a thread.
    with path.open("rb") as file:
        file.seek(start)
        while start < end:
            piece = file.read(min(_PIECE, end - start))
            if not piece:
                return
            start += len(piece)
            yield piece


def _wanted(request: Request, tag: str) -> tuple[str, str] | None:
    """First and last byte as they are asked for, when one range is asked for and of this very object.

    What is no such range is as if it were not there (RFC 9110, 14.2).
    """
    if request.headers.get("if-range", tag).strip() != tag:
        return None
    wanted = _RANGE.fullmatch(request.headers.get("range", "").strip())
    first, last = wanted.groups() if wanted else ("", "")
    backwards = first and last and int(last) < int(first)
    return (first, last) if (first or last) and not backwards else None


def _part(wanted: tuple[str, str], size: int) -> tuple[int, int]:
    """The first byte and the one after the last; none when there are no such bytes."""
    first, last = wanted
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1, size) if last else size


def _tagged(request: Request, content: bytes, headers: dict[str, str]) -> Response:
    tag = base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:15]).decode("ascii")
    return answers.tagged(request, content, tag=tag, media_type="application/json", headers=headers)


def _settings_tables(folder: Path | None) -> Mapping[str, Any]:
    path = None if folder is None else folder / SETTINGS_FILE
    return tomllib.loads(path.read_text("utf-8")) if path is not None and path.exists() else {}


def _signed_settings(tables: Mapping[str, Any], *, key: Ed25519PrivateKey, now: datetime) -> bytes:
    from kiosk.packs.envelope import seal, utc_text  # late: nobody waits for it but who asks

    fields = {
        "schema": SETTINGS_SCHEMA,
        "issued_at": utc_text(now),
        "expires": utc_text(now + _SETTINGS_VALID_FOR),
        "settings": tables,
    }
    return seal(fields, key)
