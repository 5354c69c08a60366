"""Environment to typed settings: pure, and all faults are reported at once."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


class SettingsFault(Exception):
    """One or more environment variables cannot be used; the message names each of them."""


@dataclass(frozen=True)
class Settings:
    """What the container was told. ``None`` means: decide from the device."""

    models_dir: Path
    host: str = "127.0.0.1"
    port: int = 8100
    memory_budget_bytes: int | None = None
    queue_limit: int = 16
    batch_images: int | None = None
    request_images: int = 256
    grace_s: int = 30
    stall_s: int = 600
    torch_threads: int | None = None
    preload: tuple[str, ...] = ()
    log_level: str = "info"
    otlp_endpoint: str | None = None


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    parse.__doc__ = f"a whole number from {low} to {high}"
    return parse


def _level(text: str) -> str:
    """one of debug, info, warning, error"""
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise ValueError
    return text.lower()


def _folder(text: str) -> Path:
    """a folder that exists"""
    path = Path(text).resolve()
    if not path.is_dir():
        raise ValueError
    return path


def _names(text: str) -> tuple[str, ...]:
    """model names with commas between them"""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _text(text: str) -> str:
    """text"""
    return text


PARSERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "MODELS_DIR": ("models_dir", _folder),
    "HOST": ("host", _text),
    "PORT": ("port", _whole(0, 65535)),
    "MODEL_MEMORY_BUDGET_MB": ("memory_budget_bytes", _whole(1, 16 * MIB)),
    "QUEUE_LIMIT": ("queue_limit", _whole(1, 10_000)),
    "BATCH_IMAGES": ("batch_images", _whole(1, 64)),
    "REQUEST_IMAGES": ("request_images", _whole(1, 1024)),
    "GRACE_SECONDS": ("grace_s", _whole(0, 3600)),
    "STALL_SECONDS": ("stall_s", _whole(1, 86_400)),
    "TORCH_THREADS": ("torch_threads", _whole(1, 1024)),
    "PRELOAD_MODELS": ("preload", _names),
    "LOG_LEVEL": ("log_level", _level),
    "OTEL_EXPORTER_OTLP_ENDPOINT": ("otlp_endpoint", _text),
}


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Reads the variables of ``PARSERS``; an empty value counts as absent.

    Raises SettingsFault naming every variable that is wrong, what was given and what is wanted.
    """
    env = os.environ if env is None else env
    values: dict[str, object] = {}
    faults = [] if env.get("MODELS_DIR") else ["MODELS_DIR is missing: give a folder that exists"]
    for variable, (field, parse) in PARSERS.items():
        given = env.get(variable, "")
        if not given:
            continue
        try:
            values[field] = parse(given)
        except (ValueError, OSError):
            faults.append(f"{variable} is {given!r}: give {parse.__doc__}")
    if faults:
        raise SettingsFault("; ".join(faults))
    if isinstance(budget := values.get("memory_budget_bytes"), int):
        values["memory_budget_bytes"] = budget * MIB
    return Settings(**values)  # type: ignore[arg-type]
