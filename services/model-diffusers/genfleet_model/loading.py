"""Loads one model from disk, from local files only, and measures what it takes."""

import gzip
import json
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline, StableDiffusionPipeline
from transformers import CLIPTokenizer

from .canvas import native_canvas
from .catalog import ModelEntry
from .device import Device
from .faults import ModelFault

SD1_CONFIGS = Path(__file__).parent / "sd1"
SMALL_DECODER_PARAMETERS = 4_000_000
HEADER_LIMIT_BYTES = 100_000_000


@dataclass
class LoadedModel:
    """A pipeline on its device with the scheduler it came with.

    ``size_bytes`` counts parameters and buffers; ``load_ms`` is the wall time of the load.
    """

    entry: ModelEntry
    pipeline: Any
    scheduler: Any
    device: Device
    size_bytes: int
    load_ms: int

    def canvas(self, width: int, height: int) -> tuple[int, int]:
        """The canvas in pixels to generate an image of width x height on.

        Where its card does not say, a native canvas is kept to sizes whose latents halve evenly
        through all of a UNet's blocks; a size that was asked for is taken as it is, which
        Diffusers can draw.
        """
        card = self.entry.card
        multiple = self.pipeline.vae_scale_factor
        unet = getattr(self.pipeline, "unet", None)
        if card.native_short_side is not None and unet is not None:
            multiple *= 2 ** (len(unet.config.block_out_channels) - 1)
            multiple = card.size_multiple or multiple
        return native_canvas(width, height, card.native_short_side, multiple, card.max_aspect)

    @property
    def has_small_decoder(self) -> bool:
        """Whether decoding latents is cheap enough to do for previews."""
        return sum(p.numel() for p in self.pipeline.vae.parameters()) < SMALL_DECODER_PARAMETERS


def load_model(entry: ModelEntry, device: Device) -> LoadedModel:
    """Loads, converts to the device's number format and moves to the device. Blocking.

    Raises ModelFault(out_of_memory) or ModelFault(engine_failed), with the cause.
    """
    started = time.monotonic()
    try:
        pipeline = _folder(entry, device) if entry.kind == "diffusers" else _single(entry, device)
        pipeline.to(device.name)
    except Exception as error:
        if is_out_of_memory(error):
            raise ModelFault("out_of_memory", f"no memory to load {entry.name}") from error
        message = f"{entry.name} cannot be loaded: {first_line(error)}"
        raise ModelFault("engine_failed", message) from error
    pipeline.set_progress_bar_config(disable=True)
    if hasattr(pipeline.vae, "enable_slicing"):
        # One image at a time through the decoder: it peaks higher than the whole denoising.
        pipeline.vae.enable_slicing()
    if device.name == "cpu":
        # Measured on the demo model: a quarter less time for its decoder, nothing for its denoiser.
        pipeline.vae.to(memory_format=torch.channels_last)
    return LoadedModel(
        entry=entry,
        pipeline=pipeline,
        scheduler=pipeline.scheduler,
        device=device,
        size_bytes=measure_bytes(pipeline),
        load_ms=round((time.monotonic() - started) * 1000),
    )


def measure_bytes(pipeline: Any) -> int:
    """Bytes of all parameters and buffers of a pipeline's networks."""
    return sum(
        tensor.numel() * tensor.element_size()
        for part in pipeline.components.values()
        if isinstance(part, torch.nn.Module)
        for tensor in (*part.parameters(), *part.buffers())
    )


def estimate_bytes(entry: ModelEntry, device: Device) -> int:
    """What the model will take once loaded, told from its files without reading the weights."""
    return sum(_file_bytes(path, device) for path in entry.weights)


def _file_bytes(path: Path, device: Device) -> int:
    """Bytes of one file's tensors in the device's number format.

    A safetensors file says at its start what it holds: eight bytes of length, little endian, and
    that much JSON (https://github.com/huggingface/safetensors#format).
    """
    if path.suffix != ".safetensors":
        return path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, HEADER_LIMIT_BYTES)))
        shapes = [part["shape"] for name, part in header.items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path.name} is not a safetensors file: {first_line(error)}"
        raise ModelFault("engine_failed", message) from error
    return sum(math.prod(shape) for shape in shapes) * device.dtype.itemsize


def is_out_of_memory(error: BaseException) -> bool:
    """Torch has a type for the GPU's allocator only; the CPU's speaks through its message."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)


def first_line(error: BaseException) -> str:
    """An error's type and the first line of what it says, for a message to people."""
    text = str(error).strip().split("\n", 1)[0][:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _folder(entry: ModelEntry, device: Device) -> Any:
    names = [path.name for path in entry.weights]
    halves_only = bool(names) and all(".fp16." in name for name in names)
    return DiffusionPipeline.from_pretrained(
        entry.path,
        dtype=device.dtype,
        local_files_only=True,
        variant="fp16" if halves_only else None,
    )


def _single(entry: ModelEntry, device: Device) -> Any:
    # Passing a local folder as config keeps Diffusers from asking a hub for one.
    parts: dict[str, object] = {"safety_checker": None}
    if entry.configs is None:
        parts["tokenizer"] = clip_tokenizer()
    return StableDiffusionPipeline.from_single_file(
        str(entry.path),
        config=str(entry.configs or SD1_CONFIGS),
        dtype=device.dtype,
        local_files_only=True,
        **parts,
    )


def clip_tokenizer() -> CLIPTokenizer:
    """CLIP's tokenizer, built from its published list of merges.

    The vocabulary follows from the merges (bytes, bytes at a word's end, merges, two marks), as in
    OpenAI's CLIP `simple_tokenizer.py`, so that only the merges need to be kept.
    """
    text = gzip.decompress((SD1_CONFIGS / "merges.txt.gz").read_bytes()).decode("utf-8")
    merges = text.strip().split("\n")
    symbols = byte_symbols()
    words = symbols + [s + "</w>" for s in symbols]
    words += [merge.replace(" ", "") for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    with tempfile.TemporaryDirectory() as folder:
        vocabulary = Path(folder, "vocab.json")
        vocabulary.write_text(json.dumps({w: i for i, w in enumerate(words)}), encoding="utf-8")
        Path(folder, "merges.txt").write_text("#version: 0.2\n" + text, encoding="utf-8")
        settings = (SD1_CONFIGS / "tokenizer" / "tokenizer_config.json").read_text("utf-8")
        Path(folder, "tokenizer_config.json").write_text(settings, encoding="utf-8")
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True)


def byte_symbols() -> list[str]:
    """A printable character for every byte, in the order of GPT-2's `bytes_to_unicode`."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]
