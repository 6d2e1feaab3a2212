"""One world per module, in a transaction that is rolled back; each test works in a savepoint of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.db import connection, transaction


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[object]:
    from tests.tenancy.walk import log_in  # noqa: PLC0415 - models are there only once Django is set up
    from tests.tenancy.world import build  # noqa: PLC0415

    with django_db_blocker.unblock(), transaction.atomic():
        # pytest-django makes a test database only where a test asks for one by name: `walker` does.
        assert connection.settings_dict["NAME"].startswith("test_")
        world = build()
        log_in(world)
        yield world
        transaction.set_rollback(True)


@pytest.fixture
def walker(world, db, request) -> Iterator[object]:
    from tests.tenancy.walk import Walker  # noqa: PLC0415

    log = logging.getLogger("django.request")
    level = log.level
    log.setLevel(logging.CRITICAL)  # thousands of 404 are what is expected here
    with transaction.atomic():
        walker = Walker(world)
        yield walker
        transaction.set_rollback(True)
    log.setLevel(level)
    request.node.user_properties.append(("probes", walker.probes))
