"""The paper in the printer, kept in `journal.db`: what is left, and the day it will end. And what the printer holds.

The terminal writes down each receipt; a technician's program beside it may write down a new roll: each in one
transaction, so neither undoes the other. Paper is no reason to fail: where the file is of no use, counting goes on in
memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from devices.escpos.book import MemoryBook
from devices.escpos.roll import PaperRoll
from kiosk.database import DatabaseFile, StoreError
from kiosk.health import Finding, Verdict

if TYPE_CHECKING:
    from sqlite_utils import Database

    from kiosk.journal import JobJournal
    from kiosk.settings import DeviceTable

logger = logging.getLogger(__name__)

FEW_RECEIPTS = 25
"""With fewer receipts left somebody should come with paper: about two hours of the days after the 28th."""

_RIYADH = timezone(timedelta(hours=3))
# A month and a few days: on the 28th what counts is how much paper the last 28th took.
_REMEMBERED_DAYS = 40
_READ = "SELECT length_mm, used_mm, receipts, since_low_mm, out, usual_mm FROM paper WHERE printer = ?"
_WRITE = "INSERT OR REPLACE INTO paper VALUES (?, ?, ?, ?, ?, ?, ?)"
_USED = """
    INSERT INTO paper_day (printer, day, mm) VALUES (?, ?, ?)
    ON CONFLICT (printer, day) DO UPDATE SET mm = mm + excluded.mm"""


def open_book(tables: Sequence[DeviceTable], *, journal: JobJournal) -> PaperBook:
    """The book on the terminal's printer, which is the first of the settings' `[[printer]]` tables."""
    from devices.settings import PrinterSettings

    table = PrinterSettings(**tables[0]) if tables else PrinterSettings(url="simulated:")
    fresh = PaperRoll(length_mm=table.roll_mm, low_mm=table.near_end_mm)
    return PaperBook(journal.database, printer=table.name or "printer", fresh=fresh)


class PaperBook:
    """The book on one printer (`devices.escpos.book.PrinterBook`), in the journal's file."""

    def __init__(
        self,
        file: DatabaseFile,
        *,
        printer: str,
        fresh: PaperRoll,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`printer` is its name in the settings; `fresh` is a full roll as the settings know it."""
        self._file = file
        self._printer = printer
        self._fresh = fresh
        self._now = now
        self._spare = MemoryBook(fresh)

    def roll(self) -> PaperRoll:
        """The paper account as it stands."""
        try:
            rows = self._file.rows(_READ, (self._printer,))
        except StoreError:
            return self._spare.roll()
        return self._roll(rows[0]) if rows else self._fresh

    def change_roll(self, change: Callable[[PaperRoll], PaperRoll]) -> PaperRoll:
        """Change the account; what was printed is added to the day's use."""
        try:
            with self._file.writing() as db:
                return self._change(db, change)
        except StoreError as error:
            logger.warning("paper is counted in memory only: %s", error.code)
            return self._spare.change_roll(change)

    def new_roll(self, length_mm: float | None = None) -> PaperRoll:
        """Somebody has put in a new roll, of this length or the usual one; from now on that one is counted."""
        return self.change_roll(lambda roll: roll.renewed(length_mm or self._fresh.length_mm))

    def pictures(self, serial: str) -> frozenset[str]:
        """The digests of the pictures that the printer with this serial number is known to hold."""
        try:
            rows = self._file.rows("SELECT digest FROM printer_picture WHERE serial = ?", (serial,))
        except StoreError:
            return self._spare.pictures(serial)
        return frozenset(str(digest) for (digest,) in rows)

    def keep_picture(self, serial: str, digest: str) -> None:
        """Note that it holds one more."""
        try:
            with self._file.writing() as db:
                db.conn.execute("INSERT OR IGNORE INTO printer_picture VALUES (?, ?)", (serial, digest))
        except StoreError:
            self._spare.keep_picture(serial, digest)

    def forecast(self) -> Forecast:
        """What is left, and until when."""
        roll, today = self.roll(), self._today()
        try:
            rows = self._file.rows("SELECT day, mm FROM paper_day WHERE printer = ?", (self._printer,))
        except StoreError:
            rows = []
        used = {date.fromordinal(day): mm for day, mm in rows}
        return Forecast(roll, roll.ends_on(today, expected_mm=_expectation(used, today=today)))

    def _change(self, db: Database, change: Callable[[PaperRoll], PaperRoll]) -> PaperRoll:
        rows = db.conn.execute(_READ, (self._printer,)).fetchall()
        before = self._roll(rows[0]) if rows else self._fresh
        after = change(before)
        today = self._today().toordinal()
        row = (after.length_mm, after.used_mm, after.receipts, after.since_low_mm, int(after.out), after.usual_mm)
        db.conn.execute(_WRITE, (self._printer, *row))
        if after.used_mm > before.used_mm:
            db.conn.execute(_USED, (self._printer, today, after.used_mm - before.used_mm))
            db.conn.execute("DELETE FROM paper_day WHERE day < ?", (today - _REMEMBERED_DAYS,))
        return after

    def _roll(self, row: tuple[float, float, int, float | None, int, float]) -> PaperRoll:
        length_mm, used_mm, receipts, since_low_mm, out, usual_mm = row
        return replace(
            self._fresh,
            length_mm=length_mm,
            used_mm=used_mm,
            receipts=receipts,
            since_low_mm=since_low_mm,
            out=bool(out),
            usual_mm=usual_mm,
        )

    def _today(self) -> date:
        return self._now().astimezone(_RIYADH).date()


@dataclass(frozen=True, slots=True)
class Forecast:
    """The roll and the day it should end; None: not within four months, or too little is known."""

    roll: PaperRoll
    ends_on: date | None

    @property
    def is_low(self) -> bool:
        """Whether somebody should come with paper: the sensor says so, or few receipts are left."""
        left = self.roll.receipts_left
        return self.roll.out or self.roll.since_low_mm is not None or (left is not None and left < FEW_RECEIPTS)

    def facts(self) -> dict[str, object]:
        """Plain values for JSON; lengths in millimetres."""
        roll = self.roll
        return {
            "length_mm": round(roll.length_mm),
            "used_mm": round(roll.used_mm),
            "left_mm": round(roll.left_mm),
            "receipts": roll.receipts,
            "receipts_left": roll.receipts_left,
            "near_end": roll.since_low_mm is not None,
            "out": roll.out,
            "ends_on": self.ends_on.isoformat() if self.ends_on else None,
        }

    def finding(self) -> Finding:
        """The same as a check of the readiness report."""
        roll = self.roll
        seen = f"{roll.left_mm / 1000:.1f} m left"
        if roll.receipts_left is not None:
            seen += f", about {roll.receipts_left} receipts"
        if self.ends_on:
            seen += f", ends on {self.ends_on.isoformat()}"
        if not self.is_low:
            return Finding("paper", Verdict.OK, seen)
        return Finding("paper", Verdict.WARNING, seen, "put in a new roll, then: ebill-kiosk devices paper new")


def _expectation(used: Mapping[date, float], *, today: date) -> Callable[[date], float]:
    """What each day will probably use: what the same day of last month used, else what days used on average."""
    first = min(used, default=today)
    days = (today - first).days + 1
    average_mm = sum(used.values()) / days

    def expected_mm(day: date) -> float:
        known = day
        while known >= today:
            known = _month_before(known)
        return used.get(known, 0.0) if known >= first else average_mm

    return expected_mm


def _month_before(day: date) -> date:
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))
