"""The event stream over the network, from a server without Redis: who is told what, when, and until when."""

from __future__ import annotations

import asyncio
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection, transaction

from deals.actions import update_deal
from deals.models import Deal
from tests.deals.boards import board_page
from tests.factories import make_cast, make_deal, session_for, url
from tests.pages import SCRIPT
from tests.webserver import Server, running
from workspaces import actions, live
from workspaces.models import Role, User
from workspaces.tenancy import tenant


@pytest.fixture(scope="module")
def server(django_db_setup, django_db_blocker) -> Iterator[Server]:
    with django_db_blocker.unblock(), running(REDIS_URL="redis://127.0.0.1:9/0") as server:  # nobody listens there
        yield server


@pytest.fixture
def committed(server, transactional_db):
    return make_cast()


class Tap:
    """An open stream, read in a thread of its own: each event with the moment it came."""

    def __init__(self, server: Server, workspace, user: User, session: str = ""):
        place = urlsplit(server.base)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=20)
        asked = f"GET {url(workspace, 'events')} HTTP/1.1\r\nHost: {place.netloc}\r\nCookie: session={session or session_for(user)}\r\n\r\n"
        self.socket.sendall(asked.encode())
        self.answer = self.socket.makefile("rb")
        self.status = int(self.answer.readline().split()[1])
        while self.answer.readline().strip():
            pass
        self.told: queue.Queue = queue.Queue()
        if self.status == 200:
            threading.Thread(target=self._read, daemon=True).start()
            assert self.next() == "hello"

    def _read(self) -> None:
        kind = ""
        while line := self.answer.readline():
            name, _, value = line.decode().strip().partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                self.told.put((time.monotonic(), kind or json.loads(value)))
                kind = ""
            elif line == b"0\r\n":
                break
        self.told.put((time.monotonic(), None))

    def next(self, seconds: float = 5) -> object:
        """The next event; None at the end of the stream."""
        self.at, event = self.told.get(timeout=seconds)
        return event

    def is_silent(self, seconds: float) -> bool:
        time.sleep(seconds)
        return self.told.empty()

    def close(self) -> None:
        with suppress(OSError):  # the other side was quicker
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def tap(server) -> Iterator[object]:
    opened: list[Tap] = []

    def open_(member, session: str = "") -> Tap:
        opened.append(Tap(server, member.workspace, member.user, session))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def new_deal(member, stages, name: str = "Harbour") -> Deal:
    with tenant(member.workspace, member.user):
        return make_deal(member, stages["New"], name)


def test_a_change_is_told_when_it_is_committed_and_not_before(committed, tap):
    alice = committed.alice
    stream = tap(alice)
    with tenant(alice.workspace, alice.user):
        deal = make_deal(alice, committed.stages["New"])
        assert stream.is_silent(0.4)
    done = time.monotonic()
    assert stream.next() == {"kind": "deal", "ids": [deal.pk]}
    assert stream.at - done < 1


def test_what_was_rolled_back_is_never_told(committed, tap):
    alice = committed.alice
    stream = tap(alice)
    with tenant(alice.workspace, alice.user):
        make_deal(alice, committed.stages["New"], "Never was")
        transaction.set_rollback(True)
    deal = new_deal(alice, committed.stages)
    assert stream.next() == {"kind": "deal", "ids": [deal.pk]}


def test_another_workspace_hears_nothing_of_it(committed, tap):
    theirs, ours = tap(committed.charlie), tap(committed.alice)
    deal = new_deal(committed.alice, committed.stages)
    assert ours.next()["ids"] == [deal.pk]
    their_deal = new_deal(committed.charlie, committed.rival_stages)
    assert theirs.next()["ids"] == [their_deal.pk]
    assert ours.told.empty() and tap(committed.alice).status == 200
    # Whose workspace it is not gets no stream of it at all.
    committed.charlie.workspace = committed.workspace
    assert tap(committed.charlie).status == 404


def test_who_may_not_see_a_deal_does_not_learn_of_it(committed, tap):
    """Not even its number, where one statement changes it together with deals that may be seen."""
    alice, bob = committed.alice, committed.bob
    with tenant(alice.workspace, alice.user):
        actions.change_settings(committed.workspace, by=alice, visibility="own")
    hers, his = new_deal(alice, committed.stages, "Hers"), new_deal(bob, committed.stages, "His")
    everything, own = tap(alice), tap(bob)
    with tenant(alice.workspace, alice.user):
        update_deal(hers, by=alice, version=hers.version, name="Still hers")
    with tenant(alice.workspace, alice.user):
        Deal.objects.filter(pk__in=[hers.pk, his.pk]).update(name="Both")
    assert everything.next()["ids"] == [hers.pk]
    assert everything.next()["ids"] == sorted([hers.pk, his.pk])
    assert own.next() == {"kind": "deal", "ids": [his.pk]}
    assert own.told.empty()
    # It changes hands: who had it, and has to take it off the board, is told; who gets it too.
    with tenant(alice.workspace, alice.user):
        Deal.objects.filter(pk=his.pk).update(owner=alice.user)
    assert own.next()["ids"] == [his.pk] and everything.next()["ids"] == [his.pk]
    with tenant(alice.workspace, alice.user):
        Deal.objects.filter(pk=his.pk).update(name="No more his")
        Deal.objects.filter(pk=hers.pk).update(owner=bob.user)
    assert own.next()["ids"] == [hers.pk]


@pytest.mark.parametrize("change", ["logout", "deactivated", "suspended", "left", "role"])
def test_it_ends_with_the_right_to_read_it(committed, tap, login, change):
    bob, other = committed.bob, tap(committed.alice)
    client = login(bob)
    session = client.cookies["session"].value
    stream = tap(bob, session)
    if change == "logout":
        client.post("/accounts/logout/")
    elif change == "deactivated":
        root = login(committed.alice)
        root.force_login(User.objects.create_superuser("root@crm.example", "demo", name="Root"))
        facts = {"name": "Bob", "is_superuser": "", "time_zone": "", "locale": "en", "theme": ""}
        root.post(f"/admin/workspaces/user/{bob.user_id}/change/", facts)
    else:
        with tenant(bob.workspace, committed.alice.user):
            if change == "left":
                actions.leave(bob)
            else:
                how = {"role": Role.VIEWER} if change == "role" else {"status": "suspended"}
                actions.change_member(bob, by=committed.alice, team=committed.north, **how)
    assert stream.next() is None
    assert tap(bob, session).status == {"logout": 302, "deactivated": 302, "role": 200}.get(change, 404)
    # Nobody else's ends.
    new_deal(committed.alice, committed.stages)
    assert other.next()["kind"] == "deal"


def test_what_happened_while_one_was_away_is_asked_for(committed, tap, login):
    """The page names the moment it was made, so it needs no number of a last event, which would have to be kept."""
    bob = login(committed.bob)
    new_deal(committed.alice, committed.stages, "Seen already")
    page = board_page(bob, committed)
    stream = tap(committed.bob)
    stream.close()
    missed = new_deal(committed.alice, committed.stages, "While away")
    again = tap(committed.bob)
    since = page.one(id="board")["data-since"]
    answer = bob.get(url(committed.workspace, "deal_changes"), {"since": since}, headers=SCRIPT)
    # Among others, maybe: transactions of other databases in this cluster move the moment back.
    assert str(missed.pk) in answer.headers["X-About"].split(",") and "While away" in answer.text
    assert again.told.empty()


def test_readers_who_go_are_forgotten(committed, tap, server):
    """Else each visit would cost memory and a socket for ten minutes."""
    import psutil  # noqa: PLC0415 - of the development requirements

    [worker] = psutil.Process(server.process.pid).children()
    before = worker.num_fds()
    streams = [tap(committed.alice) for _ in range(20)]
    assert worker.num_fds() >= before + 20
    for stream in streams:
        stream.close()
    deadline = time.monotonic() + 5
    while worker.num_fds() > before + 5 and time.monotonic() < deadline:
        new_deal(committed.alice, committed.stages)
        time.sleep(0.1)
    assert worker.num_fds() <= before + 5


# --- the one connection that listens ---------------------------------------------------------------------


@pytest.fixture
def hub(monkeypatch) -> live.Hub:
    """As in a process that has just started: nobody has listened yet."""
    monkeypatch.setattr(live, "hub", live.Hub())
    return live.hub


def tell(workspace: int) -> None:
    event = {"workspace": workspace, "kind": "deal", "client": "", "ids": [[1, 5]], "owners": None}
    with psycopg.connect(live.dsn(), autocommit=True) as other:
        other.execute("SELECT pg_notify('live', %s)", [json.dumps(event)])


def test_from_hello_on_nothing_is_missed(transactional_db, hub):
    """By the first reader of a process too: the page asks for what was before, and from then on waits to be told."""

    async def run() -> bytes:
        stream = live.stream(live.Reader(7, 5, None))
        assert b"event: hello" in await anext(stream)
        tell(7)  # before the listener's next turn
        return await asyncio.wait_for(anext(stream), 5)

    assert json.loads(asyncio.run(run()).removeprefix(b"data: ")) == {"kind": "deal", "ids": [1]}


class Door(threading.Thread):
    """A server that takes connections and shuts the door at once, counting."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.knocks = 0
        self.start()

    def run(self) -> None:
        while True:
            try:
                visitor, _ = self.socket.accept()
            except OSError:
                return
            self.knocks += 1
            visitor.close()


def test_without_the_database_it_waits_longer_and_longer(transactional_db, hub, monkeypatch):
    """And nobody is told that all is well; once it is back, the pages fetch what they missed."""
    door, port = Door(), connection.settings_dict["PORT"]
    monkeypatch.setattr(live, "HEARTBEAT", 2.5)

    async def run() -> tuple[list[bytes], int, bytes]:
        monkeypatch.setitem(connection.settings_dict, "PORT", door.port)
        said = [line async for line in live.stream(live.Reader(7, 5, None))]
        knocks = door.knocks
        monkeypatch.setitem(connection.settings_dict, "PORT", port)
        monkeypatch.setattr(live, "HEARTBEAT", 8)
        return said, knocks, await anext(live.stream(live.Reader(7, 5, None)))

    said, knocks, first = asyncio.run(run())
    door.socket.close()
    assert said == [] and knocks == 2
    assert b"event: hello" in first


def test_the_way_to_the_database_is_the_pages_own(db, monkeypatch):
    """Certificates and all; and a line that was cut is found out, though only one side ever speaks."""
    options = {"sslmode": "verify-full", "sslcert": "/certs/a.crt", "sslkey": "/certs/a.key", "target_session_attrs": "read-write"}  # fmt: skip
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", connection.settings_dict["OPTIONS"] | options)
    said = psycopg.conninfo.conninfo_to_dict(live.dsn())
    assert options.items() <= said.items() and said["keepalives_idle"] == "30"
    monkeypatch.undo()
    with psycopg.connect(live.dsn()) as listening, socket.fromfd(listening.fileno(), socket.AF_INET, socket.SOCK_STREAM) as wire:  # fmt: skip
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
