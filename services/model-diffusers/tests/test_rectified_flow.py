"""A tiny Stable Diffusion 3 with random weights: networks and samplers of another kind."""

from pathlib import Path

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

from genfleet_model.cancellation import Cancellation
from genfleet_model.catalog import ModelCard, ModelEntry
from genfleet_model.device import Device
from genfleet_model.faults import ModelFault
from genfleet_model.generation import Event, Generation, Pixels, Step
from genfleet_model.loading import LoadedModel
from genfleet_model.schema import GenerateRequest

from . import tiny_pipeline


def text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModelWithProjection:
    size = len(tokenizer)
    return CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=size,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=4,
            projection_dim=32,
            bos_token_id=size - 2,
            eos_token_id=size - 1,
            pad_token_id=size - 1,
        )
    )


@pytest.fixture(scope="module")
def flow() -> LoadedModel:
    torch.manual_seed(0)
    tokenizer = tiny_pipeline.build().tokenizer
    pipeline = StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=32,
            patch_size=1,
            in_channels=16,
            out_channels=16,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            joint_attention_dim=64,
            caption_projection_dim=32,
            pooled_projection_dim=64,
        ),
        vae=AutoencoderKL(
            block_out_channels=(8,) * 4,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=16,
            norm_num_groups=4,
            scaling_factor=1.5305,
            shift_factor=0.0609,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=text_encoder(tokenizer),
        tokenizer=tokenizer,
        text_encoder_2=text_encoder(tokenizer),
        tokenizer_2=tokenizer,
        text_encoder_3=None,
        tokenizer_3=None,
    )
    pipeline.set_progress_bar_config(disable=True)
    entry = ModelEntry("flow", "diffusers", Path(), ModelCard())
    cpu = Device("cpu", torch.float32, 2**30)
    return LoadedModel(entry, pipeline, pipeline.scheduler, cpu, size_bytes=0, load_ms=0)


def draw(model: LoadedModel, sampler_name: str) -> list[Event]:
    task = {"id": "a", "prompt": "red", "seeds": [1]}
    request = GenerateRequest(
        model="flow",
        sampler_name=sampler_name,
        steps=3,
        cfg_scale=4.0,
        width=96,
        height=64,
        preview_every=1,
        tasks=[task],
    )
    events: list[Event] = []
    Generation(
        request=request,
        model=model,
        cancellation=Cancellation(["a"]),
        emit=events.append,
        on_step=lambda *_: None,
        make_room=lambda: False,
        batch_images=1,
        backlog_bytes=lambda: 0,
    ).run()
    return events


def test_draws_with_its_own_euler_and_has_previews(flow: LoadedModel) -> None:
    *steps, picture = draw(flow, "euler")
    assert isinstance(picture, Pixels)
    assert picture.levels.shape == (64, 96, 3)
    previews = [
        step.previews["a"].shape for step in steps if isinstance(step, Step) and step.previews
    ]
    assert previews == [(8, 12, 3)] * 2


def test_another_sampler_is_refused_with_those_it_takes(flow: LoadedModel) -> None:
    with pytest.raises(ModelFault, match=r"it takes: euler$"):
        draw(flow, "ddim")
