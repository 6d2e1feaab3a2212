"""The event stream: what others change arrives within a second, ids only; the page asks for what it may see.

One LISTEN per process, straight to PostgreSQL (a pooler would swallow it). NOTIFY comes from the triggers of the
tables themselves (deals/triggers.py), so no door can forget it, and only when the transaction commits.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import psycopg
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse

from workspaces.access import MemberRequest, member_required, visible_owners

log = logging.getLogger(__name__)

HEARTBEAT = 20  # seconds; proxies close what is silent for a minute
LIFETIME = 600  # seconds; then the browser comes again and is checked again
# Compressing or buffering would hold events back.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Encoding": "identity"}
BACKLOG = 500  # events; a reader that slow is told to reload


@dataclass(eq=False)
class Reader:
    """One open stream."""

    workspace: int
    user: int
    owners: set[int] | None
    queue: asyncio.Queue[dict] = field(default_factory=lambda: asyncio.Queue(BACKLOG))

    def may_see(self, event: dict) -> bool:
        return self.owners is None or not self.owners.isdisjoint(event.get("owners") or ())


class Hub:
    """All open streams of this process and the one connection that feeds them."""

    def __init__(self) -> None:
        self.readers: set[Reader] = set()
        self.listener: asyncio.Task | None = None

    def join(self, reader: Reader) -> None:
        self.readers.add(reader)
        if self.listener is None or self.listener.done():
            self.listener = asyncio.get_running_loop().create_task(self.listen())

    def leave(self, reader: Reader) -> None:
        self.readers.discard(reader)

    async def listen(self) -> None:
        pause = 1
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(dsn(), autocommit=True) as conn:
                    await conn.execute("LISTEN live")
                    pause = 1
                    # Whatever was missed while the connection was away, the pages now fetch.
                    self.tell_all({"kind": "reload"})
                    async for notification in conn.notifies():
                        self.hand_out(json.loads(notification.payload))
            except psycopg.OperationalError as error:
                log.warning("event stream: lost the database (%s), again in %s s", error, pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30)

    def tell_all(self, event: dict) -> None:
        for reader in list(self.readers):
            put(reader, event)

    def hand_out(self, event: dict) -> None:
        for reader in list(self.readers):
            if reader.workspace == event["workspace"] and (event["kind"] == "member" or reader.may_see(event)):
                put(reader, event)


def put(reader: Reader, event: dict) -> None:
    try:
        reader.queue.put_nowait(event)
    except asyncio.QueueFull:
        while not reader.queue.empty():
            reader.queue.get_nowait()
        reader.queue.put_nowait({"kind": "reload"})


def dsn() -> str:
    params = {
        key: value
        for key, value in connection.get_connection_params().items()
        if key in ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")
    }
    return psycopg.conninfo.make_conninfo(**params)


hub = Hub()


@member_required()
def events(request: MemberRequest) -> HttpResponse:
    """text/event-stream, one `data:` line of JSON per change: {"kind": "deal", "ids": [482], "client": "…"}."""
    if not hasattr(request, "scope"):
        return HttpResponse(
            "The event stream is served by the ASGI process (crm_project.asgi).",
            status=503,
            content_type="text/plain",
            headers={"Retry-After": "60"},
        )
    owners = visible_owners(request.member)
    reader = Reader(request.workspace.pk, request.member.user_id, None if owners is None else set(owners))
    return StreamingHttpResponse(stream(reader), content_type="text/event-stream", headers=HEADERS)


async def stream(reader: Reader) -> AsyncIterator[bytes]:
    hub.join(reader)
    end = asyncio.get_running_loop().time() + LIFETIME
    try:
        yield b"retry: 2000\n: hello\n\n"
        while asyncio.get_running_loop().time() < end:
            try:
                event = await asyncio.wait_for(reader.queue.get(), HEARTBEAT)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if event["kind"] == "member":
                if event["user"] in (None, reader.user):
                    return  # what this member may see has changed: the browser comes again and is asked again
                continue
            shown = {key: event[key] for key in ("kind", "ids", "client") if event.get(key)}
            yield f"data: {json.dumps(shown)}\n\n".encode()
    finally:
        hub.leave(reader)
