"""Sizes: the canvas a model draws on, and the size that was asked for."""

import struct
import zlib

import numpy as np
import torch
from PIL import Image

PNG_LEVEL = 1  # the sidecar encodes again anyway
PNG_UP = 2  # the filter that says how each row differs from the one above


def native_canvas(
    width: int, height: int, short_side: int | None, multiple: int, max_aspect: float = 2.0
) -> tuple[int, int]:
    """The canvas in pixels to generate on for an image of width x height.

    With a native short side, the canvas has that short side and the nearest aspect that its
    multiple allows (at most ``max_aspect``: a longer image is squeezed into that, for on a canvas
    unlike all it was trained on a model loses the scene); without one, the canvas is the image
    itself, widened to the multiple that the network needs.
    """
    if short_side is None:
        return _up(width, multiple), _up(height, multiple)
    ratio = min(max(width, height) / min(width, height), max_aspect)
    long_side = max(short_side, round(short_side * ratio / multiple) * multiple)
    return (long_side, short_side) if width >= height else (short_side, long_side)


def fit(image: Image.Image, width: int, height: int) -> Image.Image:
    """The image at exactly width x height, resampled with Lanczos where it has another size."""
    if image.size == (width, height):
        return image
    return image.resize((width, height), Image.Resampling.LANCZOS)


def png_bytes(levels: np.ndarray, width: int, height: int) -> bytes:
    """A PNG (https://www.w3.org/TR/png-3/) of exactly width x height from bytes of shape [h, w, 3].

    Pillow's encoder keeps Python's lock while it works, and so the device's thread from the next
    run; zlib lets go of it.
    """
    rows = np.asarray(fit(Image.fromarray(levels, mode="RGB"), width, height)).reshape(height, -1)
    filtered = np.full((height, rows.shape[1] + 1), PNG_UP, np.uint8)
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits of each of RGB
    pixels = zlib.compress(filtered, PNG_LEVEL)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def to_levels(pixels: torch.Tensor) -> np.ndarray:
    """Bytes 0..255 of shape [h, w, 3] from floats in 0..1 of shape [3, h, w], made on their device:
    a quarter has to leave it.

    Raises ValueError if any of them is not a finite number: half precision that overflows shows
    so, and would be saved as a black picture.
    """
    if not torch.isfinite(pixels).all():
        raise ValueError("the model produced values that are not numbers")
    levels = (pixels.float().clamp(0, 1) * 255).round().to(torch.uint8)
    return levels.permute(1, 2, 0).contiguous().cpu().numpy()


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def _up(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple
