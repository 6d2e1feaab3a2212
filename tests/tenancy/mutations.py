"""Holes made on purpose: the filter by workspace left out of queries, row-level security switched off for a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import psycopg
from django.conf import settings
from django.db import models
from django.db.models.query import QuerySet

from tests.tenancy.cases import CASES
from tests.tenancy.walk import Probe, Route, Walker, expectation, path_of, targets
from workspaces.custom import fields
from workspaces.live import dsn

OURS = ("workspace", "workspace_id")


@contextmanager
def dropped(*mutated: type[models.Model]) -> Iterator[Counter[type[models.Model]]]:
    """Queries of these models forget `workspace=`, by managers, related managers and get_object_or_404 alike.

    Yields how often a query of each model named its workspace, whether or not it was made to forget it.
    """
    named: Counter[type[models.Model]] = Counter()
    narrow = QuerySet._filter_or_exclude_inplace

    def forgetful(queryset: QuerySet, negate: bool, args: tuple, kwargs: dict) -> None:
        if not negate and any(key in OURS for key in kwargs):
            named[queryset.model] += 1
            if queryset.model in mutated:
                kwargs = {key: value for key, value in kwargs.items() if key not in OURS}
        narrow(queryset, negate, args, kwargs)

    fields._kept.clear()  # what a process keeps is asked for again, and what a mutant found is not kept
    try:
        with patch.object(QuerySet, "_filter_or_exclude_inplace", forgetful):
            yield named
    finally:
        fields._kept.clear()


@contextmanager
def unsealed(*tables: str) -> Iterator[None]:
    """These tables without row-level security, in the test database, as their owner; sealed again in any case."""
    owner = psycopg.conninfo.make_conninfo(
        dsn(), user=settings.DATABASE_OWNER["USER"], password=settings.DATABASE_OWNER["PASSWORD"]
    )

    def all_of(command: str) -> None:
        with psycopg.connect(owner, options="-c lock_timeout=10s") as connection:
            for table in tables:
                connection.execute(f'ALTER TABLE "{table}" {command} ROW LEVEL SECURITY')

    all_of("DISABLE")
    try:
        yield
    finally:
        all_of("ENABLE")


def probes_of(walker: Walker, route: Route) -> Iterator[Probe]:
    """What a leak would show in: its pages as the owner sees them, and the other workspace's ids in its path."""
    case, acme, rival = CASES[route.name], walker.world.acme, walker.world.rival
    for own, foreign in zip(case.shots(acme), case.shots(rival), strict=True):
        body = case.body(acme, own) if case.body else {}
        for about, kwargs in targets(own, foreign):
            for method, data in (("GET", case.asked), ("POST", body)):
                if about == "own" and (method == "POST" or not case.get) or about in ("random", "beyond"):
                    continue
                expected = expectation(case, "owner", method, about)
                if expected != (405,):  # that asks for nothing
                    path = path_of("acme", route.name, **kwargs)
                    yield Probe("owner", method, path, expected, data, about=about)
