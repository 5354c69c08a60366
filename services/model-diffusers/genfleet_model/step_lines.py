"""Progress lines, with previews that are encoded beside the device's thread."""

import asyncio
from collections.abc import Callable

from .generation import Step
from .outbox import Line, Outbox
from .previews import preview_jpeg


class StepLines:
    """Puts a line into the outbox for each step, in order.

    A preview goes with its own step, or with a later one where that was told while it was being
    encoded. One set of previews is encoded at a time; those that come meanwhile are left out.
    """

    def __init__(self, outbox: Outbox, is_open: Callable[[str], bool]) -> None:
        self._outbox = outbox
        self._is_open = is_open
        self._encoding: asyncio.Task[None] | None = None
        self._told: dict[str, int] = {}
        self._late: dict[str, str] = {}

    def tell(self, event: Step) -> None:
        """On the event loop."""
        if event.previews and self._encoding is None:
            self._encoding = asyncio.create_task(self._tell_with_previews(event))
        else:
            self._put(event)

    async def _tell_with_previews(self, event: Step) -> None:
        try:
            for task_id, levels in event.previews.items():
                self._late[task_id] = await asyncio.to_thread(preview_jpeg, levels, event.canvas)
        finally:
            self._encoding = None
            self._put(event)

    def _put(self, event: Step) -> None:
        ids = [i for i in event.ids if self._is_open(i) and self._told.get(i, 0) < event.step]
        if not ids:
            return
        self._told.update(dict.fromkeys(ids, event.step))
        line: Line = {"type": "progress", "step": event.step, "steps": event.steps, "ids": ids}
        previews = {i: self._late.pop(i) for i in ids if i in self._late}
        if previews:
            line["previews"] = previews
        self._outbox.put_progress(",".join(ids), line)
