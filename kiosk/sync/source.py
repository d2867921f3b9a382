"""Where a terminal fetches what is published: a static web server, or a folder somebody carried here."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kiosk.http import Answer, HttpSession
from kiosk.packs.manifest import LIMIT_BYTES, PackObject
from kiosk.packs.sealing import PackRefused, object_name
from kiosk.wire import HttpFault

_GONE = (404, 410)
_TEXT = b"<"
"""What a captive portal's page begins with, and nothing of ours."""


class SyncFault(Exception):
    """Nothing usable came; `code` is a word for logs. Try again later, as `retry_after_s` says if it does."""

    def __init__(self, code: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_s = retry_after_s


class ObjectMissing(SyncFault):
    """The manifest names an object that is not there: a newer manifest may be."""


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A manifest as it came, unverified, and the tag to ask with whether it changed."""

    content: bytes
    etag: str | None


class PackSource(Protocol):
    """What objects are fetched from. Methods raise `SyncFault`."""

    def manifest(self, scope: str, etag: str | None) -> ManifestFile | None:
        """The manifest of a scope; None: it is still the one of `etag`."""

    def object(self, item: PackObject) -> bytes:
        """An object, of the size and hash it should have.

        Raises:
            PackRefused: it has not.
        """

    def close(self) -> None:
        """Let go of what was opened."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds, and how slow a line may be."""

    manifest_s: float = 20.0
    object_s: float = 30.0
    slowest_bytes_s: float = 16 * 1024
    enough_bytes: int = 64 * 1024
    """A try that brought so much is no failure, however it ended: the next goes on there."""

    tries: int = 3
    pause_s: float = 1.0


class HttpSource:
    """A web server or CDN; ETag and Range are used when it has them. Any content type will do."""

    def __init__(
        self,
        session: HttpSession,
        *,
        patience: Patience | None = None,
        pause: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._session = session
        self._patience = patience or Patience()
        self._pause = pause
        self._chance = chance

    def manifest(self, scope: str, etag: str | None) -> ManifestFile | None:
        """As `PackSource.manifest`."""
        headers = {"If-None-Match": etag} if etag else {}
        answer = self._tried(lambda: self._manifest(scope, headers))
        if answer.status == 304:
            return None
        if answer.body.lstrip().startswith(_TEXT):
            raise SyncFault("captive_portal")
        return ManifestFile(answer.body, answer.headers.get("ETag"))

    def object(self, item: PackObject) -> bytes:
        """As `PackSource.object`."""
        octets = self._octets(item)
        if octets.lstrip().startswith(_TEXT):
            raise SyncFault("captive_portal")
        try:
            return checked(octets, item)
        except PackRefused:
            # Put together from several answers: perhaps of different servers, which one answer cannot be.
            return checked(self._octets(item), item)

    def close(self) -> None:
        """Close the pooled connections; twice is fine."""
        self._session.close()

    def _manifest(self, scope: str, headers: dict[str, str]) -> Answer:
        return self._session.get(
            f"/v1/sync/{scope}/manifest",
            headers=headers,
            deadline_s=self._patience.manifest_s,
            max_bytes=LIMIT_BYTES,
        )

    def _octets(self, item: PackObject) -> bytes:
        got = bytearray()
        self._tried(lambda: self._go_on(item, got), brought=lambda: len(got))
        return bytes(got)

    def _go_on(self, item: PackObject, got: bytearray) -> Answer:
        patience, left = self._patience, item.bytes - len(got)
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={len(got)}-"} if got else {})
        try:
            return self._session.get(
                f"/v1/objects/{item.sha256}",
                headers=headers,
                deadline_s=patience.object_s + left / patience.slowest_bytes_s,
                max_bytes=item.bytes,
                into=got,
            )
        except HttpFault as fault:
            if fault.status == 416 or fault.code == "range":
                got.clear()
            raise

    def _tried(self, ask: Callable[[], Answer], brought: Callable[[], int] = lambda: 0) -> Answer:
        """The answer of a few tries; one that brought much of a body does not count as failed."""
        failed = 0
        while True:
            before = brought()
            try:
                return ask()
            except HttpFault as error:
                fault = error
            if fault.status in _GONE:
                raise ObjectMissing(fault.code)
            failed = 0 if brought() - before >= self._patience.enough_bytes else failed + 1
            if failed >= self._patience.tries or fault.retry_after_s:
                raise SyncFault(fault.code, retry_after_s=fault.retry_after_s)
            self._pause(self._chance() * self._patience.pause_s * 2**failed)


class FolderSource:
    """A folder laid out like the server's, such as a USB stick's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def manifest(self, scope: str, etag: str | None) -> ManifestFile | None:
        """As `PackSource.manifest`; a folder has no tags."""
        return ManifestFile(self._read(self._folder / "v1" / "sync" / scope / "manifest", LIMIT_BYTES), None)

    def object(self, item: PackObject) -> bytes:
        """As `PackSource.object`."""
        return checked(self._read(self._folder / "v1" / "objects" / item.sha256, item.bytes), item)

    def close(self) -> None:
        """Nothing is kept open."""

    def _read(self, path: Path, most: int) -> bytes:
        try:
            with path.open("rb") as file:
                return file.read(most + 1)
        except FileNotFoundError:
            raise ObjectMissing("file_missing") from None
        except OSError:
            raise SyncFault("file_unreadable") from None


def checked(octets: bytes, item: PackObject) -> bytes:
    """The bytes, when they are those of the object.

    Raises:
        PackRefused: they are not.
    """
    if len(octets) != item.bytes:
        raise PackRefused("object_size")
    if object_name(octets) != item.sha256:
        raise PackRefused("object_hash")
    return octets
