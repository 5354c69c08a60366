"""The HTTP protocol; README.md describes it line by line."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from .engine import Engine
from .faults import ModelFault
from .gate import GateFull
from .samplers import ALIASES, SAMPLERS
from .schema import GenerateRequest, read_request
from .session import Session
from .settings import Settings
from .streaming import SessionResponse
from .tracing import Tracing, start_tracing

log = logging.getLogger(__name__)
BODY_LIMIT_BYTES = 4 * 1024 * 1024
BODY_TIMEOUT_S = 30.0
STATUS = {"model_not_found": 404, "invalid_settings": 422, "out_of_memory": 503}


class BodyTooLarge(Exception):
    """The request's body is over the limit."""


def create_app(settings: Settings, tracing: Tracing | None = None) -> FastAPI:
    """The application; its engine is made at start-up, on the server's event loop."""
    tracing = tracing or start_tracing(settings.otlp_endpoint)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.engine = engine = Engine(settings)
        await engine.preload()
        log.info(
            "ready on %s with %d models, budget %d bytes",
            engine.device.name, len(engine.catalog.entries), engine.pipelines.budget_bytes,
        )  # fmt: skip
        yield
        engine.close()
        tracing.close()

    app = FastAPI(title="Genfleet model container (Diffusers)", version="1", lifespan=lifespan)
    app.state.tracing = tracing
    app.state.running = set()
    app.add_exception_handler(ModelFault, _fault_answer)
    app.add_exception_handler(GateFull, _full_answer)
    app.add_exception_handler(BodyTooLarge, _too_large_answer)
    app.add_exception_handler(TimeoutError, _too_slow_answer)
    app.add_api_route("/generate", generate, methods=["POST"], openapi_extra=_request_schema())
    app.add_api_route("/generate/{task_id}", cancel, methods=["DELETE"])
    app.add_api_route("/models", models)
    app.add_api_route("/health/live", live)
    app.add_api_route("/health/ready", ready)
    app.add_api_route("/metrics", metrics)
    return app


async def generate(request: Request) -> Response:
    """Makes images; the answer is a stream of JSON lines."""
    wanted = read_request(await _body(request))
    engine: Engine = request.app.state.engine
    limit = engine.settings.request_images
    if wanted.image_count > limit:
        message = f"{wanted.image_count} images are asked for and {limit} are allowed"
        raise ModelFault(
            "invalid_settings", message, faults=[{"path": "tasks", "message": message}]
        )
    entry = engine.catalog.resolve(wanted.model)
    engine.gate.admit()
    trace = request.app.state.tracing.generate(request.headers, wanted)
    session = Session(engine, wanted, entry, trace)
    # Kept by the application, not by the connection: the device is let go of in good order
    # however the connection ends.
    running: set[asyncio.Task[None]] = request.app.state.running
    task = asyncio.create_task(engine.run(session))
    running.add(task)
    task.add_done_callback(running.discard)
    return SessionResponse(session)


async def cancel(task_id: str, request: Request) -> Response:
    """Cancels one task; the others of its batch go on."""
    if not request.app.state.engine.cancel(task_id):
        return JSONResponse({"cancelled": False, "message": "no such task is open"}, 404)
    return JSONResponse({"cancelled": True}, 202)


async def models(request: Request) -> Response:
    """The models there are, which of them are in memory, and the samplers."""
    engine: Engine = request.app.state.engine
    await asyncio.to_thread(engine.catalog.scan)
    loaded = engine.pipelines.loaded
    described = [
        {
            "name": entry.name,
            "kind": entry.kind,
            "aliases": [a for a, name in engine.catalog.aliases.items() if name == entry.name],
            "demo": entry.card.demo,
            "native_short_side": entry.card.native_short_side,
            "loaded": entry.name in loaded,
            "memory_bytes": loaded.get(entry.name),
        }
        for entry in engine.catalog.entries.values()
    ]
    return JSONResponse({
        "models": described,
        "faults": engine.catalog.faults,
        "samplers": list(SAMPLERS),
        "sampler_aliases": ALIASES,
        "device": {"name": engine.device.name, "dtype": str(engine.device.dtype)[6:]},
        "batch_images": engine.batch_images,
        "memory": {
            "budget_bytes": engine.pipelines.budget_bytes,
            "used_bytes": engine.pipelines.used_bytes,
        },
    })  # fmt: skip


async def live(request: Request) -> Response:
    """Whether the process works: fails when the device has not moved for STALL_SECONDS."""
    engine: Engine = request.app.state.engine
    stalled_s = round(engine.gate.stalled_s)
    status = 503 if stalled_s > engine.settings.stall_s else 200
    return JSONResponse({"stalled_s": stalled_s, "admitted": engine.gate.admitted}, status)


async def ready(request: Request) -> Response:
    """Whether requests may be sent here, and if not, why."""
    reasons = request.app.state.engine.unready()
    return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)


async def metrics(request: Request) -> Response:
    """Metrics in Prometheus' text format."""
    text = request.app.state.engine.metrics.text()
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async with asyncio.timeout(BODY_TIMEOUT_S):
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_LIMIT_BYTES:
                raise BodyTooLarge
    return bytes(body)


async def _fault_answer(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ModelFault)
    return JSONResponse({"error": error.as_json()}, STATUS.get(error.code, 500))


async def _full_answer(_request: Request, error: Exception) -> Response:
    assert isinstance(error, GateFull)
    fault = ModelFault("engine_failed", str(error), retry_after_s=error.retry_after_s)
    headers = {"Retry-After": str(error.retry_after_s)}
    return JSONResponse({"error": fault.as_json()}, 503, headers)


async def _too_large_answer(_request: Request, _error: Exception) -> Response:
    message = f"the body is larger than {BODY_LIMIT_BYTES} bytes"
    return JSONResponse({"error": ModelFault("invalid_settings", message).as_json()}, 413)


async def _too_slow_answer(_request: Request, _error: Exception) -> Response:
    message = f"the body did not come within {BODY_TIMEOUT_S:.0f} s"
    return JSONResponse({"error": ModelFault("engine_failed", message).as_json()}, 408)


def _request_schema() -> dict[str, object]:
    schema = GenerateRequest.model_json_schema(mode="validation")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
