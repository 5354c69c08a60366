"""One request from admission to its last line: load, wait for the device, generate, encode."""

import asyncio
import base64
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from .cancellation import Cancellation
from .canvas import png_bytes
from .catalog import ModelEntry
from .engine import Engine
from .faults import ModelFault
from .generation import Event, Generation, Pixels, Step, TaskFault
from .loading import LoadedModel
from .outbox import Outbox
from .schema import GenerateRequest
from .step_lines import StepLines
from .tracing import GenerateTrace, trace_id_of

log = logging.getLogger(__name__)
ALIVE_EVERY_S = 5.0
LOOP_ANSWER_S = 60.0


@dataclass(eq=False)
class Session:
    """Lives on the event loop, apart from the connection that asked for it: when the connection
    closes, the session is told, and it ends by itself as soon as the device has let go."""

    engine: Engine
    request: GenerateRequest
    entry: ModelEntry
    trace: GenerateTrace
    outbox: Outbox = field(default_factory=Outbox)

    def __post_init__(self) -> None:
        self.ids = [task.id for task in self.request.tasks]
        self.cancellation = Cancellation(self.ids)
        self._unwanted = asyncio.Event()
        self._missing = {task.id: len(task.seeds) for task in self.request.tasks}
        self._encoding: set[asyncio.Task[None]] = set()
        self._encoding_bytes = 0
        self._steps = StepLines(self.outbox, self._missing.__contains__)
        self._on_device = False
        self._times = {"queue_ms": 0, "load_ms": 0, "generate_ms": 0}

    def cancel(self, task_id: str) -> bool:
        """Ends one task with the error ``cancelled``; False if it is not open here."""
        if task_id not in self._missing or not self.cancellation.cancel(task_id):
            return False
        self._fail(task_id, ModelFault("cancelled", "the task was cancelled"))
        if self.cancellation.nothing_wanted:
            self._unwanted.set()
        return True

    def abandon(self) -> None:
        """The client is gone: nothing is wanted any more, and nobody is told."""
        self.outbox.close()
        self.cancellation.cancel_all()
        self._unwanted.set()

    async def run(self) -> None:
        """Never raises: whatever goes wrong becomes an error line for the tasks still open."""
        started = time.monotonic()
        work = asyncio.create_task(self._run())
        unwanted = asyncio.create_task(self._unwanted.wait())
        try:
            await asyncio.wait({work, unwanted}, return_when=asyncio.FIRST_COMPLETED)
            if not self._on_device:
                work.cancel()
            await work
            # Only cancelled work ends without its images and without an error.
            self._fail_open(ModelFault("cancelled", "nobody waits for the images"))
        except asyncio.CancelledError:
            self._fail_open(ModelFault("cancelled", "nobody waits for the images"))
        except ModelFault as fault:
            self._fail_open(fault)
        except Exception as error:
            log.exception("a request failed unexpectedly", extra={"model": self.entry.name})
            self._fail_open(ModelFault("engine_failed", f"{type(error).__name__}: {error}"))
        finally:
            unwanted.cancel()
        times = {**self._times, "total_ms": round((time.monotonic() - started) * 1000)}
        self.outbox.put({
            "type": "done",
            "model": self.entry.name,
            "model_load_ms": times["load_ms"],
            "timings": times,
        })  # fmt: skip
        self.outbox.close()
        self.trace.end(times)

    async def _run(self) -> None:
        started = time.monotonic()
        waiting = asyncio.create_task(self._say_waiting())
        try:
            while not await self._take_turn(started, waiting):
                pass
        finally:
            waiting.cancel()
        # Encoding is off the device: the next request generates meanwhile.
        if self._encoding:
            await asyncio.gather(*self._encoding)

    async def _take_turn(self, started: float, waiting: asyncio.Task[None]) -> bool:
        """Loads, waits and generates; False if the model was discarded during the wait."""
        async with self.engine.pipelines.borrow(self.entry) as borrowed:
            if borrowed.load_ms:
                self._times["load_ms"] += borrowed.load_ms
                self.trace.loaded(borrowed.load_ms)
            async with self.engine.gate.turn():
                if borrowed.stale:
                    return False
                waiting.cancel()
                waited_ms = round((time.monotonic() - started) * 1000)
                self._times["queue_ms"] = max(0, waited_ms - self._times["load_ms"])
                if not self.cancellation.nothing_wanted:
                    await self._generate(borrowed.model)
        return True

    async def _generate(self, model: LoadedModel) -> None:
        loop = asyncio.get_running_loop()
        generation = Generation(
            request=self.request,
            model=model,
            cancellation=self.cancellation,
            emit=lambda event: _post(loop, self._take, event),
            on_step=self._step_done,
            make_room=lambda: _call(loop, self.engine.pipelines.evict_others, self.entry.name) > 0,
            batch_images=self.engine.batch_images,
            backlog_bytes=self._backlog_bytes,
        )
        started = time.monotonic()
        self._on_device = True
        try:
            await loop.run_in_executor(self.engine.device_thread, generation.run)
        except ModelFault as fault:
            if fault.code == "engine_failed":
                # Its state is unknown now; the next request gets a fresh one from disk.
                self.engine.pipelines.discard(self.entry.name)
            log.warning("generation failed: %s", fault, extra={"model": self.entry.name})
            raise
        finally:
            self._on_device = False
            self._times["generate_ms"] = round((time.monotonic() - started) * 1000)

    async def _say_waiting(self) -> None:
        """Lets the client tell a long line or load from a dead connection."""
        while True:
            loaded = self.entry.name in self.engine.pipelines.loaded
            reason = "device" if loaded else "model"
            self.outbox.put_progress("waiting", {"type": "waiting", "for": reason})
            await asyncio.sleep(ALIVE_EVERY_S)

    def _backlog_bytes(self) -> int:
        """On the device's thread."""
        self.engine.gate.beat()
        return self._encoding_bytes + self.outbox.held_bytes

    def _step_done(self, step: int, began_s: float, ended_s: float) -> None:
        """On the device's thread."""
        self.engine.gate.beat()
        self.engine.metrics.step_seconds.observe(ended_s - began_s)
        self.trace.step(step, began_s, ended_s)

    def _take(self, event: Event) -> None:
        if isinstance(event, Step):
            self._steps.tell(event)
        elif isinstance(event, TaskFault):
            if self.cancellation.cancel(event.task_id):
                self._fail(event.task_id, event.fault)
        elif self.cancellation.wanted(event.order.task_id):
            self._encoding_bytes += event.levels.nbytes
            encoding = asyncio.create_task(self._encode(event))
            self._encoding.add(encoding)

    async def _encode(self, event: Pixels) -> None:
        size = (self.request.width, self.request.height)
        png = await asyncio.to_thread(_png_base64, event.levels, *size)
        self._encoding_bytes -= event.levels.nbytes
        order = event.order
        if order.task_id not in self._missing:
            return
        self.outbox.put({
            "type": "image",
            "id": order.task_id,
            "index": order.index,
            "seed": order.seed,
            "png": png,
        })  # fmt: skip
        self.engine.metrics.images.labels(self.entry.name).inc()
        self._missing[order.task_id] -= 1
        if self._missing[order.task_id] == 0:
            del self._missing[order.task_id]
            log.info("task done", extra=self._fields(order.task_id))

    def _fail(self, task_id: str, fault: ModelFault) -> None:
        del self._missing[task_id]
        self.engine.metrics.failures.labels(fault.code).inc()
        self.outbox.put({"type": "error", "ids": [task_id], **fault.as_json()})
        log.info("task ended: %s: %s", fault.code, fault, extra=self._fields(task_id))

    def _fields(self, task_id: str) -> dict[str, str]:
        """What a log line about a task says beside its message."""
        (task,) = [task for task in self.request.tasks if task.id == task_id]
        fields = {"jobId": task_id, "model": self.entry.name, "engine": "diffusers"}
        # The task's own trace where it has one: a batch's span is in the first task's.
        trace_id = trace_id_of(task.traceparent) or self.trace.trace_id
        return {**fields, "traceId": trace_id} if trace_id else fields

    def _fail_open(self, fault: ModelFault) -> None:
        for task_id in list(self._missing):
            self._fail(task_id, fault)


def _png_base64(levels: np.ndarray, width: int, height: int) -> str:
    return base64.b64encode(png_bytes(levels, width, height)).decode("ascii")


def _post(loop: asyncio.AbstractEventLoop, function: Callable[[Event], None], event: Event) -> None:
    loop.call_soon_threadsafe(function, event)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[str], int], argument: str) -> int:
    """Runs a function on the loop and waits for its answer; for the device's thread."""
    answer: Future[int] = Future()
    loop.call_soon_threadsafe(lambda: answer.set_result(function(argument)))
    return answer.result(timeout=LOOP_ANSWER_S)
