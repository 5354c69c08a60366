"""Writes the trained parts as an ordinary Stable Diffusion folder for Diffusers, weights in half precision.

    python export_diffusers.py [--out ../../../services/model-diffusers/models/genfleet-demo]

`StableDiffusionPipeline.from_pretrained(folder)` loads it without any code of ours.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from make_latents import latent_scale
from models import (
    LATENT_CHANNELS,
    NATIVE_SHORT_SIDE,
    SIZE_MULTIPLE,
    VAE_FACTOR,
    WORK,
    new_scheduler,
    new_unet,
    new_vae,
)
from train_unet import CHECKPOINT, load_text_encoder
from word_tokenizer import FastTokenizer, new_tokenizer

OUT = Path(__file__).parents[3] / "services" / "model-diffusers" / "models" / "genfleet-demo"
SAMPLERS = ["euler", "euler_a", "heun", "ddim", "dpmpp_2m"]


def model_facts() -> dict:
    """What an engine must know beyond the weights; `genfleet.json` beside both forms of the model."""
    return {
        "name": "genfleet-demo",
        "demo": True,
        "description": "A small demonstration model: coloured shapes on plain backgrounds, nothing else.",
        "aliases": ["v1-5-pruned-emaonly"],
        "native_short_side": NATIVE_SHORT_SIDE,
        "size_multiple": SIZE_MULTIPLE,
        "vae_factor": VAE_FACTOR,
        "latent_channels": LATENT_CHANNELS,
        "max_aspect": 1.5,
        "samplers": SAMPLERS,
        "default_sampler": "euler",
        "default_steps": 20,
        "default_cfg_scale": 2.0,
    }


def build_pipeline() -> StableDiffusionPipeline:
    vae = new_vae()
    vae.load_state_dict(torch.load(WORK / "vae.pt", weights_only=True)["vae"])
    vae.register_to_config(scaling_factor=latent_scale())
    unet = new_unet()
    unet.load_state_dict(torch.load(CHECKPOINT, weights_only=True)["ema"])
    return StableDiffusionPipeline(
        vae=vae.eval(),
        text_encoder=load_text_encoder(FastTokenizer()),
        tokenizer=new_tokenizer(),
        unet=unet.eval(),
        scheduler=new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    fresh = arguments.out.with_name(arguments.out.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    build_pipeline().to(torch.float16).save_pretrained(fresh, safe_serialization=True)
    (fresh / "genfleet.json").write_text(json.dumps(model_facts(), indent=2) + "\n")
    for file in fresh.rglob("*.safetensors"):
        file.chmod(0o644)  # saved for the owner alone, but a container runs as someone else
    shutil.rmtree(arguments.out, ignore_errors=True)
    fresh.rename(arguments.out)
    size = sum(file.stat().st_size for file in arguments.out.rglob("*") if file.is_file())
    print(f"{arguments.out}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
