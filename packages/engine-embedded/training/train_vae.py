"""Trains the autoencoder: 128x128 pixels to 16x16x8 latents and back.

    python train_vae.py --steps 4000 [--processes 2] [--decoder-only]

Many steps see 64x64 cuts around an edge, where all the difficulty is; the others, and
all of the last quarter, see whole pictures, because group normalisation depends on the
whole frame. With --decoder-only the latents stay as they are, so that the decoder can
be improved after the denoiser has been trained. Resumes from its checkpoint.
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
import torch

from models import CANVASES, WORK, new_vae, save_atomically, speed_up_group_norm
from parallel import average_gradients, launch
from scenes import random_layout, render

KL_WEIGHT = 1e-4
FOREGROUND_WEIGHT = 3.0
PEAK_LEARNING_RATE, DECODER_LEARNING_RATE = 1.5e-3, 8e-4
# Latents that the denoiser makes are a little off; the decoder learns to bear that.
LATENT_NOISE = 0.1
CHECKPOINT = WORK / "vae.pt"


def cut(image: np.ndarray, rng: random.Random, side: int) -> np.ndarray:
    """A square cut that tends to hold an edge: the busiest of three random ones."""
    height, width, _ = image.shape
    best, best_spread = None, -1.0
    for _ in range(3):
        top, left = rng.randint(0, height - side), rng.randint(0, width - side)
        piece = image[top : top + side, left : left + side]
        spread = float(piece[::4, ::4].std())
        if spread > best_spread:
            best, best_spread = piece, spread
    return best


def batch(rng: random.Random, size: int, side: int | None) -> torch.Tensor:
    """`size` pictures in -1..1; whole canvases of one size when `side` is None."""
    canvas = rng.choices(list(CANVASES), list(CANVASES.values()))[0]
    pictures = [render(random_layout(rng), *canvas, rng) for _ in range(size)]
    if side:
        pictures = [cut(picture, rng, side) for picture in pictures]
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return pixels.contiguous(memory_format=torch.channels_last)


def weights(pixels: torch.Tensor) -> torch.Tensor:
    """More where a pixel differs from the corner, that is, from the background; mean 1."""
    differs = (pixels - pixels[:, :, :1, :1]).abs().amax(1, keepdim=True) > 0.1
    weight = 1 + (FOREGROUND_WEIGHT - 1) * differs.float()
    return weight / weight.mean()


def reconstruction(
    vae, pixels: torch.Tensor, decoder_only: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """The decoded pictures and the KL divergence per latent number, in nats."""
    with torch.autocast("cpu", torch.bfloat16):
        with torch.set_grad_enabled(not decoder_only):
            posterior = vae.encode(pixels).latent_dist
        latents = posterior.sample()
        if decoder_only:
            latents = latents + LATENT_NOISE * torch.rand(len(latents), 1, 1, 1) * torch.randn_like(
                latents
            )
        decoded = vae.decode(latents).sample.float()
    return decoded, posterior.kl().mean() / posterior.mean[0].numel()


def work(rank: int, processes: int, steps: int, decoder_only: bool) -> None:
    torch.manual_seed(1)
    speed_up_group_norm()
    vae = new_vae().to(memory_format=torch.channels_last)
    first, cpu_before, average, optimizer_state = 0, 0.0, None, None
    if CHECKPOINT.exists():
        state = torch.load(CHECKPOINT, weights_only=True)
        vae.load_state_dict(state["vae"])
        cpu_before = state["cpu_s"]
        if state["decoder_only"] == decoder_only:
            first, optimizer_state = state["step"], state["optimizer"]
    if decoder_only:
        for part in (vae.encoder, vae.quant_conv):
            part.requires_grad_(False)
    trained = [p for p in vae.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0, betas=(0.9, 0.99), weight_decay=1e-4)
    if optimizer_state:
        optimizer.load_state_dict(optimizer_state)
    rng = random.Random(first * processes + rank)
    torch.manual_seed(first * processes + rank)
    started = time.process_time()
    peak = DECODER_LEARNING_RATE if decoder_only else PEAK_LEARNING_RATE
    for step in range(first, steps):
        progress = step / steps
        for group in optimizer.param_groups:
            group["lr"] = peak * min(1, (step + 1) / 100) * min(1.0, 2 * (1 - progress)) + 1e-5
        # Drawn alike in every process, so that their steps cost the same.
        cuts = progress < 0.75 and random.Random(step).random() < 0.6
        pixels = batch(rng, 12, 64) if cuts else batch(rng, 4, None)
        decoded, kl = reconstruction(vae, pixels, decoder_only)
        difference = decoded - pixels
        error = weights(pixels) * (difference.abs() + 2 * difference.pow(2))
        loss = error.mean() + (0 if decoder_only else KL_WEIGHT * kl)
        optimizer.zero_grad()
        loss.backward()
        average_gradients(trained, processes)
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        squared = difference.detach().pow(2).mean().item()
        average = squared if average is None else 0.98 * average + 0.02 * squared
        if rank == 0 and ((step + 1) % 100 == 0 or step + 1 == steps):
            cpu_s = cpu_before + processes * (time.process_time() - started)
            state = {"vae": vae.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            save_atomically(state | {"cpu_s": cpu_s, "decoder_only": decoder_only}, CHECKPOINT)
            psnr = 10 * np.log10(4 / average)
            print(
                f"vae {step + 1} psnr {psnr:.2f} dB kl {kl.item():.2f} cpu {cpu_s:.0f} s",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--decoder-only", action="store_true")
    arguments = parser.parse_args()
    launch(work, arguments.processes, arguments.steps, arguments.decoder_only)


if __name__ == "__main__":
    main()
