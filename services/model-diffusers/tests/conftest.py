"""A server with tiny models on a free port, once for each module that asks for it."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")

import httpx
import pytest
import uvicorn

from genfleet_model.app import create_app
from genfleet_model.engine import Engine
from genfleet_model.generation import Generation
from genfleet_model.logs import quiet_libraries
from genfleet_model.settings import Settings
from genfleet_model.tracing import Tracing
from tests import tiny_pipeline
from tests.original_format import save_checkpoint

WAIT_S = 300.0
quiet_libraries()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """alpha and beta (Diffusers folders), gamma (safetensors) and delta (ckpt)."""
    folder = tmp_path_factory.mktemp("models")
    alpha = tiny_pipeline.build(seed=0)
    alpha.save_pretrained(folder / "alpha")
    card = {"native_short_side": 64, "aliases": ["first"], "demo": True, "extra": "kept by others"}
    tiny_pipeline.build(seed=1).save_pretrained(folder / "beta")
    (folder / "beta" / "genfleet.json").write_text(json.dumps(card))
    for name in ("gamma.safetensors", "delta.ckpt"):
        save_checkpoint(alpha, folder / name)
        shutil.copytree(
            folder / "alpha",
            folder / (name.split(".")[0] + ".config"),
            ignore=shutil.ignore_patterns("*.safetensors"),
        )
    return folder


@dataclass
class Container:
    """A running server: its address, and its engine for looking inside."""

    url: str
    server: uvicorn.Server
    thread: threading.Thread
    faults: list[BaseException] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.server.config.app.state.engine

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive()


def start(settings: Settings, tracing: Tracing | None = None) -> Container:
    app = create_app(settings, tracing)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started or not thread.is_alive())
    assert server.started, "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    return Container(f"http://127.0.0.1:{port}", server, thread)


@pytest.fixture(scope="module")
def container(models: Path) -> Iterator[Container]:
    running = start(Settings(models_dir=models, torch_threads=1))
    yield running
    running.stop()


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


def wait_for(condition, seconds: float = WAIT_S) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.01)


def request(**changes: object) -> dict[str, object]:
    """A request that is right, with changes; `seed` and `prompt` are those of its only task."""
    seeds = [changes.pop("seed", 1)]
    task = {"id": "job-1", "prompt": changes.pop("prompt", "a red circle"), "seeds": seeds}
    return {
        "model": "alpha",
        "sampler_name": "euler",
        "steps": 3,
        "cfg_scale": 4.0,
        "width": 64,
        "height": 64,
        "tasks": [task],
        **changes,
    }


def generate(url: str, body: dict[str, object]) -> list[dict]:
    """All lines of the answer."""
    with httpx.stream("POST", f"{url}/generate", json=body, timeout=WAIT_S) as answer:
        text = answer.read().decode()
        assert answer.status_code == 200, text
        return [json.loads(line) for line in text.splitlines()]


def pngs(lines: list[dict]) -> dict[tuple[str, int], str]:
    """Images by task and index; fails on an error line."""
    assert [line for line in lines if line["type"] == "error"] == []
    return {(line["id"], line["index"]): line["png"] for line in lines if line["type"] == "image"}
