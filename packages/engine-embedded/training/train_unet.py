"""Trains the denoiser on cached latents, with the text encoder frozen.

    python train_unet.py --minutes 70 [--processes 2]

Each process uses one thread; gradients are averaged after every step, which beats one
process with two threads at these sizes. Resumes from its checkpoint; the learning rate
follows the minutes spent so far, so a run may be split as one likes.
"""

from __future__ import annotations

import argparse
import copy
import random
import time

import numpy as np
import torch
import torch.distributed as dist

from latent_store import LatentStore
from make_latents import latent_scale
from models import (
    WORK,
    new_scheduler,
    new_text_encoder,
    new_unet,
    save_atomically,
    speed_up_group_norm,
)
from parallel import average_gradients, launch
from word_tokenizer import FastTokenizer

CHECKPOINT = WORK / "unet.pt"
BATCH = 40  # per process on the square canvas
PEAK_LEARNING_RATE = 1.2e-3
EMPTY_CAPTION_SHARE = 0.1
# Timesteps lean towards high noise, where the layout is decided: t -> s t / (1 + (s - 1) t).
TIMESTEP_SHIFT = 2.0
FOREGROUND_WEIGHT = 4.0
FOREGROUND_THRESHOLD = 0.5
EMA_DECAY = 0.9985


def load_text_encoder(tokenizer: FastTokenizer):
    encoder = new_text_encoder(len(tokenizer.vocabulary), tokenizer.end)
    encoder.load_state_dict(torch.load(WORK / "text.pt", weights_only=True)["encoder"])
    return encoder.eval().requires_grad_(False)


def foreground_weights(latents: torch.Tensor) -> torch.Tensor:
    """[b, 1, h, w]: more where the latent differs from the picture's corner, that is, from the background."""
    differs = (latents - latents[:, :, :1, :1]).abs().amax(1, keepdim=True) > FOREGROUND_THRESHOLD
    weights = 1 + (FOREGROUND_WEIGHT - 1) * differs.float()
    return weights / weights.mean()


def learning_rate(step: int, progress: float) -> float:
    """Warm-up over 200 steps, flat to 55 % of the time, then down to a fiftieth along a cosine."""
    rate = PEAK_LEARNING_RATE * min(1.0, (step + 1) / 200)
    if progress > 0.55:
        rate *= 0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1.0, (progress - 0.55) / 0.45)))
    return float(rate)


class Trainer:
    def __init__(self, rank: int, processes: int, minutes: float):
        self.rank, self.processes, self.budget_s = rank, processes, minutes * 60
        self.tokenizer = FastTokenizer()
        self.text_encoder = load_text_encoder(self.tokenizer)
        self.empty = torch.tensor(self.tokenizer.encode([]))
        torch.manual_seed(5)
        self.unet = new_unet().to(memory_format=torch.channels_last)
        self.ema = copy.deepcopy(self.unet).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.unet.parameters(), lr=0, betas=(0.9, 0.99), weight_decay=0.01
        )
        self.scheduler = new_scheduler()
        self.step, self.spent_s, self.cpu_s = 0, 0.0, 0.0
        if CHECKPOINT.exists():
            self.resume(torch.load(CHECKPOINT, weights_only=True))
        torch.manual_seed(1000 * self.step + rank)
        # The canvas of a step is the same in every process, so that none waits for a bigger one.
        self.store, self.canvas_rng = (
            LatentStore(latent_scale(), seed=self.step * 7 + rank),
            random.Random(self.step),
        )

    def resume(self, state: dict) -> None:
        self.unet.load_state_dict(state["unet"])
        self.ema.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent_s, self.cpu_s = state["step"], state["spent_s"], state["cpu_s"]

    def save(self) -> None:
        state = {name: getattr(self, name).state_dict() for name in ("unet", "ema", "optimizer")}
        save_atomically(
            state | {"step": self.step, "spent_s": self.spent_s, "cpu_s": self.cpu_s}, CHECKPOINT
        )

    def loss(self) -> torch.Tensor:
        latents, ids = self.store.batch(self.canvas_rng, BATCH)
        ids[torch.rand(len(ids)) < EMPTY_CAPTION_SHARE] = self.empty
        uniform = torch.rand(len(ids))
        shifted = TIMESTEP_SHIFT * uniform / (1 + (TIMESTEP_SHIFT - 1) * uniform)
        timesteps = (shifted * self.scheduler.config.num_train_timesteps).long().clamp_(0, 999)
        noise = torch.randn_like(latents)
        noisy = self.scheduler.add_noise(latents, noise, timesteps).contiguous(
            memory_format=torch.channels_last
        )
        velocity = self.scheduler.get_velocity(latents, noise, timesteps)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                text = self.text_encoder(ids).last_hidden_state
            predicted = self.unet(noisy, timesteps, text).sample.float()
        return (foreground_weights(latents) * (predicted - velocity).pow(2)).mean()

    @torch.no_grad()
    def update_ema(self) -> None:
        keep = min(EMA_DECAY, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.ema.parameters()), list(self.unet.parameters()), 1 - keep)

    def take_time(self, last: float, cpu_last: float) -> tuple[float, float]:
        """Adds the time since the last call. All must stop at the same step, so rank 0's clock counts."""
        now, cpu_now = time.monotonic(), time.process_time()
        clock = torch.tensor([now - last, (cpu_now - cpu_last) * self.processes])
        if self.processes > 1:
            dist.broadcast(clock, 0)
        self.spent_s += clock[0].item()
        self.cpu_s += clock[1].item()
        return now, cpu_now

    def train(self) -> None:
        last, cpu_last, average = time.monotonic(), time.process_time(), None
        while self.spent_s < self.budget_s:
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(self.step, self.spent_s / self.budget_s)
            loss = self.loss()
            self.optimizer.zero_grad()
            loss.backward()
            average_gradients(self.unet.parameters(), self.processes)
            torch.nn.utils.clip_grad_norm_(self.unet.parameters(), 1.0)
            self.optimizer.step()
            self.step += 1
            self.update_ema()
            average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
            if self.step % 50 == 0:
                last, cpu_last = self.take_time(last, cpu_last)
                if self.rank == 0:
                    spent, cpu = self.spent_s / 60, self.cpu_s / 60
                    line = f"unet {self.step} loss {average:.4f} {spent:.1f} min cpu {cpu:.1f} min"
                    print(line, flush=True)
            if self.step % 200 == 0:
                self.store.refresh()
                if self.rank == 0:
                    self.save()
        if self.rank == 0:
            self.save()


def work(rank: int, processes: int, minutes: float) -> None:
    speed_up_group_norm()
    Trainer(rank, processes, minutes).train()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    launch(work, arguments.processes, arguments.minutes)


if __name__ == "__main__":
    main()
