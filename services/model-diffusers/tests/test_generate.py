import base64
import io

import httpx
import numpy as np
import pytest
from PIL import Image

from genfleet_model.samplers import SAMPLERS

from .conftest import Container, generate, pngs, request


def picture(png: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))


def only(lines: list[dict]) -> str:
    (png,) = pngs(lines).values()
    return png


def test_streams_progress_then_the_image_then_done(container: Container) -> None:
    lines = generate(container.url, request(steps=4, width=96, height=64))
    steps = [line["step"] for line in lines if line["type"] == "progress"]
    assert steps == sorted(steps)
    assert steps[-1] == 4
    assert all(line["ids"] == ["job-1"] for line in lines if line["type"] == "progress")
    assert picture(only(lines)).shape == (64, 96, 3)
    assert [line["type"] for line in lines][-2:] == ["image", "done"]
    assert lines[-1]["model"] == "alpha"
    assert set(lines[-1]["timings"]) == {"queue_ms", "load_ms", "generate_ms", "total_ms"}


def test_the_same_request_gives_the_same_bytes_and_each_setting_changes_them(
    container: Container,
) -> None:
    plain = only(generate(container.url, request()))
    assert only(generate(container.url, request())) == plain
    with_negative = request()
    with_negative["tasks"][0]["negative_prompt"] = "blue"
    others = [
        request(seed=2),
        request(prompt="a blue circle"),
        request(steps=4),
        request(cfg_scale=8.0),
        request(model="beta"),
        with_negative,
    ]
    assert plain not in [only(generate(container.url, other)) for other in others]


def test_the_largest_seed_is_taken_exactly(container: Container) -> None:
    largest = only(generate(container.url, request(seed=2**53 - 1)))
    assert largest != only(generate(container.url, request(seed=2**53 - 2)))


@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_every_sampler_draws_and_counts_its_steps(container: Container, sampler: str) -> None:
    lines = generate(container.url, request(sampler_name=sampler, steps=5))
    progress = [line["step"] for line in lines if line["type"] == "progress"]
    assert progress[-1] == 5
    assert picture(only(lines)).std() > 0


def test_samplers_differ_and_leave_nothing_behind(container: Container) -> None:
    before = only(generate(container.url, request(steps=5)))
    other = only(generate(container.url, request(steps=5, sampler_name="DPM++ 2M Karras")))
    plain = only(generate(container.url, request(steps=5, sampler_name="dpmpp_2m")))
    assert len({before, other, plain}) == 3
    assert only(generate(container.url, request(steps=5, sampler_name="k_euler"))) == before


def test_an_image_does_not_depend_on_its_batch(container: Container) -> None:
    tasks = [
        {"id": "a", "prompt": "a red circle", "seeds": [1, 7]},
        {"id": "b", "prompt": "a blue square", "negative_prompt": "red", "seeds": [1]},
    ]
    together = pngs(generate(container.url, request(tasks=tasks)))
    assert set(together) == {("a", 0), ("a", 1), ("b", 0)}
    assert together["a", 0] == only(generate(container.url, request()))
    assert together["a", 1] == only(generate(container.url, request(seed=7)))
    alone = pngs(generate(container.url, request(tasks=tasks[1:])))
    assert together["b", 0] == alone["b", 0]


def test_a_task_with_several_images_counts_all_their_steps(container: Container) -> None:
    task = {"id": "a", "prompt": "x", "seeds": [1, 2, 3]}
    lines = generate(container.url, request(tasks=[task], steps=2))
    progress = [(line["step"], line["steps"]) for line in lines if line["type"] == "progress"]
    assert progress[-1] == (6, 6)
    assert [step for step, _ in progress] == sorted(step for step, _ in progress)


def test_a_native_canvas_is_enlarged_to_exactly_the_size_asked_for(container: Container) -> None:
    lines = generate(container.url, request(model="first", width=512, height=384))
    large = picture(only(lines))
    assert large.shape == (384, 512, 3)
    # Drawn at 64 pixels and enlarged, neighbours can hardly differ; drawn at 512 they would.
    small = picture(only(generate(container.url, request(model="alpha", width=512, height=384))))
    roughness = [float(np.abs(np.diff(x.astype(int), axis=1)).mean()) for x in (large, small)]
    assert roughness[0] < roughness[1] / 2


def test_a_checkpoint_draws_what_its_folder_draws(container: Container) -> None:
    folder = only(generate(container.url, request()))
    assert only(generate(container.url, request(model="gamma"))) == folder
    assert only(generate(container.url, request(model="delta"))) == folder


def test_previews_are_small_pictures_and_change_nothing(container: Container) -> None:
    lines = generate(container.url, request(steps=6, preview_every=2))
    previews = [line["previews"]["job-1"] for line in lines if "previews" in line]
    assert previews
    image = Image.open(io.BytesIO(base64.b64decode(previews[0])))
    assert image.format == "JPEG"
    assert max(image.size) <= 256
    assert only(lines) == only(generate(container.url, request(steps=6)))


def test_models_are_described(container: Container) -> None:
    answer = httpx.get(f"{container.url}/models").json()
    models = {model["name"]: model for model in answer["models"]}
    assert set(models) == {"alpha", "beta", "gamma", "delta"}
    assert models["beta"]["aliases"] == ["first"]
    assert models["beta"]["demo"] is True
    assert models["beta"]["native_short_side"] == 64
    assert models["gamma"]["kind"] == "checkpoint"
    assert models["alpha"]["loaded"] is True
    assert models["alpha"]["memory_bytes"] > 1_000_000
    assert "euler" in answer["samplers"]
    assert answer["memory"]["used_bytes"] <= answer["memory"]["budget_bytes"]
