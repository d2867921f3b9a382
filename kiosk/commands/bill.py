"""`bill`: what the terminal would show for an account, without its screen."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import UTC, datetime

from kiosk.bootstrap import open_bills
from kiosk.commands.common import settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit
from kiosk.ebill import write
from kiosk.gateway import AccountNotFound, GatewayError
from kiosk.model import AccountNumber, AccountNumberError, CurrentBill

_LONGEST_LINE = 1000


def show(options: Namespace) -> Exit:
    """Look the account up as the terminal does: refreshed unless `--offline`, else as stored."""
    account = _account(options.account)
    state = state_folder(options)
    bills = open_bills(settings_of(options, state=state), state=state)
    stored = bills.stored(account)
    if options.offline:
        current = stored or _nothing("not_stored", "nothing is stored for this account")
    else:
        try:
            current = bills.refresh(account)
        except AccountNotFound as error:
            raise CommandError("no_such_account", "no such account", exit=Exit.NO_SUCH_ACCOUNT) from error
        except GatewayError as error:
            current = stored or _nothing(error.code, f"the bill service did not help ({error.code})")
    document = as_document(current, now=datetime.now(UTC))
    emit(document, indent=None if options.json else 1)
    return Exit.DONE


def as_document(current: CurrentBill, *, now: datetime) -> dict[str, object]:
    """A shown bill as JSON values: the `ebill/1` document, since when, where from, how old in seconds."""
    return {
        "bill": write(current.bill),
        "as_of": current.as_of.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "source": current.source.value,
        "age_s": max(0, int((now - current.as_of).total_seconds())),
    }


def _account(text: str) -> AccountNumber:
    try:
        return AccountNumber.parse(_first_line() if text == "-" else text)
    except AccountNumberError as error:
        problem = error.problem.replace("_", " ")
        raise CommandError("malformed_account", f"not an account number: {problem}", exit=Exit.USAGE) from error


def _first_line() -> str:
    """The first line of stdin, or as much of it as could be an account number; empty when stdin is closed."""
    return sys.stdin.readline(_LONGEST_LINE).strip() if sys.stdin else ""


def _nothing(code: str, sentence: str) -> CurrentBill:
    raise CommandError(code, f"nothing to show: {sentence}", exit=Exit.NOTHING_TO_SHOW)
