"""Fits colours to latents by least squares, for previews that need no decoder.

    python fit_latent_rgb.py [--model ../../../services/model-diffusers/models/genfleet-demo]

Draws scenes, encodes them with the model's own autoencoder and writes the fit into the model's
`genfleet.json` as `latent_rgb`: a colour in -1..1 is the mean over the 8x8 pixels of a latent. Prints
how much of the colours' variance it explains in scenes that it was not fitted to.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from models import CANVASES, VAE_FACTOR
from scenes import random_scene, render

MODEL = Path(__file__).parents[3] / "services" / "model-diffusers" / "models" / "genfleet-demo"
SCENES, UNSEEN_SCENES = 400, 100
DIGITS = 4


def latents_and_colours(
    vae: AutoencoderKL, rng: random.Random, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of latents as the denoiser sees them with a one at the end, and their colours."""
    latents, colours = [], []
    for _ in range(count):
        width, height = rng.choices(list(CANVASES), list(CANVASES.values()))[0]
        scene, _words = random_scene(rng)
        pixels = torch.from_numpy(render(scene, width, height, rng)).permute(2, 0, 1)[None] / 127.5 - 1
        with torch.inference_mode():
            encoded = vae.encode(pixels).latent_dist.mean[0] * vae.config.scaling_factor
            means = torch.nn.functional.avg_pool2d(pixels, VAE_FACTOR)[0]
        latents.append(encoded.flatten(1).T.numpy())
        colours.append(means.flatten(1).T.numpy())
    rows = np.concatenate(latents)
    return np.c_[rows, np.ones(len(rows))], np.concatenate(colours)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, default=MODEL)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rng = random.Random(0)
    vae = AutoencoderKL.from_pretrained(arguments.model / "vae", local_files_only=True).float()
    rows, colours = latents_and_colours(vae, rng, SCENES)
    fit = np.linalg.lstsq(rows, colours, rcond=None)[0]
    rows, colours = latents_and_colours(vae, rng, UNSEEN_SCENES)
    rest = ((rows @ fit - colours) ** 2).sum() / ((colours - colours.mean(0)) ** 2).sum()
    print(f"explains {1 - rest:.1%} of the variance of colours in {UNSEEN_SCENES} unseen scenes")

    *factors, bias = np.round(fit, DIGITS).tolist()
    card = arguments.model / "genfleet.json"
    facts = json.loads(card.read_text())
    facts["latent_rgb"] = {"factors": factors, "bias": bias}
    card.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
