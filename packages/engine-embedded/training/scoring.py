"""Reads a picture back into facts: background, how many objects, and each one's colour, shape and place.

Pictures come from any engine. They are brought to the native short side first, so
that the tolerances below, in pixels of 128, mean the same for every size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from scenes import POSITIONS, RELATIONS
from shapes import COLOURS, SHAPES, shape_mask

SHORT_SIDE = 128
# Largest channel difference from the background that still counts as background, of 255.
BACKGROUND_TOLERANCE = 36
# Smaller specks are not counted as objects: a quarter of the smallest object that is ever drawn.
SMALLEST_AREA = 0.005
PALETTE = np.array(list(COLOURS.values()), np.float32)


@dataclass(frozen=True)
class Found:
    """One connected region; centre as fractions of the frame."""

    colour: str
    shape: str
    x: float
    y: float


def nearest_colour(rgb: np.ndarray) -> str:
    return list(COLOURS)[int(((PALETTE - rgb) ** 2).sum(1).argmin())]


def to_native(image: Image.Image) -> np.ndarray:
    scale = SHORT_SIDE / min(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    return np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS), np.float32)


def background_of(pixels: np.ndarray) -> np.ndarray:
    edge = 3
    border = [pixels[:edge], pixels[-edge:], pixels[:, :edge], pixels[:, -edge:]]
    return np.median(np.concatenate([strip.reshape(-1, 3) for strip in border]), axis=0)


def best_shape(region: np.ndarray) -> str:
    """The shape whose outline, laid over the region's bounding box, overlaps it best (intersection over union)."""
    rows, columns = np.where(region)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    height, width = region.shape
    scores = {}
    for shape in SHAPES:
        # The template's own bounding box, to centre it and to fit its radius.
        template = shape_mask(shape, 100, 100, 80, 200, 200) >= 0.5
        t_rows, t_columns = np.where(template)
        t_height, t_width = (np.ptp(t_rows) + 1) / 80, (np.ptp(t_columns) + 1) / 80
        offset_y = ((t_rows.min() + t_rows.max() + 1) / 2 - 100) / 80
        offset_x = ((t_columns.min() + t_columns.max() + 1) / 2 - 100) / 80
        fit = ((bottom - top) / t_height + (right - left) / t_width) / 2
        best = 0.0
        for radius in (fit * 0.94, fit, fit * 1.06):
            centre = (
                (left + right) / 2 - offset_x * radius,
                (top + bottom) / 2 - offset_y * radius,
            )
            mask = shape_mask(shape, *centre, radius, width, height) >= 0.5
            best = max(best, float((mask & region).sum() / max(1, (mask | region).sum())))
        scores[shape] = best
    return max(scores, key=scores.__getitem__)


def find_objects(pixels: np.ndarray, background: np.ndarray) -> list[Found]:
    foreground = np.abs(pixels - background).max(2) > BACKGROUND_TOLERANCE
    labels, count = ndimage.label(foreground)
    height, width = foreground.shape
    found = []
    for label in range(1, count + 1):
        region = labels == label
        if region.sum() < SMALLEST_AREA * SHORT_SIDE * SHORT_SIDE:
            continue
        core = ndimage.binary_erosion(region)
        colour = np.median(pixels[core if core.any() else region], axis=0)
        y, x = ndimage.center_of_mass(region)
        found.append(
            Found(nearest_colour(colour), best_shape(region), (x + 0.5) / width, (y + 0.5) / height)
        )
    return found


def _match(items: list[dict], found: list[Found]) -> list[tuple[dict, Found | None]]:
    """Each wanted object with the nearest found one, none used twice."""
    if not found:
        return [(item, None) for item in items]
    cost = [[(item["x"] - f.x) ** 2 + (item["y"] - f.y) ** 2 for f in found] for item in items]
    rows, columns = linear_sum_assignment(np.array(cost))
    chosen = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return [(item, found[chosen[k]] if k in chosen else None) for k, item in enumerate(items)]


def _relation_holds(relation: str, items: list[dict], found: list[Found]) -> bool:
    """Whether the object of the first colour stands to that of the second as the prompt says."""
    places = []
    for item in items:
        same = [f for f in found if f.colour == item["colour"]]
        if not same:
            return False
        places.append(same[0])
    first, second = places
    across = first.x - second.x, first.y - second.y
    axis = 0 if relation in ("left of", "right of") else 1
    wanted_sign = np.sign(RELATIONS[relation][0][axis] - RELATIONS[relation][1][axis])
    return bool(abs(across[axis]) > abs(across[1 - axis]) and np.sign(across[axis]) == wanted_sign)


def score_picture(entry: dict, image: Image.Image) -> dict[str, bool]:
    """Which facts of the prompt the picture shows. `relation` and `position` only where the prompt has one."""
    pixels = to_native(image)
    background = background_of(pixels)
    found = find_objects(pixels, background)
    pairs = _match(entry["items"], found)
    result = {
        "background": nearest_colour(background) == entry["background"],
        "count": len(found) == len(entry["items"]),
        "colour": all(f is not None and f.colour == item["colour"] for item, f in pairs),
        "shape": all(f is not None and f.shape == item["shape"] for item, f in pairs),
    }
    if entry["kind"] == "pair":
        result["relation"] = _relation_holds(entry["relation"], entry["items"], found)
    if entry["kind"] == "one":
        largest = found[0] if len(found) == 1 else None
        result["position"] = largest is not None and entry["position"] == min(
            POSITIONS,
            key=lambda name: (
                (POSITIONS[name][0] - largest.x) ** 2 + (POSITIONS[name][1] - largest.y) ** 2
            ),
        )
    result["everything"] = all(result.values())
    return result
