"""Counts of which token followed which, interpolated over the lengths of context."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

# Weight of the longest context that was seen; the rest goes to the shorter ones likewise (Jelinek-Mercer).
LONGER_CONTEXT_WEIGHT = 0.75
END_OF_TEXT = "<|endoftext|>"


class NgramModel:
    """Probabilities of the next token by the last few."""

    def __init__(self, tokens: np.ndarray, vocabulary: int, order: int = 4):
        counts = np.bincount(tokens, minlength=vocabulary).astype(np.float64)
        self._unigram = counts / counts.sum()
        self._longest = order - 1
        self._tables = [self._count(tokens, length) for length in range(1, order)]

    @staticmethod
    def _count(tokens: np.ndarray, length: int) -> dict[tuple[int, ...], tuple[np.ndarray, ...]]:
        seen: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        ids = tokens.tolist()
        for at in range(length, len(ids)):
            seen[tuple(ids[at - length : at])][ids[at]] += 1
        return {
            context: (
                np.fromiter(followers.keys(), dtype=np.int64),
                np.fromiter(followers.values(), dtype=np.float64) / sum(followers.values()),
            )
            for context, followers in seen.items()
        }

    def probabilities(self, context: list[int]) -> np.ndarray:
        """Of every token of the vocabulary, after these."""
        found = []
        for length in range(min(self._longest, len(context)), 0, -1):
            followers = self._tables[length - 1].get(tuple(context[-length:]))
            if followers is not None:
                found.append(followers)
        left = (1 - LONGER_CONTEXT_WEIGHT) ** len(found)
        mixed = self._unigram * left
        weight = LONGER_CONTEXT_WEIGHT
        for ids, shares in found:
            mixed[ids] += shares * weight
            weight *= 1 - LONGER_CONTEXT_WEIGHT
        return mixed


def load_model(folder: Path) -> tuple[NgramModel, Tokenizer, int]:
    """The model, its tokenizer, and the token that ends a text."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens = np.load(folder / "tokens.npy")
    model = NgramModel(tokens, tokenizer.get_vocab_size())
    return model, tokenizer, tokenizer.token_to_id(END_OF_TEXT)
