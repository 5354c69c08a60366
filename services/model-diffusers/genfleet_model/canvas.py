"""Sizes: the canvas a model draws on, and the size that was asked for."""

import io

import numpy as np
from PIL import Image

PNG_LEVEL = 3  # the sidecar encodes again anyway


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
    """A PNG of exactly width x height from bytes of shape [h, w, 3]."""
    buffer = io.BytesIO()
    fit(Image.fromarray(levels, mode="RGB"), width, height).save(
        buffer, "PNG", compress_level=PNG_LEVEL
    )
    return buffer.getvalue()


def to_levels(pixels: np.ndarray) -> np.ndarray:
    """Bytes 0..255 from floats in 0..1, any shape.

    Raises ValueError if any of them is not a finite number: half precision that overflows shows
    so, and would be saved as a black picture.
    """
    if not np.isfinite(pixels).all():
        raise ValueError("the model produced values that are not numbers")
    return (pixels.clip(0, 1) * 255).round().astype(np.uint8)


def _up(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple
