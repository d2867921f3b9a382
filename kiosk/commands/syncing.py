"""What `sync` needs of a terminal, and how what can go wrong is told."""

from __future__ import annotations

import os
import re
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kiosk.bootstrap import utc_now
from kiosk.commands.common import settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit
from kiosk.commands.progress import ProgressLine
from kiosk.database import StoreError, StoreFull
from kiosk.http import HttpSession
from kiosk.packs.envelope import Trust
from kiosk.packs.manifest import Manifest
from kiosk.packs.sealing import PackRefused, ScopeKey
from kiosk.settings import Settings
from kiosk.store import store_key
from kiosk.sync import Keys, ScopeKeyWrong, Synced, check_nightly, forget, keep_only, synchronise
from kiosk.sync.bulletin import Bulletin, SyncNews
from kiosk.sync.source import FolderSource, HttpSource, PackSource, SyncFault
from kiosk.sync.space import NoRoom

_SCOPE = re.compile("[a-z0-9][a-z0-9-]{0,39}")
_SCOPE_KEY = "scope.key"
_SCOPE_CREDENTIAL = "scope-key"


@dataclass(frozen=True, slots=True)
class SyncTerminal:
    """A terminal as sync sees it. `name` is what operations call it; `scopes` are what it keeps, in their order."""

    name: str
    state: Path
    scopes: tuple[str, ...]
    keys: Keys
    source: PackSource
    bulletin: Bulletin
    tell: Callable[[SyncNews], None]
    """Told how far it is, every few seconds."""

    def synced(self, scope: str, *, postpone: Callable[[Manifest], bool]) -> Synced:
        """Run once for a scope, showing progress on stderr, and in `sync.json` for a technician's screen.

        Raises:
            CommandError: with the exit code of what went wrong.
        """
        of = 1

        def show(done: int, rows: int) -> None:
            nonlocal of
            of = max(rows, 1)
            line(f"taking {scope}", done)
            news = self.bulletin.taking(scope, done, rows)
            if news:
                self.tell(news)

        line = ProgressLine("bills", share=lambda _, done: done / of)
        try:
            synced = synchronise(
                self.source,
                folder=self.state,
                scope=scope,
                keys=self.keys,
                now=utc_now,
                progress=show,
                postpone=postpone,
            )
        except (SyncFault, PackRefused, ScopeKeyWrong, NoRoom, StoreError) as error:
            told = _told(error)
            self.bulletin.failed(scope, told.code)
            raise told from error
        finally:
            line.close()
        self.bulletin.done(scope)
        return synced

    def checked(self) -> None:
        """Read all that is stored once a night; what is damaged is brought again by the next run.

        Raises:
            CommandError: it could not be read.
        """
        try:
            check_nightly(self.state, self.keys.store, utc_now())
        except StoreError as error:
            raise _told(error) from error

    def minimised(self) -> None:
        """Forget what was synced for scopes that are not this terminal's any more.

        Raises:
            CommandError: it could not be.
        """
        try:
            keep_only(self.state, self.scopes, self.keys.store)
        except StoreError as error:
            raise _told(error) from error


def terminal_of(options: Namespace) -> SyncTerminal | None:
    """The terminal of a command line; None: its settings want no bills but those looked up, and none are kept now.

    Raises:
        CommandError: the settings or the named files cannot be used.
    """
    state = state_folder(options)
    folder = _folder(options.gateway)
    if folder is not None:
        options.gateway = None
    settings = settings_of(options, state=state)
    scopes = _scopes(options, settings)
    if not scopes:
        forget(state, store_key(state))
        if settings.store.scope == "none":
            raise _unset("store.scope is none: nothing may be kept here")
        return None
    keys = keys_of(settings, state=state, trust=options.trust, scope_key=options.scope_key)
    source = FolderSource(folder) if folder else _server(settings)
    tell = _emitted if options.json and not options.once else _untold
    return SyncTerminal(settings.site.terminal, state, scopes, keys, source, Bulletin(state, utc_now), tell)


def keys_of(settings: Settings, *, state: Path, trust: Path | None = None, scope_key: Path | None = None) -> Keys:
    """What packs are verified and opened with here; `trust` and `scope_key` name files instead of the terminal's.

    Raises:
        CommandError: there are none, or they cannot be used.
    """
    try:
        return Keys(_trust(trust, settings), _scope_keys(scope_key, state), store_key(state))
    except StoreError as error:
        raise _told(error) from error


def _scopes(options: Namespace, settings: Settings) -> tuple[str, ...]:
    """What is to be kept: as the command says, else the settings.

    Where they want looked-up bills only, a run by hand, once or with keys of its own, takes all the same.
    """
    if settings.store.scope == "none":
        return ()
    if options.scope:
        check_scope(options.scope)
        return (options.scope,)
    match settings.store.scope:
        case "regions":
            return settings.store.regions
        case "seen" if not (options.once or options.trust or options.scope_key):
            return ()
    return ("all",)


def _emitted(news: SyncNews) -> None:
    emit({"progress": asdict(news)})


def _untold(_news: SyncNews) -> None:
    """A run by hand prints one document, at its end."""


def check_scope(name: str) -> None:
    """Return when a name may be a scope's; raise `CommandError` otherwise."""
    if not _SCOPE.fullmatch(name):
        raise CommandError("scope", "a scope is named by 1 to 40 of a-z 0-9 -", exit=Exit.USAGE)


def _folder(gateway: str | None) -> Path | None:
    """The folder that a `file:` address names; None for any other address."""
    if gateway is None or not gateway.startswith("file:"):
        return None
    return Path(unquote(urlsplit(gateway).path))


def _server(settings: Settings) -> HttpSource:
    gateway = settings.gateway
    if not gateway.url:
        raise _unset("gateway.url is not set, and no --gateway is given")
    ca = Path(gateway.ca) if gateway.ca else None
    client_cert = Path(gateway.client_certificate) if gateway.client_certificate else None
    try:
        return HttpSource(HttpSession(gateway.url, ca=ca, client_cert=client_cert))
    except (ValueError, OSError) as error:
        raise _unset(f"gateway: {error}") from error


def _trust(given: Path | None, settings: Settings) -> Trust:
    if given is None and not settings.gateway.trust:
        raise _unset("gateway.trust is not set, and no --trust is given: nobody is believed")
    path = given or Path(settings.gateway.trust)
    try:
        return Trust.parse(_read(path, given is not None))
    except ValueError as error:
        raise _malformed(f"{path} holds no Ed25519 public key in PEM", given is not None) from error


def _scope_keys(given: Path | None, state: Path) -> tuple[ScopeKey, ...]:
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    kept = [Path(credentials, _SCOPE_CREDENTIAL)] if credentials else []
    path = given or next((path for path in (*kept, state / _SCOPE_KEY) if path.exists()), None)
    if path is None:
        raise _unset(
            "no --scope-key is given, and neither a credential scope-key nor scope.key in the state folder"
        )
    try:
        return ScopeKey.parse_all(_read(path, given is not None))
    except ValueError as error:
        sentence = f"{path} holds no scope key (64 hexadecimal digits; several, one a line)"
        raise _malformed(sentence, given is not None) from error


def _read(path: Path, given: bool) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _malformed(f"{path} cannot be read: {error.strerror}", given) from error


def _malformed(sentence: str, given: bool) -> CommandError:
    """A file the caller named is wrong usage; one of the terminal's own is a wrong setting."""
    return CommandError("key_file", sentence, exit=Exit.USAGE if given else Exit.SETTINGS_WRONG)


def _unset(sentence: str) -> CommandError:
    return CommandError("settings_wrong", sentence, exit=Exit.SETTINGS_WRONG)


def _told(error: Exception) -> CommandError:
    match error:
        case SyncFault(code=code, retry_after_s=retry_after_s):
            facts = {"retry_after_s": retry_after_s} if retry_after_s else {}
            sentence = f"nothing usable could be fetched ({code})"
            return CommandError(code, sentence, exit=Exit.NOTHING_TO_SHOW, **facts)
        case PackRefused(code=code):
            return CommandError(code, f"what is published was refused ({code})", exit=Exit.CHECK_FAILED)
        case ScopeKeyWrong():
            sentence = "the scope is sealed under another key than this terminal has"
            return CommandError("scope_key_wrong", sentence, exit=Exit.SETTINGS_WRONG)
        case NoRoom(needed_mb=needed):
            return CommandError("no_room", f"the disk needs {needed} MB more", exit=Exit.MISSING_HERE)
        case StoreFull():
            return CommandError("no_room", "the disk is full", exit=Exit.MISSING_HERE)
        case StoreError(code=code):
            return CommandError(code, f"the store cannot be written ({code})", exit=Exit.MISSING_HERE)
    raise error
