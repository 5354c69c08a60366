"""What a picture would be if the network were right about its noise: what previews show."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

SMALLEST_SIGNAL = 1e-4  # keeps the first step of a schedule that begins with noise alone finite


class LastStep:
    """The network's last answer and what it was given; kept by reference, so it costs nothing."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._given: tuple[torch.Tensor, Any, torch.Tensor, int] | None = None

    def take(self, output: torch.Tensor, timestep: Any, sample: torch.Tensor) -> None:
        """Told before each step of the scheduler."""
        index = getattr(self._scheduler, "step_index", None) or 0
        self._given = (output, timestep, sample, index)

    def estimate(self) -> torch.Tensor | None:
        """The denoised latents as the last step saw them; None before the first.

        With the share of signal a = alphas_cumprod[t], a sample is sqrt(a) x + sqrt(1 - a) noise
        (DDIM, https://arxiv.org/abs/2010.02502, section 2), or that divided by sqrt(a) where a
        scheduler counts in sigmas. v-prediction: https://arxiv.org/abs/2202.00512, appendix D.
        Rectified flow: a sample is (1 - sigma) x + sigma noise, and the answer noise - x.
        """
        if self._given is None:
            return None
        output, timestep, sample, index = self._given
        scheduler = self._scheduler
        if not hasattr(scheduler, "alphas_cumprod"):
            return sample - float(scheduler.sigmas[index]) * output
        alphas = scheduler.alphas_cumprod
        nearest = min(round(float(timestep)), len(alphas) - 1)
        signal = max(float(alphas[nearest]), SMALLEST_SIGNAL)
        if scheduler.init_noise_sigma != 1.0:
            sample = sample * signal**0.5
        noise = (1 - signal) ** 0.5
        if scheduler.config.prediction_type == "sample":
            return output
        if scheduler.config.prediction_type == "v_prediction":
            return signal**0.5 * sample - noise * output
        return (sample - noise * output) / signal**0.5


@contextmanager
def watched(scheduler: Any) -> Iterator[LastStep]:
    """Looks over a scheduler's shoulder: pipelines hand out its result alone."""
    last = LastStep(scheduler)
    own = scheduler.step

    # pipelines ask for its signature to know what it takes
    @functools.wraps(own)
    def step(model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, **more: Any) -> Any:
        last.take(model_output, timestep, sample)
        return own(model_output, timestep, sample, **more)

    scheduler.step = step
    try:
        yield last
    finally:
        # a cycle would keep the latents until the collector comes by
        del scheduler.step
