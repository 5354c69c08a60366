"""The program as it is started, and stopped."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from .conftest import WAIT_S, generate, pngs, request, wait_for

SERVICE = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def program(log: Path, **env: str) -> Iterator[subprocess.Popen]:
    everything = {**os.environ, "OMP_NUM_THREADS": "1", "TORCH_THREADS": "1", **env}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "genfleet_model"],
            cwd=SERVICE, env=everything, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(WAIT_S)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_sigterm_finishes_what_runs_and_logs_json(models: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    url = f"http://127.0.0.1:{port}"
    env = {"MODELS_DIR": str(models), "PORT": str(port), "PRELOAD_MODELS": "alpha"}
    with program(log, **env) as process, ThreadPoolExecutor(1) as pool:
        wait_for(lambda: is_ready(url) or process.poll() is not None)
        task = {"id": "job-1", "prompt": "x", "seeds": [1]}
        task["traceparent"] = f"00-{'ab' * 16}-{'cd' * 8}-01"
        answer = pool.submit(generate, url, request(steps=150, tasks=[task]))
        wait_for(lambda: re.search(r"genfleet_engine_queue 1\.0", httpx.get(f"{url}/metrics").text))
        process.send_signal(signal.SIGTERM)
        assert len(pngs(answer.result(WAIT_S))) == 1
        assert process.wait(WAIT_S) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert all(line["service"] == "model-diffusers" for line in lines)
    assert any("ready on" in line["msg"] for line in lines)
    (done,) = [line for line in lines if line["msg"] == "task done"]
    assert (done["jobId"], done["model"], done["traceId"]) == ("job-1", "alpha", "ab" * 16)
    assert {"alpha"} == {line["model"] for line in lines if "model loaded" in line["msg"]}


def test_sigterm_without_grace_stops_at_the_next_step(models: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    url = f"http://127.0.0.1:{port}"
    env = {"MODELS_DIR": str(models), "PORT": str(port), "GRACE_SECONDS": "0"}
    tasks = [{"id": "a", "prompt": "x", "seeds": list(range(200))}]
    with program(log, **env) as process:
        wait_for(lambda: is_ready(url) or process.poll() is not None)
        body = request(tasks=tasks, steps=150, width=256, height=256)
        with httpx.stream("POST", f"{url}/generate", json=body, timeout=WAIT_S) as answer:
            assert answer.status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S) == 0


def test_wrong_settings_are_told_and_nothing_starts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with program(log, MODELS_DIR=str(tmp_path / "absent"), PORT="x") as process:
        assert process.wait(WAIT_S) == 2
    text = log.read_text()
    assert "MODELS_DIR" in text
    assert "PORT" in text
