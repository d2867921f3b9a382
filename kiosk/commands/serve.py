"""`service`: the reference bill service alone, in the foreground."""

from __future__ import annotations

from argparse import Namespace
from functools import partial

from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.service import ServiceConfig
from kiosk.service.certificates import Tls
from kiosk.service.server import serve


def run(options: Namespace) -> Exit:
    """Serve until SIGTERM; says where, and which accounts to try, once it answers. Or make certificates."""
    if options.task == "certificates":
        return _certificates(options)
    if options.database and not options.database.startswith(("postgresql://", "postgres://")):
        raise CommandError("no_database", "--database takes the address of a PostgreSQL only", exit=Exit.USAGE)
    config = ServiceConfig(
        seed=options.seed,
        subscribers=options.subscribers,
        data=options.data,
        database=options.database,
        published=options.publish,
        lists_received=options.list_received,
    )
    start = serve
    if options.workers > 1:
        from kiosk.service.workers import serve_with_workers

        start = partial(serve_with_workers, workers=options.workers)
    tls = Tls.of(options.tls) if options.tls else None
    from kiosk.service.storage import DatabaseAway

    try:
        start(config, host=options.host, port=options.port, tls=tls, announce=partial(_announce, options.json))
    except ModuleNotFoundError as error:
        message = f"the package {error.name} is missing: pip install 'ebill-kiosk[service]'"
        raise CommandError("not_installed", message, exit=Exit.MISSING_HERE) from error
    except (OSError, ValueError, RuntimeError, DatabaseAway) as error:
        raise CommandError(
            "not_started", f"the bill service cannot start: {_why(error)}", exit=Exit.USAGE
        ) from error
    return Exit.DONE


def _certificates(options: Namespace) -> Exit:
    from kiosk.service.certificates import make

    if not options.out:
        raise CommandError("no_folder", "`service certificates` needs --out DIR", exit=Exit.USAGE)
    try:
        made = make(options.out, hosts=[options.host, "localhost"], terminals=options.terminal)
    except (OSError, ValueError) as error:
        raise CommandError("not_made", f"no certificates: {_why(error)}", exit=Exit.USAGE) from error
    if options.json:
        emit({"files": [str(path) for path in made]})
    else:
        tell("\n".join(str(path) for path in made))
    return Exit.DONE


def _announce(as_json: bool, url: str, accounts: list[str]) -> None:
    if as_json:
        emit({"url": url, "accounts": accounts})
    else:
        tell(f"the bill service answers at {url}; accounts to try: {', '.join(accounts)}")


def _why(error: Exception) -> str:
    from kiosk.service.storage import DatabaseAway

    if isinstance(error, DatabaseAway):
        return f"the database does not answer ({error})"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
