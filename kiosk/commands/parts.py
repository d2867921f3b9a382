"""`devices`: what is configured and plugged in, what it says, and whether the printer prints."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from dataclasses import asdict

from devices import commands
from devices.accepted import KeyboardNotThere, keyboard_id
from devices.card_reader import CardReaderError
from devices.keyboards import keyboards
from devices.settings import DeviceSettings
from kiosk.commands.common import settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.sensing import accepted_keyboards
from kiosk.settings import Settings


def devices(options: Namespace) -> Exit:
    """List, watch, test or simulate."""
    try:
        match options.action:
            case "list":
                accepted = accepted_keyboards(state_folder(options)).all()
                commands.list_devices(
                    _settings(options), as_json=options.json, say=_say, accepted=accepted, paper=_paper(options)
                )
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
                commands.simulate(
                    commands=sys.stdin,
                    say=_say,
                    codec=options.codec,
                    link=options.link,
                    port=options.port,
                    as_json=options.json,
                )
            case "accept" | "forget":
                _decide(options)
            case "paper":
                _tell_paper(options)
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
            "keyboard": list(settings.keyboard),
            "ups": settings.ups,
            "switches": settings.switches,
        }
    )


def _decide(options: Namespace) -> None:
    """Accept a keyboard, or forget it."""
    ports, kept = keyboards(), accepted_keyboards(state_folder(options))
    accepts = options.action == "accept"
    try:
        entry = kept.accept(options.id, ports=ports) if accepts else kept.forget(options.id)
    except KeyboardNotThere as error:
        there = sorted({keyboard_id(port) for port in ports} if accepts else {entry.id for entry in kept.all()})
        known = f"there are {', '.join(there)}" if there else "there is none"
        what = "keyboard" if accepts else "accepted keyboard"
        raise CommandError("no_such_keyboard", f"no {what} {options.id}; {known}", exit=Exit.USAGE) from error
    if options.json:
        emit(asdict(entry) | {"accepted": accepts})
    else:
        tell(f"{entry.id} ({entry.description}) {'counts from now on' if accepts else 'is kept silent again'}")


def _paper(options: Namespace, *, is_new: bool = False) -> dict[str, object] | None:
    """The paper account of the printer, begun anew if `is_new`; None without a printer."""
    from kiosk.bootstrap import open_journal
    from kiosk.paper import open_book

    state = state_folder(options)
    tables = settings_of(options, state=state).printer
    if not tables:
        return None
    journal = open_journal(state)
    try:
        book = open_book(tables, journal=journal)
        if is_new:
            book.new_roll(options.length_mm)
        return book.forecast().facts()
    finally:
        journal.close()


def _tell_paper(options: Namespace) -> None:
    if options.id not in (None, "new"):
        raise CommandError("usage", "devices paper, or devices paper new", exit=Exit.USAGE)
    facts = _paper(options, is_new=options.id == "new")
    if facts is None:
        raise CommandError("no_printer", "no printer is set", exit=Exit.DEVICE_FAILED)
    if options.json:
        emit(facts)
    else:
        tell("\n".join(f"{key}: {value}" for key, value in facts.items()))


def _settings(options: Namespace) -> DeviceSettings:
    return device_settings(settings_of(options, state=state_folder(options)))


def _say(line: str) -> None:
    print(line, flush=True)
