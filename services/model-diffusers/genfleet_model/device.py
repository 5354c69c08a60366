"""Which device there really is, and how much memory models may take on it."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch

BUDGET_SHARE = 0.6
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Device:
    """A torch device with the number format that its generation runs in."""

    name: str
    dtype: torch.dtype
    memory_bytes: int

    @property
    def default_budget_bytes(self) -> int:
        """The share of the memory left to weights; activations need the rest."""
        return int(self.memory_bytes * BUDGET_SHARE)

    @property
    def default_batch_images(self) -> int:
        """How many images go through the network at once.

        One on a CPU: a batch is hardly faster there, and alone every image keeps its bytes
        whatever it was asked together with, and a cancelled one costs nothing more.
        """
        return 8 if self.name == "cuda" else 1

    def free_cache(self) -> None:
        """Gives freed blocks back to the driver."""
        if self.name == "cuda":
            torch.cuda.empty_cache()
        elif self.name == "mps":
            torch.mps.empty_cache()


def host_memory_bytes() -> int:
    """Physical memory, or the container's limit where that is lower."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in CGROUP_LIMITS:
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            total = min(total, int(text))
    return total


def pick_device() -> Device:
    """CUDA in half precision, else Apple's MPS, else the CPU in single precision."""
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory
        return Device("cuda", torch.float16, memory)
    if torch.backends.mps.is_available():
        return Device("mps", torch.float16, host_memory_bytes())
    return Device("cpu", torch.float32, host_memory_bytes())
