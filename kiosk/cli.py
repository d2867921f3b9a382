"""The command line: which words there are. What they do is in `kiosk.commands`, imported when called."""

from __future__ import annotations

import argparse
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn, TypeAlias

from kiosk import __version__, log
from kiosk.cli_maintenance import add_words
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.database import StoreError

logger = logging.getLogger(__name__)

_COMMANDS = "kiosk.commands."

_LARGEST_MEASURE = 1e6
"""Eleven days in seconds, a kilometre in millimetres."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; failures are told on stderr, or as JSON with `--json`."""
    began_at = time.perf_counter()
    try:
        options = _parser().parse_args(arguments, argparse.Namespace(began_at=began_at))
        log.configure("WARNING" if options.quiet else "INFO")
        module, function = options.work.split(":")
        code = int(getattr(import_module(_COMMANDS + module), function)(options))
        if sys.stdout:  # None where it was closed before the start
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        _give_up_stdout()  # whoever read our output has gone; there is nobody to tell
        return Exit.DONE
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the edge of the process: a script gets its document whatever happens
        failure = _failure(error)
    _explain(failure, as_json="--json" in arguments)
    return failure.exit


def _failure(error: Exception) -> CommandError:
    """What `error` is to whoever called: theirs to mend, this machine's, or ours."""
    match error:
        case CommandError():
            return error
        case StoreError():
            sentence = f"the files of this terminal cannot be used: {error.code}"
            return CommandError("state_unusable", sentence, exit=Exit.MISSING_HERE)
        case OSError():
            what = f"{error.filename}: " if error.filename else ""
            return CommandError("io_failed", f"{what}{error.strerror or error}", exit=Exit.MISSING_HERE)
    logger.error("unexpected", exc_info=error)
    return CommandError("fault", "a fault of this program; the log above says where", exit=Exit.FAULT)


def _explain(error: CommandError, *, as_json: bool) -> None:
    tell(f"ebill-kiosk: {error}")
    if as_json:
        try:
            emit(error.document())
        except OSError:
            _give_up_stdout()  # full or closed: the exit code still says it


def _give_up_stdout() -> None:
    """Let what is still buffered go nowhere, or Python complains of it at the very end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _parser() -> _Parser:
    parser = _Parser(prog="ebill-kiosk", description="The self-service terminal for e-bills.")
    parser.add_argument("--version", action="version", version=f"ebill-kiosk {__version__}")
    words = parser.add_subparsers(required=True, metavar="COMMAND")
    _terminal_words(words)
    _bill_words(words)
    _issue_day_words(words)
    _device_words(words)
    _settings_words(words)
    add_words(words, _word)
    return parser


Words: TypeAlias = "argparse._SubParsersAction[_Parser]"


class _Parser(argparse.ArgumentParser):
    """Reports a wrong word the way every other failure is reported."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        raise CommandError("usage", log.mask(message), exit=Exit.USAGE)


def _number_from(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number from `least` to `most`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"not a whole number from {least} to {most}: {text}")
        return number

    return read


def _measure(text: str) -> float:
    """Reads an amount above zero, of seconds or millimetres."""
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not 0 < amount <= _LARGEST_MEASURE:
        raise argparse.ArgumentTypeError(f"not a number above 0 and up to {_LARGEST_MEASURE:.0f}: {text}")
    return amount


def _word(words: Words, name: str, *, work: str, help: str, quiet: bool = True) -> argparse.ArgumentParser:  # noqa: A002
    word = words.add_parser(name, help=help, description=help[:1].upper() + help[1:] + ".")
    word.set_defaults(work=work, quiet=quiet)
    word.add_argument("--json", action="store_true", help="print JSON on stdout and nothing else there")
    word.add_argument("--settings", action="append", default=[], type=Path, metavar="FILE", help="later files win")
    word.add_argument("--state", type=Path, metavar="DIR", help="the folder of this terminal's own files")
    return word


def _gateway(word: argparse.ArgumentParser) -> None:
    word.add_argument("--gateway", metavar="URL", help="the billing API, instead of the settings' one")


def _terminal_words(words: Words) -> None:
    demo = _word(words, "demo", work="play:demo", help="play a whole visit on a simulated terminal", quiet=True)
    demo.add_argument("--headless", action="store_true", help="scripted, without a display, leaving pictures")
    demo.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where pictures go (out)")
    demo.add_argument("--language", metavar="L", help="the language that greets (ar)")
    demo.add_argument(
        "--events", type=Path, metavar="FILE", help="write a JSON line per screen, for a robot finger"
    )
    run_word = _word(words, "run", work="play:run", help="run the terminal", quiet=False)
    _gateway(run_word)
    run_word.add_argument("--allow-simulated", action="store_true", help="accept simulated parts and demo keys")
    run_word.add_argument("--events", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    screens = _word(words, "screens", work="pictures:screens", help="draw every screen from built-in views")
    screens.add_argument("--out", type=Path, required=True, metavar="DIR")
    screens.add_argument("--language", action="append", metavar="L")
    screens.add_argument("--text-size", action="append", type=int, choices=range(1, 5))
    screens.add_argument("--theme", action="append", choices=("default", "high", "low", "dark"))
    screens.add_argument("--size", action="append", metavar="WxH", help="pixels (1080x1920)")
    screens.add_argument("--width-mm", type=_measure, help="panel width; else a 15.6-inch panel is assumed")
    screens.add_argument("--low", action="store_true", help="with everything to press within reach from a seat")
    screens.add_argument("--all", action="store_true", help="the variants of each screen too")
    service = _word(words, "service", work="serve:run", help="run the reference bill service alone")
    service.add_argument("task", nargs="?", choices=("certificates",), help="make certificates for development")
    service.add_argument("--out", type=Path, metavar="DIR", help="where `certificates` writes, or adds, its files")
    service.add_argument(
        "--terminal", action="append", default=[], metavar="NAME", help="one certificate for each"
    )
    service.add_argument("--port", type=_number_from(0, 65535), default=0)
    service.add_argument("--data", type=Path, metavar="DIR", help="keep its state there; without, nothing is kept")
    service.add_argument(
        "--database",
        metavar="URL",
        help="keep its state in a PostgreSQL (postgresql://...; its password: PGPASSWORD)",
    )
    service.add_argument("--workers", type=_number_from(1, 64), default=1, help="processes that answer (1)")
    service.add_argument("--host", default="127.0.0.1", help="the address it answers at (127.0.0.1)")
    service.add_argument(
        "--tls",
        type=Path,
        metavar="DIR",
        help="https with what `service certificates` left there; terminals need one",
    )
    service.add_argument("--publish", type=Path, metavar="DIR", help="serve what `publish` laid out there, too")
    service.add_argument("--list-received", action="store_true", help="let anybody read what came, below /demo")
    service.add_argument("--subscribers", type=int, default=9_000_000)
    service.add_argument("--seed", type=int, default=1)
    bench = _word(words, "bench", work="measure:bench", help="measure this machine, each figure beside another")
    bench.add_argument("name", nargs="?", help="one of them; all but visits and nine-million when left out")
    bench.add_argument("--bills", type=_number_from(1000, 30_000_000), help="for the last two, instead of theirs")
    bench.add_argument("--folder", type=Path, metavar="DIR", help="where those two work, and leave what they made")


def _bill_words(words: Words) -> None:
    bill = _word(words, "bill", work="bill:show", help="what the terminal would show for an account")
    bill.add_argument("account", help="the account number, or - to read it from stdin")
    bill.add_argument("--offline", action="store_true", help="only what is stored")
    _gateway(bill)
    receipt = _word(words, "receipt", work="paper:receipt", help="a bill file to ESC/POS bytes and a picture")
    _paper(receipt)
    receipt.add_argument("--out", required=True, metavar="R.bin")
    receipt.add_argument("--png", metavar="P.png")
    printing = _word(words, "print", work="paper:print_bill", help="print one receipt through the real session")
    _paper(printing)
    printing.add_argument("--printer", required=True, metavar="URL")
    printing.add_argument("--profile", help="the printer's profile; else the generic one of the paper")
    printing.add_argument("--timeout", type=_measure, default=60.0, metavar="S")
    tax = _word(words, "taxqr", work="tax:inspect", help="what a tax QR says and whether it holds")
    tax.add_argument("file", nargs="?", metavar="FILE.xml")
    tax.add_argument("--qr", metavar="TEXT")


def _issue_day_words(words: Words) -> None:
    publish = _word(words, "publish", work="issue_day:publish", help="lay out issue day for any static web server")
    publish.add_argument("bills", metavar="BILLS.ndjson|-", help="an ebill/1 a line")
    publish.add_argument("--out", required=True, type=Path, metavar="DIR", help="what a web server offers")
    publish.add_argument(
        "--key", required=True, type=Path, metavar="FILE", help="signs; FILE, FILE.pub and FILE.scope are made"
    )
    publish.add_argument("--scope", default="all", metavar="NAME")
    sync = _word(
        words, "sync", work="issue_day:sync", help="fill the store with all bills of a scope", quiet=False
    )
    _gateway(sync)
    sync.add_argument("--once", action="store_true", help="now, and end; else again and again")
    sync.add_argument("--trust", type=Path, metavar="FILE.pub", help="who may sign; else the settings' one")
    sync.add_argument("--scope-key", type=Path, metavar="FILE.scope", help="else the credential, or scope.key")
    sync.add_argument("--scope", metavar="NAME", help="else as store.scope and store.regions say")


def _paper(word: argparse.ArgumentParser) -> None:
    word.add_argument("bill", metavar="BILL.json")
    word.add_argument("--paper", choices=("80", "58"), default="80", help="paper width in mm")
    word.add_argument("--language", default="ar", metavar="L")
    word.add_argument("--encoder", choices=("raster", "lines", "hybrid"), default="lines")
    word.add_argument("--level", choices=("open", "default", "strict"), default="default")
    word.add_argument(
        "--copy", type=_number_from(1, 99), default=1, metavar="N", help="marked as a copy from 2 on"
    )
    word.add_argument(
        "--number", type=_number_from(0, 999_999_999), default=1, metavar="N", help="the receipt number"
    )
    word.add_argument("--terminal", default="T-0000", metavar="ID")
    word.add_argument("--now", metavar="ISO", help="the time of printing; else the bill's own issue time")


def _device_words(words: Words) -> None:
    devices = _word(words, "devices", work="parts:devices", help="printers, readers and what they say")
    devices.add_argument("action", choices=("list", "watch", "test", "simulate", "accept", "forget", "paper"))
    devices.add_argument(
        "id",
        nargs="?",
        metavar="ID",
        help="accept, forget: the keyboard, as `list` shows it; paper: new, after a change",
    )
    devices.add_argument(
        "--length-mm", type=_number_from(1000, 1_000_000), metavar="MM", help="paper new: how long the roll is"
    )
    devices.add_argument("--reveal", action="store_true", help="simulated devices only: print the account too")
    devices.add_argument("--timeout", type=_measure, metavar="S", help="stop watching after S seconds")
    devices.add_argument("--codec", default="magtek", help="simulate: what it speaks (magtek)")
    devices.add_argument("--link", type=Path, metavar="PATH", help="simulate: where its pseudo-terminal shall be")
    devices.add_argument(
        "--port", type=_number_from(0, 65535), metavar="P", help="simulate: a TCP port instead; 0: any free one"
    )


def _settings_words(words: Words) -> None:
    settings = words.add_parser("settings", help="what is set, and mistakes in it")
    actions = settings.add_subparsers(required=True, metavar="ACTION")
    _gateway(_word(actions, "show", work="configure:show", help="every setting in force"))
    _word(actions, "get", work="configure:get", help="one setting").add_argument("key", metavar="TABLE.KEY")
    put = _word(actions, "set", work="configure:put", help="set a key in the technician's layer")
    put.add_argument("key", metavar="TABLE.KEY", help="or printer[0].url")
    put.add_argument("value")
    _word(actions, "check", work="configure:check_files", help="name every mistake")
    _word(actions, "export", work="configure:export_file", help="a site file of all that is not the default")
    take = _word(actions, "import", work="configure:import_file", help="a file for the technician's layer")
    take.add_argument("file", metavar="FILE|-")
    store = words.add_parser("store", help="the bills kept for when the network is away")
    actions = store.add_subparsers(required=True, metavar="ACTION")
    for name, help_text in (
        ("info", "what is stored"),
        ("check", "whether it is whole"),
        ("purge", "delete what is too old; with --all, everything"),
    ):
        word = _word(actions, name, work=f"stored:{name}", help=help_text)
        if name == "purge":
            word.add_argument("--all", action="store_true")
    check = _word(words, "check", work="ready:check", help="is this terminal ready for subscribers")
    _gateway(check)
    check.add_argument("--print", action="store_true", help="on the receipt printer too")
    check.add_argument("--verify", metavar="TEXT|-", help="read a terminal's status QR instead, with --key")
    check.add_argument("--key", type=Path, metavar="FILE", help="the public key of the terminal that made it")
    _word(words, "doctor", work="ready:doctor", help="is this machine ready for the program")
