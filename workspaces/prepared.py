"""Statements that PostgreSQL prepares: it reads and plans each once for a connection, which takes it longer than to answer one that
finds a row by its key. Only for what is written once for the process (asking.py, saving.py): all else is never the same
text twice.

Workers do so (crm_project/celery.py): they run few statements, again and again. Pages do not: a prepared statement belongs to a
connection of PostgreSQL, and a transaction pooler in front of pages may give each transaction another one. DATABASE_PREPARED=0
switches it off for workers behind such a pooler too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import ServerBindingCursor

AFTER = 3  # times that a statement was asked


def prepare_statements() -> None:
    """In all connections of this process that are opened from now on, unless the settings say otherwise."""
    for alias in connections:
        connections.settings[alias]["OPTIONS"].setdefault("prepare_threshold", AFTER)


@contextmanager
def written_cursor(connection: BaseDatabaseWrapper) -> Iterator[Any]:
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:
        with connection.cursor() as cursor:
            yield cursor
        return
    usual, raw.cursor_factory = raw.cursor_factory, ServerBindingCursor
    try:
        cursor = connection.cursor()
    finally:
        raw.cursor_factory = usual
    with cursor:
        yield cursor
