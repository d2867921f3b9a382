"""Issue day, the terminal's side: what is published, verified and taken into the store, whole or not at all.

A run asks for the manifest, believes it or not, and brings the generation on disk to what it lists: by the missing
deltas, or from the snapshot in a new file beside the old one. A run that was killed goes on where it was.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from kiosk import ballast
from kiosk.database import StoreDamaged, StoreFull
from kiosk.generations import QUARANTINE, SUFFIXES, Generations, set_aside
from kiosk.generations.filling import Filling
from kiosk.generations.pointer import CURRENT, STATE_FILE, Pointer, State
from kiosk.packs import shards
from kiosk.packs.envelope import Trust, utc_text
from kiosk.packs.manifest import Delta, Manifest, verify
from kiosk.packs.sealing import PackRefused, ScopeKey
from kiosk.sync.source import ManifestFile, ObjectMissing, PackSource
from kiosk.sync.space import NoRoom, check_room

logger = logging.getLogger(__name__)

_LOCK = "sync.lock"
_CHECKED = "checked"
_CHECK_FROM = 2
_RIYADH = timezone(timedelta(hours=3))
_LATEST = "latest"
"""The latest time this terminal has reason to believe in, as manifests write it."""

Progress = Callable[[int, int], None]
"""Told how many rows of how many are taken."""


class ScopeKeyWrong(Exception):
    """The scope is sealed under another key than this terminal has: a technician must bring the right one."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a terminal verifies and opens with, and what encrypts its own files."""

    trust: Trust
    scope: ScopeKey
    store: bytes


@dataclass(frozen=True, slots=True)
class Synced:
    """What a run came to: `bills` accounts have a document now; `bytes` were fetched. All 0: nothing is stored."""

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
    with _alone(folder):
        ballast.lay(folder)
        state = State(folder, keys.store)
        try:
            run = _Run(source, folder, scope, keys, state=state, now=now, progress=progress)
            pointer, changed = run.go(postpone)
        finally:
            state.close()
    return Synced(
        generation=pointer.generation if pointer else 0,
        bills=pointer.bills if pointer else 0,
        bytes=run.fetched,
        seconds=round(time.monotonic() - started, 3),
        changed=changed,
    )


def forget(folder: Path, store_key: bytes) -> int:
    """Delete all bills that were synced; says how many there were. The next run brings them again.

    What must not be forgotten stays: which manifests are too old, and the latest time believed in.

    Raises:
        StoreError: nothing was deleted.
    """
    with _alone(folder):
        if not (folder / STATE_FILE).exists():
            return 0
        state = State(folder, store_key)
        try:
            current = state.current()
            state.put({CURRENT: None})
        finally:
            state.close()
        for path in folder.glob("bills-*.db*"):
            path.unlink()
        for path in (folder / QUARANTINE).glob("bills-*"):
            path.unlink()
    return current.bills if current else 0


def check_nightly(folder: Path, store_key: bytes, now: datetime) -> tuple[str, ...]:
    """Read the whole generation once a night, from two o'clock on; what is damaged is set aside, and said.

    Raises:
        StoreError: it could not be read now.
    """
    night = now.astimezone(_RIYADH)
    with _alone(folder):
        state, generations = State(folder, store_key), Generations(folder, store_key)
        try:
            if night.hour < _CHECK_FROM or state.get(_CHECKED) == str(night.date()):
                return ()
            state.put({_CHECKED: str(night.date())})
            problems, current = generations.check(), state.current()
            if problems and current:
                state.put({CURRENT: None})
                set_aside(folder / current.file)
            return problems
        finally:
            generations.close()
            state.close()


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
                CURRENT: now_counts.text(),
                self._name("etag"): file.etag,
                self._name("expires"): utc_text(held.expires),
            }
        )
        self._delete_others(now_counts.file)
        return now_counts, now_counts != pointer

    def _usable(self) -> Pointer | None:
        """What counts now, if it is this scope's and its file is there."""
        pointer = self._state.current()
        if pointer is None:
            return None
        if not (self._folder / pointer.file).exists():
            self._forget_current()
            return None
        return pointer if pointer.scope == self._scope else None

    def _believed(self, file: ManifestFile) -> Manifest:
        """The manifest, when its signature, number, date and scope are right; then no older one ever is again."""
        held = verify(file.content, self._keys.trust)
        if held.scope != self._scope:
            raise PackRefused("scope")
        if held.generation < int(self._state.get(self._name("floor")) or 0):
            raise PackRefused("rolled_back")
        latest = self._check_expiry(utc_text(held.expires), issued=held.issued_at)
        if held.scope_key_id != self._keys.scope.id:
            raise ScopeKeyWrong
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
        path = self._folder / f"bills-{held.base}.db"
        if pointer is not None and pointer.file == path.name:
            try:
                return self._fill(path, held)
            except StoreDamaged:
                self._forget_current()
                set_aside(path)
        elif (current := self._state.current()) is not None and current.file == path.name:
            self._forget_current()  # another scope's, of the same moment
            delete(path)
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
        current = self._state.current()
        self._delete_others(path.name, *([current.file] if current else []))
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
            for delta, octets in self._fetched(missing):
                item = delta.object
                raw = shards.decompress(self._keys.scope.open(octets), raw_bytes=item.raw)
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
        self._state.put({CURRENT: None, self._name("etag"): None})

    def _delete_others(self, *names: str) -> None:
        for path in self._folder.glob("bills-*.db*"):
            if not path.name.startswith(names):
                path.unlink(missing_ok=True)

    def _name(self, what: str) -> str:
        return f"{what}:{self._scope}"


def delete(path: Path) -> None:
    """Delete a generation's file and all that belongs to it; readers that have it open keep what they opened."""
    for suffix in reversed(SUFFIXES):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _listed(held: Manifest) -> list[Delta]:
    """All objects in the order they are to be taken; those of the snapshot as delta 0."""
    return [*(Delta(0, held.as_of, item) for item in held.snapshot), *held.deltas]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One sync at a time; the kernel lets go of the lock for a killed one."""
    with (folder / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
