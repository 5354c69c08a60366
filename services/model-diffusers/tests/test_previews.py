"""Previews: the estimate they show, its colours, and the lines they travel in."""

import asyncio
import base64
import io
from types import SimpleNamespace

import diffusers
import numpy as np
import pytest
import torch
from diffusers import FluxPipeline, StableDiffusionPipeline
from PIL import Image

from genfleet_model.catalog import LatentRgb, ModelCard
from genfleet_model.denoised import watched
from genfleet_model.generation import Step
from genfleet_model.latent_rgb import FAMILIES, known_latent_rgb
from genfleet_model.outbox import Outbox
from genfleet_model.previews import preview_jpeg, preview_levels, unpacked
from genfleet_model.samplers import SAMPLERS, scheduler_for
from genfleet_model.step_lines import StepLines

BETAS = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
GREY = LatentRgb(factors=[(1.0, 1.0, 1.0)] * 4)


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("sampler", ["euler", "euler_a", "ddim", "ddpm"])
def test_the_estimate_is_the_schedulers_own_where_it_tells_one(
    sampler: str, prediction_type: str
) -> None:
    own = diffusers.DDIMScheduler(**BETAS, prediction_type=prediction_type, clip_sample=False)
    scheduler = scheduler_for(sampler, own)
    scheduler.set_timesteps(4)  # whole numbers in every way of spacing
    noise = torch.Generator().manual_seed(1)
    sample = torch.randn(1, 4, 8, 8, generator=noise) * scheduler.init_noise_sigma
    with watched(scheduler) as last:
        assert last.estimate() is None
        for timestep in scheduler.timesteps:
            scheduler.scale_model_input(sample, timestep)
            answer = torch.randn(1, 4, 8, 8, generator=noise)
            step = scheduler.step(answer, timestep, sample)
            torch.testing.assert_close(
                last.estimate(), step.pred_original_sample, rtol=1e-3, atol=1e-3
            )
            sample = step.prev_sample


@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_a_network_that_is_right_is_shown_its_picture_by_every_sampler(sampler: str) -> None:
    """The noise it answers is what stands between the sample and a picture known beforehand."""
    own = diffusers.DDIMScheduler(**BETAS, prediction_type="epsilon", clip_sample=False)
    scheduler = scheduler_for(sampler, own)
    scheduler.set_timesteps(6)
    picture = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
    sample = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    sample = sample * scheduler.init_noise_sigma
    with watched(scheduler) as last:
        for timestep in scheduler.timesteps:
            share = float(scheduler.alphas_cumprod[min(round(float(timestep)), 999)])
            scaled = scheduler.scale_model_input(sample, timestep)
            noise = (scaled - share**0.5 * picture) / (1 - share) ** 0.5
            sample = scheduler.step(noise, timestep, sample, return_dict=False)[0]
            # between two timesteps the share of noise is that of the nearest
            assert float((last.estimate() - picture).abs().max()) < 0.25
    assert "step" not in vars(scheduler)


def test_the_estimate_of_a_rectified_flow() -> None:
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(4)
    picture, noise = torch.full((1, 1, 2, 2), 0.5), torch.ones(1, 1, 2, 2)
    sample = noise
    with watched(scheduler) as last:
        for timestep in scheduler.timesteps:
            sample = scheduler.step(noise - picture, timestep, sample, return_dict=False)[0]
            torch.testing.assert_close(last.estimate(), picture)


def test_pipelines_still_see_what_a_watched_scheduler_takes() -> None:
    own = diffusers.DDIMScheduler()
    prepare = StableDiffusionPipeline.prepare_extra_step_kwargs
    with watched(own):
        kwargs = prepare(SimpleNamespace(scheduler=own), torch.Generator(), 0.0)
    assert set(kwargs) == {"eta", "generator"}


def test_factors_of_the_known_families() -> None:
    for family in FAMILIES:
        assert len(family.latent_rgb.factors) == family.channels
    config = SimpleNamespace(latent_channels=4, scaling_factor=0.18215)
    assert known_latent_rgb(config) is FAMILIES[0].latent_rgb
    assert known_latent_rgb(SimpleNamespace(latent_channels=16, scaling_factor=0.18215)) is None
    assert known_latent_rgb(SimpleNamespace(latent_channels=4, scaling_factor=1.0)) is None


def model(scaling_factor: float, latent_rgb: LatentRgb | None = None, small: bool = True):
    """As much of a loaded model as a preview looks at; its decoder draws a white picture."""
    decoded = (torch.ones(1, 3, 16, 16),)
    config = SimpleNamespace(latent_channels=4, scaling_factor=scaling_factor, shift_factor=None)
    vae = SimpleNamespace(config=config, decode=lambda *_, **__: decoded)
    return SimpleNamespace(
        entry=SimpleNamespace(card=ModelCard(latent_rgb=latent_rgb)),
        pipeline=SimpleNamespace(vae=vae),
        has_small_decoder=small,
    )


def test_the_card_comes_before_the_family_and_the_decoder_last() -> None:
    latents = torch.zeros(4, 2, 2)
    assert preview_levels(model(0.18215, GREY), latents).tolist() == [[[128] * 3] * 2] * 2
    assert preview_levels(model(0.18215), latents + 1).shape == (2, 2, 3)
    assert preview_levels(model(0.5), latents).shape == (16, 16, 3)
    assert preview_levels(model(0.5, small=False), latents) is None


def test_factors_for_other_latents_are_not_used() -> None:
    three = LatentRgb(factors=[(1.0, 1.0, 1.0)] * 3)
    assert preview_levels(model(0.5, three), torch.zeros(4, 2, 2)).shape == (16, 16, 3)


def test_values_that_are_no_numbers_have_a_preview_too() -> None:
    latents = torch.full((4, 1, 2), torch.nan)
    assert preview_levels(model(0.18215, GREY), latents).tolist() == [[[0] * 3] * 2]


@pytest.mark.parametrize(
    ("canvas", "size"), [((128, 128), (128, 128)), ((512, 1024), (128, 256)), ((64, 96), (64, 96))]
)
def test_a_preview_is_as_large_as_its_canvas_up_to_256_pixels(
    canvas: tuple[int, int], size: tuple[int, int]
) -> None:
    jpeg = preview_jpeg(np.zeros((16, 16, 3), np.uint8), canvas)
    assert Image.open(io.BytesIO(base64.b64decode(jpeg))).size == size


def test_latents_in_patches_are_laid_out() -> None:
    latents = torch.randn(1, 16, 8, 12)
    packed = FluxPipeline._pack_latents(latents, 1, 16, 8, 12)
    pipeline = SimpleNamespace(_unpack_latents=FluxPipeline._unpack_latents, vae_scale_factor=8)
    assert torch.equal(unpacked(pipeline, packed, (96, 64)), latents)
    assert unpacked(pipeline, latents, (96, 64)) is latents


def step(number: int, preview: bool = False) -> Step:
    levels = np.zeros((4, 4, 3), np.uint8)
    return Step(["a"], number, 9, {"a": levels} if preview else {}, (32, 32))


def test_a_preview_goes_with_its_step_or_with_the_next_that_is_told() -> None:
    async def told() -> list[tuple[int, bool]]:
        outbox, found = Outbox(), []
        lines = StepLines(outbox, lambda _: True)
        lines.tell(step(1, preview=True))
        first = await outbox.next()
        # these two come while the second preview is being encoded
        lines.tell(step(2, preview=True))
        lines.tell(step(3, preview=True))
        second = await outbox.next()
        await lines._encoding
        lines.tell(step(4))
        for line in (first, second, await outbox.next()):
            found.append((line["step"], "previews" in line))
        return found

    assert asyncio.run(told()) == [(1, True), (3, False), (4, True)]


def test_nothing_is_told_of_a_task_that_ended_meanwhile() -> None:
    async def told() -> Outbox:
        outbox, is_open = Outbox(), {"a"}
        lines = StepLines(outbox, is_open.__contains__)
        lines.tell(step(1, preview=True))
        is_open.clear()
        await lines._encoding
        outbox.close()
        return await outbox.next()

    assert asyncio.run(told()) is None
