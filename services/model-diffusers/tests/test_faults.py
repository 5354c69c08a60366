"""Models within the memory budget, pipelines that crash and files that are broken."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from genfleet_model.settings import Settings

from .conftest import WAIT_S, Brake, Container, generate, pngs, request, start, wait_for


def value(container: Container, metric: str, **labels: str) -> float:
    return container.engine.metrics.registry.get_sample_value(metric, labels) or 0.0


def test_the_least_recently_used_model_is_evicted(small: Callable[..., Container]) -> None:
    container = small(memory_budget_bytes=12_000_000)  # two of 5.4 MB
    for model in ("alpha", "beta", "alpha", "gamma"):
        generate(container.url, request(model=model))
    assert set(container.engine.pipelines.loaded) == {"alpha", "gamma"}
    assert value(container, "genfleet_model_evictions_total", model="beta", reason="budget") == 1
    assert container.engine.pipelines.used_bytes <= 12_000_000
    lines = generate(container.url, request(model="beta"))
    assert lines[-1]["model_load_ms"] > 0
    assert set(container.engine.pipelines.loaded) == {"gamma", "beta"}
    assert generate(container.url, request(model="beta"))[-1]["model_load_ms"] == 0


def test_a_model_in_use_is_not_evicted(small: Callable[..., Container], brake: Brake) -> None:
    container = small(memory_budget_bytes=6_000_000)  # one
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(generate, container.url, request())
        assert brake.reached.wait(WAIT_S)
        second = pool.submit(generate, container.url, request(model="beta"))
        wait_for(lambda: container.engine.gate.admitted == 2)
        assert set(container.engine.pipelines.loaded) == {"alpha"}
        brake.release.set()
        assert len(pngs(first.result(WAIT_S))) == 1
        assert len(pngs(second.result(WAIT_S))) == 1
    assert set(container.engine.pipelines.loaded) == {"beta"}


def test_concurrent_requests_share_one_load(small: Callable[..., Container]) -> None:
    container = small()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: generate(container.url, request()), range(4)))
    assert len({png for lines in answers for png in pngs(lines).values()}) == 1
    assert value(container, "genfleet_model_loads_total", model="alpha", outcome="loaded") == 1


def test_a_model_over_the_whole_budget(small: Callable[..., Container]) -> None:
    (error,) = [
        line
        for line in generate(small(memory_budget_bytes=1_000_000).url, request())
        if line["type"] == "error"
    ]
    assert (error["code"], error["retryable"]) == ("out_of_memory", True)


def fail_steps(container: Container, monkeypatch: pytest.MonkeyPatch, error: Exception) -> list:
    """Has alpha's network raise; answers the list of batch sizes it was tried with."""
    tried: list[int] = []

    def forward(latents: torch.Tensor, *_args: object, **_kwargs: object) -> None:
        tried.append(latents.shape[0] // 2)
        raise error

    unet = container.engine.pipelines._slots["alpha"].model.pipeline.unet
    monkeypatch.setattr(unet, "forward", forward)
    return tried


def test_a_pipeline_that_crashes_is_replaced(
    small: Callable[..., Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    container = small()
    good = pngs(generate(container.url, request()))
    fail_steps(container, monkeypatch, RuntimeError("a kernel went wrong"))
    lines = generate(container.url, request())
    (error,) = [line for line in lines if line["type"] == "error"]
    assert error["code"] == "engine_failed"
    assert error["retryable"] is True
    assert "a kernel went wrong" in error["message"]
    assert lines[-1]["type"] == "done"
    assert pngs(generate(container.url, request())) == good
    assert value(container, "genfleet_model_loads_total", model="alpha", outcome="loaded") == 2


def test_who_waited_for_a_pipeline_that_crashed_gets_a_fresh_one(
    small: Callable[..., Container], brake: Brake, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = small()
    brake.release.set()
    generate(container.url, request())
    brake.release.clear()
    brake.reached.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(generate, container.url, request(steps=50))
        assert brake.reached.wait(WAIT_S)
        second = pool.submit(generate, container.url, request())
        wait_for(lambda: container.engine.pipelines._slots["alpha"].users == 2)
        fail_steps(container, monkeypatch, RuntimeError("a kernel went wrong"))
        brake.release.set()
        assert any(line["type"] == "error" for line in first.result(WAIT_S))
        assert len(pngs(second.result(WAIT_S))) == 1


def test_memory_that_ends_takes_other_models_first_then_smaller_batches(
    small: Callable[..., Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    container = small(batch_images=4)
    generate(container.url, request())
    generate(container.url, request(model="beta"))
    tried = fail_steps(container, monkeypatch, torch.OutOfMemoryError("no memory"))
    tasks = [{"id": str(i), "prompt": "x", "seeds": [i]} for i in range(4)]
    lines = generate(container.url, request(tasks=tasks))
    assert tried == [4, 4, 2, 1]
    errors = [line for line in lines if line["type"] == "error"]
    assert {line["code"] for line in errors} == {"out_of_memory"}
    assert sorted(line["ids"][0] for line in errors) == ["0", "1", "2", "3"]
    assert set(container.engine.pipelines.loaded) == {"alpha"}


def test_pixels_that_are_not_numbers_fail_the_task(
    small: Callable[..., Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    container = small()
    generate(container.url, request())
    vae = container.engine.pipelines._slots["alpha"].model.pipeline.vae
    decode = vae.decode

    def broken(latents: torch.Tensor, **kwargs: object) -> tuple[torch.Tensor]:
        return (decode(latents, **kwargs)[0] * float("nan"),)

    monkeypatch.setattr(vae, "decode", broken)
    (error,) = [line for line in generate(container.url, request()) if line["type"] == "error"]
    assert error["code"] == "engine_failed"
    assert "not numbers" in error["message"]


def test_a_safety_checker_rejects_one_image_and_not_the_other(
    small: Callable[..., Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    container = small(batch_images=2)
    generate(container.url, request())
    pipeline = container.engine.pipelines._slots["alpha"].model.pipeline
    monkeypatch.setattr(
        pipeline,
        "run_safety_checker",
        lambda image, *_: (image, [True] + [False] * (len(image) - 1)),
    )
    tasks = [{"id": name, "prompt": name, "seeds": [1]} for name in ("bad", "good")]
    lines = generate(container.url, request(tasks=tasks))
    (error,) = [line for line in lines if line["type"] == "error"]
    assert (error["ids"], error["code"], error["retryable"]) == (["bad"], "prompt_rejected", False)
    assert [line["id"] for line in lines if line["type"] == "image"] == ["good"]


def test_broken_files_are_an_engine_failure(models: Path, tmp_path: Path) -> None:
    (tmp_path / "torn.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{not json}")
    (tmp_path / "empty.ckpt").write_bytes(b"")
    (tmp_path / "hollow").mkdir()
    (tmp_path / "hollow" / "model_index.json").write_text(
        (models / "alpha" / "model_index.json").read_text()
    )
    container = start(Settings(models_dir=tmp_path))
    try:
        for model in ("torn", "empty", "hollow"):
            lines = generate(container.url, request(model=model))
            assert [line["code"] for line in lines if line["type"] == "error"] == ["engine_failed"]
    finally:
        container.stop()
