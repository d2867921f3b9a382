"""A printer, its owner and a journal on one virtual clock: hours of trouble in milliseconds, always the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from random import Random

from devices.escpos.book import MemoryBook
from devices.escpos.conversation import Timing
from devices.escpos.keeper import Seams
from devices.escpos.owner import Owner
from devices.escpos.ports import Port
from devices.escpos.profiles import Profile
from devices.escpos.session import Ticket
from devices.page import Page
from devices.printer import JobState, JobUpdate, JournalEntry, PrintJob
from devices.simulation.link import SimulatedPort
from devices.simulation.machine import Machine
from devices.simulation.paper import Slip

# So many turns without an end are no patience but a loop.
_MOST_TURNS = 3000


class VirtualClock:
    """Seconds that pass only in `pause`; what is due `at` a time happens then."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + max(seconds, 0.0)
        while self._due and self._due[0][0] <= end:
            when, _, action = self._due.pop(0)
            self.now = max(self.now, when)
            action()
        self.now = end

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something happen in so many seconds."""
        self._due.append((self.now + seconds, len(self._due), action))
        self._due.sort(key=lambda due: due[:2])


class MemoryJournal:
    """A journal that survives everything but this process; `entries` holds every write, oldest first."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []

    def record(self, entry: JournalEntry) -> None:
        self.entries.append(entry)

    def unfinished(self) -> Iterable[JournalEntry]:
        return [entry for entry in self.last().values() if not entry.is_closed]

    def last(self) -> dict[str, JournalEntry]:
        """The newest entry of each job."""
        return {entry.job: entry for entry in self.entries}


class Rig:
    """One owner over one machine. Jobs are made of bytes given here, not of pages."""

    def __init__(
        self,
        profile: Profile,
        *,
        machine: Machine,
        clock: VirtualClock,
        journal: MemoryJournal | None = None,
        timing: Timing | None = None,
        open_port: Callable[[], Port] | None = None,
        book: MemoryBook | None = None,
    ) -> None:
        """`open_port` replaces the plain way to the machine."""
        self.clock = clock
        self.machine = machine
        self.profile = profile
        self.journal = journal if journal is not None else MemoryJournal()
        self.book = MemoryBook() if book is None else book
        self.updates: dict[str, list[JobUpdate]] = {}
        self._bodies: dict[str, bytes] = {}
        self.owner = Owner(
            name="rig",
            profile=profile,
            one_way=False,
            draw=self._draw,
            journal=self.journal,
            seams=Seams(
                clock=clock,
                pause=clock.pause,
                wake=lambda: None,
                open_port=open_port or self.open_port,
                random=Random(7),  # nosec B311 - the same run every time
                timing=timing or Timing(),
            ),
            book=self.book,
            keeps_pictures=True,
        )

    def open_port(self) -> Port:
        """The plain way to the machine."""
        return SimulatedPort(self.machine, clock=self.clock, pause=self.clock.pause, wake=lambda: None)

    def submit(self, job: str, body: bytes, watch: Callable[[JobUpdate], None] | None = None) -> None:
        """Put a job in; its updates are kept, and given to `watch`."""
        self._bodies[job] = body
        self.updates[job] = []

        def told(update: JobUpdate) -> None:
            self.updates[job].append(update)
            if watch is not None:
                watch(update)

        self.owner.submit(PrintJob(job, len(self._bodies), Page(self.profile.width, 400, ())), told)

    def states(self, job: str) -> list[str]:
        """The states told so far, with reasons."""
        return [f"{u.state}({u.reason})" if u.reason else str(u.state) for u in self.updates[job]]

    def ended(self, job: str) -> bool:
        """Whether nothing more is to be awaited of a job."""
        told = self.updates[job]
        return bool(told) and (told[-1].confirmed or told[-1].state.is_final)

    def turn_until(self, done: Callable[[], bool]) -> None:
        """Let the owner work until something is so.

        Raises:
            RuntimeError: it never came to be.
        """
        for _ in range(_MOST_TURNS):
            if done():
                return
            self.owner.turn()
        raise RuntimeError(f"never done: {self.updates}")

    def rest(self, seconds: float) -> None:
        """Let time pass with nothing ordered."""
        end = self.clock() + seconds
        self.turn_until(lambda: self.clock() >= end)

    def print(self, job: str, body: bytes) -> JobState:
        """One job from start to end."""
        self.submit(job, body)
        self.turn_until(lambda: self.ended(job))
        return self.updates[job][-1].state

    def _draw(self, job: PrintJob, pictures: Collection[str]) -> Ticket:
        body = self._bodies[job.id]
        return Ticket(body, self.profile.cut, length_mm=job.page.height / 8, wire_s=0.0)


def on_paper(body: bytes, *, width: int) -> Slip:
    """What one job looks like when nothing goes wrong."""
    clock = VirtualClock()
    machine = Machine(clock=clock, width=width, speed_mm_s=1e6)
    machine.receive(body)
    clock.pause(60.0)
    machine.advance()
    return machine.torso


def sample(number: int, *, width: int = 576, blocks: int = 6) -> bytes:
    """A small job: a numbered line of text, pictures of a pattern of its own, a last line."""
    stride = width // 8
    pattern = bytes((number * 37 + column * 11) & 0xFF | 0x01 for column in range(stride))
    block = b"\x1dv0\0" + bytes((stride, 0, 8, 0)) + pattern * 8
    return f"receipt {number}\n".encode() + block * blocks + b"\x1bJ\x10end\n"
