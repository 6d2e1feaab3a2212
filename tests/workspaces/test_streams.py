"""Event streams end with the right to read them, tell nobody whose tab made a change, and survive what they hear."""

from __future__ import annotations

import asyncio
import json

import psycopg
import pytest
from django.test import Client

from tests.factories import make_cast, make_deal, url
from workspaces.live import BACKLOG, Hub, Reader, dsn, stream
from workspaces.models import Team, User
from workspaces.tenancy import tenant


@pytest.fixture
def committed(transactional_db):
    return make_cast()


@pytest.fixture
def heard():
    """heard(do): what is notified while `do` runs."""

    def listen(do) -> list[dict]:
        with psycopg.connect(dsn(), autocommit=True) as listener:
            listener.execute("LISTEN live")
            do()
            listener.execute("SELECT pg_notify('live', '{\"end\": true}')")
            told = [json.loads(found.payload) for found in listener.notifies(timeout=5, stop_after=1)]
            while told[-1] != {"end": True}:
                told += [json.loads(found.payload) for found in listener.notifies(timeout=5, stop_after=1)]
        return told[:-1]

    return listen


def ends(user_id: int) -> dict:
    return {"workspace": None, "kind": "member", "user": user_id}


@pytest.mark.parametrize("path", ["/accounts/logout/", "/w/acme/admin/logout/"])
def test_logging_out_ends_them(committed, login, heard, path):
    alice = login(committed.alice)
    assert ends(committed.alice.user_id) in heard(lambda: alice.post(path))
    assert "_auth_user_id" not in alice.session


@pytest.fixture
def root(transactional_db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@crm.example", "demo", name="Root"))
    return client


def test_a_deactivated_user_reads_no_further(committed, root, heard):
    bob = committed.bob.user
    facts = {"name": "Bob", "is_superuser": "", "time_zone": "", "locale": "en", "theme": ""}
    told = heard(lambda: root.post(f"/admin/workspaces/user/{bob.pk}/change/", facts))
    bob.refresh_from_db()
    assert not bob.is_active and ends(bob.pk) in told


def test_who_was_in_a_team_is_asked_again_when_it_goes(committed, login, heard):
    path = f"/w/acme/admin/workspaces/team/{committed.north.pk}/delete/"
    told = heard(lambda: login(committed.alice).post(path, {"post": "yes"}))
    with tenant(committed.workspace):
        assert not Team.objects.exists()
    assert {"workspace": committed.workspace.pk, "kind": "member", "user": None} in told


def test_a_new_password_ends_them(committed, login, heard):
    bob = login(committed.bob)
    facts = {
        "oldpassword": "demo",
        "password": "another passphrase",
        "password1": "another passphrase",
        "password2": "another passphrase",
    }
    assert ends(committed.bob.user_id) in heard(lambda: bob.post("/accounts/password/change/", facts))


def lines(reader: Reader, *events: dict) -> list[dict]:
    """What the stream shows of the events, until it ends."""

    async def read() -> list[dict]:
        hub = Hub()
        hub.readers.add(reader)
        for event in events:
            hub.hear(event if isinstance(event, str) else json.dumps(event))
        shown = [line async for line in stream(reader)]
        return [json.loads(line[6:]) for line in shown if line.startswith(b"data: ")]

    return asyncio.run(read())


def deal(client: str, pk: int = 1) -> dict:
    return {"workspace": 7, "kind": "deal", "ids": [[pk, 5]], "owners": None, "client": client}


def test_the_end_of_a_session_ends_the_stream_in_every_workspace(transactional_db):
    assert lines(Reader(7, 5, None), ends(6), deal(""), ends(5), deal("", 2)) == [{"kind": "deal", "ids": [1]}]


def test_the_end_is_not_lost_in_a_full_queue(transactional_db):
    flood = (deal("", pk) for pk in range(BACKLOG * 2))
    assert lines(Reader(7, 5, None), ends(5), *flood) == []


def test_only_ones_own_tabs_are_named(transactional_db):
    shown = lines(Reader(7, 5, None), deal("5.tab1", 1), deal("6.tab2", 2), deal("55.tab3", 3), deal("", 4), ends(5))
    assert shown == [
        {"kind": "deal", "ids": [1], "client": "tab1"},
        {"kind": "deal", "ids": [2]},
        {"kind": "deal", "ids": [3]},
        {"kind": "deal", "ids": [4]},
    ]


def test_nobody_borrows_anothers_tab(committed, login, heard):
    with tenant(committed.workspace, committed.bob.user):
        row = make_deal(committed.bob, committed.stages["New"])
    bob = login(committed.bob, **{"X-Client-Id": "tab1"})
    data = {"stage": committed.stages["Contacted"].pk, "version": 1}
    told = heard(lambda: bob.post(url(committed.workspace, "deal_move", row.pk), data))
    assert {event["client"] for event in told if event["kind"] == "deal"} == {f"{committed.bob.user_id}.tab1"}


def test_noise_on_the_channel_silences_nothing(transactional_db):
    noise = ("", "{", "7", "null", "[]", "{}", '{"workspace": 7}', '{"workspace": 7, "kind": "deal", "owners": 5}')
    assert lines(Reader(7, 5, {5}), *noise, deal(""), ends(5)) == [{"kind": "deal", "ids": [1]}]


def test_a_listener_that_falls_is_there_again(transactional_db):
    """Open streams are fed on, though nobody new comes."""

    async def run() -> bool:
        hub, reader = Hub(), Reader(7, 5, None)
        hub.join(reader)
        with psycopg.connect(dsn(), autocommit=True) as other:
            pid = None
            while pid is None:
                await asyncio.sleep(0.05)
                found = other.execute(
                    "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN live' AND datname = current_database()"
                ).fetchone()
                pid = found and found[0]
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
            event = await asyncio.wait_for(reader.queue.get(), 10)
        return event == {"kind": "reload"} and not hub.listener.done()

    assert asyncio.run(run())
