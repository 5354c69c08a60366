"""Batches from the latents that make_latents.py has written so far."""

from __future__ import annotations

import random

import numpy as np
import torch

from make_latents import LATENTS
from models import CANVASES


class LatentStore:
    """Shards are memory-mapped; `refresh` takes up those that have appeared meanwhile."""

    def __init__(self, scale: float, seed: int):
        self.scale, self.rng = scale, np.random.default_rng(seed)
        self.shards: dict[tuple[int, int], dict[str, tuple[np.ndarray, np.ndarray]]] = {
            c: {} for c in CANVASES
        }
        self.refresh()

    def refresh(self) -> None:
        for width, height in CANVASES:
            known = self.shards[(width, height)]
            for path in LATENTS.glob(f"{width}x{height}-*.npy"):
                if path.name not in known and not path.name.endswith((".ids.npy", ".new.npy")):
                    ids = np.load(path.with_name(path.name.removesuffix(".npy") + ".ids.npy"))
                    known[path.name] = (np.load(path, mmap_mode="r"), ids)

    def batch(self, canvas_rng: random.Random, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents of unit variance [b, 8, h, w] and token ids [b, 48], all of one canvas.

        Canvases with more pixels give fewer pictures, so that every step costs the same.
        """
        canvas = canvas_rng.choices(list(CANVASES), list(CANVASES.values()))[0]
        smallest = min(width * height for width, height in CANVASES)
        size = round(size * smallest / (canvas[0] * canvas[1]))
        names = list(self.shards[canvas])
        latents, ids = [], []
        # Rows come from two shards: few enough for the page cache, mixed enough for training.
        for part in np.array_split(np.arange(size), 2):
            rows, captions = self.shards[canvas][names[self.rng.integers(len(names))]]
            chosen = np.sort(self.rng.integers(0, len(rows), len(part)))
            latents.append(rows[chosen])
            ids.append(captions[chosen])
        scaled = torch.from_numpy(np.concatenate(latents)).float() * self.scale
        return scaled, torch.from_numpy(np.concatenate(ids)).long()
