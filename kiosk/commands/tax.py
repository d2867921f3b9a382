"""`taxqr`: what a tax QR or a biller's XML invoice says, and whether it holds."""

from __future__ import annotations

from argparse import Namespace

from kiosk.commands.common import read_file
from kiosk.commands.outcome import CommandError, Exit, emit
from kiosk.taxqr import TaxQrInvalid, report, report_xml

_LARGEST_INVOICE = 10 << 20


def inspect(options: Namespace) -> Exit:
    """Decode and verify; exit 1 when a check failed."""
    if (options.file is None) == (options.qr is None):
        raise CommandError("usage", "give an XML file or --qr TEXT, one of them", exit=Exit.USAGE)
    try:
        found = report(options.qr) if options.qr is not None else report_xml(_file(options.file))
    except TaxQrInvalid as error:
        raise CommandError("not_a_tax_qr", str(error), exit=Exit.USAGE) from error
    emit(found, indent=None if options.json else 1)
    return Exit.DONE if found["holds"] else Exit.CHECK_FAILED


def _file(name: str) -> bytes:
    data = read_file(name, most=_LARGEST_INVOICE)
    if len(data) > _LARGEST_INVOICE:
        raise CommandError("not_a_tax_qr", f"the file is over {_LARGEST_INVOICE >> 20} MB", exit=Exit.USAGE)
    return data
