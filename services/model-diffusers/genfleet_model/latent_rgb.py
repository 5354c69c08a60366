"""Latents to colours without a decoder: RGB is nearly a linear function of them ("latent2rgb").

The factors were fitted once for each family of autoencoders. Those below are the ones InvokeAI
publishes (`invokeai/app/util/step_callback.py`, Apache-2.0), which come from
https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204 for SD 1.x. A model
of another family brings its own on its card.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch

from .catalog import LatentRgb

SD1 = LatentRgb(
    factors=[
        (0.3444, 0.1385, 0.0670),
        (0.1247, 0.4027, 0.1494),
        (-0.3192, 0.2513, 0.2103),
        (-0.1307, -0.1874, -0.7445),
    ]
)
SDXL = LatentRgb(
    factors=[
        (0.3816, 0.4930, 0.5320),
        (-0.3753, 0.1631, 0.1739),
        (0.1770, 0.3588, -0.2048),
        (-0.4350, -0.2644, -0.4289),
    ]
)
SD3 = LatentRgb(
    factors=[
        (-0.05240681, 0.03251581, 0.0749016),
        (-0.0580572, 0.00759826, 0.05729818),
        (0.16144888, 0.01270368, -0.03768577),
        (0.14418615, 0.08460266, 0.15941818),
        (0.04894035, 0.0056485, -0.06686988),
        (0.05187166, 0.19222395, 0.06261094),
        (0.1539433, 0.04818359, 0.07103094),
        (-0.08601796, 0.09013458, 0.10893912),
        (-0.12398469, -0.06766567, 0.0033688),
        (-0.0439737, 0.07825329, 0.02258823),
        (0.03101129, 0.06382551, 0.07753657),
        (-0.01315361, 0.08554491, -0.08772475),
        (0.06464487, 0.05914605, 0.13262741),
        (-0.07863674, -0.02261737, -0.12761454),
        (-0.09923835, -0.08010759, -0.06264447),
        (-0.03392309, -0.0804029, -0.06078822),
    ]
)
FLUX = LatentRgb(
    factors=[
        (-0.0412, 0.0149, 0.0521),
        (0.0056, 0.0291, 0.0768),
        (0.0342, -0.0681, -0.0427),
        (-0.0258, 0.0092, 0.0463),
        (0.0863, 0.0784, 0.0547),
        (-0.0017, 0.0402, 0.0158),
        (0.0501, 0.1058, 0.1152),
        (-0.0209, -0.0218, -0.0329),
        (-0.0314, 0.0083, 0.0896),
        (0.0851, 0.0665, -0.0472),
        (-0.0534, 0.0238, -0.0024),
        (0.0452, -0.0026, 0.0048),
        (0.0892, 0.0831, 0.0881),
        (-0.1117, -0.0304, -0.0789),
        (0.0027, -0.0479, -0.0043),
        (-0.1146, -0.0827, -0.0598),
    ]
)


@dataclass(frozen=True)
class Family:
    """Autoencoders that are alike, told by the numbers in their configuration."""

    channels: int
    scaling_factor: float
    latent_rgb: LatentRgb


FAMILIES = (
    Family(4, 0.18215, SD1),
    Family(4, 0.13025, SDXL),
    Family(16, 1.5305, SD3),
    Family(16, 0.3611, FLUX),
)


def known_latent_rgb(config: Any) -> LatentRgb | None:
    """The factors for an autoencoder's configuration, None if it is of no known family."""
    for family in FAMILIES:
        close = math.isclose(config.scaling_factor, family.scaling_factor, rel_tol=1e-3)
        if close and config.latent_channels == family.channels:
            return family.latent_rgb
    return None


def project(latents: torch.Tensor, latent_rgb: LatentRgb) -> torch.Tensor:
    """Colours in about -1..1 of shape [3, h, w] from latents of shape [channels, h, w]."""
    factors = torch.tensor(latent_rgb.factors, dtype=torch.float32, device=latents.device)
    bias = torch.tensor(latent_rgb.bias, dtype=torch.float32, device=latents.device)
    return torch.einsum("chw,cr->rhw", latents.float(), factors) + bias[:, None, None]
