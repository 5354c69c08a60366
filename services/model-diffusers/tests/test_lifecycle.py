"""Cancelling, queues, crashes and memory, on a server whose device can be held at a step."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import torch

from genfleet_model.generation import Generation
from genfleet_model.settings import Settings

from .conftest import WAIT_S, Container, generate, pngs, request, start, wait_for


class Brake:
    """Stops the device after a step until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = threading.Event()
        self.release = threading.Event()
        self.steps = 0
        original = Generation.progress

        def progress(generation: Generation, batch: list, step: int) -> Iterator:
            self.steps += 1
            self.reached.set()
            assert self.release.wait(WAIT_S)
            return original(generation, batch, step)

        monkeypatch.setattr(Generation, "progress", progress)


@pytest.fixture
def brake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brake]:
    brake = Brake(monkeypatch)
    yield brake
    brake.release.set()


@pytest.fixture
def small(models: Path) -> Iterator[Callable[..., Container]]:
    """Starts servers with settings of one's own."""
    running: list[Container] = []

    def begin(**settings: object) -> Container:
        running.append(start(Settings(models_dir=models, torch_threads=1, **settings)))
        return running[-1]

    yield begin
    for container in running:
        container.stop()


def background(call: Callable[[], object]) -> "threading.Thread":
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def value(container: Container, metric: str, **labels: str) -> float:
    return container.engine.metrics.registry.get_sample_value(metric, labels) or 0.0


def test_closing_the_connection_stops_the_device_at_the_next_step(
    container: Container, brake: Brake
) -> None:
    with httpx.stream(
        "POST", f"{container.url}/generate", json=request(steps=100), timeout=WAIT_S
    ) as answer:
        assert answer.status_code == 200
        assert brake.reached.wait(WAIT_S)
        (session,) = container.engine._sessions
    wait_for(lambda: session.cancellation.nothing_wanted)
    brake.release.set()
    wait_for(lambda: container.engine.gate.admitted == 0)
    assert brake.steps == 1
    assert len(pngs(generate(container.url, request()))) == 1


def test_cancelling_one_task_leaves_the_others_alone(container: Container, brake: Brake) -> None:
    tasks = [{"id": name, "prompt": name, "seeds": [1]} for name in ("a", "b", "c")]
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(generate, container.url, request(tasks=tasks))
        assert brake.reached.wait(WAIT_S)
        assert httpx.delete(f"{container.url}/generate/b").status_code == 202
        assert httpx.delete(f"{container.url}/generate/b").status_code == 404
        brake.release.set()
        lines = answer.result(WAIT_S)
    (error,) = [line for line in lines if line["type"] == "error"]
    assert (error["ids"], error["code"], error["retryable"]) == (["b"], "cancelled", False)
    assert {line["id"] for line in lines if line["type"] == "image"} == {"a", "c"}
    after = lines[lines.index(error) :]
    assert not any("b" in line["ids"] for line in after if line["type"] == "progress")


def test_cancelling_every_task_ends_the_answer_at_once(container: Container, brake: Brake) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(generate, container.url, request(steps=100))
        assert brake.reached.wait(WAIT_S)
        assert httpx.delete(f"{container.url}/generate/job-1").status_code == 202
        brake.release.set()
        lines = answer.result(WAIT_S)
    assert [line["code"] for line in lines if line["type"] == "error"] == ["cancelled"]
    assert brake.steps == 1


def test_a_full_queue_answers_when_to_come_back(
    small: Callable[..., Container], brake: Brake
) -> None:
    container = small(queue_limit=2)
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(generate, container.url, request()) for _ in range(2)]
        wait_for(lambda: container.engine.gate.admitted == 2)
        refused = httpx.post(f"{container.url}/generate", json=request())
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["retryable"] is True
        brake.release.set()
        assert all(len(pngs(answer.result(WAIT_S))) == 1 for answer in answers)
    wait_for(lambda: container.engine.gate.admitted == 0)


def test_whoever_leaves_the_queue_gives_the_place_back(
    small: Callable[..., Container], brake: Brake
) -> None:
    container = small(queue_limit=2)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(generate, container.url, request())
        assert brake.reached.wait(WAIT_S)
        with httpx.stream("POST", f"{container.url}/generate", json=request(), timeout=WAIT_S):
            wait_for(lambda: container.engine.gate.admitted == 2)
        wait_for(lambda: container.engine.gate.admitted == 1)
        brake.release.set()
        assert len(pngs(first.result(WAIT_S))) == 1


def test_who_waits_is_told_so(container: Container, brake: Brake) -> None:
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(generate, container.url, request())
        assert brake.reached.wait(WAIT_S)
        second = pool.submit(generate, container.url, request())
        wait_for(lambda: container.engine.gate.admitted == 2)
        brake.release.set()
        first.result(WAIT_S)
        assert {"type": "waiting", "for": "device"} in second.result(WAIT_S)


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


def test_health_and_metrics(container: Container) -> None:
    generate(container.url, request())
    assert httpx.get(f"{container.url}/health/live").status_code == 200
    assert httpx.get(f"{container.url}/health/ready").json() == {"ready": True, "reasons": []}
    text = httpx.get(f"{container.url}/metrics").text
    for name in (
        "genfleet_model_loads_total",
        "genfleet_engine_busy_seconds_total",
        "genfleet_engine_images_total",
        "genfleet_model_resident_bytes",
    ):
        assert name in text


def test_a_device_that_does_not_move_is_not_alive(
    small: Callable[..., Container], brake: Brake
) -> None:
    container = small(stall_s=1)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(generate, container.url, request())
        assert brake.reached.wait(WAIT_S)
        wait_for(lambda: httpx.get(f"{container.url}/health/live").status_code == 503)
        brake.release.set()
        answer.result(WAIT_S)
    assert httpx.get(f"{container.url}/health/live").status_code == 200


def test_no_models_is_not_ready(tmp_path: Path) -> None:
    container = start(Settings(models_dir=tmp_path))
    try:
        answer = httpx.get(f"{container.url}/health/ready")
        assert answer.status_code == 503
        assert "no model" in answer.json()["reasons"][0]
    finally:
        container.stop()


def test_a_reader_that_stops_reading_holds_up_nobody(container: Container) -> None:
    """A client takes the headers and nothing more; others are served meanwhile."""
    with httpx.stream("POST", f"{container.url}/generate", json=request(), timeout=WAIT_S) as slow:
        assert slow.status_code == 200
        assert len(pngs(generate(container.url, request(seed=3)))) == 1
        assert any(json.loads(line)["type"] == "image" for line in slow.iter_lines())
