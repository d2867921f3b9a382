"""Who is let in: nobody during maintenance, and each terminal only so often."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.service import answers
from kiosk.service.answers import Problem
from kiosk.service.rate import RateLimit

logger = logging.getLogger(__name__)

MAINTENANCE_RETRY_S = 30

Lane = Literal["accounts", "events"]
"""What is counted together: questions that name an account, and reports; neither holds up the other."""

Handler = Callable[[Request], Awaitable[Response]]


class Door:
    """Lets requests in. `maintenance` may be set from any thread."""

    def __init__(self, *, per_min: float, burst: int, clock: Callable[[], float], needs_certificate: bool) -> None:
        """Take the limits of each lane, for each terminal, and a clock in seconds that never runs back."""
        self.maintenance = False
        self._needs_certificate = needs_certificate
        self._limits: dict[Lane, RateLimit] = {
            "accounts": RateLimit(per_min=per_min, burst=burst, clock=clock),
            "events": RateLimit(per_min=per_min, burst=burst, clock=clock),
        }

    def refusal(self, request: Request, lane: Lane) -> Response | None:
        """Why the request is not answered now; None when it is, and then it is counted."""
        if self.maintenance:
            return answers.problem(Problem.MAINTENANCE, retry_after_s=MAINTENANCE_RETRY_S)
        terminal = certified(request)
        if terminal is None:
            if self._needs_certificate:
                return answers.problem(Problem.CERTIFICATE_NEEDED)
            terminal = request.client.host if request.client else ""
        wait_s = self._limits[lane].wait_s(terminal)
        return answers.problem(Problem.TOO_MANY_REQUESTS, retry_after_s=wait_s) if wait_s else None


def certified(request: Request) -> str | None:
    """The terminal whose certificate the request came with."""
    terminal: str | None = request.scope.get("terminal")
    return terminal


def route(path: str, handler: Handler, *, method: str = "GET") -> Route:
    """Answer one method on a path and log the path's pattern, never what stood in it."""

    async def logged(request: Request) -> Response:
        response = await handler(request)
        logger.debug("%s %s %d", request.method, path, response.status_code)
        return response

    return Route(path, logged, methods=[method])
