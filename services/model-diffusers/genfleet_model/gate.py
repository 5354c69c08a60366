"""One generation at a time on the device, with a bounded line before it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .metrics import Metrics


class GateFull(Exception):
    """The line is full. ``retry_after_s`` is a guess from the last requests' durations."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"the queue is full, try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class Gate:
    """Counts requests from admission to their end and lets one at a time to the device."""

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit = limit
        self._turn = asyncio.Lock()
        self._admitted = 0
        self._usual_s = 5.0
        self._metrics = metrics
        self._beat: float | None = None

    @property
    def stalled_s(self) -> float:
        """Seconds since the running generation last moved; 0 when none runs."""
        return 0.0 if self._beat is None else time.monotonic() - self._beat

    @property
    def admitted(self) -> int:
        """Requests that were let in and have not ended."""
        return self._admitted

    def beat(self) -> None:
        """Told at each step, from any thread."""
        if self._beat is not None:
            self._beat = time.monotonic()

    def admit(self) -> None:
        """Takes a place in the line, to be given back with ``leave``. Raises GateFull."""
        if self._admitted >= self._limit:
            raise GateFull(max(1, round(self._usual_s * self._admitted)))
        self._admitted += 1
        self._metrics.queue.set(self._admitted)

    def leave(self) -> None:
        """Gives the place back."""
        self._admitted -= 1
        self._metrics.queue.set(self._admitted)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits in order of arrival and holds the device."""
        async with self._turn:
            started = self._beat = time.monotonic()
            try:
                yield
            finally:
                self._beat = None
                seconds = time.monotonic() - started
                self._usual_s = 0.7 * self._usual_s + 0.3 * seconds
                self._metrics.busy_seconds.inc(seconds)
