"""Trains the code model on one core until a budget of CPU or wall-clock minutes is used up.

    python train.py --cpu-minutes 60 --wall-minutes 80

Stopped and started again it goes on from its checkpoint. The learning rate falls to
nothing at the end of the budget, so the budget is best not changed on the way.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import bpe
from decoder import Decoder
from muon import Muon
from samples import Rows
from workspace import WORK

CHECKPOINT = WORK / "decoder.pt"
TOKENS_PER_STEP = 4_096
ROW_TOKENS, LONG_ROW_TOKENS = 512, 1_024
# Of the budget: the far positions are learnt last, since rows of half the length cost less.
LONG_ROWS_FROM = 0.7
FLAT_UNTIL = 0.25
WARM_UP_STEPS = 60
MATRIX_RATE, EMBEDDING_RATE = 0.02, 4e-3
SAVE_EVERY_S = 180


def save_atomically(state: dict, path: Path) -> None:
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


class Trainer:
    def __init__(self, cpu_minutes: float, wall_minutes: float):
        self.cpu_budget_s, self.wall_budget_s = cpu_minutes * 60, wall_minutes * 60
        torch.manual_seed(7)
        self.model = Decoder()
        matrices = [p for name, p in self.model.blocks.named_parameters() if p.dim() == 2]
        others = [p for p in self.model.parameters() if not any(p is matrix for matrix in matrices)]
        self.muon = Muon(matrices, rate=MATRIX_RATE)
        self.adam = torch.optim.AdamW(others, lr=EMBEDDING_RATE, betas=(0.9, 0.95), weight_decay=0)
        self.step, self.tokens, self.cpu_s, self.wall_s = 0, 0, 0.0, 0.0
        if CHECKPOINT.exists():
            self.resume(torch.load(CHECKPOINT, weights_only=True))
        documents, tokenizer = bpe.texts("training"), bpe.load()
        rows = Rows(documents, tokenizer, seed=self.step)
        # Both stay where they are in their epoch when the other one is asked.
        self.rows = {length: rows.rows(length + 1) for length in (ROW_TOKENS, LONG_ROW_TOKENS)}

    @property
    def progress(self) -> float:
        return max(self.cpu_s / self.cpu_budget_s, self.wall_s / self.wall_budget_s)

    def resume(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.step, self.tokens = state["step"], state["tokens"]
        self.cpu_s, self.wall_s = state["cpu_s"], state["wall_s"]
        print(f"going on from step {self.step}", flush=True)

    def save(self) -> None:
        state = {name: getattr(self, name).state_dict() for name in ("model", "muon", "adam")}
        numbers = {name: getattr(self, name) for name in ("step", "tokens", "cpu_s", "wall_s")}
        save_atomically(state | numbers, CHECKPOINT)

    def batch(self) -> torch.Tensor:
        length = LONG_ROW_TOKENS if self.progress >= LONG_ROWS_FROM else ROW_TOKENS
        source = self.rows[length]
        return torch.tensor([next(source) for _ in range(TOKENS_PER_STEP // length)])

    def loss(self, rows: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model(rows[:, :-1])
        return F.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())

    def set_rates(self) -> None:
        falling = (1 - self.progress) / (1 - FLAT_UNTIL)
        share = min(1.0, (self.step + 1) / WARM_UP_STEPS, max(0.0, falling))
        self.muon.rate = MATRIX_RATE * share
        self.adam.param_groups[0]["lr"] = EMBEDDING_RATE * share

    def train(self) -> None:
        loss_of = torch.compile(self.loss, dynamic=False)
        wall, cpu, saved, average = time.monotonic(), time.process_time(), time.monotonic(), None
        while self.progress < 1:
            self.set_rates()
            rows = self.batch()
            loss = loss_of(rows)
            loss.backward()
            self.muon.step()
            self.adam.step()
            self.model.zero_grad()
            self.step, self.tokens = self.step + 1, self.tokens + TOKENS_PER_STEP
            average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
            now, cpu_now = time.monotonic(), time.process_time()
            self.wall_s, self.cpu_s = self.wall_s + now - wall, self.cpu_s + cpu_now - cpu
            wall, cpu = now, cpu_now
            if self.step % 25 == 0:
                print(f"{self.summary()}, loss {average:.3f}", flush=True)
            if time.monotonic() - saved > SAVE_EVERY_S:
                self.save()
                saved = time.monotonic()
        self.save()
        print(f"done: {self.summary()}")

    def summary(self) -> str:
        minutes = f"{self.wall_s / 60:.1f} minutes, {self.cpu_s / 60:.1f} of CPU"
        return f"{self.step} steps, {self.tokens / 1e6:.2f} M tokens, {minutes}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpu-minutes", type=float, default=60)
    parser.add_argument("--wall-minutes", type=float, default=80)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    Trainer(arguments.cpu_minutes, arguments.wall_minutes).train()


if __name__ == "__main__":
    main()
