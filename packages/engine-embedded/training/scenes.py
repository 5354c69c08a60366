"""Scenes: what is in a picture, the English caption that says so, and the picture itself.

A scene is one shape somewhere, two shapes in a relation, or two to four equal
shapes. Given the caption, the layout is fixed up to a small jitter, so a model can
learn it in minutes on a CPU; what the caption leaves open (a colour, the
background) is drawn at random.

Positions are fractions of the frame and radii fractions of its short side, so the
same scene fits a square, a wide and a tall canvas.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import numpy as np

from captions import write_caption
from shapes import COLOURS, SHAPES, shape_mask

POSITIONS = {
    "center": (0.5, 0.5),
    "top": (0.5, 0.26),
    "bottom": (0.5, 0.74),
    "left": (0.26, 0.5),
    "right": (0.74, 0.5),
    "top left": (0.26, 0.26),
    "top right": (0.74, 0.26),
    "bottom left": (0.26, 0.74),
    "bottom right": (0.74, 0.74),
}
SIZES = ("normal", "small", "large")
# First the object named first, then the other one.
RELATIONS = {
    "above": ((0.5, 0.265), (0.5, 0.735)),
    "below": ((0.5, 0.735), (0.5, 0.265)),
    "left of": ((0.265, 0.5), (0.735, 0.5)),
    "right of": ((0.735, 0.5), (0.265, 0.5)),
}
COUNT_LAYOUTS = {
    2: ((0.27, 0.5), (0.73, 0.5)),
    3: ((0.19, 0.5), (0.5, 0.5), (0.81, 0.5)),
    4: ((0.28, 0.28), (0.72, 0.28), (0.28, 0.72), (0.72, 0.72)),
}
_RADII_ALONE = {"small": 0.11, "normal": 0.185, "large": 0.28}
_RADII_ALONE_OFF_CENTRE = {"small": 0.11, "normal": 0.18, "large": 0.235}
_RADII_PAIR = {"small": 0.11, "normal": 0.165, "large": 0.215}
_RADII_COUNT = {
    2: {"small": 0.105, "normal": 0.16, "large": 0.2},
    3: {"small": 0.09, "normal": 0.13, "large": 0.15},
    4: {"small": 0.1, "normal": 0.15, "large": 0.19},
}
KIND_SHARES = {"one": 0.4, "pair": 0.38, "count": 0.22}
POSITION_JITTER = 0.025
RADIUS_JITTER = 0.05
COLOUR_JITTER = 5  # of 255


@dataclass(frozen=True)
class Item:
    """One shape of a scene; x, y are fractions of the frame, radius of its short side."""

    shape: str
    colour: str
    size: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Scene:
    """What is to be seen. `items` stand where the layout puts them, before any jitter."""

    kind: str
    items: tuple[Item, ...]
    background: str
    position: str = "center"
    relation: str | None = None
    caption: str = ""
    # Which facts the caption tells: "colour0", "shape1", "background", ...
    told: frozenset[str] = field(default_factory=frozenset)


def _pick(rng: random.Random, choices, avoid=()):
    return rng.choice([c for c in choices if c not in avoid])


def random_layout(rng: random.Random) -> Scene:
    """A scene without a caption."""
    kind = rng.choices(list(KIND_SHARES), list(KIND_SHARES.values()))[0]
    background = _pick(rng, COLOURS)
    colour, shape = _pick(rng, COLOURS, (background,)), _pick(rng, SHAPES)
    size = rng.choices(SIZES, (0.6, 0.2, 0.2))[0]
    if kind == "one":
        position = "center" if rng.random() < 0.35 else _pick(rng, POSITIONS)
        radius = (_RADII_ALONE if position == "center" else _RADII_ALONE_OFF_CENTRE)[size]
        return Scene(
            kind, (Item(shape, colour, size, *POSITIONS[position], radius),), background, position
        )
    if kind == "count":
        count = rng.choice((2, 3, 4))
        items = tuple(
            Item(shape, colour, size, x, y, _RADII_COUNT[count][size])
            for x, y in COUNT_LAYOUTS[count]
        )
        return Scene(kind, items, background)
    relation = _pick(rng, RELATIONS)
    places = RELATIONS[relation]
    other_size = rng.choices(SIZES, (0.6, 0.2, 0.2))[0]
    first = Item(shape, colour, size, *places[0], _RADII_PAIR[size])
    second = Item(
        _pick(rng, SHAPES),
        _pick(rng, COLOURS, (background, colour)),
        other_size,
        *places[1],
        _RADII_PAIR[other_size],
    )
    return Scene(kind, (first, second), background, relation=relation)


def random_scene(rng: random.Random) -> tuple[Scene, list[str]]:
    """A scene with its caption, and the caption's words."""
    scene = random_layout(rng)
    words, told = write_caption(scene, rng)
    return replace(scene, caption=" ".join(words), told=frozenset(told)), words


def jittered(scene: Scene, rng: random.Random) -> Scene:
    """The scene as it is drawn: each item a little off its place, all of a count alike in size."""
    grow = rng.uniform(-RADIUS_JITTER, RADIUS_JITTER)

    def move(item: Item) -> Item:
        own = grow if scene.kind == "count" else rng.uniform(-RADIUS_JITTER, RADIUS_JITTER)
        return replace(
            item,
            x=item.x + rng.uniform(-POSITION_JITTER, POSITION_JITTER),
            y=item.y + rng.uniform(-POSITION_JITTER, POSITION_JITTER),
            radius=item.radius * (1 + own),
        )

    return replace(scene, items=tuple(move(item) for item in scene.items))


def _shade(colour: str, rng: random.Random) -> np.ndarray:
    return np.array(
        [c + rng.uniform(-COLOUR_JITTER, COLOUR_JITTER) for c in COLOURS[colour]], np.float32
    )


def render(scene: Scene, width: int, height: int, rng: random.Random) -> np.ndarray:
    """The picture of a scene, uint8 [height, width, 3]."""
    scene = jittered(scene, rng)
    image = np.empty((height, width, 3), np.float32)
    image[:] = _shade(scene.background, rng)
    short_side = min(width, height)
    shade = _shade(scene.items[0].colour, rng)
    for index, item in enumerate(scene.items):
        if scene.kind != "count" and index > 0:
            shade = _shade(item.colour, rng)
        mask = shape_mask(
            item.shape, item.x * width, item.y * height, item.radius * short_side, width, height
        )
        image += mask[:, :, None] * (shade - image)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
