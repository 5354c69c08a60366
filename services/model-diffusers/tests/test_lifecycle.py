"""Cancelling, queues and health, on a server whose device can be held at a step."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from genfleet_model.settings import Settings

from .conftest import WAIT_S, Brake, Container, generate, pngs, request, start, wait_for


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
