"""Spans of generations, when an OTLP endpoint is configured and OpenTelemetry is installed.

Without either, the same calls do nothing and no OpenTelemetry module is imported.
"""

import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from .schema import GenerateRequest

log = logging.getLogger(__name__)
NS = 1_000_000_000


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace's id in a W3C traceparent (https://www.w3.org/TR/trace-context/), if it is one."""
    match = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", traceparent or "")
    return match[1] if match else None


class GenerateTrace:
    """The span of one request; this one records nothing."""

    trace_id = ""

    def loaded(self, load_ms: int) -> None:
        """The model is in memory, after so many ms of loading (0 if it was there)."""

    def step(self, step: int, began_s: float, ended_s: float) -> None:
        """One step was done between two times of time.time()."""

    def end(self, attributes: Mapping[str, int]) -> None:
        """The request is over."""


class SpanTrace(GenerateTrace):
    """A span "generate" with one child span for each denoising step and one for a model load."""

    def __init__(self, tracer: Any, span: Any, context: Any) -> None:
        self._tracer = tracer
        self._span = span
        self._context = context
        self.trace_id = f"{span.get_span_context().trace_id:032x}"

    def loaded(self, load_ms: int) -> None:
        """A child span for the load, if there was one."""
        if load_ms:
            now = time.time()
            self._child("load model", now - load_ms / 1000, now, {})

    def step(self, step: int, began_s: float, ended_s: float) -> None:
        """A child span for the step."""
        self._child("step", began_s, ended_s, {"genfleet.step": step})

    def end(self, attributes: Mapping[str, int]) -> None:
        """Ends the span with the timings as its attributes."""
        for name, value in attributes.items():
            self._span.set_attribute(f"genfleet.{name}", value)
        self._span.end()

    def _child(self, name: str, began_s: float, ended_s: float, attributes: dict[str, int]) -> None:
        child = self._tracer.start_span(
            name, context=self._context, start_time=int(began_s * NS), attributes=attributes
        )
        child.end(end_time=int(ended_s * NS))


class Tracing:
    """Starts the trace of each request; ``close`` sends what is left."""

    def __init__(self, provider: Any = None) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("genfleet_model") if provider else None

    def generate(self, headers: Mapping[str, str], request: GenerateRequest) -> GenerateTrace:
        """The trace of a request: a child of its traceparent header, or else of its first task's;
        the other tasks' traces are linked."""
        if self._tracer is None:
            return GenerateTrace()
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        own = [{"traceparent": t.traceparent} for t in request.tasks if t.traceparent]
        carriers = [dict(headers), *own] if "traceparent" in headers else own
        contexts = [TraceContextTextMapPropagator().extract(c) for c in carriers]
        parent = contexts[0] if contexts else None
        span = self._tracer.start_span(
            "generate",
            context=parent,
            kind=trace.SpanKind.SERVER,
            links=[trace.Link(trace.get_current_span(c).get_span_context()) for c in contexts[1:]],
            attributes={
                "genfleet.model": request.model,
                "genfleet.sampler": request.sampler_name,
                "genfleet.steps": request.steps,
                "genfleet.images": request.image_count,
                "genfleet.job_ids": [task.id for task in request.tasks],
            },
        )
        return SpanTrace(self._tracer, span, trace.set_span_in_context(span))

    def close(self) -> None:
        """Sends the spans that wait, within the exporter's own timeout."""
        if self._provider is not None:
            self._provider.shutdown()


def start_tracing(endpoint: str | None) -> Tracing:
    """Tracing to an OTLP endpoint over HTTP; nothing if there is none."""
    if not endpoint:
        return Tracing()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set but OpenTelemetry is not installed")
        return Tracing()
    provider = TracerProvider(resource=Resource.create({"service.name": "genfleet-model"}))
    # The exporter reads OTEL_EXPORTER_OTLP_* itself, as every other part of the fleet does.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)
