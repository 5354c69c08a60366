"""Keeps several pipelines in memory within a budget and evicts the least recently used."""

import asyncio
import gc
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .catalog import ModelEntry
from .device import Device
from .faults import ModelFault
from .loading import LoadedModel, estimate_bytes, load_model
from .metrics import Metrics

log = logging.getLogger(__name__)
Loader = Callable[[ModelEntry, Device], LoadedModel]


@dataclass
class _Slot:
    model: LoadedModel
    users: int = 0


@dataclass(frozen=True)
class Borrowed:
    """A loaded model in use; ``load_ms`` is 0 if it was there already."""

    model: LoadedModel
    load_ms: int

    @property
    def stale(self) -> bool:
        """Whether it was discarded meanwhile: it has to be given back and borrowed anew."""
        return self.model.pipeline is None


class Pipelines:
    """Everything here runs on the event loop; only the loading itself is in a thread.

    A model in use is never evicted. Requests for one model that arrive while it loads share the
    load. The budget counts loaded models and those being loaded, by their estimate.
    """

    def __init__(
        self, device: Device, budget_bytes: int, metrics: Metrics, load: Loader = load_model
    ) -> None:
        self.device = device
        self.budget_bytes = budget_bytes
        self._metrics = metrics
        self._load = load
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._loading: dict[str, tuple[asyncio.Task[LoadedModel], int]] = {}
        self._room = asyncio.Event()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="model-load")

    @property
    def loaded(self) -> dict[str, int]:
        """Names of the models in memory and the bytes each takes."""
        return {name: slot.model.size_bytes for name, slot in self._slots.items()}

    @property
    def used_bytes(self) -> int:
        """Bytes taken by loaded models and promised to those being loaded."""
        promised = sum(size for _, size in self._loading.values())
        return sum(self.loaded.values()) + promised

    @asynccontextmanager
    async def borrow(self, entry: ModelEntry) -> AsyncIterator[Borrowed]:
        """The model, loaded if need be, and kept until the block is left.

        Raises ModelFault(out_of_memory) if it is larger than the whole budget or does not load
        even with nothing beside it, ModelFault(engine_failed) if it cannot be loaded.
        """
        load_ms = 0
        while entry.name not in self._slots:
            load_ms += await self._ensure(entry)
        slot = self._slots[entry.name]
        slot.users += 1
        self._slots.move_to_end(entry.name)
        try:
            yield Borrowed(slot.model, load_ms)
        finally:
            slot.users -= 1
            self._announce()

    def discard(self, name: str) -> None:
        """Throws a pipeline that failed away, so that the next request loads it afresh. Only for
        whoever holds the device: others who borrowed it find it stale when their turn comes."""
        slot = self._slots.get(name)
        if slot is not None:
            self._drop(name, slot, "broken")

    def evict_others(self, keep: str) -> int:
        """Evicts every idle model but one, to make room for its work; how many there were."""
        idle = [n for n, slot in self._slots.items() if n != keep and slot.users == 0]
        for name in idle:
            self._drop(name, self._slots[name], "pressure")
        return len(idle)

    def close(self) -> None:
        """Takes no further load."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ensure(self, entry: ModelEntry) -> int:
        """One try at having the model loaded; its load time in ms, 0 if another's load was used."""
        if entry.name in self._loading:
            await asyncio.shield(self._loading[entry.name][0])
            return 0
        size_bytes = estimate_bytes(entry, self.device)
        self._refuse_larger(entry, size_bytes)
        if not self._make_room(size_bytes):
            self._room.clear()
            await self._room.wait()
            return 0
        task = asyncio.get_running_loop().create_task(self._load_in_thread(entry))
        # Looked at here, so that a load that fails after all who wanted it left is no news.
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        self._loading[entry.name] = (task, size_bytes)
        # Shielded: whoever gave up waiting must not take the load away from the others.
        return (await asyncio.shield(task)).load_ms

    async def _load_in_thread(self, entry: ModelEntry) -> LoadedModel:
        loop = asyncio.get_running_loop()
        try:
            try:
                model = await loop.run_in_executor(self._threads, self._load, entry, self.device)
            except ModelFault as fault:
                if fault.code != "out_of_memory" or not self.evict_others(entry.name):
                    raise
                model = await loop.run_in_executor(self._threads, self._load, entry, self.device)
        except BaseException:
            self._metrics.model_loads.labels(entry.name, "failed").inc()
            raise
        finally:
            self._loading.pop(entry.name, None)
            self._announce()
        # Measured now: the files' size was only an estimate.
        self._refuse_larger(entry, model.size_bytes)
        self._metrics.model_loads.labels(entry.name, "loaded").inc()
        self._metrics.model_load_seconds.observe(model.load_ms / 1000)
        self._slots[entry.name] = _Slot(model)
        self._make_room(0)
        log.info("model loaded in %d ms, %d bytes", model.load_ms, model.size_bytes,
                 extra={"model": entry.name})  # fmt: skip
        return model

    def _refuse_larger(self, entry: ModelEntry, size_bytes: int) -> None:
        if size_bytes > self.budget_bytes:
            raise ModelFault(
                "out_of_memory",
                f"{entry.name} takes {size_bytes} bytes and the budget is {self.budget_bytes}",
            )

    def _make_room(self, size_bytes: int) -> bool:
        """Evicts least recently used idle models until so many bytes fit; False if they cannot."""
        newest = next(reversed(self._slots), None)
        for name in list(self._slots):
            if self.used_bytes + size_bytes <= self.budget_bytes:
                break
            slot = self._slots[name]
            if slot.users == 0 and not (size_bytes == 0 and name == newest):
                self._drop(name, slot, "budget")
        return self.used_bytes + size_bytes <= self.budget_bytes

    def _drop(self, name: str, slot: _Slot, reason: str) -> None:
        if self._slots.get(name) is slot:
            del self._slots[name]
        self._metrics.model_evictions.labels(name, reason).inc()
        log.info("model evicted (%s)", reason, extra={"model": name})
        slot.model.pipeline = None
        gc.collect()
        self.device.free_cache()

    def _announce(self) -> None:
        self._metrics.resident_bytes.set(sum(self.loaded.values()))
        self._room.set()
