"""The NDJSON response of one session, and the notice that its client is gone."""

import asyncio
import json
import logging

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .session import Session

log = logging.getLogger(__name__)
SEND_STALL_S = 120.0


class SessionResponse(Response):
    """Sends a session's lines as they come. A closed connection, or a client that takes none of
    what is sent for two minutes, abandons the session; the session itself ends elsewhere."""

    media_type = "application/x-ndjson"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.raw_headers = [
            (name, value) for name, value in self.raw_headers if name != b"content-length"
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, in ASGI's way."""
        gone = asyncio.create_task(_until_gone(receive))
        lines = asyncio.create_task(self._send_lines(send))
        try:
            await asyncio.wait({gone, lines}, return_when=asyncio.FIRST_COMPLETED)
            if lines.done():
                lines.result()
        except (OSError, TimeoutError) as error:
            log.info("client lost: %s", type(error).__name__)
        finally:
            self.session.abandon()
            gone.cancel()
            lines.cancel()

    async def _send_lines(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        while (line := await self.session.outbox.next()) is not None:
            body = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            async with asyncio.timeout(SEND_STALL_S):
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
