"""Issue day, the terminal's side: what is published, verified and taken into the store, whole or not at all.

A run asks for the manifest, believes it or not, and brings the generation on disk to what it lists: by the missing
deltas, or from the snapshot in a new file beside the old one. A run that was killed goes on where it was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kiosk import ballast
from kiosk.database import StoreDamaged, StoreFull
from kiosk.generations import QUARANTINE, set_aside
from kiosk.generations.filling import Filling
from kiosk.generations.pointer import Pointer, State, current
from kiosk.packs import shards
from kiosk.packs.envelope import Trust, utc_text
from kiosk.packs.manifest import Delta, Manifest, verify
from kiosk.packs.sealing import PackRefused, ScopeKey
from kiosk.sync.keeping import alone, check_nightly, delete, file_name, files_of, forget, keep_only
from kiosk.sync.source import ManifestFile, ObjectMissing, PackSource
from kiosk.sync.space import NoRoom, check_room

logger = logging.getLogger(__name__)

__all__ = ["Keys", "ScopeKeyWrong", "Synced", "check_nightly", "forget", "keep_only", "synchronise"]

_LATEST = "latest"
"""The latest time this terminal has reason to believe in, as manifests write it."""

Progress = Callable[[int, int], None]
"""Told how many rows of how many are taken."""


class ScopeKeyWrong(Exception):
    """The scope is sealed under another key than this terminal has: a technician must bring the right one."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a terminal verifies and opens with, and what encrypts its own files.

    There may be several scope keys: of several regions, or an old and a new one side by side.
    """

    trust: Trust
    scopes: Sequence[ScopeKey]
    store: bytes

    def scope(self, key_id: str) -> ScopeKey:
        """The key of that id.

        Raises:
            ScopeKeyWrong: this terminal has not got it.
        """
        for key in self.scopes:
            if key.id == key_id:
                return key
        raise ScopeKeyWrong


@dataclass(frozen=True, slots=True)
class Synced:
    """What a run came to: `bills` accounts have a document now; `bytes` were fetched. All 0: nothing is stored."""

    scope: str
    generation: int
    bills: int
    bytes: int
    seconds: float
    changed: bool


def synchronise(
    source: PackSource,
    *,
    folder: Path,
    scope: str,
    keys: Keys,
    now: Callable[[], datetime],
    progress: Progress = lambda done, of: None,
    postpone: Callable[[Manifest], bool] = lambda held: False,
) -> Synced:
    """Bring the store in `folder` to what is published for a scope. Two at once wait for each other.

    Args:
        postpone: whether to leave a new snapshot for a later run; deltas are always taken.

    Raises:
        SyncFault: nothing usable could be fetched; what was stored counts on.
        PackRefused: what is published must not be believed; what was stored counts on.
        ScopeKeyWrong, NoRoom: as they say; what was stored counts on.
        StoreError: the store cannot be written.
    """
    started = time.monotonic()
    with alone(folder):
        ballast.lay(folder)
        state = State(folder, keys.store)
        try:
            run = _Run(source, folder, scope, keys, state=state, now=now, progress=progress)
            pointer, changed = run.go(postpone)
        finally:
            state.close()
    return Synced(
        scope=scope,
        generation=pointer.generation if pointer else 0,
        bills=pointer.bills if pointer else 0,
        bytes=run.fetched,
        seconds=round(time.monotonic() - started, 3),
        changed=changed,
    )


class _Run:
    """One run, with the state file open and nobody else at work."""

    def __init__(
        self,
        source: PackSource,
        folder: Path,
        scope: str,
        keys: Keys,
        *,
        state: State,
        now: Callable[[], datetime],
        progress: Progress,
    ) -> None:
        self.fetched = 0
        self._source = source
        self._folder = folder
        self._scope = scope
        self._keys = keys
        self._state = state
        self._now = now
        self._progress = progress

    def go(self, postpone: Callable[[Manifest], bool]) -> tuple[Pointer | None, bool]:
        """What counts in the end, and whether that is new."""
        pointer = self._usable()
        etag = self._state.get(self._name("etag")) if pointer else None
        file = self._source.manifest(self._scope, etag)
        if file is None:
            self._check_expiry(self._state.get(self._name("expires")) or "")
            return pointer, False
        held = self._believed(file)
        if pointer is not None and pointer.base != held.base and postpone(held):
            return pointer, False
        try:
            now_counts = self._install(held, pointer)
        except ObjectMissing:
            # Published anew in between: objects no manifest names go after a while.
            file = self._source.manifest(self._scope, None)
            if file is None or (newer := self._believed(file)) == held:
                raise
            held, now_counts = newer, self._install(newer, pointer)
        self._state.put(
            {
                current(self._scope): now_counts.text(),
                self._name("etag"): file.etag,
                self._name("expires"): utc_text(held.expires),
            }
        )
        self._delete_others(now_counts.file)
        return now_counts, now_counts != pointer

    def _usable(self) -> Pointer | None:
        """What counts now, if its file is there."""
        pointer = self._state.current(self._scope)
        if pointer is not None and not (self._folder / pointer.file).exists():
            self._forget_current()
            return None
        return pointer

    def _believed(self, file: ManifestFile) -> Manifest:
        """The manifest, when its signature, number, date and scope are right; then no older one ever is again."""
        held = verify(file.content, self._keys.trust)
        if held.scope != self._scope:
            raise PackRefused("scope")
        if held.generation < int(self._state.get(self._name("floor")) or 0):
            raise PackRefused("rolled_back")
        latest = self._check_expiry(utc_text(held.expires), issued=held.issued_at)
        self._keys.scope(held.scope_key_id)
        self._state.put({self._name("floor"): str(held.generation), _LATEST: latest})
        return held

    def _check_expiry(self, expires: str, *, issued: datetime | None = None) -> str:
        """The latest time believed in, when that is not past `expires`: a clock set back makes nothing younger.

        These texts compare as the times they name do.
        """
        times = [utc_text(self._now()), self._state.get(_LATEST) or "", utc_text(issued) if issued else ""]
        if max(times) > expires:
            raise PackRefused("expired")
        return max(times)

    def _install(self, held: Manifest, pointer: Pointer | None) -> Pointer:
        path = self._folder / file_name(self._scope, held.base)
        if pointer is not None and pointer.file == path.name:
            try:
                return self._fill(path, held)
            except StoreDamaged:
                self._forget_current()
                set_aside(path)
        return self._build(path, held)

    def _build(self, path: Path, held: Manifest) -> Pointer:
        """From the snapshot, going on where an earlier run was killed."""
        self._make_room(path, held)
        try:
            return self._fill(path, held)
        except StoreDamaged:
            logger.warning("generation_not_continued: %s is begun anew", path.name)
        except StoreFull:
            delete(path)  # receipts need the room more
            raise
        delete(path)
        return self._fill(path, held)

    def _make_room(self, path: Path, held: Manifest) -> None:
        held_now = self._state.current(self._scope)
        self._delete_others(path.name, *([held_now.file] if held_now else []))
        present = path.stat().st_size if path.exists() else 0
        try:
            check_room(self._folder, held, present=present)
        except NoRoom:
            for spared in (self._folder / QUARANTINE).glob("bills-*"):
                spared.unlink()
            check_room(self._folder, held, present=present)

    def _fill(self, path: Path, held: Manifest) -> Pointer:
        """Take what is missing of what a manifest lists."""
        filling = Filling(path, self._keys.store, scope=self._scope, base=held.base)
        try:
            taken, wanted = filling.taken(), _listed(held)
            if not taken <= {delta.object.sha256 for delta in wanted}:
                raise StoreDamaged  # the same base, and yet other objects: the publisher began anew
            done, of = filling.rows(), sum(delta.object.rows for delta in wanted)
            missing = [delta for delta in wanted if delta.object.sha256 not in taken]
            key = self._keys.scope(held.scope_key_id)
            for delta, octets in self._fetched(missing):
                item = delta.object
                raw = shards.decompress(key.open(octets), raw_bytes=item.raw)
                filling.take(shards.read(raw, rows=item.rows), item.sha256, segment=delta.seq, as_of=delta.as_of)
                done += item.rows
                self._progress(done, of)
            if filling.rows() != of:
                raise PackRefused("row_count")
            filling.finish()
            return Pointer(
                path.name, self._scope, held.generation, held.base, len(held.deltas), filling.accounts()
            )
        finally:
            filling.close()

    def _fetched(self, missing: Sequence[Delta]) -> Iterator[tuple[Delta, bytes]]:
        """Objects one after the other, the next on its way while one is taken."""
        with ThreadPoolExecutor(1, "fetch") as fetcher:
            coming: Future[bytes] | None = None
            for n, delta in enumerate(missing):
                octets = (coming or fetcher.submit(self._source.object, delta.object)).result()
                coming = None
                if n + 1 < len(missing):
                    coming = fetcher.submit(self._source.object, missing[n + 1].object)
                self.fetched += len(octets)
                yield delta, octets

    def _forget_current(self) -> None:
        self._state.put({current(self._scope): None, self._name("etag"): None})

    def _delete_others(self, *names: str) -> None:
        for path in files_of(self._folder, self._scope):
            if not path.name.startswith(names):
                path.unlink(missing_ok=True)

    def _name(self, what: str) -> str:
        return f"{what}:{self._scope}"


def _listed(held: Manifest) -> list[Delta]:
    """All objects in the order they are to be taken; those of the snapshot as delta 0."""
    return [*(Delta(0, held.as_of, item) for item in held.snapshot), *held.deltas]
