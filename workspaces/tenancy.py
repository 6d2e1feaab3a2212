"""Who sees which rows, at run time: the settings that row-level security reads, and the two other database roles.

Everything of a workspace lives in tables whose policy compares `workspace_id` with the setting
`app.workspace_id` of the current transaction (workspaces/tenant.py makes the policies). Outside
`with tenant(workspace):` such a table has no rows at all.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# One name per line of the tuple; all are local to the transaction. pghistory's triggers read the last two.
SETTINGS = ("app.workspace_id", "app.user_id", "app.client_id", "pghistory.context_id", "pghistory.context_metadata")
_WRITE = "SELECT " + ", ".join(f"set_config('{name}', %s, true)" for name in SETTINGS)
_READ = "SELECT " + ", ".join(f"coalesce(current_setting('{name}', true), '')" for name in SETTINGS)


@contextmanager
def tenant(
    workspace: object = None,
    user: object = None,
    *,
    door: str = "system",
    client: str = "",
    then: tuple[str, list[Any]] | None = None,
) -> Iterator[tuple | None]:
    """A transaction in which the rows of one workspace (instance or id) are there, and no others.

    `user` (instance or id) and `door` (web, admin, api, import, automation, connector, system) are kept with
    every change in the audit trail; `client` lets the browser tab that made a change skip its own live event.
    `then` is a statement that is sent along, the first thing asked for in this scope: its first row is what is yielded.
    Nests: on the way out the outer scope is restored, by the savepoint's rollback or by hand.
    """
    ask, about = then or ("", [])
    nested = connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            before = cursor.execute(_READ).fetchone() if nested else None
            cursor.execute(f"{_WRITE}; {ask}" if ask else _WRITE, [*_values(workspace, user, door, client), *about])
            found = cursor.fetchone() if ask and cursor.nextset() else None
        yield found
        if before and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute(_WRITE, before)


def _values(workspace: object, user: object, door: str, client: str) -> list[str]:
    user_id = str(getattr(user, "pk", user) or "")
    context = {"door": door} | ({"user": int(user_id)} if user_id else {})
    return [str(getattr(workspace, "pk", workspace) or ""), user_id, client, str(uuid.uuid4()), json.dumps(context)]


@contextmanager
def all_workspaces(user: object = None, *, door: str = "system") -> Iterator[None]:
    """A transaction as the role that row-level security does not bind: super admins, and tasks over all workspaces."""
    with tenant(None, user, door=door):
        with connection.cursor() as cursor:
            role = cursor.execute("SELECT current_user").fetchone()[0]
            cursor.execute("SET LOCAL ROLE crm_admin")
        yield
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute(f'SET LOCAL ROLE "{role}"')


@contextmanager
def as_owner(using: str = "default") -> Iterator[BaseDatabaseWrapper]:
    """Connect as the owner of the tables: for migrate, flush and test databases. Never inside a transaction."""
    conn = connections[using]
    conf = conn.settings_dict
    before = {key: conf[key] for key in settings.DATABASE_OWNER}
    pool = conf["OPTIONS"].pop("pool", None)
    conn.close()
    conf.update(settings.DATABASE_OWNER)
    try:
        yield conn
    finally:
        conn.close()
        conf.update(before)
        if pool:
            conf["OPTIONS"]["pool"] = pool
