"""The demo world's rules: captions tell the truth, pictures show it, the judge reads it back."""

import random

import numpy as np
import pytest
from PIL import Image

from evaluation_prompts import content_key, load_prompts
from scenes import RELATIONS, Item, Scene, random_scene, render
from scoring import best_shape, score_picture
from shapes import COLOURS, PLURALS, SHAPES, shape_mask


def scenes(count: int, seed: int = 1):
    rng = random.Random(seed)
    return [random_scene(rng)[0] for _ in range(count)]


def test_captions_name_what_they_claim_to_tell():
    for scene in scenes(2000):
        words = scene.caption.replace("grey", "gray").split()
        for k, item in enumerate(scene.items[: 2 if scene.kind == "pair" else 1]):
            assert (f"colour{k}" not in scene.told) or item.colour in words
            assert (
                (f"shape{k}" not in scene.told)
                or item.shape in words
                or PLURALS[item.shape] in words
            )
        assert "background" not in scene.told or scene.background in words


def test_objects_differ_from_the_background_and_from_each_other():
    for scene in scenes(1000):
        colours = [item.colour for item in scene.items]
        assert scene.background not in colours
        if scene.kind == "pair":
            assert len(set(colours)) == 2


def test_relations_place_the_first_object_as_they_say():
    (first, second) = RELATIONS["above"]
    assert first[1] < second[1] and first[0] == second[0]
    (first, second) = RELATIONS["left of"]
    assert first[0] < second[0] and first[1] == second[1]


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_recognised_at_every_drawn_size(shape):
    for radius in (12, 18, 28):
        assert best_shape(shape_mask(shape, 64.3, 63.8, radius, 128, 128) > 0.5) == shape


def test_a_mask_outside_the_frame_is_empty():
    assert shape_mask("circle", -80, -80, 10, 64, 64).sum() == 0


def test_a_picture_has_the_size_and_the_colours_asked_for():
    scene = Scene("one", (Item("square", "red", "normal", 0.5, 0.5, 0.2),), "blue")
    pixels = render(scene, 192, 128, random.Random(0))
    assert pixels.shape == (128, 192, 3) and pixels.dtype == np.uint8
    assert np.abs(pixels[64, 96].astype(int) - COLOURS["red"]).max() < 10
    assert np.abs(pixels[2, 2].astype(int) - COLOURS["blue"]).max() < 10


def judged(entry_index: int, change) -> dict[str, bool]:
    entry = load_prompts()[entry_index]
    scene = Scene(
        entry["kind"], tuple(Item(**item) for item in entry["items"]), entry["background"]
    )
    pixels = render(change(scene), entry["width"], entry["height"], random.Random(1))
    return score_picture(
        entry, Image.fromarray(pixels).resize((entry["width"] * 4, entry["height"] * 4))
    )


def first_pair() -> int:
    """A pair of middling size: large objects may touch and then count as one."""
    return next(
        k
        for k, entry in enumerate(load_prompts())
        if entry["kind"] == "pair" and all(item["size"] == "normal" for item in entry["items"])
    )


def test_the_judge_accepts_the_right_picture_at_another_size():
    assert all(judged(first_pair(), lambda scene: scene).values())


def test_the_judge_sees_swapped_objects():
    def swap(scene: Scene) -> Scene:
        first, second = scene.items
        moved = (
            Item(first.shape, first.colour, first.size, second.x, second.y, first.radius),
            Item(second.shape, second.colour, second.size, first.x, first.y, second.radius),
        )
        return Scene(scene.kind, moved, scene.background)

    facts = judged(first_pair(), swap)
    assert facts["count"] and facts["background"] and not facts["relation"] and not facts["colour"]


def test_the_judge_sees_a_missing_object_and_a_wrong_background():
    facts = judged(first_pair(), lambda scene: Scene("one", scene.items[:1], scene.background))
    assert not facts["count"] and not facts["everything"]
    other = next(name for name in COLOURS if name not in {"red"})
    facts = judged(
        first_pair(),
        lambda scene: Scene(scene.kind, scene.items, other if scene.background != other else "red"),
    )
    assert not facts["background"]


def test_the_prompts_are_two_hundred_different_contents():
    prompts = load_prompts()
    assert len(prompts) == 200
    assert len({entry["prompt"] for entry in prompts}) == 200


def test_content_does_not_depend_on_wording():
    scene = scenes(1)[0]
    assert content_key(scene) == content_key(
        Scene(scene.kind, scene.items, scene.background, scene.position, scene.relation, "x")
    )
