"""Data-parallel training over single-threaded processes.

Two such processes beat one with two threads at these sizes, and they do not spin
while they wait for each other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from datetime import timedelta

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


def _enter(rank: int, processes: int, meeting: str, work: Callable, arguments: tuple) -> None:
    torch.set_num_threads(1)
    if processes > 1:
        # They meet through a file, so that no port can be taken already.
        dist.init_process_group(
            "gloo",
            init_method=f"file://{meeting}",
            rank=rank,
            world_size=processes,
            timeout=timedelta(hours=1),
        )
    work(rank, processes, *arguments)


def launch(work: Callable, processes: int, *arguments) -> None:
    """Runs `work(rank, processes, *arguments)` in so many processes and waits for them."""
    if processes == 1:
        _enter(0, 1, "", work, arguments)
    else:
        with tempfile.TemporaryDirectory() as folder:
            mp.spawn(_enter, (processes, f"{folder}/meeting", work, arguments), nprocs=processes)


def average_gradients(parameters: Iterable[torch.nn.Parameter], processes: int) -> None:
    """Replaces each gradient by its mean over all processes."""
    if processes == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= processes
    offset = 0
    for gradient in gradients:
        gradient.copy_(flat[offset : offset + gradient.numel()].view_as(gradient))
        offset += gradient.numel()
