"""Writes model/reference.json: what Diffusers' schedulers make of the exported ONNX files.

    python make_reference.py [--model ../model]

The embedded engine's tokenizer, networks and samplers are tested against it, number by
number. The canvas is small (8x8 latents) so that the file stays small.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from diffusers import DDIMScheduler
from diffusers.schedulers import scheduling_euler_ancestral_discrete as ancestral

from export_onnx import OUT
from models import LATENT_CHANNELS, SCHEDULER_CONFIG, TEXT_LENGTH
from pipelines import SCHEDULERS
from word_tokenizer import new_tokenizer

PROMPT, NEGATIVE_PROMPT = "A red circle above a blue square, 2 dogs", ""
GUIDANCE, STEPS, SIDE = 4.0, 5, 8
DIGITS = 6


def numbers(values: np.ndarray) -> list[float]:
    """Six significant digits, which is more than 32-bit arithmetic in another order agrees on."""
    return [float(f"{value:.{DIGITS}g}") for value in np.asarray(values, np.float64).ravel()]


class Networks:
    def __init__(self, folder: Path):
        names = ("text_encoder", "unet", "vae_decoder")
        self.sessions = {
            name: onnxruntime.InferenceSession(
                folder / f"{name}.onnx", providers=["CPUExecutionProvider"]
            )
            for name in names
        }

    def run(self, name: str, **inputs: np.ndarray) -> np.ndarray:
        return self.sessions[name].run(None, inputs)[0]

    def guided(self, sample: np.ndarray, timestep: float, hidden: np.ndarray) -> np.ndarray:
        """`hidden` holds the negative prompt first; answers the velocity after guidance."""
        without, told = self.run(
            "unet",
            sample=np.concatenate([sample, sample]).astype(np.float32),
            timestep=np.full(2, timestep, np.float32),
            encoder_hidden_states=hidden,
        )
        return (without + GUIDANCE * (told - without))[None]


def sample_with(
    name: str, networks: Networks, start: np.ndarray, noise: np.ndarray, hidden: np.ndarray
) -> dict:
    scheduler = SCHEDULERS[name].from_config(DDIMScheduler(**SCHEDULER_CONFIG).config)
    scheduler.set_timesteps(STEPS)
    # Each ancestral step takes the next of the given noises instead of a generator's.
    pending = list(noise)
    ancestral.randn_tensor = lambda *_, **__: torch.from_numpy(pending.pop(0)[None])
    latents = torch.from_numpy(start[None]) * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        scaled = scheduler.scale_model_input(latents, timestep)
        velocity = networks.guided(scaled.numpy(), float(timestep), hidden)
        latents = scheduler.step(torch.from_numpy(velocity), timestep, latents).prev_sample
    return {
        "timesteps": numbers(scheduler.timesteps.numpy()),
        "init_noise_sigma": float(scheduler.init_noise_sigma),
        "latents": numbers(latents.numpy()),
    }


def make_reference(folder: Path) -> dict:
    networks, tokenizer, rng = Networks(folder), new_tokenizer(), np.random.default_rng(7)
    ids = tokenizer(
        [NEGATIVE_PROMPT, PROMPT], padding="max_length", max_length=TEXT_LENGTH, truncation=True
    ).input_ids
    hidden = networks.run("text_encoder", input_ids=np.array(ids, np.int64))
    shape = (LATENT_CHANNELS, SIDE, SIDE)
    start = rng.standard_normal(shape).astype(np.float32).round(4)
    noise = rng.standard_normal((STEPS, *shape)).astype(np.float32).round(4)
    first_timestep = SCHEDULER_CONFIG["num_train_timesteps"] - 1
    scaling = json.loads((folder / "genfleet.json").read_text())["vae_scaling_factor"]
    pixels = networks.run("vae_decoder", latent=(start[None] / scaling).astype(np.float32))
    return {
        "prompt": PROMPT,
        "negative_prompt": NEGATIVE_PROMPT,
        "guidance_scale": GUIDANCE,
        "steps": STEPS,
        "latent_shape": [1, *shape],
        "input_ids": {"negative": ids[0], "prompt": ids[1]},
        # Position by position mean over the width, and the first values of the last position.
        "hidden": {
            "mean_of_each_position": numbers(hidden[1].mean(1)),
            "last_position": numbers(hidden[1, -1, :16]),
        },
        "start": numbers(start),
        "ancestral_noise": [numbers(step) for step in noise],
        "velocity": {
            "timestep": first_timestep,
            "of": "the start, with guidance",
            "values": numbers(networks.guided(start[None], first_timestep, hidden)),
        },
        "samplers": {
            name: sample_with(name, networks, start, noise, hidden) for name in SCHEDULERS
        },
        "decoded_start": {
            "top_row_red": numbers(pixels[0, 0, 0, :16]),
            "mean": float(pixels.mean()),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, default=OUT)
    arguments = parser.parse_args()
    target = arguments.model / "reference.json"
    target.write_text(json.dumps(make_reference(arguments.model), separators=(",", ":")) + "\n")
    print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
