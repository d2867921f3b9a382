"""`taxqr`: what a tax QR or a biller's XML invoice says, and whether it holds."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from kiosk.commands.outcome import CommandError, Exit, emit
from kiosk.taxqr import TaxQrInvalid, report, report_xml


def inspect(options: Namespace) -> Exit:
    """Decode and verify; exit 1 when a check failed."""
    try:
        found = report(options.qr) if options.qr is not None else report_xml(_file(options.file))
    except TaxQrInvalid as error:
        raise CommandError("not_a_tax_qr", str(error), exit=Exit.USAGE) from error
    emit(found, indent=None if options.json else 1)
    return Exit.DONE if found["holds"] else Exit.CHECK_FAILED


def _file(name: str | None) -> bytes:
    if name is None:
        raise CommandError("usage", "give an XML file or --qr TEXT", exit=Exit.USAGE)
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError("not_read", f"cannot read {name}: {error.strerror}", exit=Exit.USAGE) from error
