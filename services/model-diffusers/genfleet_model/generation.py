"""Runs one request on the device: batches, steps, previews, and what to do when memory ends."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .cancellation import Cancellation, Cancelled
from .canvas import to_levels
from .denoised import LastStep, watched
from .faults import ModelFault
from .loading import LoadedModel, first_line, is_out_of_memory
from .previews import preview_levels, unpacked
from .samplers import scheduler_for
from .schema import GenerateRequest

log = logging.getLogger(__name__)
BACKLOG_LIMIT_BYTES = 128 * 1024 * 1024
BACKLOG_LOOK_S = 0.05


@dataclass(frozen=True)
class ImageOrder:
    """One image to make: the task it is for, its place there, and everything that is its own."""

    task_id: str
    index: int
    prompt: str
    negative_prompt: str
    seed: int


@dataclass(frozen=True)
class Step:
    """Step ``step`` of ``steps`` is done for these tasks.

    ``previews`` are small pictures by task, bytes of shape [h, w, 3], of a canvas of width x height
    pixels.
    """

    ids: list[str]
    step: int
    steps: int
    previews: dict[str, np.ndarray]
    canvas: tuple[int, int]


@dataclass(frozen=True)
class Pixels:
    """A finished image as bytes of shape [height, width, 3], on the model's canvas."""

    order: ImageOrder
    levels: np.ndarray


@dataclass(frozen=True)
class TaskFault:
    """A task that ends here."""

    task_id: str
    fault: ModelFault


Event = Step | Pixels | TaskFault


@dataclass
class Generation:
    """One request on one model. ``run`` blocks; ``emit`` and ``on_step`` are called on its thread.

    ``on_step`` gets the times (seconds, time.time) at which a step began and ended.
    ``make_room`` frees memory of other models and tells whether it freed any. ``backlog_bytes`` is
    what of finished images was not sent yet; over a limit, the next batch waits, as long as the
    connection is not given up.
    """

    request: GenerateRequest
    model: LoadedModel
    cancellation: Cancellation
    emit: Callable[[Event], None]
    on_step: Callable[[int, float, float], None]
    make_room: Callable[[], bool]
    batch_images: int
    backlog_bytes: Callable[[], int]

    def run(self) -> None:
        """Makes every image that is still wanted.

        Raises ModelFault (engine_failed, out_of_memory, invalid_settings), after which tasks
        without all their images have failed. Returns early once nothing is wanted.
        """
        pending = self._orders()
        batch_images = self.batch_images
        while pending:
            pending = [o for o in pending if self.cancellation.wanted(o.task_id)]
            batch = pending[:batch_images]
            if not batch:
                return
            if self.backlog_bytes() > BACKLOG_LIMIT_BYTES:
                time.sleep(BACKLOG_LOOK_S)
                continue
            try:
                self._draw(batch)
            except Cancelled:
                continue
            except ModelFault:
                raise
            except Exception as error:
                if not is_out_of_memory(error):
                    message = f"the model failed: {first_line(error)}"
                    raise ModelFault("engine_failed", message) from error
                self.model.device.free_cache()
                if self.make_room():
                    continue
                if batch_images == 1 or len(batch) == 1:
                    message = "the device has no memory for one image of this size"
                    raise ModelFault("out_of_memory", message) from error
                batch_images = max(1, len(batch) // 2)
                log.warning("out of memory, going on with batches of %d", batch_images)
                continue
            pending = pending[len(batch) :]

    def _orders(self) -> list[ImageOrder]:
        return [
            ImageOrder(task.id, index, task.prompt, task.negative_prompt, seed)
            for task in self.request.tasks
            for index, seed in enumerate(task.seeds)
        ]

    def _draw(self, batch: list[ImageOrder]) -> None:
        request, pipeline = self.request, self.model.pipeline
        pipeline.scheduler = scheduler_for(request.sampler_name, self.model.scheduler)
        canvas = width, height = self.model.canvas(request.width, request.height)
        # Noise is drawn on the CPU for every device, so that a seed means the same picture on
        # each; one generator per image keeps it independent of its neighbours in the batch.
        generators = [torch.Generator("cpu").manual_seed(order.seed) for order in batch]
        with torch.inference_mode(), watched(pipeline.scheduler) as last:
            output = pipeline(
                prompt=[order.prompt for order in batch],
                negative_prompt=[order.negative_prompt for order in batch],
                num_inference_steps=request.steps,
                guidance_scale=request.cfg_scale,
                width=width,
                height=height,
                generator=generators,
                output_type="pt",
                callback_on_step_end=_StepWatch(self, batch, canvas, last),
            )
            rejected = getattr(output, "nsfw_content_detected", None) or [False] * len(batch)
            for order, pixels, unsafe in zip(batch, output.images, rejected, strict=True):
                self.emit(_outcome(order, pixels, unsafe))

    def progress(self, batch: list[ImageOrder], step: int) -> Iterator[tuple[list[str], int, int]]:
        """Ids, steps done and steps in all, tasks in the same position together.

        A task whose images need several batches counts the steps of all of them.
        """
        per_image = {task.id: len(task.seeds) for task in self.request.tasks}
        groups: dict[tuple[int, int], list[str]] = {}
        first = {}
        share = {}
        for order in batch:
            first.setdefault(order.task_id, order.index)
            share[order.task_id] = share.get(order.task_id, 0) + 1
        for task_id, index in first.items():
            if self.cancellation.wanted(task_id):
                images = per_image[task_id]
                steps = self.request.steps * images
                done = self.request.steps * index + step * share[task_id]
                groups.setdefault((done, steps), []).append(task_id)
        for (done, steps), ids in groups.items():
            yield ids, done, steps


def _outcome(order: ImageOrder, pixels: torch.Tensor, unsafe: bool) -> Event:
    if unsafe:
        fault = ModelFault("prompt_rejected", "the model's safety checker rejected the image")
        return TaskFault(order.task_id, fault)
    try:
        return Pixels(order, to_levels(pixels))
    except ValueError as error:
        return TaskFault(order.task_id, ModelFault("engine_failed", str(error)))


class _StepWatch:
    """Diffusers' callback after each step: leaves when nobody waits, tells how far it is."""

    def __init__(
        self,
        generation: Generation,
        batch: list[ImageOrder],
        canvas: tuple[int, int],
        last: LastStep,
    ) -> None:
        self.generation = generation
        self.batch = batch
        self.canvas = canvas
        self.last = last
        self.previewed = 0
        self.reported = 0
        self.began = time.time()

    def __call__(
        self, pipeline: Any, index: int, _timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        generation = self.generation
        if not any(generation.cancellation.wanted(o.task_id) for o in self.batch):
            raise Cancelled
        ended = time.time()
        generation.on_step(index + 1, self.began, ended)
        # Schedulers of second order call the network more often than there are steps.
        steps = generation.request.steps
        step = (index + 1) * steps // max(pipeline.num_timesteps, 1)
        if step > self.reported:
            self.reported = step
            previews = self._previews(pipeline, step)
            for ids, done, total in generation.progress(self.batch, step):
                shown = {task_id: previews[task_id] for task_id in ids if task_id in previews}
                generation.emit(Step(ids, done, total, shown, self.canvas))
        self.began = time.time()
        return tensors

    def _previews(self, pipeline: Any, step: int) -> dict[str, np.ndarray]:
        every = self.generation.request.preview_every
        if not every or step < self.previewed + every or step >= self.generation.request.steps:
            return {}
        self.previewed = step
        estimate = self.last.estimate()
        if estimate is None:
            return {}
        pictures: dict[str, np.ndarray] = {}
        latents = unpacked(pipeline, estimate, self.canvas)
        for order, one in zip(self.batch, latents, strict=True):
            if order.task_id not in pictures:
                picture = preview_levels(self.generation.model, one)
                if picture is not None:
                    pictures[order.task_id] = picture
        return pictures
