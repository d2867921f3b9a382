"""The readiness report: one page on every part, its last test, the versions, the data's age, certificates and clock.

The same report is on the technician's screen, on paper, in `ebill-kiosk check` and, signed, in a QR.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk import __version__, health
from kiosk.audit import Audit
from kiosk.database import StoreError
from kiosk.health import Finding, Verdict
from kiosk.settings import Mistake, Settings
from kiosk.store import store_key
from kiosk.technician.closure import closure
from kiosk.technician.counters import Counters
from kiosk.technician.identity import Identity, IdentityUnusable, certificate_end
from kiosk.technician.verdicts import LastTest, Verdicts

CERTIFICATE_SOON = timedelta(days=14)
"""A certificate that ends sooner is told of: it should have renewed itself two weeks ago."""

TEST_OLD = timedelta(days=365)
"""A self-test older than this says little."""

_RUNS_BACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DataAge:
    """Since when the newest stored bills are right; None where there are none. `generation` 0: never synced."""

    looked_up: datetime | None = None
    synced: datetime | None = None
    generation: int = 0

    @property
    def newest(self) -> datetime | None:
        """The later of the two."""
        return max((moment for moment in (self.looked_up, self.synced) if moment), default=None)


def report(
    settings: Settings,
    *,
    state: Path,
    now: datetime,
    asked: Iterable[Finding],
    data: DataAge,
    mistakes: Sequence[Mistake] = (),
) -> dict[str, Any]:
    """The report as JSON values: `kiosk.health.report` and more.

    Args:
        settings: in force.
        state: the state folder.
        now: the wall clock.
        asked: what the parts said: store, journal, service, printer, readers.
        data: how old the stored bills are.
        mistakes: why the settings in force are not the files' (`settings_files.Loaded`).
    """
    tests = Verdicts(state).all()
    audit = _audit(state)
    findings = [
        *health.machine(),
        *_settings(mistakes, settings),
        *health.terminal(state, app_link=settings.site.app_link, now=now),
        *_times(audit, now),
        *asked,
        *_certificates(settings, now),
        *_audit_findings(audit),
        *_tests(parts_of(settings), tests, now),
        *_closed(state),
    ]
    whole = health.report(findings, terminal=settings.site.terminal, now=now)
    return whole | {
        "tests": [test.as_dict() for test in tests.values()],
        "versions": _versions(),
        "data": _age(data, now),
        "certificates": [_certificate(name, path, now) for name, path in _files(settings)],
        "counters": asdict(Counters(state).totals()),
        "audit": audit.head if audit else "",
        "key": _fingerprint(state),
    }


def parts_of(settings: Settings) -> list[str]:
    """The parts that have a self-test on this terminal, as `Verdicts` names them."""
    readers = [f"card_reader {table.get('name') or 'card'}" for table in settings.card_reader]
    return [*(["printer"] if settings.printer else []), *readers, "network", "screen", "touch", "sound"]


def _settings(mistakes: Sequence[Mistake], settings: Settings) -> Iterator[Finding]:
    if mistakes:
        seen = f"the last good settings are in force; {len(mistakes)} mistakes, the first: {mistakes[0]}"
        yield Finding("settings", Verdict.WARNING, seen, "mend the file: ebill-kiosk settings check")
    else:
        yield Finding("settings", Verdict.OK, "every key is right")
    count = len(settings.technician)
    if count:
        yield Finding("technicians", Verdict.OK, f"{count} enrolled")
    else:
        yield Finding("technicians", Verdict.WARNING, "none: nobody can come in", "ebill-kiosk technician enrol")


def _times(audit: Audit | None, now: datetime) -> Iterator[Finding]:
    """Whether the clock runs back: nothing was written down in the future."""
    try:
        entries = audit.entries() if audit else []
    except OSError:
        return
    last = max((datetime.fromisoformat(entry.at) for entry in entries), default=None)
    if last is not None and last - now > _RUNS_BACK:
        seen = f"runs back: something was written down at {_text(last)}"
        yield Finding("clock order", Verdict.FAILED, seen, "set the clock; its battery may be empty")


def _certificates(settings: Settings, now: datetime) -> Iterator[Finding]:
    for name, path in _files(settings):
        try:
            until = certificate_end(Path(path).read_bytes())
        except (OSError, ValueError):
            yield Finding(f"certificate {name}", Verdict.FAILED, "cannot be read", "pair with the service again")
            continue
        seen = f"until {until.date().isoformat()}"
        if until <= now:
            yield Finding(f"certificate {name}", Verdict.FAILED, seen, "pair with the service again")
        elif until - now < CERTIFICATE_SOON:
            yield Finding(f"certificate {name}", Verdict.WARNING, seen, "ebill-kiosk pairing renew")
        else:
            yield Finding(f"certificate {name}", Verdict.OK, seen)


def _audit(state: Path) -> Audit | None:
    try:
        return Audit(state, store_key(state))
    except StoreError:
        return None


def _audit_findings(audit: Audit | None) -> Iterator[Finding]:
    try:
        verified = audit.verify() if audit else None
    except OSError as error:
        yield Finding("audit", Verdict.FAILED, error.strerror or "cannot be read", "look at the disk")
        return
    if verified is None:
        yield Finding("audit", Verdict.FAILED, "not tried: there is no key", "look at the disk")
    elif verified.problems:
        seen = f"{len(verified.problems)} problems, the first: {verified.problems[0]}"
        yield Finding("audit", Verdict.WARNING, seen, "tell operations: the log may have been tampered with")
    else:
        yield Finding("audit", Verdict.OK, f"{verified.entries} lines, whole")


def _tests(parts: Sequence[str], tests: dict[str, LastTest], now: datetime) -> Iterator[Finding]:
    for part in parts:
        held = tests.get(part)
        if held is None:
            yield Finding(f"self_test {part}", Verdict.WARNING, "never tested", "test it in maintenance")
            continue
        seen = " ".join(filter(None, (f"{held.at.date().isoformat()} by {held.by}:", held.code, held.seen)))
        if held.verdict is not Verdict.OK:
            yield Finding(f"self_test {part}", Verdict.WARNING, seen, "mend it and test it again")
        elif now - held.at > TEST_OLD:
            yield Finding(f"self_test {part}", Verdict.WARNING, seen, "test it again")
        else:
            yield Finding(f"self_test {part}", Verdict.OK, seen)


def _closed(state: Path) -> Iterator[Finding]:
    held = closure(state)
    if held:
        seen = f"{held.cause} since {held.since or 'unknown'} by {held.by}"
        yield Finding("out_of_service", Verdict.WARNING, seen, "open it in maintenance")


def _files(settings: Settings) -> list[tuple[str, str]]:
    gateway = settings.gateway
    named = (("authority", gateway.ca), ("terminal", gateway.client_certificate))
    return [(name, path) for name, path in named if path]


def _certificate(name: str, path: str, now: datetime) -> dict[str, Any]:
    try:
        until = certificate_end(Path(path).read_bytes())
    except (OSError, ValueError):
        return {"name": name, "until": None, "days": None}
    return {"name": name, "until": _text(until), "days": (until - now).days}


def _versions() -> dict[str, str]:
    return {"ebill-kiosk": __version__, "python": platform.python_version(), "kernel": platform.release()}


def _age(data: DataAge, now: datetime) -> dict[str, Any]:
    newest = data.newest
    return {
        "looked_up": _text(data.looked_up) if data.looked_up else None,
        "synced": _text(data.synced) if data.synced else None,
        "generation": data.generation,
        "age_s": max(0, round((now - newest).total_seconds())) if newest else None,
    }


def _fingerprint(state: Path) -> str:
    try:
        return Identity.open(state).fingerprint
    except IdentityUnusable:
        return ""


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
