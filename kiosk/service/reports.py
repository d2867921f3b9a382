"""Where terminals report: `POST /v1/events`, and a list of what came, for tests and demos."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.service import answers
from kiosk.service.answers import Problem
from kiosk.service.door import Door, certified, route
from kiosk.service.events import BATCH_LIMIT_BYTES, MOST_EVENTS, EventBook, Wish
from kiosk.service.storage import Database

_KEY = re.compile(r"[\x21-\x7e]{1,128}")


class Reports:
    """Takes batches of events. Their own ids keep them from counting twice; the batch's key is for logs."""

    def __init__(
        self,
        database: Database,
        *,
        door: Door,
        grant: Callable[[Request, Wish], str],
        now: Callable[[], datetime],
        is_listed: bool,
    ) -> None:
        """`grant` does what subscribers asked for; `is_listed`: whether anybody may read what came."""
        self._events = EventBook(database)
        self._door = door
        self._grant = grant
        self._now = now
        self._is_listed = is_listed

    def routes(self) -> list[Route]:
        """Every address that is answered."""
        return [route("/v1/events", self._take, method="POST"), route("/demo/events", self._list)]

    async def _take(self, request: Request) -> Response:
        refusal = self._door.refusal(request, "events")
        if refusal:
            return refusal
        body = await answers.received(request, media_type="application/x-ndjson", limit=BATCH_LIMIT_BYTES)
        if isinstance(body, Problem):
            return answers.problem(body)
        lines = body.splitlines()
        if len(lines) > MOST_EVENTS:
            return answers.problem(Problem.TOO_LONG)
        if not lines or not _KEY.fullmatch(request.headers.get("idempotency-key", "")):
            return answers.problem(Problem.BAD_REQUEST)
        grant = partial(self._grant, request)
        return answers.small_json(self._events.take(lines, kiosk=certified(request), now=self._now(), grant=grant))

    async def _list(self, _request: Request) -> Response:
        if not self._is_listed:
            return answers.problem(Problem.NOT_FOUND)
        return answers.small_json({"events": self._events.listed()})
