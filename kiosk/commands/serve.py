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
    )

    def announce(url: str, accounts: list[str]) -> None:
        if options.json:
            emit({"url": url, "accounts": accounts})
        else:
            tell(f"the bill service answers at {url}; accounts to try: {', '.join(accounts)}")

    serve(config, port=options.port, announce=announce)
    return Exit.DONE
