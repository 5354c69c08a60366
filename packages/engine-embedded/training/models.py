"""The parts of the demo model, all stock Diffusers and Transformers classes, and its fixed numbers."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextConfig, CLIPTextModel

# Where training keeps what it made so far; nothing in it is committed.
WORK = Path(os.environ.get("GENFLEET_TRAINING_DIR", Path(__file__).parent / ".cache"))

NATIVE_SHORT_SIDE = 128
VAE_FACTOR = 8
# Canvas sides are multiples of this, because the denoiser halves the latents twice.
SIZE_MULTIPLE = 32
LATENT_CHANNELS = 8
# The canvases the model is trained on, width and height in pixels, with their shares.
CANVASES = {
    (128, 128): 0.56,
    (160, 128): 0.07,
    (128, 160): 0.07,
    (192, 128): 0.15,
    (128, 192): 0.15,
}
TEXT_LENGTH = 48
TEXT_WIDTH = 128

TRAIN_TIMESTEPS = 1000
# More noise than Stable Diffusion's 0.012 at the end: a picture of flat colours is
# still plain to see where a detailed one is long gone.
BETA_START, BETA_END = 0.00085, 0.02

SCHEDULER_CONFIG = {
    "num_train_timesteps": TRAIN_TIMESTEPS,
    "beta_schedule": "scaled_linear",
    "beta_start": BETA_START,
    "beta_end": BETA_END,
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "set_alpha_to_one": True,
    "steps_offset": 0,
    "timestep_spacing": "trailing",
}


def new_scheduler() -> DDIMScheduler:
    return DDIMScheduler(**SCHEDULER_CONFIG)


def new_text_encoder(vocabulary_size: int, end_token: int) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary_size,
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=TEXT_LENGTH,
            projection_dim=TEXT_WIDTH,
            bos_token_id=end_token - 1,
            eos_token_id=end_token,
            pad_token_id=end_token,
        )
    )


def new_vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(16, 32, 48, 48),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=LATENT_CHANNELS,
        layers_per_block=1,
        norm_num_groups=8,
        mid_block_add_attention=False,
        sample_size=NATIVE_SHORT_SIDE,
    )


def new_unet() -> UNet2DConditionModel:
    """Narrow at 16x16, cross-attention at 8x8 and in the middle at 4x4."""
    unet = UNet2DConditionModel(
        sample_size=NATIVE_SHORT_SIDE // VAE_FACTOR,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        layers_per_block=1,
        block_out_channels=(64, 96, 96),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,
        norm_num_groups=8,
    )
    # On CPU the fused attention's backward pass is slower than the plain one at these sizes.
    unet.set_attn_processor(AttnProcessor())
    return unet


def save_atomically(state: object, path: Path) -> None:
    """A checkpoint that a kill in the middle of writing cannot damage."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    torch.save(state, fresh)
    fresh.replace(path)


def speed_up_group_norm() -> None:
    """Makes group normalisation's backward pass twice as fast on channels-last tensors, for training only."""
    plain = torch.nn.functional.group_norm

    def through_contiguous(pixels, *rest):
        return plain(pixels.contiguous(), *rest).contiguous(memory_format=torch.channels_last)

    torch.nn.functional.group_norm = lambda x, *rest: (
        through_contiguous if x.dim() == 4 else plain
    )(x, *rest)
