"""Lines on their way to one client, who may read slowly."""

import asyncio
from collections import deque

Line = dict[str, object]


class Outbox:
    """Progress replaces unsent progress of the same tasks; everything else is kept.

    So progress never piles up, and ``held_bytes`` tells how much of images does: the next batch is
    not begun while it is too much.
    """

    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._progress: dict[str, Line] = {}
        self._wake = asyncio.Event()
        self._closed = False
        self.held_bytes = 0

    def put(self, line: Line) -> None:
        """Adds a line; after ``close`` it is dropped."""
        if not self._closed:
            self._lines.append(line)
            self.held_bytes += _weight(line)
            self._wake.set()

    def put_progress(self, key: str, line: Line) -> None:
        """Adds a line, or puts it in the place of an unsent one with the same key."""
        if self._closed:
            return
        unsent = self._progress.get(key)
        if unsent is not None:
            unsent.clear()
            unsent.update(line)
            return
        self._progress[key] = line
        self.put(line)

    def close(self) -> None:
        """No more lines come; ``next`` ends after those there are."""
        self._closed = True
        self._wake.set()

    async def next(self) -> Line | None:
        """The next line, or None at the end."""
        while not self._lines:
            if self._closed:
                return None
            self._wake.clear()
            await self._wake.wait()
        line = self._lines.popleft()
        self.held_bytes -= _weight(line)
        for key in [k for k, unsent in self._progress.items() if unsent is line]:
            del self._progress[key]
        return line


def _weight(line: Line) -> int:
    png = line.get("png")
    return len(png) if isinstance(png, str) else 0
