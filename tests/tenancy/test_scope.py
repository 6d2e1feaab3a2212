"""The scope of a transaction: it ends where it should, through nesting, errors, pools, streams and callbacks.

On real transactions, so that "local to the transaction" means what it means in production.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import psycopg
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from deals.models import Deal, Stage
from tests.factories import make_cast, make_deal
from workspaces.actions import create_workspace
from workspaces.live import dsn
from workspaces.middleware import TenantMiddleware
from workspaces.models import Membership, User
from workspaces.tenancy import SETTINGS, all_workspaces, tenant

pytestmark = pytest.mark.django_db(transaction=True)


class Oops(Exception):
    pass


@pytest.fixture
def cast():
    cast = make_cast()
    with tenant(cast.workspace, cast.alice.user):
        for _ in range(2):
            make_deal(cast.alice, cast.stages["New"])
    with tenant(cast.rival, cast.charlie.user):
        make_deal(cast.charlie, cast.rival_stages["New"])
    return cast


def settings() -> set[str]:
    """The distinct values of all our settings; {""} is none."""
    with connection.cursor() as cursor:
        read = ", ".join(f"coalesce(current_setting('{name}', true), '')" for name in SETTINGS)
        return set(cursor.execute(f"SELECT {read}").fetchone())


def scope() -> tuple[str, int, str]:
    """(workspace, deals that are there, role)"""
    with connection.cursor() as cursor:
        setting = "coalesce(current_setting('app.workspace_id', true), '')"
        return cursor.execute(f"SELECT {setting}, (SELECT count(*) FROM deals_deal), current_user").fetchone()


NOTHING = ("", 0, "crm_app")


# --- nesting ----------------------------------------------------------------------------------------------------


def test_after_the_scope_there_is_nothing(cast):
    assert scope() == NOTHING
    with tenant(cast.workspace, cast.alice.user):
        assert scope() == (str(cast.workspace.pk), 2, "crm_app")
    assert scope() == NOTHING and settings() == {""}
    with all_workspaces():
        assert scope() == ("", 3, "crm_admin")
    assert scope() == NOTHING and settings() == {""}


def test_a_nested_scope_gives_back_the_outer_one(cast):
    own, rival = (str(cast.workspace.pk), 2, "crm_app"), (str(cast.rival.pk), 1, "crm_app")
    with tenant(cast.workspace, cast.alice.user):
        before = settings()
        with tenant(cast.rival):
            assert scope() == rival
            with all_workspaces():
                assert scope() == ("", 3, "crm_admin")
                with tenant(cast.workspace):
                    assert scope() == (str(cast.workspace.pk), 3, "crm_admin")  # a super admin is not bound
            assert scope() == rival
            with tenant(None):
                assert scope() == NOTHING
        assert scope() == own and settings() == before


@pytest.mark.parametrize("inner", [lambda cast: tenant(cast.rival), lambda cast: all_workspaces()])
def test_an_error_gives_back_the_outer_scope(cast, inner):
    own = (str(cast.workspace.pk), 2, "crm_app")
    with tenant(cast.workspace, cast.alice.user):
        with pytest.raises(Oops), inner(cast):
            raise Oops
        assert scope() == own
        with pytest.raises(Oops), transaction.atomic(), inner(cast), transaction.atomic():
            raise Oops
        assert scope() == own
        # The transaction of the inner scope is broken by the database itself.
        with pytest.raises(Exception, match="division by zero"), inner(cast):
            connection.cursor().execute("SELECT 1 / 0")
        assert scope() == own
        with inner(cast):
            transaction.set_rollback(True)
        assert scope() == own
    with pytest.raises(Oops), tenant(cast.workspace):
        raise Oops
    assert scope() == NOTHING


def test_a_savepoint_that_is_rolled_back_takes_its_scope_with_it(cast):
    with tenant(cast.workspace):
        point = transaction.savepoint()
        with tenant(cast.rival):
            pass
        transaction.savepoint_rollback(point)
        assert scope()[0] == str(cast.workspace.pk)
        with transaction.atomic(), tenant(cast.rival):
            assert scope()[0] == str(cast.rival.pk)
        assert scope()[0] == str(cast.workspace.pk)


def test_roles_cannot_be_kept_beyond_the_transaction(cast):
    with all_workspaces():
        pass
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE crm_admin")
    assert scope() == NOTHING
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    assert scope() == NOTHING


# --- after the transaction ------------------------------------------------------------------------------------------


def respond(member: Membership | None, view: Callable[[object], HttpResponse]) -> HttpResponse:
    """One request through the middleware that owns the transaction."""
    request = RequestFactory().get("/")
    request.user, request.slug = (member.user, member.workspace.slug) if member else (AnonymousUser(), None)
    return TenantMiddleware(view)(request)


class Late:
    """Reads its rows when it is read itself."""

    def __iter__(self) -> Iterator[str]:
        return (str(deal.pk) for deal in Deal.objects.all())


def test_a_stream_sees_no_rows(cast):
    """Its body is read after the transaction: better empty than everybody's. Exports are made in the background."""
    response = respond(cast.alice, lambda request: HttpResponse(list(Late())))
    assert len(response.content) >= 2
    streamed = respond(cast.alice, lambda request: StreamingHttpResponse(part for late in [Late()] for part in late))
    assert list(streamed.streaming_content) == []
    assert scope() == NOTHING


def test_a_callback_after_the_commit_sees_no_rows(cast):
    seen = []

    def view(request) -> HttpResponse:
        transaction.on_commit(lambda: seen.append(scope()))
        seen.append(scope())
        return HttpResponse()

    respond(cast.alice, view)
    assert seen == [(str(cast.workspace.pk), 2, "crm_app"), NOTHING]
    with tenant(cast.rival):
        transaction.on_commit(lambda: seen.append(scope()))
    assert seen[-1] == NOTHING


def test_a_server_error_writes_nothing_and_leaves_nothing(cast):
    def view(request) -> HttpResponse:
        make_deal(cast.alice, cast.stages["New"], "Half done")
        return HttpResponse(status=500)

    assert respond(cast.alice, view).status_code == 500
    assert scope() == NOTHING
    with tenant(cast.workspace):
        assert not Deal.objects.filter(name="Half done").exists()


# --- one connection, many workspaces --------------------------------------------------------------------------------

WORKSPACES, REQUESTS, WORKERS = 8, 2000, 4
KINDS = {"plain": 80, "nested": 5, "raising": 5, "failed": 5, "nobody": 5}  # of a hundred


@pytest.fixture
def crowd() -> dict[Membership, int]:
    """{a member of each workspace: how many deals it has}"""
    members = {}
    for number in range(1, WORKSPACES + 1):
        user = User.objects.create_user(f"{number}@crowd.example", name=f"No. {number}")
        workspace = create_workspace(name=f"No. {number}", slug=f"no-{number}", owner=user)
        with tenant(workspace, user):
            member = Membership.objects.select_related("user", "workspace").get(user=user)
            stage = Stage.objects.select_related("pipeline").first()
            for _ in range(number):
                make_deal(member, stage)
        members[member] = number
    return members


@contextmanager
def pool_of_one() -> Iterator[None]:
    """All threads take turns with one connection to PostgreSQL, as behind a pool that is too small."""
    connection.close()
    connection.settings_dict["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 1, "timeout": 60}
    try:
        yield
    finally:
        connection.close()
        connection.close_pool()
        del connection.settings_dict["OPTIONS"]["pool"]


def pid() -> int:
    with connection.cursor() as cursor:
        return cursor.execute("SELECT pg_backend_pid()").fetchone()[0]


def seen() -> tuple[set[int], int]:
    rows = list(Deal.objects.values_list("workspace_id", flat=True))
    return set(rows), len(rows)


def one_request(kind: str, member: Membership, other: Membership, crowd: dict[Membership, int]) -> None:
    own, theirs = (({who.workspace_id}, crowd[who]) for who in (member, other))

    def view(request) -> HttpResponse:
        assert seen() == ((set(), 0) if kind == "nobody" else own)
        if kind == "nested":
            with tenant(other.workspace_id):
                assert seen() == theirs
            assert seen() == own
        if kind == "raising":
            raise Oops
        return HttpResponse(status=500 if kind == "failed" else 200)

    try:
        respond(None if kind == "nobody" else member, view)
    except Oops:
        assert kind == "raising"


def test_one_connection_serves_many_workspaces_without_mixing_them(crowd):
    """Interleaved requests, some nested, some raising: each sees its own rows alone, and leaves nothing behind."""
    members, pids, done, wrong = list(crowd), set(), [], []

    def work(number: int) -> None:
        chance = random.Random(number)
        for _ in range(REQUESTS // WORKERS):
            [kind] = chance.choices(list(KINDS), KINDS.values())
            try:
                pids.add(pid())
                assert (settings(), scope()) == ({""}, NOTHING), "the one before left something"
                one_request(kind, chance.choice(members), chance.choice(members), crowd)
                done.append(kind)
            except Exception as error:  # noqa: BLE001 - told below, by the test's own thread
                wrong.append(f"{kind}: {error!r}")
            finally:
                connection.close()

    with pool_of_one():
        threads = [Thread(target=work, args=(number,)) for number in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert len(done) == REQUESTS and set(done) == set(KINDS) and len(pids) == 1


def test_a_setting_of_the_session_would_be_noticed(crowd):
    """The check above can fail: so it would be with set_config(…, false)."""
    member = next(iter(crowd))
    with pool_of_one():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.workspace_id', %s, false)", [str(member.workspace_id)])
        connection.close()
        assert scope() == (str(member.workspace_id), 1, "crm_app")
        with connection.cursor() as cursor:
            cursor.execute("RESET ALL")


# --- notifications ----------------------------------------------------------------------------------------------------


def test_notifications_carry_ids_alone(cast):
    """Channels know no row-level security: any connection may listen, so nothing is said in them."""
    with psycopg.connect(dsn(), autocommit=True) as listener:
        listener.execute("LISTEN live")
        with tenant(cast.workspace, cast.alice.user):
            make_deal(cast.alice, cast.stages["New"], "Secret name", 4711)
        told = [json.loads(found.payload) for found in listener.notifies(timeout=2, stop_after=1)]
    assert told and {key for event in told for key in event} <= {"workspace", "kind", "client", "ids", "owners", "user"}
    assert "Secret" not in str(told) and "4711" not in str(told)
