"""Drawing with the exported folder exactly as Diffusers does it, for looking and for scoring."""

from __future__ import annotations

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    StableDiffusionPipeline,
)
from PIL import Image

SCHEDULERS = {
    "euler": EulerDiscreteScheduler,
    "euler_a": EulerAncestralDiscreteScheduler,
    "heun": HeunDiscreteScheduler,
    "ddim": DDIMScheduler,
    "dpmpp_2m": DPMSolverMultistepScheduler,
}


def use_sampler(pipeline: StableDiffusionPipeline, name: str) -> None:
    pipeline.scheduler = SCHEDULERS[name].from_config(pipeline.scheduler.config)


def draw(
    pipeline: StableDiffusionPipeline,
    prompt: str,
    *,
    seed: int,
    steps: int = 20,
    cfg: float = 2.0,
    negative_prompt: str = "",
    width: int = 128,
    height: int = 128,
) -> Image.Image:
    return pipeline(
        prompt,
        negative_prompt=negative_prompt,
        num_inference_steps=steps,
        guidance_scale=cfg,
        width=width,
        height=height,
        generator=torch.Generator().manual_seed(seed),
    ).images[0]
