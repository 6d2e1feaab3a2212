"""The cast: alice owns the workspace acme, bob is a rep on the team north, vera views; charlie owns the workspace
rival and must see nothing of acme. Real PostgreSQL, logged in as the role that row-level security binds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import django.test.utils
import pytest
from celery import current_app
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, settings

from tests.stage import Stage
from workspaces.tenancy import as_owner, tenant


def _as_owner(function: Callable, **always: object) -> Callable:
    def run(*args, **kwargs):
        with as_owner():
            return function(*args, **kwargs | always)

    return run


# pytest-django imports these two when it needs them: making, migrating, cloning and dropping test databases is the
# owner's business. Everything else in the tests runs as crm_app. The alias is named because pytest-django would make
# no test database, and run on the real one, when no test of the session bears its mark.
django.test.utils.setup_databases = _as_owner(django.test.utils.setup_databases, aliases={"default"})
django.test.utils.teardown_databases = _as_owner(django.test.utils.teardown_databases)


# How long an example takes says how busy the machine is.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

stage = Stage()


@dataclass
class Cast:
    """Members, with their user and workspace loaded; `stages` of acme by name, `rival_stages` of rival."""

    workspace: object
    rival: object
    alice: object
    bob: object
    vera: object
    charlie: object
    north: object
    stages: dict[str, object]
    rival_stages: dict[str, object]


@pytest.fixture(scope="module")
def _stage(django_db_setup, django_db_blocker) -> Iterator[None]:
    with stage.for_module(django_db_blocker):
        yield


@pytest.fixture
def cast(_stage, db) -> Cast:
    """Made once for a module; each test works on a savepoint of it, with objects of its own."""
    from tests.factories import make_cast  # noqa: PLC0415 - models are there only once Django is set up

    return stage.enter() if stage.is_open else make_cast()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    stage.get_ready(is_wanted="cast" in item.fixturenames and not is_committed(item))


def is_committed(item: pytest.Item) -> bool:
    """What such a test makes stays until its tables are emptied: it can have no transaction around it."""
    marks = item.iter_markers("django_db")
    return "transactional_db" in item.fixturenames or any(mark.kwargs.get("transaction") for mark in marks)


@pytest.fixture
def acme(cast) -> Iterator[Cast]:
    """The cast, inside the scope of the workspace acme."""
    with tenant(cast.workspace, cast.alice.user, door="web"):
        yield cast


@pytest.fixture
def as_bob(acme) -> Iterator[None]:
    """What is done is done by bob, as the audit trail tells it."""
    with tenant(acme.workspace, acme.bob.user, door="web"):
        yield


@pytest.fixture
def login() -> Callable[[object], Client]:
    """login(member) -> a test client; paths of pages: tests.factories.url."""

    def make(member: object, **headers: str) -> Client:
        client = Client(headers=headers or None)
        client.force_login(member.user)
        return client

    return make


@pytest.fixture(autouse=True, scope="session")
def _own_queue():
    """Test processes share a broker, but no worker of one may take the tasks of another."""
    current_app.conf.task_default_queue = f"tests-{os.getpid()}"


@pytest.fixture(autouse=True)
def _plain_cache(settings):
    """No test may depend on what another left in the shared cache (rate limits)."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()  # its memory is the process's
