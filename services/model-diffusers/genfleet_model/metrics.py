"""Prometheus metrics of one container, in a registry of its own."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

LOAD_BUCKETS_S = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
STEP_BUCKETS_S = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)


# A time of creation beside every counter doubles the text, and no dashboard reads it.
disable_created_metrics()


class Metrics:
    """Counters named as the dashboards know them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.model_loads = Counter(
            "genfleet_model_loads",
            "Loads of a model from disk",
            ["model", "outcome"],
            registry=self.registry,
        )
        self.model_load_seconds = Histogram(
            "genfleet_model_load_seconds",
            "Time to load a model from disk",
            buckets=LOAD_BUCKETS_S,
            registry=self.registry,
        )
        self.model_evictions = Counter(
            "genfleet_model_evictions",
            "Models taken out of memory",
            ["model", "reason"],
            registry=self.registry,
        )
        self.resident_bytes = Gauge(
            "genfleet_model_resident_bytes",
            "Bytes of the models in memory",
            registry=self.registry,
        )
        self.busy_seconds = Counter(
            "genfleet_engine_busy_seconds",
            "Time the device spent generating",
            registry=self.registry,
        )
        self.images = Counter(
            "genfleet_engine_images", "Images made", ["model"], registry=self.registry
        )
        self.failures = Counter(
            "genfleet_engine_failures", "Tasks that ended in an error", ["code"],
            registry=self.registry,
        )  # fmt: skip
        self.step_seconds = Histogram(
            "genfleet_engine_step_seconds",
            "Time of one denoising step of one batch",
            buckets=STEP_BUCKETS_S,
            registry=self.registry,
        )
        self.queue = Gauge(
            "genfleet_engine_queue", "Requests admitted and not finished", registry=self.registry
        )

    def text(self) -> bytes:
        """The exposition in Prometheus' text format."""
        return generate_latest(self.registry)
