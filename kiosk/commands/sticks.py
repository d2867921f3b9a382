"""`bundle`: what operations send on a stick, made, looked at and taken."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from kiosk.audit import Audit
from kiosk.bootstrap import utc_now
from kiosk.commands.common import mistakes_of, settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.settings import Settings, SettingsError
from kiosk.settings_fleet import FleetRefused
from kiosk.store import store_key
from kiosk.sync import Keys
from kiosk.technician.bundle import Bundle, BundleRefused, check, make, read, signed_settings
from kiosk.technician.bundle.applying import Place, apply, last_serial, trusted


def build(options: Namespace) -> Exit:
    """Make a bundle; for operations."""
    import tomllib

    from kiosk.publish.keys import Keys as SigningKeys
    from kiosk.publish.keys import KeyUnusable

    now = utc_now()
    expires = now + timedelta(days=options.days)
    try:
        key = SigningKeys.open(options.key).signer
        members: dict[str, bytes | Path] = {}
        if options.put_settings:
            tables = tomllib.loads(options.put_settings.read_text("utf-8"))
            members["settings.json"] = signed_settings(tables, key=key, now=now, expires=expires)
        for path in options.sentences:
            members[f"catalogues/{path.name}"] = path
        if options.bills:
            files = (path for path in (options.bills / "v1").rglob("*") if path.is_file())
            members |= {f"packs/{path.relative_to(options.bills).as_posix()}": path for path in files}
        made = make(
            options.out,
            members,
            key=key,
            serial=options.serial,
            issued_at=now,
            expires=expires,
            terminal=options.terminal or "",
            place=options.place or "",
            unlocks=options.unlock,
        )
    except (KeyUnusable, ValueError, OSError) as error:
        raise CommandError("not_made", f"no bundle was made: {error}", exit=Exit.USAGE) from error
    return _told(options, made)


def show(options: Namespace) -> Exit:
    """What a bundle holds, when it may be believed here."""
    state = state_folder(options)
    settings = settings_of(options, state=state)
    return _told(options, _read(options.file, settings, state))


def take(options: Namespace) -> Exit:
    """Take a bundle: it counts from now on, its settings from the next start."""
    state = state_folder(options)
    settings = settings_of(options, state=state)
    bundle = _read(options.file, settings, state)
    place = Place(
        settings, state, Audit(state, store_key(state)), options.settings, _packs(settings, state, bundle)
    )
    try:
        applied = apply(bundle, place, by="operations", now=utc_now())
    except BundleRefused as refused:
        raise _refusal(refused) from refused
    except FleetRefused as refused:
        sentence = f"its settings may not be used: it {refused}"
        raise CommandError(refused.code, sentence, exit=Exit.CHECK_FAILED) from refused
    except SettingsError as error:
        raise CommandError(
            "settings_wrong", str(error), exit=Exit.SETTINGS_WRONG, mistakes=mistakes_of(error)
        ) from error
    if options.json:
        emit(asdict(applied))
    else:
        tell(f"taken: {asdict(applied)}")
    return Exit.DONE


def _packs(settings: Settings, state: Path, bundle: Bundle) -> Keys | None:
    """What the bundle's bills are verified and opened with; None where it has none."""
    from kiosk.commands.syncing import keys_of

    return keys_of(settings, state=state) if bundle.scopes else None


def _read(path: Path, settings: Settings, state: Path) -> Bundle:
    try:
        bundle = read(path, trusted(settings))
        site = settings.site
        check(bundle, terminal=site.terminal, place=site.place, now=utc_now(), last_serial=last_serial(state))
    except BundleRefused as refused:
        raise _refusal(refused) from refused
    return bundle


def _refusal(refused: BundleRefused) -> CommandError:
    return CommandError(refused.code, f"the bundle is refused ({refused.code})", exit=Exit.CHECK_FAILED)


def _told(options: Namespace, bundle: Bundle) -> Exit:
    facts = {
        "serial": bundle.serial,
        "for": bundle.terminal or bundle.place,
        "expires": bundle.expires,
        "unlocks": bundle.unlocks,
        "members": len(bundle.members),
        "bytes": sum(member.bytes for member in bundle.members),
        "scopes": bundle.scopes,
    }
    if options.json:
        emit(facts)
    else:
        tell("\n".join(f"{name}: {value}" for name, value in facts.items()))
    return Exit.DONE
