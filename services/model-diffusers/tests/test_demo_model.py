"""The committed demo model draws what it is asked for."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from genfleet_model.settings import Settings

from .conftest import Container, generate, request, start
from .test_generate import only, picture

MODELS = Path(__file__).parent.parent / "models"
NAMED = {"red": (219, 33, 33), "blue": (33, 77, 222), "yellow": (250, 222, 31), "white": (247,) * 3}
UP, DOWN, LEFT, RIGHT = (0.5, 0.265), (0.5, 0.735), (0.265, 0.5), (0.735, 0.5)
CORNER = (0.04, 0.04)

pytestmark = pytest.mark.skipif(
    not (MODELS / "genfleet-demo" / "model_index.json").is_file(),
    reason=f"no demo model in {MODELS}",
)


@pytest.fixture(scope="module")
def demo() -> Iterator[Container]:
    running = start(Settings(models_dir=MODELS, torch_threads=1))
    yield running
    running.stop()


def colour_at(pixels: np.ndarray, place: tuple[float, float]) -> str:
    """The named colour nearest to the median around a place given as fractions of the frame."""
    height, width, _ = pixels.shape
    x, y, r = int(place[0] * width), int(place[1] * height), width // 32
    around = pixels[max(0, y - r) : y + r, max(0, x - r) : x + r].reshape(-1, 3)
    middle = np.median(around, axis=0)
    return min(NAMED, key=lambda name: float(np.square(middle - NAMED[name]).sum()))


@pytest.mark.parametrize(
    ("prompt", "places"),
    [
        ("a red circle above a blue square on a white background",
         {UP: "red", DOWN: "blue", CORNER: "white"}),
        ("a blue circle above a red square on a white background",
         {UP: "blue", DOWN: "red", CORNER: "white"}),
        ("a yellow square left of a red circle on a blue background",
         {LEFT: "yellow", RIGHT: "red", CORNER: "blue"}),
    ],
)  # fmt: skip
def test_colours_are_where_the_prompt_says(
    demo: Container, prompt: str, places: dict[tuple[float, float], str]
) -> None:
    """In three of four pictures: it is a small model, and is measured as one in its card."""
    right = 0
    for seed in range(4):
        body = request(
            model="v1-5-pruned-emaonly", prompt=prompt, seed=seed, steps=20, width=512, height=512
        )
        pixels = picture(only(generate(demo.url, body)))
        assert pixels.shape == (512, 512, 3)
        right += {place: colour_at(pixels, place) for place in places} == places
    assert right >= 3


def test_previews_show_the_scene_without_the_decoder(
    demo: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = "a red circle above a blue square on a white background"
    body = request(model="genfleet-demo", prompt=prompt, steps=20, width=128, height=128)
    bare = only(generate(demo.url, body))
    vae = demo.engine.pipelines._slots["genfleet-demo"].model.pipeline.vae
    decode, decodings = vae.decode, []

    def counted(*args: object, **kwargs: object) -> object:
        decodings.append(args)
        return decode(*args, **kwargs)

    monkeypatch.setattr(vae, "decode", counted)
    lines = generate(demo.url, {**body, "preview_every": 5})
    assert only(lines) == bare
    assert len(decodings) == 1
    previews = [line["previews"]["job-1"] for line in lines if "previews" in line]
    # one may be left out while the one before it is encoded
    assert 1 <= len(previews) <= 3
    for preview in previews:
        pixels = picture(preview)
        assert pixels.shape == (128, 128, 3)
        seen = {place: colour_at(pixels, place) for place in (UP, DOWN, CORNER)}
        assert seen == {UP: "red", DOWN: "blue", CORNER: "white"}


def test_five_steps_make_a_picture(demo: Container) -> None:
    lines = generate(demo.url, request(model="genfleet-demo", steps=5, width=512, height=512))
    assert picture(only(lines)).std() > 10
