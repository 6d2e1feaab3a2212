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
KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}  # seconds, seconds, times
BACKLOG = 500  # events; a reader that slow has to come again


@dataclass(eq=False)
class Reader:
    """One open stream."""

    workspace: int
    user: int
    owners: set[int] | None
    queue: asyncio.Queue[dict] = field(default_factory=lambda: asyncio.Queue(BACKLOG))

    def cut(self, event: dict) -> dict | None:
        """What of the event this reader may learn: {"kind", "client"} and the ids of deals that are theirs to see; None
        for nothing.

        `users` are the only ones it is for. `ids` are pairs of a deal and an owner of it. Without them the event names
        all `owners`; one that names nobody at all says no more than "look again".
        """
        told = {key: event[key] for key in ("kind", "client") if event.get(key)}
        if event.get("users") is not None:
            return told if self.user in event["users"] else None
        if event.get("ids") is None:
            seen = self.owners is None or event.get("owners") is None or not self.owners.isdisjoint(event["owners"])
            return told if seen else None
        ids = {deal for deal, owner in event["ids"] if self.owners is None or owner in self.owners}
        return told | {"ids": sorted(ids)} if ids else None


class Hub:
    """All open streams of this process and the one connection that feeds them."""

    def __init__(self) -> None:
        self.readers: set[Reader] = set()
        self.listener: asyncio.Task | None = None
        self.listening = asyncio.Event()

    def join(self, reader: Reader) -> None:
        self.readers.add(reader)
        if self.listener is None or self.listener.done():
            self.listening = asyncio.Event()
            self.listener = asyncio.get_running_loop().create_task(self.listen())

    def leave(self, reader: Reader) -> None:
        self.readers.discard(reader)

    async def listen(self) -> None:
        pause, again = 1, False
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(dsn(), autocommit=True) as conn:
                    await conn.execute("LISTEN live")
                    if again:
                        # Whatever was missed while the connection was away, the pages now fetch.
                        self.tell_all({"kind": "reload"})
                    pause, again = 1, True
                    self.listening.set()
                    async for notification in conn.notifies():
                        self.hear(notification.payload)
            except Exception as error:  # whatever it was, the open streams need a listener
                self.listening.clear()
                log.warning("event stream: lost the database (%s), again in %s s", error, pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30)

    def hear(self, payload: str) -> None:
        """Any connection may notify: what nobody can read must not silence the rest."""
        try:
            self.hand_out(json.loads(payload))
        except (ValueError, TypeError, LookupError, AttributeError):
            log.exception("event stream: cannot read %.200s", payload)

    def tell_all(self, event: dict) -> None:
        for reader in list(self.readers):
            put(reader, event)

    def hand_out(self, event: dict) -> None:
        for reader in list(self.readers):
            # The end of a user's session concerns all workspaces.
            if event["workspace"] not in (None, reader.workspace):
                continue
            told = event if event["kind"] == "member" else reader.cut(event)
            if told is not None:
                put(reader, told)


def own_tab(event: dict, user: int) -> str:
    """Which of the reader's own tabs made the change. Others' tabs are kept secret: who sent such an id with a change
    would hide that change from its tab."""
    who, _, tab = (event.get("client") or "").partition(".")
    return tab if who == str(user) else ""


def put(reader: Reader, event: dict) -> None:
    try:
        reader.queue.put_nowait(event)
    except asyncio.QueueFull:
        while not reader.queue.empty():
            reader.queue.get_nowait()
        # Ends the stream, which one of the events may have meant; the browser comes again and asks for everything.
        reader.queue.put_nowait({"kind": "member", "user": None})


def dsn() -> str:
    """All that DATABASE_URL says of the way to the server. Who only listens never notices by writing that the way is
    cut: the keepalives do."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    params = {key: value for key, value in connection.get_connection_params().items() if key in known}
    return psycopg.conninfo.make_conninfo(**KEEPALIVES | params)


hub = Hub()


@member_required()
def events(request: MemberRequest) -> HttpResponse:
    """text/event-stream: "hello" once nothing will be missed, then one `data:` line of JSON per change,
    {"kind": "deal", "ids": [482], "client": "…"}."""
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
        try:
            await asyncio.wait_for(hub.listening.wait(), HEARTBEAT)
        except TimeoutError:
            return  # without the database there is nothing to tell: the browser comes again
        yield b"retry: 2000\nevent: hello\ndata: {}\n\n"
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
            shown = {key: event[key] for key in ("kind", "ids") if key in event}
            if tab := own_tab(event, reader.user):
                shown["client"] = tab
            yield f"data: {json.dumps(shown)}\n\n".encode()
    finally:
        hub.leave(reader)
