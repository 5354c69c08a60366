"""Small pictures of unfinished latents, cheap enough to make during generation."""

import base64
import io

import torch
from PIL import Image

from .loading import LoadedModel

LONGEST_SIDE = 256
JPEG_QUALITY = 70

# Least-squares fit of Stable Diffusion 1.x latents to RGB in -1..1, as published in
# https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204
SD1_SCALING_FACTOR = 0.18215
SD1_LATENT_RGB = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
)


def preview_jpeg(model: LoadedModel, latents: torch.Tensor) -> str | None:
    """One image's latents [channels, h, w] as a base64 JPEG of at most 256 pixels a side.

    A small decoder is run as it is; for a large one the linear fit of SD 1.x stands in.
    None where neither applies (latents of another family).
    """
    if model.has_small_decoder:
        scaled = latents[None] / model.pipeline.vae.config.scaling_factor
        rgb = model.pipeline.vae.decode(scaled, return_dict=False)[0][0].float()
    elif abs(model.pipeline.vae.config.scaling_factor - SD1_SCALING_FACTOR) < 1e-3:
        factors = torch.tensor(SD1_LATENT_RGB, dtype=torch.float32, device=latents.device)
        rgb = torch.einsum("chw,cr->rhw", latents.float(), factors)
    else:
        return None
    levels = ((rgb.clamp(-1, 1) + 1) * 127.5).nan_to_num(0).round().to(torch.uint8)
    image = Image.fromarray(levels.permute(1, 2, 0).cpu().numpy(), mode="RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def unit_scale(latents: torch.Tensor, scheduler: object, step: int) -> torch.Tensor:
    """Latents at about unit variance, where a scheduler keeps them scaled by its sigma."""
    sigmas = getattr(scheduler, "sigmas", None)
    if sigmas is None or getattr(scheduler, "init_noise_sigma", 1.0) == 1.0:
        return latents
    index = getattr(scheduler, "step_index", None)
    sigma = float(sigmas[min(index if index is not None else step + 1, len(sigmas) - 1)])
    return latents / (sigma**2 + 1) ** 0.5
