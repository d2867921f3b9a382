"""`devices`: what is configured and plugged in, what it says, and whether the printer prints."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace

from devices import commands
from devices.card_reader import CardReaderError
from devices.settings import DeviceSettings
from kiosk.commands.common import settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit
from kiosk.settings import Settings


def devices(options: Namespace) -> Exit:
    """List, watch, test or simulate."""
    try:
        match options.action:
            case "list":
                commands.list_devices(_settings(options), as_json=options.json, say=_say)
            case "watch":
                with contextlib.suppress(KeyboardInterrupt):
                    commands.watch(
                        _settings(options),
                        as_json=options.json,
                        reveal=options.reveal,
                        say=_say,
                        timeout_s=options.timeout,
                    )
            case "simulate":
                commands.simulate(commands=sys.stdin, say=_say, as_json=options.json)
            case "test":
                from kiosk.commands.paper import test_printer

                return test_printer(options)
    except CardReaderError as error:
        raise CommandError("card_reader", str(error), exit=Exit.DEVICE_FAILED) from error
    return Exit.DONE


def device_settings(settings: Settings) -> DeviceSettings:
    """The device tables of the settings, as the devices want them."""
    return DeviceSettings.model_validate(
        {
            "printer": list(settings.printer),
            "card_reader": list(settings.card_reader),
            "card_map": list(settings.card_map),
        }
    )


def _settings(options: Namespace) -> DeviceSettings:
    return device_settings(settings_of(options, state=state_folder(options)))


def _say(line: str) -> None:
    print(line, flush=True)
