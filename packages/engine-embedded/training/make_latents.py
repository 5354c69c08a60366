"""Draws scenes once and keeps their latents, so that a training step neither draws nor encodes.

    python make_latents.py --scenes 60000

Writes one shard per canvas and call into WORK/latents: `<name>.npy` with the means of
the posterior as float16 [n, 8, h, w], and `<name>.ids.npy` with the captions' token
ids as int16 [n, 48]. Several calls (with different --seed) add up; train_unet.py
takes what is there. The scale that brings latents to unit variance is measured by the
first call and kept in WORK/scale.json.
"""

from __future__ import annotations

import argparse
import json
import random
import time

import numpy as np
import torch

from evaluation_prompts import content_key, held_out_contents
from models import CANVASES, WORK, new_vae
from scenes import random_scene, render
from word_tokenizer import FastTokenizer

LATENTS = WORK / "latents"
SCALE_FILE = WORK / "scale.json"
BATCH = 32


def latent_scale() -> float:
    return json.loads(SCALE_FILE.read_text())["scaling_factor"]


def encode_shard(
    vae, rng: random.Random, canvas: tuple[int, int], count: int
) -> tuple[np.ndarray, np.ndarray]:
    tokenizer, held_out = FastTokenizer(), held_out_contents()
    latents, ids = [], []
    while len(ids) < count:
        pictures = []
        while len(pictures) < BATCH:
            scene, words = random_scene(rng)
            if content_key(scene) in held_out:
                continue
            pictures.append(render(scene, *canvas, rng))
            ids.append(tokenizer.encode(words))
        pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            latents.append(vae.encode(pixels).latent_dist.mean.half().numpy())
    return np.concatenate(latents), np.array(ids, np.int16)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenes", type=int, default=60000)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--shard", type=int, default=3200)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    vae = new_vae()
    vae.load_state_dict(torch.load(WORK / "vae.pt", weights_only=True)["vae"])
    vae = vae.eval().to(memory_format=torch.channels_last)
    LATENTS.mkdir(parents=True, exist_ok=True)
    rng, started = random.Random(arguments.seed), time.process_time()
    made = shard = 0
    while made < arguments.scenes:
        for (width, height), share in CANVASES.items():
            latents, ids = encode_shard(vae, rng, (width, height), round(arguments.shard * share))
            if not SCALE_FILE.exists():
                scale = {"scaling_factor": round(float(1 / latents.astype(np.float32).std()), 4)}
                SCALE_FILE.write_text(json.dumps(scale))
            stem = f"{width}x{height}-{arguments.seed}-{shard:04d}"
            np.save(LATENTS / f"{stem}.ids.npy", ids)
            # The latents come last and by rename: a reader takes a shard only when it is whole.
            np.save(LATENTS / f"{stem}.new.npy", latents)
            (LATENTS / f"{stem}.new.npy").rename(LATENTS / f"{stem}.npy")
            made += len(ids)
        shard += 1
        print(f"latents {made} cpu {time.process_time() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
