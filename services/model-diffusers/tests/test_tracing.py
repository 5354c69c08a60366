"""Spans, sent to a real OTLP receiver in this process."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from genfleet_model.settings import Settings

from .conftest import WAIT_S, request, start

TRACE = "0af7651916cd43dd8448eb211c80319c"
OTHER = "1af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Receiver(BaseHTTPRequestHandler):
    """Takes OTLP over HTTP with protobuf bodies."""

    spans: list

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        message = ExportTraceServiceRequest.FromString(body)
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                type(self).spans.extend(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Receiver]]:
    handler = type("OneReceiver", (Receiver,), {"spans": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    yield handler
    server.shutdown()
    server.server_close()


def test_a_generation_continues_the_callers_trace(models: Path, receiver: type[Receiver]) -> None:
    container = start(Settings(models_dir=models, torch_threads=1, otlp_endpoint="from env"))
    tasks = [
        {"id": "a", "prompt": "x", "seeds": [1], "traceparent": f"00-{TRACE}-{PARENT}-01"},
        {"id": "b", "prompt": "y", "seeds": [2], "traceparent": f"00-{OTHER}-{PARENT}-01"},
    ]
    answer = httpx.post(
        f"{container.url}/generate",
        json=request(tasks=tasks, steps=3),
        headers={"traceparent": f"00-{TRACE}-{PARENT}-01"},
        timeout=WAIT_S,
    )
    assert answer.status_code == 200
    container.stop()  # sends what waits
    spans = receiver.spans
    (generate,) = [span for span in spans if span.name == "generate"]
    assert generate.trace_id.hex() == TRACE
    assert generate.parent_span_id.hex() == PARENT
    assert OTHER in {link.trace_id.hex() for link in generate.links}
    steps = [span for span in spans if span.name == "step"]
    assert len(steps) == 6  # three for each image, one after the other on a CPU
    assert {span.parent_span_id for span in steps} == {generate.span_id}
    assert all(span.end_time_unix_nano > span.start_time_unix_nano for span in steps)
    assert [span.name for span in spans].count("load model") == 1


def test_without_an_endpoint_nothing_is_recorded(models: Path, receiver: type[Receiver]) -> None:
    container = start(Settings(models_dir=models, torch_threads=1))
    answer = httpx.post(f"{container.url}/generate", json=request(), timeout=WAIT_S)
    assert answer.status_code == 200
    container.stop()
    assert receiver.spans == []
