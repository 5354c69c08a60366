"""The network: a decoder in the LLaMA layout (Touvron et al. 2023) with a key/value cache.

RMSNorm before each block, rotary positions, grouped keys and values, SwiGLU, embeddings
shared with the output: with its weights renamed, transformers' LlamaForCausalLM computes the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    vocabulary: int = 4_096
    width: int = 192
    layers: int = 6
    heads: int = 6
    key_heads: int = 2
    head_width: int = 32
    feed_forward: int = 512
    context: int = 1_024
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-5


class Block(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        width, head, keys = shape.width, shape.head_width, shape.key_heads
        self.attention_norm = nn.RMSNorm(width, eps=shape.norm_epsilon)
        self.query = nn.Linear(width, shape.heads * head, bias=False)
        self.key = nn.Linear(width, keys * head, bias=False)
        self.value = nn.Linear(width, keys * head, bias=False)
        self.attention_out = nn.Linear(shape.heads * head, width, bias=False)
        self.feed_norm = nn.RMSNorm(width, eps=shape.norm_epsilon)
        self.gate = nn.Linear(width, shape.feed_forward, bias=False)
        self.up = nn.Linear(width, shape.feed_forward, bias=False)
        self.down = nn.Linear(shape.feed_forward, width, bias=False)

    def forward(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], past: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`x` [batch, n, width]; `past` [2, batch, key_heads, positions, head_width], and so the n new ones."""
        batch, n, _ = x.shape
        normed = self.attention_norm(x)

        def heads(projected: Tensor) -> Tensor:
            return projected.view(batch, n, -1, self.shape.head_width).transpose(1, 2)

        query = rotate(heads(self.query(normed)), rotation)
        key = rotate(heads(self.key(normed)), rotation)
        value = heads(self.value(normed))
        fresh = torch.stack([key, value])
        if past is None:
            mixed = F.scaled_dot_product_attention(
                query, *(self.spread(part) for part in (key, value)), is_causal=True
            )
        else:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
            mixed = attend(query, key, value)
        x = x + self.attention_out(mixed.transpose(1, 2).reshape(batch, n, -1))
        normed = self.feed_norm(x)
        x = x + self.down(F.silu(self.gate(normed)) * self.up(normed))
        return x, fresh

    def spread(self, part: Tensor) -> Tensor:
        """Each key head serves several query heads in a row."""
        return part.repeat_interleave(self.shape.heads // self.shape.key_heads, 1)


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary positions (Su et al. 2021), halves as transformers pairs them."""
    cosine, sine = rotation
    first, second = x.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention of the last positions over all of them, in operators that export plainly.

    Query heads that share keys are laid end to end, so that the cache need not be repeated for them.
    """
    batch, heads, n, width = query.shape
    key_heads, total = key.shape[1:3]
    is_seen = torch.arange(total)[None, :] <= (torch.arange(n) + (total - n))[:, None]
    grouped = query.reshape(batch, key_heads, heads // key_heads * n, width)
    scores = (grouped @ key.transpose(-1, -2)).view(batch, heads, n, total) * width**-0.5
    shares = scores.masked_fill(~is_seen, -1e9).softmax(-1)
    mixed = shares.view(batch, key_heads, heads // key_heads * n, total) @ value
    return mixed.view(batch, heads, n, width)


class Decoder(nn.Module):
    def __init__(self, shape: Shape = Shape()):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList([Block(shape) for _ in range(shape.layers)])
        self.norm = nn.RMSNorm(shape.width, eps=shape.norm_epsilon)
        frequencies = shape.rope_base ** -(torch.arange(0, shape.head_width, 2) / shape.head_width)
        self.register_buffer("frequencies", frequencies, persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                is_residual = name.endswith(("attention_out.weight", "down.weight"))
                nn.init.normal_(
                    parameter, std=0.02 / ((2 * shape.layers) ** 0.5 if is_residual else 1)
                )

    def rotation(self, start: int, n: int) -> tuple[Tensor, Tensor]:
        angles = (torch.arange(n) + start).float()[:, None] * self.frequencies
        return angles.cos(), angles.sin()

    def forward(self, ids: Tensor) -> Tensor:
        """Logits [batch, n, vocabulary] of whole sequences."""
        x, rotation = self.embedding(ids), self.rotation(0, ids.shape[1])
        for block in self.blocks:
            x, _ = block(x, rotation)
        return F.linear(self.norm(x), self.embedding.weight)

    def step(self, ids: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of `ids` [1, n] after `past`, and what their n positions add to it.

        `past` is [positions, layers, 2, key_heads, head_width]: positions first, so that who
        keeps it only appends.
        """
        x, rotation = self.embedding(ids), self.rotation(past.shape[0], ids.shape[1])
        fresh = []
        for layer, block in enumerate(self.blocks):
            x, added = block(x, rotation, past[:, layer].permute(1, 2, 0, 3).unsqueeze(1))
            fresh.append(added.squeeze(1).permute(2, 0, 1, 3))
        return F.linear(self.norm(x), self.embedding.weight), torch.stack(fresh, 1)

    def empty_cache(self) -> Tensor:
        shape = self.shape
        return torch.zeros(0, shape.layers, 2, shape.key_heads, shape.head_width)
