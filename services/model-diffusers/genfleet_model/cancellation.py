"""Which tasks of one request nobody wants any more; asked by the device's thread at each step."""

import threading


class Cancelled(Exception):
    """Raised inside a denoising loop to leave it."""


class Cancellation:
    """Cancelled tasks of one request. Safe between threads."""

    def __init__(self, ids: list[str]) -> None:
        self._open = set(ids)
        self._lock = threading.Lock()

    def cancel(self, task_id: str) -> bool:
        """Cancels one task; False if it was cancelled before or is not of this request."""
        with self._lock:
            known = task_id in self._open
            self._open.discard(task_id)
            return known

    def cancel_all(self) -> None:
        """Cancels every task."""
        with self._lock:
            self._open.clear()

    def wanted(self, task_id: str) -> bool:
        """Whether the task is still to be made."""
        with self._lock:
            return task_id in self._open

    @property
    def nothing_wanted(self) -> bool:
        """Whether every task was cancelled."""
        with self._lock:
            return not self._open
