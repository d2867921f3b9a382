"""`service`: the reference bill service alone, in the foreground."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.service import ServiceConfig
from kiosk.service.server import serve


def run(options: Namespace) -> Exit:
    """Serve until SIGTERM; says where, and which accounts to try, once it answers."""
    if options.database:
        raise CommandError("no_database", "this service keeps its state in --data DIR only", exit=Exit.USAGE)
    config = ServiceConfig(
        seed=options.seed,
        subscribers=options.subscribers,
        data=Path(options.data) if options.data else None,
        published=options.publish,
        lists_received=options.list_received,
    )

    def announce(url: str, accounts: list[str]) -> None:
        if options.json:
            emit({"url": url, "accounts": accounts})
        else:
            tell(f"the bill service answers at {url}; accounts to try: {', '.join(accounts)}")

    from sqlcipher3.dbapi2 import Error as DatabaseError

    try:
        serve(config, port=options.port, announce=announce)
    except (OSError, ValueError, DatabaseError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise CommandError("not_started", f"the bill service cannot start: {why}", exit=Exit.USAGE) from error
    return Exit.DONE
