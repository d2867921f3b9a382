"""`run` and `demo`: the terminal itself, and the terminal with everything around it simulated."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

from kiosk import bootstrap, log
from kiosk.commands.common import known_language, made_folder, settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.i18n import CORRECTIONS
from kiosk.settings import Settings
from kiosk.settings_files import Loaded, load_or_last_good
from kiosk.technician.caretaker import Upkeep
from kiosk.technician.closure import closed_because
from kiosk.technician.counters import Counters
from kiosk.terminal import Terminal, open_terminal
from kiosk.visit import Visit
from kiosk.visit.states import State

if TYPE_CHECKING:
    from kiosk.demo.stand import Stand

logger = logging.getLogger(__name__)

T = TypeVar("T")

_SHUT_DOWN_S = 30.0
_LONGEST_S = 120.0
"""After this time a scripted demo has got stuck."""


def run(options: Namespace) -> Exit:
    """Run the terminal until SIGTERM."""
    state = state_folder(options)
    _refuse_decommissioned(state)
    loaded = _loaded(options, state)
    settings = loaded.settings
    _refuse_simulated(settings, allowed=options.allow_simulated)
    events = _events(options)
    alone = _alone(state)
    terminal = in_window(
        lambda: open_terminal(
            settings,
            size=(1080, 1920),
            width_mm=settings.screen.width_mm,
            fullscreen=_has_display(),
            corrections=state / CORRECTIONS,
        )
    )
    with ExitStack() as stack:
        stack.enter_context(alone)
        if events:
            terminal.on_visit = _telling(stack.enter_context(events), terminal)
        stack.callback(terminal.close)
        _watch(terminal, stack)
        _look_after(terminal, loaded, state, stack, options.settings)
        # On a work bench the keyboards are those of whoever works there.
        silences = not options.allow_simulated

        def opening() -> bootstrap.Parts:
            log.keep(state)  # here, because the first frame waits for no file
            return bootstrap.open_parts(settings, state=state, silences_keyboards=silences)

        terminal.open(opening)
        terminal.app.run()
    if terminal.gave_up:
        return Exit.MISSING_HERE
    return _shut_down(settings) if terminal.battery_empty else Exit.DONE


def _refuse_decommissioned(state: Path) -> None:
    """A terminal that was taken out of use makes no new keys; what was interrupted of its end is finished."""
    from kiosk.technician.decommission import finish, is_decommissioned

    if is_decommissioned(state):
        finish(state)
        sentence = "this terminal was taken out of use; `ebill-kiosk decommission --again` begins anew"
        raise CommandError("decommissioned", sentence, exit=Exit.CHECK_FAILED)


def _loaded(options: Namespace, state: Path) -> Loaded:
    """The settings to run with: the last good ones where the files are wrong now, so that no screen stays dead."""
    if options.gateway:
        return Loaded(settings_of(options, state=state))
    return load_or_last_good(options.settings, state=state)


def _look_after(terminal: Terminal, loaded: Loaded, state: Path, stack: ExitStack, files: Sequence[Path]) -> None:
    """Let the terminal count what it does, clean up at night, and serve nobody while it is closed."""
    counters = Counters(state)
    stack.callback(counters.flush)

    def nightly() -> None:
        from kiosk import inspection  # late: no first frame needs what it imports

        parts = terminal.parts
        if parts:
            work = partial(inspection.nightly, loaded.settings, state=state, journal=parts.journal, files=files)
            terminal.run(work, lambda _: None)

    terminal.counters = counters
    terminal.upkeep = Upkeep(nightly=nightly, flush=lambda: terminal.run(counters.flush, lambda _: None))
    terminal.mistakes = loaded.mistakes
    terminal.closed = closed_because(state) if loaded.usable else "settings"


def _shut_down(settings: Settings) -> Exit:
    """End this machine as the settings say, now that everything is closed: its battery is nearly empty."""
    command: Sequence[str] = settings.ups.get("shut_down", ()) if settings.ups else ()
    logger.warning("the battery is nearly empty: %s", "shutting down" if command else "ending")
    try:
        if command and subprocess.run(command, timeout=_SHUT_DOWN_S, check=False).returncode:
            logger.error("shut_down_failed: %s", command[0])
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.error("shut_down_failed: %s: %s", command[0], type(error).__name__)
    return Exit.BATTERY_EMPTY


def _alone(state: Path) -> ExitStack:
    """Holds the terminal of `state` for this process until it is closed, or the process ends however it ends.

    Raises:
        CommandError: `already_running`.
    """
    held = ExitStack()
    try:
        held.enter_context(lock := (state / "run.lock").open("a"))
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held.close()
        sentence = "another terminal is running with this state folder"
        raise CommandError("already_running", sentence, exit=Exit.CHECK_FAILED) from error
    except OSError as error:
        # A disk that has gone read-only or full still has bills to show, and no second start is to be feared there.
        logger.warning("run_unlocked: %s", error.strerror)
    return held


def _watch(terminal: Terminal, stack: ExitStack) -> None:
    """Tell whoever started us when the first screen stands, that all is well, and when it ends."""
    from kiosk.watchdog import Watchdog, supervisor

    told = supervisor()
    if told is None:
        return
    terminal.watchdog = Watchdog(told, questions=terminal.questions, occupation=terminal.occupation)
    terminal.app.on_drawn(terminal.watchdog.ready)
    stack.callback(terminal.watchdog.stopping)


def demo(options: Namespace) -> Exit:
    """Show the demo in a window, or play it without one and leave pictures."""
    from kiosk.demo.bill_service import BillServiceProcess
    from kiosk.demo.wiring import demo_settings, wire, wire_with_dock

    headless = options.headless or not _has_display()
    if headless:
        os.environ["SDL_VIDEODRIVER"] = "offscreen"
    language = known_language(options.language) if options.language else None
    if headless:
        made_folder(options.out)
    with ExitStack() as stack:
        events = _events(options)
        if events:
            stack.enter_context(events)
        service = BillServiceProcess.started()
        stack.callback(service.kill)
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ebill-kiosk-demo-")))
        settings = demo_settings(settings_of(options, state=state_folder(options)), language=language)
        if headless:
            stand = in_window(lambda: wire(settings, state=state, slips=state / "slips", service=service))
        else:
            dock = in_window(lambda: wire_with_dock(settings, state=state, service=service))
            stack.callback(dock.close)
            stand = dock.stand
        stack.callback(stand.terminal.close)
        tellers: list[Callable[[Visit], None]] = []
        if events:
            tellers.append(_telling(events, stand.terminal))
        if headless:
            return _play(options, stand, tellers, slips=state / "slips")
        stand.terminal.on_visit = _each(tellers)
        stand.app.run()
    return Exit.DONE


def _play(options: Namespace, stand: Stand, tellers: list[Callable[[Visit], None]], *, slips: Path) -> Exit:
    from kiosk.demo.player import Player
    from kiosk.demo.script import visits

    out: Path = options.out
    player = Player(stand, visits(stand), out)
    stand.terminal.on_visit = _each([*tellers, player.heard])
    stand.stop_after(_LONGEST_S)
    stand.app.run()
    if player.fault:
        sentence = f"cannot write into {out}: {player.fault.strerror}"
        raise CommandError("not_written", sentence, exit=Exit.USAGE) from player.fault
    if not player.done and not stand.overdue:
        raise CommandError("demo_stopped", f"stopped at {player.waiting_for}", exit=Exit.CHECK_FAILED)
    if not player.done:
        raise CommandError("demo_stuck", f"the demo got stuck at {player.waiting_for}", exit=Exit.CHECK_FAILED)
    receipt = _receipt(stand, slips=slips, out=out)
    first = stand.app.first_frame_at
    assert first is not None
    timings = {"first_frame": round((first - options.began_at) * 1000, 1), **player.timings_ms}
    facts = {"screens": [str(out / name) for name in player.pictures], "receipt": receipt, "timings_ms": timings}
    emit(facts)
    tell(f"{len(player.pictures)} screens and the receipt are in {out}/")
    return Exit.DONE


def _receipt(stand: Stand, *, slips: Path, out: Path) -> dict[str, str]:
    """The first receipt as the printer got it and as it came out."""
    bytes_file, picture = out / "receipt.bin", out / "receipt.png"
    bytes_file.write_bytes(stand.printed_bytes())
    picture.write_bytes(sorted(slips.iterdir())[0].read_bytes())
    return {"bytes": str(bytes_file), "picture": str(picture)}


def _events(options: Namespace) -> TextIO | None:
    """The file that `--events` names, open and empty; None without it."""
    if not options.events:
        return None
    try:
        file: TextIO = options.events.open("w", encoding="utf-8")
    except OSError as error:
        sentence = f"cannot write {options.events}: {error.strerror}"
        raise CommandError("not_written", sentence, exit=Exit.USAGE) from error
    return file


def _telling(file: TextIO, terminal: Terminal) -> Callable[[Visit], None]:
    """What writes a line for every change of the screen once it stands still: state, screen, buttons and where,
    and `focus` where keys are used.

    The first screen is told of at once, before there is a visit.
    """
    last: list[tuple[State, str]] = []
    newest = [Visit()]

    def write() -> None:
        facts = {
            "state": type(newest[0].state).__name__,
            "screen": terminal.screen,
            "buttons": terminal.app.centres(),
        }
        if terminal.app.focus:
            facts["focus"] = terminal.app.focus
        line = json.dumps(facts) + "\n"
        if [(newest[0].state, line)] == last:
            return
        last[:] = [(newest[0].state, line)]
        try:
            file.write(line)
            file.flush()
        except OSError as error:
            logger.warning("events_not_written: %s", error.strerror)

    def tell_of(visit: Visit) -> None:
        newest[0] = visit
        terminal.app.on_drawn(write)

    tell_of(newest[0])
    terminal.on_focus = lambda: tell_of(newest[0])
    return tell_of


def _each(told: Sequence[Callable[[Visit], None]]) -> Callable[[Visit], None]:
    def tell_all(visit: Visit) -> None:
        for tell_one in told:
            tell_one(visit)

    return tell_all


def _has_display() -> bool:
    """Whether there is a screen to be seen on; a driver named by hand (KMSDRM) counts, the off-screen one not."""
    driver = os.environ.get("SDL_VIDEODRIVER", "")
    return driver != "offscreen" and bool(driver or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def in_window(opening: Callable[[], T]) -> T:
    """What `opening` gives; a machine that cannot open a window or set Arabic is told what to install."""
    from kiosk.typography import TypographyMissing
    from kiosk.ui.boot import WindowMissing

    try:
        return opening()
    except (WindowMissing, TypographyMissing) as error:
        raise CommandError("missing_here", str(error), exit=Exit.MISSING_HERE) from error


def _refuse_simulated(settings: Settings, *, allowed: bool) -> None:
    tables = (*settings.printer, *settings.card_reader)
    if not allowed and any(str(table.get("url", "")).startswith("simulated:") for table in tables):
        raise CommandError(
            "simulated_parts", "a simulated part is set; --allow-simulated accepts it", exit=Exit.SETTINGS_WRONG
        )
