"""`python -m devices list|watch|simulate`: the devices by themselves, without the kiosk around them."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from devices import commands
from devices.card_reader import CardReaderError
from devices.settings import DeviceSettings, DeviceSettingsError

_SETTINGS_WRONG = 5
_DEVICE_FAILED = 6


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 2 usage, 5 settings wrong, 6 device failed."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(options)
    except KeyboardInterrupt:
        return 0
    except DeviceSettingsError as error:
        return _explain("settings", str(error), as_json=options.json, exit_code=_SETTINGS_WRONG)
    except CardReaderError as error:
        return _explain(f"reader_{error.health}", str(error), as_json=options.json, exit_code=_DEVICE_FAILED)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m devices", description="Readers by themselves.")
    words = parser.add_subparsers(dest="word", required=True, metavar="COMMAND")
    for name, text in (
        ("list", "what is configured, and which ports this machine has; opens none"),
        ("watch", "arm every card reader, and print one event a line of readers, power and switches"),
        ("simulate", "serve a simulated reader; says what it understands on `help`"),
    ):
        word = words.add_parser(name, help=text, description=text)
        word.add_argument("--json", action="store_true", help="JSON on stdout and nothing else there")
        if name != "simulate":
            word.add_argument("--settings", action="append", default=[], type=Path, metavar="FILE")
        if name == "watch":
            word.add_argument("--reveal", action="store_true", help="simulated devices only: the account too")
            word.add_argument("--timeout", type=float, metavar="S", help="stop after S seconds")
        if name == "simulate":
            word.add_argument("--codec", default="magtek")
            word.add_argument("--link", type=Path, metavar="PATH", help="where its pseudo-terminal shall be")
            word.add_argument("--port", type=int, metavar="P", help="a TCP port instead; 0: any")
    return parser


def _run(options: argparse.Namespace) -> None:
    match options.word:
        case "list":
            commands.list_devices(DeviceSettings.read(options.settings), as_json=options.json, say=_say)
        case "watch":
            settings = DeviceSettings.read(options.settings)
            if not (settings.card_reader or settings.ups or settings.switches):
                sentence = "the settings name no [[card_reader]], [ups] or [switches]: there is nothing to watch"
                raise DeviceSettingsError([sentence])
            commands.watch(
                settings, as_json=options.json, reveal=options.reveal, say=_say, timeout_s=options.timeout
            )
        case "simulate":
            commands.simulate(
                commands=sys.stdin,
                say=_say,
                codec=options.codec,
                link=options.link,
                port=options.port,
                as_json=options.json,
            )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _explain(code: str, message: str, *, as_json: bool, exit_code: int) -> int:
    if as_json:
        _say(json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False))
    sys.stderr.write(f"devices: {message}\n")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
