"""The screen, the visit and the parts behind it, as one running terminal."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from devices.card_reader import Credential
from devices.printer import PrintJob
from kiosk.bootstrap import Parts, facts_of, new_job_id, paper_width, utc_now
from kiosk.controller import Controller
from kiosk.i18n import RIYADH
from kiosk.keypad import Act, Keymap
from kiosk.model import CurrentBill
from kiosk.opening import Opening
from kiosk.sensing import tell_of_door
from kiosk.settings import Mistake, Settings
from kiosk.technician.caretaker import Upkeep
from kiosk.typography import require
from kiosk.views import SiteFacts, view
from kiosk.visit import Visit
from kiosk.visit.display import HidingChosen, SpeechChosen
from kiosk.visit.events import Event, ReadAloud, TerminalClosed, TerminalOpened, Tick, Touched
from kiosk.visit.states import Attract, Identify, OutOfService
from kiosk.visit.surroundings import POWER

if TYPE_CHECKING:
    from kiosk.courier import DeviceState
    from kiosk.narrator import Narrator
    from kiosk.technician.counters import Counters
    from kiosk.ui.app import KioskApp
    from kiosk.viewmodel import View
    from kiosk.watchdog import Question, Watchdog

logger = logging.getLogger(__name__)

T = TypeVar("T")

FAULT_S = 30.0
"""How long the terminal is out of service after work failed that never should; then it tries to serve again."""


@dataclass(slots=True)
class Terminal:
    """The screen and, once they are open, the parts behind it. Everything here runs on the UI thread.

    What is touched before the parts are open waits and is then done in order. When the battery is nearly empty and
    no paper moves any more, `battery_empty` is set and the screen ends.

    `closed` is why the terminal serves nobody, a word, empty when it serves; it opens when it is empty again.
    `mistakes` says, for technicians, why the settings in force are the last good ones and not the files'. Where
    the parts cannot be opened it is out of service and tries again; `gave_up` is set when somebody who watches over
    us had better start us afresh.
    """

    settings: Settings
    app: KioskApp
    facts: SiteFacts
    parts: Parts | None = None
    controller: Controller | None = None
    clock: Callable[[], float] = time.monotonic
    on_visit: Callable[[Visit], None] = lambda visit: None
    on_open: Callable[[], None] = lambda: None
    on_focus: Callable[[], None] = lambda: None
    watchdog: Watchdog | None = None
    narrator: Narrator | None = None
    upkeep: Upkeep = field(default_factory=Upkeep)
    counters: Counters | None = None
    mistakes: Sequence[Mistake] = ()
    closed: str = ""
    on_technician: Callable[[Credential], None] = lambda credential: None
    battery_empty: bool = False
    gave_up: bool = False
    _door_open: bool = False
    _workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "worker"))
    _waiting: list[Event] = field(default_factory=list)
    _number: int = 0
    _screen: str = "attract"
    _shown: View | None = None
    _touch_fault: str = ""
    _opening: Opening | None = None
    _fault_at: float | None = None

    def send(self, event: Event) -> None:
        """Let an event happen now, or as soon as there is somebody to take it."""
        if self.controller:
            self.controller.send(event)
        elif self._opening is None or not self._opening.has_failed:
            self._waiting.append(event)  # else the screen offers nothing

    @property
    def screen(self) -> str:
        """The name of the screen shown."""
        return self._screen

    def felt(self) -> None:
        """The screen was touched, or a key pressed: the voice falls silent.

        The first screen answers when the finger leaves: what would come up under a finger that still presses must
        not be pressed by it.
        """
        if self.narrator:
            self.narrator.hush()
        if self.controller and not isinstance(self.controller.visit.state, Attract):
            self.controller.send(Touched())

    def tick(self) -> None:
        """A second has passed, which does not count while the voice speaks."""
        if self.battery_empty:
            self.app.stop()
        if self.controller:
            if self.narrator and self.narrator.is_speaking:
                self.controller.send(ReadAloud())
            self.controller.rules = self.facts.rules.on(utc_now().astimezone(RIYADH).date())
            self.controller.send(Tick())
        faults = self.app.touch_health.faults(at=time.monotonic())
        self._touch_fault = faults[0].fault if faults else ""
        if self.watchdog:
            self.watchdog.beat()
        self._keep_up()

    @property
    def must_ask(self) -> bool:
        """Whether somebody's visit would be cut off, so that a technician must wait or ask."""
        return self.controller is not None and not isinstance(
            self.controller.visit.state, Attract | Identify | OutOfService
        )

    def close_service(self, cause: str) -> None:
        """Serve nobody from now on, or again when `cause` is empty; ends whatever visit there is."""
        self.closed = cause
        self.send(TerminalClosed(cause) if cause else TerminalOpened())

    def do(self, act: Act) -> None:
        """What a key asks for that is not about buttons."""
        if not (self.controller and self.narrator):
            return
        visit = self.controller.visit
        match act:
            case Act.SPEECH:
                self.controller.send(SpeechChosen(not visit.is_aloud))
            case Act.HIDE if visit.is_aloud:
                self.controller.send(HidingChosen(not visit.is_hidden))
            case _:
                self.narrator.do(act)

    def focused(self, name: str) -> None:
        """The button `name` got the focus by a key."""
        if self.narrator:
            self.narrator.focused(name)
        self.on_focus()

    def occupation(self) -> str:
        """What the terminal is doing: updates wait for `Idle`, USB devices are accepted under `Technician` only."""
        if self.controller is None:
            return "Idle"
        if self.controller.is_diverted:
            return "Technician"
        return "Idle" if isinstance(self.controller.visit.state, (Attract, OutOfService)) else "Visit"

    def questions(self) -> Mapping[str, Question] | None:
        """How to ask each part for a sign of life; None before they are open."""
        parts = self.parts
        if parts is None:
            return None
        return {
            "devices": parts.monitor.call,
            "journal": lambda answered: self.run(parts.look_into_journal, lambda _: answered()),
        }

    def open(self, opening: Callable[[], Parts]) -> None:
        """Open the parts on a worker, then begin; if the terminal closes meanwhile they close again.

        Where that fails the screen says so with a word for the technician, and it is tried again, ever more seldom.
        """
        self._opening = Opening(
            submit=self._workers.submit,
            post=self.app.post,
            clock=self.clock,
            opened=self._begin,
            failed=self._could_not_open,
            gave_up=self._give_up,
        )
        self._opening.begin(opening)

    def _could_not_open(self, code: str) -> None:
        self._waiting.clear()
        closed = Visit(OutOfService(f"parts {code}"), language=self.facts.rules.language)
        self._screen = "out_of_service"
        self.app.show(view(closed, now=utc_now(), facts=self.facts))

    def _give_up(self) -> None:
        if self.watchdog:  # somebody who starts us afresh
            self.gave_up = True
            self.app.stop()

    def _keep_up(self) -> None:
        """What is due this second: another try to open the parts, a way out of a fault, upkeep."""
        now_s = self.clock()
        if self._opening:
            self._opening.tick()
        if self._fault_at is not None and now_s - self._fault_at >= FAULT_S and not self.closed:
            self._fault_at = None
            self.send(TerminalOpened())
        idle = self.controller is not None and isinstance(self.controller.visit.state, Attract | OutOfService)
        self.upkeep.tick(utc_now(), now_s, idle=idle)

    def run(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        """The only crossing: `job` on a worker, then `done` with its result on the UI thread."""

        def work() -> None:
            try:
                result = job()
            except BaseException as error:  # noqa: BLE001 - the edge of a thread: the screen must hear of it
                self.app.post(partial(self._failed, error))
                return
            self.app.post(lambda: done(result))

        self._workers.submit(work)

    def _failed(self, error: BaseException) -> None:
        """Work that never raises has: out of service for a moment; a second time within it, the program ends."""
        if self.controller is None or self._fault_at is not None:
            raise error
        # Where and of what class: its message might hold what must not be logged.
        logger.error(
            "work_failed: %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
        )
        self._fault_at = self.clock()
        self.controller.send(TerminalClosed(f"fault {type(error).__name__}"))

    def close(self) -> None:
        """Close the devices and let the workers go; twice is fine."""
        if self.controller:
            self.controller.close()
        if self.narrator:
            self.narrator.hush()
        if self._opening:
            self._opening.close()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _begin(self, parts: Parts) -> None:
        self.parts = parts
        from kiosk.technician.counters import counted

        printer, readers = counted(parts.printer, parts.readers, self.counters)
        self._open_voice()
        if parts.courier:
            parts.courier.watch("touch", self._touch_state)
        self.controller = Controller(
            rules=self.facts.rules,
            bills=parts.bills,
            printer=printer,
            readers=readers,
            sensors=parts.sensors,
            run=self.run,
            post=self.app.post,
            make_page=self._make_page,
            clock=self.clock,
            present=self._present,
            errands=parts.errands,
            memory=parts.tally,
            on_technician=lambda credential: self.on_technician(credential),
        )
        self.controller.start()
        if self.closed:
            self.controller.send(TerminalClosed(self.closed))
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self.controller.send(event)
        self.on_open()

    def _present(self, visit: Visit) -> None:
        shown = view(visit, now=utc_now(), facts=self.facts)
        self._screen = shown.screen
        self.app.show(shown)
        self._sound(shown)
        if visit.is_aloud:
            self.app.begin_keys()
        self._look_around(visit)
        if self.narrator:
            self.narrator.shown(visit)
        self.on_visit(visit)

    def _open_voice(self) -> None:
        """Have what can be heard ready, as far as the site wants any; sounds are made on a worker."""
        from kiosk.narrator import narrator
        from kiosk.sounds import waves

        self.narrator = narrator(self.settings.speech, facts=self.facts, now=utc_now)
        wanted = self.settings.sound
        self.run(lambda: waves(ticks=wanted.ticks, tones=wanted.tones), self.app.loudspeaker.load)

    def _sound(self, shown: View) -> None:
        from kiosk.sounds import cue

        sound, self._shown = cue(self._shown, shown), shown
        if sound:
            self.app.loudspeaker.play(sound)

    def _touch_state(self) -> DeviceState:
        """For operations, on the courier's thread: whether the panel is well, as of the last second."""
        from kiosk.courier import DeviceState

        return DeviceState(self._touch_fault or "ok", not self._touch_fault)

    def _look_around(self, visit: Visit) -> None:
        """Tell of a door that was opened or shut; end when the power does, once the screen has said so."""
        if visit.around.door_open is not self._door_open:
            self._door_open = visit.around.door_open
            self._tell_of_door(self._door_open)
        if not self.battery_empty and visit.state == OutOfService(POWER):
            self.battery_empty = True
            self.app.on_drawn(self.app.stop)

    def _tell_of_door(self, is_open: bool) -> None:
        parts = self.parts
        if parts and parts.outbox:
            tell = partial(tell_of_door, parts.outbox, parts.courier, is_open=is_open)
            self.run(tell, lambda _: None)

    def _make_page(self, current: CurrentBill, *, language: str, copy: int, proven: bool) -> PrintJob:
        from kiosk.receipt import page

        assert self.parts is not None and self.parts.journal is not None
        site = self.settings.site
        self.parts.journal.count_print(current.bill.account.number)
        if copy == 1:
            self._number = self.parts.journal.next_receipt_number()
        number = self._number  # a copy carries the number of the receipt it is a copy of
        return PrintJob(
            id=new_job_id(),
            number=number,
            page=page(
                current,
                width=paper_width(self.settings),
                language=language,
                level=site.privacy,
                number=number,
                terminal=site.terminal,
                copy=copy,
                now=utc_now(),
                app_link=site.app_link,
                proven=proven,
                call_centre=site.call_centre,
                demo=self.facts.demo,
            ),
            copy=copy,
        )


def open_terminal(
    settings: Settings,
    *,
    size: tuple[int, int],
    width_mm: float,
    fullscreen: bool = False,
    demo: bool = False,
    beside: int = 0,
    corrections: Path | None = None,
) -> Terminal:
    """Open the window on the first screen; `Terminal.open` brings the parts. `beside` as of `KioskApp`, `corrections`
    as of `SiteFacts`.

    Raises:
        WindowMissing: this machine cannot open a window.
        TypographyMissing: this machine cannot set Arabic.
    """
    from kiosk.ui.app import KioskApp

    require()
    facts = facts_of(settings, demo=demo, corrections=corrections)
    language = facts.rules.language
    waiting: list[Terminal] = []  # the window needs somebody to tell before there is anybody
    app = KioskApp(
        send=lambda event: waiting[0].send(event),
        first=view(Visit(language=language, display=facts.rules.display), now=utc_now(), facts=facts),
        size=size,
        width_mm=width_mm,
        mount_mm=settings.screen.mount_mm,
        fullscreen=fullscreen,
        beside=beside,
        on_tick=lambda: waiting[0].tick(),
        touched=lambda: waiting[0].felt(),
        keymap=Keymap.of(asdict(settings.keys)),
        on_act=lambda act: waiting[0].do(act),
        on_focus=lambda name: waiting[0].focused(name),
        broken=view(Visit(OutOfService("screen"), language=language), now=utc_now(), facts=facts),
    )
    waiting.append(Terminal(settings, app, facts))
    return waiting[0]
