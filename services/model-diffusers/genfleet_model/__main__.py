"""Starts the server: ``python -m genfleet_model``."""

import logging
import os
import sys
from types import FrameType

# Before any library reads them: nothing may ever be asked of a hub, nor sent to one.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import uvicorn

from .logs import set_up_logs
from .settings import SettingsFault, read_settings

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Says that it drains as soon as it is told to stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGTERM and SIGINT: no new connection; what runs has GRACE_SECONDS, or until the
        second signal. Unlike uvicorn's own, it does not raise the signal again at the end: a
        drain that went well is exit status 0."""
        log.info("signal %d: finishing what runs", sig)
        engine = getattr(self.config.app.state, "engine", None)  # type: ignore[union-attr]
        if engine is not None:
            engine.draining = True
        self.force_exit = self.should_exit
        self.should_exit = True


def main() -> int:
    """Runs until told to stop; the exit status."""
    try:
        settings = read_settings()
    except SettingsFault as fault:
        print(f"cannot start: {fault}", file=sys.stderr)
        return 2
    set_up_logs(settings.log_level)
    # Only now: importing torch takes seconds and importing Transformers logs.
    from .app import create_app

    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        timeout_graceful_shutdown=settings.grace_s,
        timeout_keep_alive=75,
        lifespan="on",
    )
    server = Server(config)
    server.run()
    logging.shutdown()
    # A step that never returns would keep the interpreter waiting for its thread.
    os._exit(0 if server.started else 1)


if __name__ == "__main__":
    sys.exit(main())
