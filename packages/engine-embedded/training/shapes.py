"""The eight shapes and twelve colours of the demo world, and how they are drawn.

Everything the demo model has ever seen comes from here: no outside data is used.
A shape is an outline in the unit frame (x to the right, y down, reaching about 1
from its centre), so the same outline draws the training pictures and, in
`evaluate.py`, judges what the model drew.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (219, 33, 33),
    "green": (38, 166, 56),
    "blue": (33, 77, 222),
    "yellow": (250, 222, 31),
    "orange": (250, 140, 20),
    "purple": (128, 38, 179),
    "pink": (250, 140, 184),
    "cyan": (51, 217, 230),
    "white": (247, 247, 247),
    "black": (13, 13, 13),
    "gray": (128, 128, 128),
    "brown": (115, 69, 31),
}

SHAPES = ("circle", "square", "triangle", "star", "ring", "diamond", "heart", "cross")

PLURALS = {shape: "crosses" if shape == "cross" else shape + "s" for shape in SHAPES}

# Masks are drawn this much larger and averaged down, which gives smooth edges.
SUPERSAMPLING = 4


def _ellipse(radius: float, points: int = 48) -> list[tuple[float, float]]:
    angles = (2 * math.pi * k / points for k in range(points))
    return [(radius * math.sin(a), -radius * math.cos(a)) for a in angles]


def _star(outer: float, inner: float) -> list[tuple[float, float]]:
    return [
        (
            (outer, inner)[k % 2] * math.sin(math.pi * k / 5),
            -(outer, inner)[k % 2] * math.cos(math.pi * k / 5),
        )
        for k in range(10)
    ]


def _heart(points: int = 48) -> list[tuple[float, float]]:
    outline = []
    for k in range(points):
        a = 2 * math.pi * k / points
        y = 13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)
        outline.append((math.sin(a) ** 3, -(y + 2.5) / 16))
    return outline


_ARM = 0.34

OUTLINES: dict[str, list[tuple[float, float]]] = {
    "circle": _ellipse(0.97),
    "square": [(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)],
    "triangle": [(0.0, -0.9), (1.0, 0.82), (-1.0, 0.82)],
    "star": _star(1.1, 0.47),
    "ring": _ellipse(1.0),
    "diamond": [(0.0, -1.08), (0.78, 0.0), (0.0, 1.08), (-0.78, 0.0)],
    "heart": _heart(),
    "cross": [
        (-_ARM, -1),
        (_ARM, -1),
        (_ARM, -_ARM),
        (1, -_ARM),
        (1, _ARM),
        (_ARM, _ARM),
        (_ARM, 1),
        (-_ARM, 1),
        (-_ARM, _ARM),
        (-1, _ARM),
        (-1, -_ARM),
        (-_ARM, -_ARM),
    ],
}

# What is cut out of an outline; only the ring has a hole.
HOLES: dict[str, list[tuple[float, float]]] = {"ring": _ellipse(0.55)}


def shape_mask(
    shape: str, centre_x: float, centre_y: float, radius: float, width: int, height: int
) -> np.ndarray:
    """How much of each pixel the shape covers, as float32 [height, width] in 0..1.

    Centre and radius are in pixels. Only the shape's bounding box is drawn.
    """
    reach = math.ceil(radius * 1.15) + 1
    left, top = max(0, int(centre_x) - reach), max(0, int(centre_y) - reach)
    right, bottom = min(width, int(centre_x) + reach + 1), min(height, int(centre_y) + reach + 1)
    mask = np.zeros((height, width), np.float32)
    if right <= left or bottom <= top:
        return mask
    canvas = Image.new("L", ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING))
    draw = ImageDraw.Draw(canvas)
    for outline, ink in ((OUTLINES[shape], 255), (HOLES.get(shape), 0)):
        if outline:
            draw.polygon(
                [
                    (
                        (centre_x - left + x * radius) * SUPERSAMPLING - 0.5,
                        (centre_y - top + y * radius) * SUPERSAMPLING - 0.5,
                    )
                    for x, y in outline
                ],
                fill=ink,
            )
    mask[top:bottom, left:right] = np.asarray(canvas.reduce(SUPERSAMPLING), np.float32) / 255
    return mask
