"""Letting technicians in: two factors, no network needed, every try counted before it is checked and written down."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from kiosk.technician import people
from kiosk.technician.attempts import Attempts, Standing, TryRefused
from kiosk.technician.people import CODE_DIGITS, Cost, Technician
from kiosk.technician.roles import Action, Role

logger = logging.getLogger(__name__)

IDLE_S = 300.0
"""A session ends so long after the last touch, unless the settings say otherwise."""

CHALLENGE_S = 600.0
"""How long a challenge may be answered: a call to operations takes minutes."""


class Reason(StrEnum):
    """Why somebody was not let in. Nothing tells which factor was wrong."""

    WRONG = "wrong"
    WAIT = "wait"
    LOCKED = "locked"
    UNAVAILABLE = "unavailable"


class Refused(Exception):
    """Nobody is let in; `standing` says how many tries are left and how long to wait."""

    def __init__(self, reason: Reason, standing: Standing) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.standing = standing


class Register(Protocol):
    """Where what technicians do is written down (`kiosk.audit.Audit`)."""

    def add(self, event: str, *, who: str, role: str = "", ok: bool = True, **facts: str | int | float) -> None:
        """Write an event down; on disk when this returns."""


@dataclass(slots=True)
class Session:
    """A technician at work. UI thread only; `clock` gives monotonic seconds."""

    technician: str
    role: Role
    clock: Callable[[], float]
    idle_s: float = IDLE_S
    ended: bool = False
    _last_s: float = 0.0

    def __post_init__(self) -> None:
        self._last_s = self.clock()

    def touched(self) -> None:
        """The technician did something; too late, once the session is over."""
        if not self.is_over:
            self._last_s = self.clock()

    def end(self) -> None:
        """The technician leaves."""
        self.ended = True

    @property
    def left_s(self) -> float:
        """How long until the session ends by itself."""
        return 0.0 if self.ended else max(0.0, self._last_s + self.idle_s - self.clock())

    @property
    def is_over(self) -> bool:
        """Whether nothing more may be done in it."""
        if not self.ended and self.left_s <= 0:
            self.ended = True
        return self.ended

    def may(self, action: Action) -> bool:
        """Whether the technician may do this now."""
        return not self.is_over and self.role.may(action)


class Entrance:
    """One terminal's way in. `with_…` take a fifth of a second and more: call them on a worker, one at a time."""

    def __init__(
        self,
        technicians: Sequence[Technician],
        *,
        attempts: Attempts,
        register: Register,
        terminal: str,
        idle_s: float = IDLE_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        cost: Cost | None = None,
    ) -> None:
        """`cost` is what the try of an unknown number takes: as much as that of a known one."""
        self._technicians = tuple(technicians)
        self._attempts = attempts
        self._register = register
        self._terminal = terminal
        self._idle_s = idle_s
        self._now = now
        self._clock = clock
        self._cost = cost
        self._challenge = ""
        self._challenged_at = 0.0

    @property
    def standing(self) -> Standing:
        """How many tries are left, and how long to wait."""
        return self._attempts.standing()

    @property
    def anybody(self) -> bool:
        """Whether any technician could come in: without one, only the first set-up is open."""
        return any(one.counts_on(self._now().date()) for one in self._technicians)

    def knows_card(self, card: str) -> bool:
        """Whether to ask for a PIN after this card; counts no try and says nothing of the PIN."""
        return any(one.has_card(card) for one in self._technicians)

    def with_card(self, card: str, pin: str) -> Session:
        """Let in who has this card and knows its PIN.

        Raises:
            Refused: nobody is let in.
        """

        def check() -> tuple[Technician, int | None] | None:
            holders = [one for one in self._counting() if one.has_card(card)]
            if not holders:
                people.waste_a_try(self._cost)
            return next(((one, None) for one in holders if one.knows(card, pin)), None)

        return self._tried("card", check)

    def with_code(self, number: str, pin: str, code: str) -> Session:
        """Let in who knows the PIN and has the one-time code of now; no code counts twice.

        Raises:
            Refused: nobody is let in.
        """

        def check() -> tuple[Technician, int | None] | None:
            one, secret = self._opened(number, pin, among=self._counting())
            step = people.step_of_code(secret, code, now=self._now()) if secret else None
            return (one, step) if one and step is not None else None

        return self._tried("code", check)

    def challenge(self) -> str:
        """Eight digits to read to operations when the clock cannot be trusted; the one before counts no more."""
        self._challenge = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        self._challenged_at = self._clock()
        return self._challenge

    def with_response(self, number: str, pin: str, response: str) -> Session:
        """Let in who knows the PIN and brings operations' answer to the challenge, which counts once.

        Operations decide, so the last day of the technician, which only a right clock could tell, does not count.

        Raises:
            Refused: nobody is let in.
        """
        challenge, self._challenge = self._challenge, ""
        fresh = bool(challenge) and self._clock() - self._challenged_at <= CHALLENGE_S

        def check() -> tuple[Technician, int | None] | None:
            one, secret = self._opened(number, pin, among=self._technicians)
            if one is None or secret is None or not fresh:
                return None
            right = people.response(secret, challenge, terminal=self._terminal)
            return (one, None) if secrets.compare_digest(right.encode(), response.encode()) else None

        return self._tried("response", check)

    def leave(self, session: Session, *, by: str = "technician") -> None:
        """End a session; `by` is "technician" or "idle"."""
        session.end()
        self._register.add("technician_left", who=session.technician, role=session.role, by=by)

    def _counting(self) -> list[Technician]:
        today = self._now().date()
        return [one for one in self._technicians if one.counts_on(today)]

    def _opened(
        self, number: str, pin: str, *, among: Sequence[Technician]
    ) -> tuple[Technician | None, bytes | None]:
        one = next((one for one in among if one.number == number and one.totp), None)
        if one is None:
            people.waste_a_try(self._cost)
            return None, None
        return one, one.open_totp(pin)

    def _tried(self, how: str, check: Callable[[], tuple[Technician, int | None] | None]) -> Session:
        wrong = self._spent(how)
        found = check()
        try:
            let_in = found is not None and self._attempts.succeed(number=found[0].number, step=found[1])
            if found is None or not let_in:
                self._register.add("sign_in", who="-", ok=False, how=how, wrong=wrong)
                standing = self._attempts.standing()
                raise Refused(Reason.LOCKED if standing.is_locked else Reason.WRONG, standing)
            one = found[0]
            self._register.add("sign_in", who=one.number, role=one.role, how=how)
        except OSError as error:
            logger.error("sign_in_not_written: %s", error.strerror)
            raise Refused(Reason.UNAVAILABLE, self._attempts.standing()) from None
        return Session(one.number, one.role, self._clock, self._idle_s)

    def _spent(self, how: str) -> int:
        try:
            return self._attempts.spend()
        except TryRefused as refused:
            reason = Reason.LOCKED if refused.standing.is_locked else Reason.WAIT
            raise Refused(reason, refused.standing) from None
        except OSError as error:
            logger.error("try_not_counted: %s (%s)", error.strerror, how)
            raise Refused(Reason.UNAVAILABLE, self._attempts.standing()) from None
