"""A simulated printer that keeps what it was given: the demo leaves the receipt's bytes beside its picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devices.page import Page
from devices.printer import JobUpdate, PrintJob
from devices.simulated_printer import SimulatedPrinter


class RecordingPrinter(SimulatedPrinter):
    """Remembers every page in `pages`, in the order of printing."""

    def __init__(self, **settings: Any) -> None:
        """`settings` as of the simulated printer."""
        self.pages: list[Page] = []
        super().__init__(**settings)

    def submit(self, job: PrintJob, watch: Callable[[JobUpdate], None]) -> None:
        """Print one job, and keep its page."""
        self.pages.append(job.page)
        super().submit(job, watch)
