"""One text, drawn token by token."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from .ngram import NgramModel

# numpy takes no negative seeds.
SEED_MASK = 2**64 - 1


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. `top_k` 0 and `top_p` 1 leave all of them; temperature 0 takes the likeliest."""

    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    stop_ids: list[list[int]] = field(default_factory=list)


class Generation:
    """Goes on from a prompt; `step` until `finish_reason` is set. The same seed draws the same tokens."""

    def __init__(self, model: NgramModel, end_id: int, prompt: list[int], sampling: Sampling):
        self._model = model
        self._end_id = end_id
        self._prompt = prompt
        self._sampling = sampling
        seed = None if sampling.seed is None else sampling.seed & SEED_MASK
        self._random = np.random.default_rng(seed)
        self._used: Counter[int] = Counter()
        self.ids: list[int] = []
        self.finish_reason = "length" if sampling.max_tokens <= 0 else None

    def step(self) -> int | None:
        """Draws the next token; None when the text is over, and for the token that ends it."""
        if self.finish_reason is not None:
            return None
        token = self._draw(self._model.probabilities(self._prompt[-8:] + self.ids[-8:]))
        if token == self._end_id:
            self.finish_reason = "stop"
            return None
        self.ids.append(token)
        self._used[token] += 1
        if any(stop and self.ids[-len(stop) :] == stop for stop in self._sampling.stop_ids):
            self.finish_reason = "stop"
        elif len(self.ids) >= self._sampling.max_tokens:
            self.finish_reason = "length"
        return token

    def _draw(self, probabilities: np.ndarray) -> int:
        sampling = self._sampling
        with np.errstate(divide="ignore"):
            scores = np.log(probabilities)
        for token, times in self._used.items():
            scores[token] -= sampling.presence_penalty + sampling.frequency_penalty * times
        if sampling.temperature <= 0 or sampling.top_k == 1:
            return int(np.argmax(scores))
        scaled = np.exp((scores - scores.max()) / sampling.temperature)
        order = np.argsort(-scaled, kind="stable")
        shares = scaled[order] / scaled.sum()
        if sampling.top_k > 0:
            shares = shares[: sampling.top_k]
        # the fewest that together reach top_p, one at least
        kept = int(np.searchsorted(np.cumsum(shares), sampling.top_p)) + 1
        shares = shares[:kept]
        drawn = self._random.random() * shares.sum()
        at = int(np.searchsorted(np.cumsum(shares), drawn, side="right"))
        return int(order[min(at, len(shares) - 1)])
