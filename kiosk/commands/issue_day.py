"""`publish` and `sync`: issue day at the utility, and at a terminal."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from kiosk.bootstrap import utc_now
from kiosk.commands import syncing
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.commands.progress import ProgressLine
from kiosk.commands.syncing import SyncTerminal
from kiosk.packs.sealing import PackRefused
from kiosk.publish import Keys, KeyUnusable, Published
from kiosk.publish import publish as publish_bills
from kiosk.sync import Synced
from kiosk.sync.priority import be_nice, step_back
from kiosk.sync.rhythm import Rhythm

_MOST_TOLD = 1000
"""Rejected lines told one by one."""

_NICENESS_BY_HAND = 5
"""The screen comes first, but somebody waits."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def publish(options: Namespace) -> Exit:
    """Publish the bills of a file or of stdin; lines that are none are told on stderr and left out."""
    syncing.check_scope(options.scope)
    try:
        keys = Keys.open(options.key)
    except KeyUnusable as error:
        raise CommandError("key_unusable", str(error), exit=Exit.USAGE) from error
    told = _Rejections()
    with _bills(options.bills) as source, _refusals():
        progress = ProgressLine("rows", share=_share_of(source))
        try:
            published = publish_bills(
                source,
                folder=options.out,
                scope=options.scope,
                keys=keys,
                now=utc_now(),
                progress=progress,
                reject=told,
            )
        finally:
            progress.close()
    told.close(published.rejected)
    _report(published, as_json=options.json)
    return Exit.DONE


def sync(options: Namespace) -> Exit:
    """Fill the store from what is published: now, or again and again at low priority until SIGTERM."""
    terminal = syncing.terminal_of(options)
    if terminal is None:
        tell("store.scope is seen: looked-up bills are kept, there is nothing to sync")
        return Exit.DONE
    terminal.minimised()
    if options.once:
        return _sync_once(terminal, as_json=options.json)
    step_back()
    rhythms = {scope: Rhythm(terminal.name) for scope in terminal.scopes}
    waits = dict.fromkeys(terminal.scopes, 0.0)
    while True:
        pause = min(waits.values())
        if pause:
            time.sleep(pause)
        # A region that was sent away for an hour is left alone for it, however often the others are asked.
        for scope, left in waits.items():
            waits[scope] = left - pause if left > pause else _sync_next(terminal, scope, rhythms[scope], options)


def _sync_once(terminal: SyncTerminal, *, as_json: bool) -> Exit:
    """Every scope once, also after one that failed; then the first failure is told."""
    be_nice(_NICENESS_BY_HAND)
    failures = []
    for scope in terminal.scopes:
        try:
            _report_sync(terminal.synced(scope, postpone=lambda held: False), as_json=as_json)
        except CommandError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return Exit.DONE


def _sync_next(terminal: SyncTerminal, scope: str, rhythm: Rhythm, options: Namespace) -> float:
    """One run of the endless ones; says how many seconds to wait after it."""
    try:
        terminal.checked()
        done = terminal.synced(scope, postpone=lambda held: rhythm.postpones(held, utc_now()))
    except CommandError as error:
        if options.json:
            emit(error.document())
        tell(f"sync of {scope}: {error}")
        return rhythm.after_failure(error.facts.get("retry_after_s"))
    if done.changed:
        _report_sync(done, as_json=options.json)
    return rhythm.after_success()


def _report_sync(synced: Synced, *, as_json: bool) -> None:
    if as_json:
        emit(asdict(synced))
    else:
        news = f"{synced.bytes} bytes in {synced.seconds} s" if synced.changed else "nothing new"
        tell(f"{synced.scope}: generation {synced.generation}: {synced.bills} bills; {news}")


def _report(published: Published, *, as_json: bool) -> None:
    if as_json:
        emit(asdict(published))
    else:
        tell(
            f"{published.kind} {published.generation}: {published.bills} bills, {published.rejected} lines left"
            f" out, {published.objects} new objects of {published.bytes} bytes in {published.seconds} s"
        )


class _Rejections:
    """Tells rejected lines, up to a number."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, line: int, problem: str) -> None:
        self._count += 1
        if self._count <= _MOST_TOLD:
            tell(f"line {line} left out: {problem}")

    def close(self, rejected: int) -> None:
        if rejected > min(self._count, _MOST_TOLD):
            tell(f"{rejected - min(self._count, _MOST_TOLD)} more lines left out")


@contextmanager
def _bills(name: str) -> Iterator[IO[bytes]]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        source = Path(name).open("rb")  # noqa: SIM115 - the errors of opening and of publishing are told apart
    except OSError as error:
        raise CommandError("not_read", f"cannot read {name}: {error.strerror}", exit=Exit.USAGE) from error
    with source:
        yield source


def _share_of(source: IO[bytes]) -> Callable[[str, int], float | None]:
    """How much of a file is read; None for stdin, and for rows, which are not counted before they are written."""
    found = os.fstat(source.fileno())
    size = found.st_size if stat.S_ISREG(found.st_mode) else 0
    return lambda what, _: source.tell() / size if size and what == "reading" else None


@contextmanager
def _refusals() -> Iterator[None]:
    """What can be wrong with the folder, as a command says it."""
    try:
        yield
    except PackRefused as error:
        sentence = f"what is published there is damaged, or was published with other keys ({error.code})"
        raise CommandError(error.code, sentence, exit=Exit.CHECK_FAILED) from error
    except BrokenProcessPool as error:
        sentence = "a process was killed, for lack of memory perhaps; the same command goes on where it was"
        raise CommandError("process_killed", sentence, exit=Exit.MISSING_HERE) from error
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise CommandError("no_room", "the disk is full", exit=Exit.MISSING_HERE) from error
        raise CommandError("not_written", f"cannot write there: {error.strerror}", exit=Exit.USAGE) from error
