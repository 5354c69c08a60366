"""Small pictures of unfinished latents, cheap enough to make during generation."""

import base64
import io
from typing import Any

import numpy as np
import torch
from PIL import Image

from .latent_rgb import known_latent_rgb, project
from .loading import LoadedModel

LONGEST_SIDE = 256
JPEG_QUALITY = 75


def preview_levels(model: LoadedModel, latents: torch.Tensor) -> np.ndarray | None:
    """One image's denoised latents [channels, h, w] as bytes of shape [h, w, 3].

    Called on the device's thread. Projected to colours one for one where factors are known (the
    model's card, then the known families); else decoded if the decoder is small. None where neither
    applies.
    """
    config = model.pipeline.vae.config
    latent_rgb = model.entry.card.latent_rgb or known_latent_rgb(config)
    if latent_rgb is not None and len(latent_rgb.factors) == len(latents):
        rgb = project(latents, latent_rgb)
    elif model.has_small_decoder:
        scaled = latents[None] / config.scaling_factor + (
            getattr(config, "shift_factor", None) or 0
        )
        rgb = model.pipeline.vae.decode(scaled, return_dict=False)[0][0].float()
    else:
        return None
    levels = ((rgb.clamp(-1, 1) + 1) * 127.5).nan_to_num(0).round().to(torch.uint8)
    return levels.permute(1, 2, 0).cpu().numpy()


def preview_jpeg(levels: np.ndarray, canvas: tuple[int, int]) -> str:
    """A base64 JPEG as large as the canvas (width, height), but at most 256 pixels a side."""
    shrink = min(1, LONGEST_SIDE / max(canvas))
    size = (round(canvas[0] * shrink), round(canvas[1] * shrink))
    buffer = io.BytesIO()
    picture = Image.fromarray(levels, mode="RGB").resize(size, Image.Resampling.BICUBIC)
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def unpacked(pipeline: Any, latents: torch.Tensor, canvas: tuple[int, int]) -> torch.Tensor:
    """Latents as [batch, channels, h, w]: Flux keeps them as a row of 2x2 patches."""
    if latents.ndim == 4:
        return latents
    width, height = canvas
    return pipeline._unpack_latents(latents, height, width, pipeline.vae_scale_factor)
