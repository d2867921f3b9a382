"""The folder that is served: objects under their names, and a manifest for each scope, replaced in one step."""

from __future__ import annotations

import base64
import json
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from kiosk.packs import manifest, shards
from kiosk.packs.manifest import Manifest, PackObject
from kiosk.packs.sealing import PackRefused, object_name
from kiosk.packs.shards import Row
from kiosk.packs.texts import Texts
from kiosk.publish.keys import Keys

_WAITING_OBJECTS = 2
"""Objects on their way to disk while the next is put together."""

_KEPT_FOR = timedelta(days=2)
"""How long an object that no manifest names any more is there for terminals in the middle of fetching it."""


class Board:
    """What one scope has published in a folder. One process at a time (see `kiosk.publish`)."""

    def __init__(self, folder: Path, scope: str, keys: Keys) -> None:
        self.manifest_path = folder / "v1" / "sync" / scope / "manifest"
        self._folder = folder
        self._objects = folder / "v1" / "objects"
        self._keys = keys
        self.written: list[PackObject] = []
        """Objects that were not there before."""

    def standing(self) -> Manifest | None:
        """What is published; None when nothing is.

        Raises:
            PackRefused: it was published with other keys, or altered.
        """
        try:
            held = manifest.verify(self.manifest_path.read_bytes(), self._keys.trust)
        except FileNotFoundError:
            return None
        if held.scope_key_id != self._keys.scope.id:
            raise PackRefused("sealed_with_another_key")
        return held

    def raw(self, item: PackObject) -> bytes:
        """An object that is published, unpacked.

        Raises:
            PackRefused: it is not there, or altered.
        """
        try:
            sealed = (self._objects / item.sha256).read_bytes()
        except OSError:
            raise PackRefused("object_missing") from None
        if object_name(sealed) != item.sha256:
            raise PackRefused("object_hash")
        return shards.decompress(self._keys.scope.open(sealed), raw_bytes=item.raw)

    def texts(self, held: Manifest) -> tuple[Texts, list[str]]:
        """The shared texts of all that is published: to number more of them, and in order.

        Raises:
            PackRefused: as `raw`.
        """
        found: list[str] = []
        for item in objects_of(held):
            found += shards.read_texts(self.raw(item))
        texts = Texts()
        texts.add(found)
        return texts, found

    def rows(self, item: PackObject, texts: list[str]) -> Iterator[Row]:
        """The rows of an object, ascending by account.

        Raises:
            PackRefused: as `raw`.
        """
        shard = shards.read(self.raw(item), rows=item.rows)
        return iter(sorted(shards.rows_of(shard, lambda number: texts[number - 1]), key=lambda row: row.account))

    def write(self, rows: Iterable[Row], texts: Texts) -> Iterator[PackObject]:
        """Write objects of ascending rows, so many that each stays within `shards.ROWS`."""
        source, waiting = iter(rows), deque[Future[PackObject]]()
        self._objects.mkdir(parents=True, exist_ok=True)
        # Packing and sealing leave Python's lock to the rows of the next object.
        with ThreadPoolExecutor(1, "objects") as writer:
            while batch := list(islice(source, shards.ROWS)):
                raw, count = shards.write(batch, texts), len(batch)
                del batch
                waiting.append(writer.submit(self._write_object, raw, count))
                while len(waiting) >= _WAITING_OBJECTS:
                    yield waiting.popleft().result()
            yield from (future.result() for future in waiting)

    def post(self, held: Manifest, *, instead_of: Manifest | None) -> None:
        """Make `held` what is published, in one step and safe from a power cut."""
        moment = held.issued_at.timestamp()
        for item in objects_of(instead_of) if instead_of else []:
            os.utime(self._objects / item.sha256, (moment, moment))  # its two days begin now
        _sync_folder(self._objects)
        _write_whole(self.manifest_path, manifest.sign(held, self._keys.signer))

    def prune(self, now: datetime) -> int:
        """Delete objects that no scope's manifest has named for two days; says how many."""
        named = {name for path in self._folder.glob("v1/sync/*/manifest") for name in _named(path)}
        oldest = (now - _KEPT_FOR).timestamp()
        gone = 0
        for path in self._objects.iterdir():
            if path.name not in named and path.stat().st_mtime < oldest:
                path.unlink()
                gone += 1
        return gone

    def _write_object(self, raw: bytes, rows: int) -> PackObject:
        sealed = self._keys.scope.seal(shards.compress(raw))
        item = PackObject(object_name(sealed), len(sealed), len(raw), rows)
        path = self._objects / item.sha256
        if not path.exists() or path.stat().st_size != len(sealed):
            _write_whole(path, sealed)
            self.written.append(item)
        return item


def objects_of(held: Manifest) -> list[PackObject]:
    """All objects of a manifest, in the order they are to be taken."""
    return [*held.snapshot, *(delta.object for delta in held.deltas)]


def _named(path: Path) -> Iterator[str]:
    """What a manifest names; it lies in our own folder, so its signature is not looked at."""
    fields = json.loads(base64.b64decode(json.loads(path.read_bytes())["signed"]))
    yield from (item["sha256"] for item in fields["snapshot"])
    yield from (delta["object"]["sha256"] for delta in fields["deltas"])


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
