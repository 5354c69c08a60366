"""JSON lines with the fleet's closed set of fields."""

import json
import logging
import sys
from datetime import UTC, datetime

FIELDS = (
    "tenant",
    "jobId",
    "kind",
    "attempt",
    "topic",
    "subscription",
    "model",
    "engine",
    "traceId",
)
SERVICE = "model-diffusers"


class JsonLines(logging.Formatter):
    """One JSON object a line; only the fields of ``FIELDS`` are taken from ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON, without the newline."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": SERVICE,
            "msg": record.getMessage(),
        }
        for name in FIELDS:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = value
        if record.exc_info:
            line["err"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def is_news(record: logging.LogRecord) -> bool:
    """Transformers warns at every start of a package that nothing here uses."""
    return "requires torchvision" not in record.getMessage()


def set_up_logs(level: str) -> None:
    """Sends every library's log through the same formatter to stdout."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    handler.addFilter(is_news)
    logging.root.handlers = [handler]
    logging.root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    quiet_libraries()


def quiet_libraries() -> None:
    """Diffusers and Transformers bring handlers and progress bars of their own."""
    import diffusers.utils.logging as diffusers_logs
    import transformers.utils.logging as transformers_logs

    for logs in (diffusers_logs, transformers_logs):
        logs.disable_default_handler()
        logs.enable_propagation()
        logs.disable_progress_bar()
