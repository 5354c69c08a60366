import socket

import httpx
import pytest

from .conftest import WAIT_S, Container, generate, pngs, request


def post(container: Container, body: object) -> httpx.Response:
    return httpx.post(f"{container.url}/generate", json=body)


def test_an_unknown_model_is_answered_with_those_there_are(container: Container) -> None:
    answer = post(container, request(model="nobody"))
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == "model_not_found"
    assert error["retryable"] is False
    assert error["models"] == ["alpha", "beta", "delta", "first", "gamma"]


@pytest.mark.parametrize("name", ["../alpha", "alpha/unet", "/etc", ".", "alpha\x00"])
def test_a_model_name_is_never_a_path(container: Container, name: str) -> None:
    assert post(container, request(model=name)).status_code == 404


def test_every_fault_is_named_by_its_path(container: Container) -> None:
    body = request(
        steps=0, width=100, height=4096, cfg_scale="7", sampler_name="asdf", colour="red",
        tasks=[{"id": "a", "seeds": [-1, 1.5, "2", 2**53]}],
    )  # fmt: skip
    answer = post(container, body)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "invalid_settings"
    paths = {fault["path"] for fault in error["faults"]}
    assert paths == {
        "steps", "width", "height", "cfg_scale", "sampler_name", "colour",
        "tasks.0.prompt", "tasks.0.seeds.0", "tasks.0.seeds.1", "tasks.0.seeds.2",
        "tasks.0.seeds.3",
    }  # fmt: skip
    (sampler,) = [f["message"] for f in error["faults"] if f["path"] == "sampler_name"]
    assert "dpmpp_2m" in sampler


@pytest.mark.parametrize("body", [None, [], {}, "text", 7])
def test_a_body_that_is_no_request(container: Container, body: object) -> None:
    answer = post(container, body)
    assert answer.status_code == 422
    assert answer.json()["error"]["faults"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"model": NaN}'])
def test_a_body_that_is_not_json(container: Container, body: bytes) -> None:
    assert httpx.post(f"{container.url}/generate", content=body).status_code == 422


def test_no_numbers_that_are_none(container: Container) -> None:
    text = '{"cfg_scale": 1e999}'
    answer = httpx.post(f"{container.url}/generate", content=text)
    assert "cfg_scale" in {fault["path"] for fault in answer.json()["error"]["faults"]}


def test_a_body_over_the_limit(container: Container) -> None:
    answer = httpx.post(f"{container.url}/generate", content=b" " * (4 * 1024 * 1024 + 1))
    assert answer.status_code == 413


def test_a_body_that_does_not_come(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genfleet_model.app.BODY_TIMEOUT_S", 0.2)
    url = httpx.URL(container.url)
    with socket.create_connection((url.host, url.port), timeout=WAIT_S) as wire:
        wire.sendall(b"POST /generate HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        assert wire.recv(100).startswith(b"HTTP/1.1 408 ")


def test_two_tasks_with_one_id(container: Container) -> None:
    tasks = [{"id": "a", "prompt": "x", "seeds": [1]}] * 2
    answer = post(container, request(tasks=tasks))
    assert [fault["path"] for fault in answer.json()["error"]["faults"]] == ["tasks"]


def test_more_images_than_allowed(container: Container) -> None:
    tasks = [{"id": str(i), "prompt": "x", "seeds": [1] * 200} for i in range(2)]
    assert post(container, request(tasks=tasks)).status_code == 422


@pytest.mark.parametrize("prompt", ["", "🔴 над 🟦", "a " * 4000, "\u0000\n", "<|endoftext|>"])
def test_any_text_is_a_prompt(container: Container, prompt: str) -> None:
    assert len(pngs(generate(container.url, request(prompt=prompt)))) == 1


def test_cancelling_what_is_not_there(container: Container) -> None:
    assert httpx.delete(f"{container.url}/generate/nothing").status_code == 404
