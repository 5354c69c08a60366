"""Everything that lives as long as the container: device, models, line, running sessions."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import torch

from .catalog import Catalog
from .device import pick_device
from .gate import Gate
from .metrics import Metrics
from .pipelines import Pipelines
from .settings import Settings

if TYPE_CHECKING:
    from .session import Session

log = logging.getLogger(__name__)


class Engine:
    """Built once on the event loop; owns the device's only thread."""

    def __init__(self, settings: Settings) -> None:
        if settings.torch_threads is not None:
            torch.set_num_threads(settings.torch_threads)
        self.settings = settings
        self.metrics = Metrics()
        self.device = pick_device()
        self.catalog = Catalog(settings.models_dir)
        budget_bytes = settings.memory_budget_bytes or self.device.default_budget_bytes
        self.pipelines = Pipelines(self.device, budget_bytes, self.metrics)
        self.gate = Gate(settings.queue_limit, self.metrics)
        self.batch_images = settings.batch_images or self.device.default_batch_images
        self.device_thread = ThreadPoolExecutor(1, thread_name_prefix="device")
        self.draining = False
        self._sessions: set[Session] = set()

    async def preload(self) -> None:
        """Loads the models of PRELOAD_MODELS in their order. Raises ModelFault."""
        for name in self.settings.preload:
            async with self.pipelines.borrow(self.catalog.resolve(name)):
                log.info("preloaded", extra={"model": name})

    async def run(self, session: "Session") -> None:
        """Runs an admitted session to its end and gives its place in the line back."""
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)
            self.gate.leave()

    def cancel(self, task_id: str) -> bool:
        """Cancels a task wherever it is; False if none of that id is open."""
        cancelled = [session.cancel(task_id) for session in list(self._sessions)]
        return any(cancelled)

    def unready(self) -> list[str]:
        """Why no request should be sent here now; empty when one may."""
        reasons = []
        if self.draining:
            reasons.append("draining")
        if not self.catalog.entries:
            self.catalog.scan()
        if not self.catalog.entries:
            reasons.append(f"no model in {self.settings.models_dir}")
        return reasons

    def close(self) -> None:
        """Takes nothing more and tells what runs to stop at its next step."""
        for session in list(self._sessions):
            session.abandon()
        self.pipelines.close()
        self.device_thread.shutdown(wait=False, cancel_futures=True)
