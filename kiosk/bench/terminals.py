"""Five thousand terminals on issue day: what they ask of the servers, minute by minute, and what waits meanwhile.

The pauses are the program's own (`kiosk.sync.rhythm`, `kiosk.courier`); subscribers, lines and outages are drawn by
chance, the same for the same seed. Terminals do not depend on each other, so each lives its day alone and is counted.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from kiosk.courier import IDLE_S, pause_after_faults
from kiosk.outbox import BATCH_EVENTS
from kiosk.packs.figures import FIELDS
from kiosk.packs.manifest import VALID_FOR, Manifest
from kiosk.sync.rhythm import POLL_S, Rhythm

TERMINALS = 5000
BILLS = 9_000_000
REGIONS = 13
"""The Kingdom's; a terminal holds its own region's bills."""

DAY_S = 86_400
PUBLISH_EVERY_S = 900

BILL_WIRE_BYTES = 90
"""A bill in a delta or a snapshot (`bench issue-day`: `wire_bytes_a_bill`, rounded up)."""

_MANIFEST_BYTES = 1500
_DELTA_ENTRY_BYTES = 260
_UNCHANGED_BYTES = 250
"""A 304 with its headers, as is the manifest's share of them."""

_LOOK_UPS_A_SECOND = 1500
"""What one core of the reference service answers on a busy machine; `bench service` measures it."""

_BUSIEST_VISITS_AN_HOUR = 60
_VISITS_BY_HOUR = (1, 1, 0, 0, 1, 3, 8, 20, 40, 60, 75, 85, 90, 80, 55, 55, 75, 90, 100, 95, 80, 55, 30, 10)
"""Of a hundred: the evening is the busiest time, after the sunset prayer."""

_RECEIPTS = 0.6
"""The part of visits that end with a receipt, and so with an event for the outbox."""

_LINE_FAILS_EVERY_S = 6 * 3600
_LINE_IS_BACK_AFTER_S = 12 * 60
"""A poor site: four times a day, for as long as a router takes to find a mast again."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Day:
    """What happens besides subscribers.

    `away`: when the servers do not answer, in seconds since midnight. `at_once`: all bills come out as one snapshot at
    midnight, instead of a delta every quarter of an hour. `spreads`: whether terminals spread their questions.
    """

    name: str
    away: Span = (0, 0)
    at_once: bool = False
    spreads: bool = True


DAYS = (
    Day("an ordinary issue day"),
    Day("all bills in one snapshot at midnight", at_once=True),
    Day("the servers are away from 18 to 19 h", away=(18 * 3600, 19 * 3600)),
    Day("if terminals did not spread what they ask", spreads=False),
)


@dataclass(slots=True)
class Load:
    """Requests by the second of the day; bytes by the minute; what waited longest."""

    manifests: list[int] = field(default_factory=lambda: [0] * DAY_S)
    fetches: list[int] = field(default_factory=lambda: [0] * DAY_S)
    look_ups: list[int] = field(default_factory=lambda: [0] * DAY_S)
    reports: list[int] = field(default_factory=lambda: [0] * DAY_S)
    bytes: list[float] = field(default_factory=lambda: [0.0] * (DAY_S // 60))
    longest_outbox: int = 0
    last_report_late_s: float = 0.0

    def row(self) -> dict[str, str]:
        """The figures that the table shows."""
        return {
            "manifests/s mean, most": f"{sum(self.manifests) / DAY_S:.1f}, {max(self.manifests)}",
            "packs/s most": f"{max(self.fetches)}",
            "Mbit/s mean, most": f"{_mbit(sum(self.bytes), DAY_S):.0f}, {_mbit(max(self.bytes), 60):.0f}",
            "look-ups/s mean, most": f"{sum(self.look_ups) / DAY_S:.0f}, {max(self.look_ups)}",
            "longest queue": f"{self.longest_queue()}",
            "reports/s most": f"{max(self.reports)}",
            "longest outbox": f"{self.longest_outbox}",
            "told after, most": f"{self.last_report_late_s / 60:.0f} min",
        }

    def longest_queue(self) -> int:
        """Requests that wait at one core, were look-ups and reports to come at the moments they do."""
        waiting = longest = 0
        for looked, told in zip(self.look_ups, self.reports, strict=True):
            waiting = max(0, waiting + looked + told - _LOOK_UPS_A_SECOND)
            longest = max(longest, waiting)
        return longest


def simulate(day: Day, *, terminals: int = TERMINALS, seed: int = 28) -> Load:
    """Live one day at so many terminals."""
    load = Load()
    for number in range(terminals):
        chance = random.Random(seed * TERMINALS + number)
        line = _Line(chance, day)
        _synchronise(f"T-{number:05d}", day, line, chance, load)
        visits = list(_visits(chance))
        for at in visits:
            if line.is_up(at):
                load.look_ups[int(at)] += 1
                load.bytes[int(at) // 60] += _UNCHANGED_BYTES
        _report([at for at in visits if chance.random() < _RECEIPTS], day, line, chance, load)
    return load


def table(*, terminals: int = TERMINALS) -> str:
    """The days side by side, as Markdown."""
    rows = [(day.name, simulate(day, terminals=terminals).row()) for day in DAYS]
    names = list(rows[0][1])
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(row.values())} |" for name, row in rows]
    return "\n".join(lines)


def measure() -> dict[str, str]:
    """Every figure of every day, for `bench`."""
    return {f"{day.name}: {name}": value for day in DAYS for name, value in simulate(day).row().items()}


class _Line:
    """When a terminal reaches the servers."""

    def __init__(self, chance: random.Random, day: Day) -> None:
        self._edges: list[float] = []
        at = chance.expovariate(1 / _LINE_FAILS_EVERY_S)
        while at < DAY_S:
            until = at + chance.expovariate(1 / _LINE_IS_BACK_AFTER_S)
            self._edges += [at, until]
            at = until + chance.expovariate(1 / _LINE_FAILS_EVERY_S)
        self._away = day.away

    def is_up(self, at: float) -> bool:
        start, end = self._away
        return not start <= at < end and bisect_right(self._edges, at) % 2 == 0


def _synchronise(name: str, day: Day, line: _Line, chance: random.Random, load: Load) -> None:
    """Ask for the manifest all day long, and fetch what is news."""
    rhythm = Rhythm(name, chance=chance.random if day.spreads else lambda: 0.5)
    held, snapshot = 0, _snapshot()
    at = chance.random() * POLL_S if day.spreads else 0.0
    while at < DAY_S:
        second = int(at)
        load.manifests[second] += 1
        if not line.is_up(at):
            at += rhythm.after_failure(None)
            continue
        published = 1 if day.at_once else second // PUBLISH_EVERY_S
        late = day.at_once and day.spreads and rhythm.postpones(snapshot, _MIDNIGHT + timedelta(seconds=at))
        if published > held and not late:
            bills = (
                BILLS / REGIONS if day.at_once else (published - held) * BILLS / REGIONS * PUBLISH_EVERY_S / DAY_S
            )
            load.fetches[second] += 1
            manifest = _MANIFEST_BYTES + _DELTA_ENTRY_BYTES * published
            load.bytes[second // 60] += manifest + bills * BILL_WIRE_BYTES
            held = published
        else:
            load.bytes[second // 60] += _UNCHANGED_BYTES
        at += rhythm.after_success()


def _report(receipts: Sequence[float], day: Day, line: _Line, chance: random.Random, load: Load) -> None:
    """Deliver what the outbox holds, as the courier does."""
    at, told, faults = (chance.random() * IDLE_S if day.spreads else 0.0), 0, 0
    while told < len(receipts) and at < DAY_S:
        waiting = bisect_left(receipts, at) - told
        if not waiting:
            # The courier looks once a minute; nothing happens until the next receipt.
            at += IDLE_S * max(1, -(-(receipts[told] - at) // IDLE_S))
            continue
        load.longest_outbox = max(load.longest_outbox, waiting)
        load.reports[int(at)] += 1
        if line.is_up(at):
            load.last_report_late_s = max(load.last_report_late_s, at - receipts[told])
            told, faults = told + min(waiting, BATCH_EVENTS), 0
        else:
            faults += 1
            at += pause_after_faults(faults, chance.random() if day.spreads else 1.0)


def _visits(chance: random.Random) -> Iterator[float]:
    """When subscribers look a bill up: by the hour, thinned from the busiest."""
    at = 0.0
    while (at := at + chance.expovariate(_BUSIEST_VISITS_AN_HOUR / 3600)) < DAY_S:
        if chance.random() * 100 < _VISITS_BY_HOUR[int(at) // 3600]:
            yield at


_MIDNIGHT = datetime(2026, 8, 28, tzinfo=UTC)


def _snapshot() -> Manifest:
    return Manifest("riyadh", 1, 1, _MIDNIGHT, _MIDNIGHT, _MIDNIGHT + VALID_FOR, "0" * 16, FIELDS, [], [])


def _mbit(amount: float, seconds: float) -> float:
    return amount * 8 / seconds / 1e6
