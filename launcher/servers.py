"""The two embedded servers, shared by whoever needs them: the last one out stops them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from launcher.files import load_secrets, lock_if_free, locked, private_folder
from launcher.postgres import Postgres
from launcher.valkey import Valkey


@contextmanager
def servers(data: Path, *, throwaway: bool = False) -> Iterator[dict[str, str]]:
    """Yields the environment that Django needs. Starts what DATABASE_URL and REDIS_URL do not name."""
    private_folder(data / "logs")
    secrets = load_secrets(data)
    postgres = Postgres(data, secrets["postgres"], throwaway=throwaway) if needs_postgres() else None
    valkey = Valkey(data, secrets["valkey"]) if needs_valkey() else None
    environment = {"SECRET_KEY": os.environ.get("SECRET_KEY", secrets["secret_key"])}
    users, using = data / "users.lock", ExitStack()
    try:
        with locked(data / "start.lock"):
            # Taken before the start lock is let go, so that nobody stops the servers in between.
            using.enter_context(locked(users, shared=True))
            environment |= _database(postgres, secrets)
            environment["REDIS_URL"] = valkey.url(valkey.start()) if valkey else os.environ["REDIS_URL"]
        yield environment
    finally:  # the second may fail to start, or a signal come, when the first one runs already
        using.close()
        with locked(data / "start.lock"), lock_if_free(users) as alone:
            if alone and valkey:
                valkey.stop()
            if alone and postgres:
                postgres.stop()


def fallen(data: Path) -> str:
    """The embedded server that has ended though nobody stopped it; "" while all run."""
    if needs_postgres() and not Postgres(data, "").is_up():
        return f"PostgreSQL (its log: {data / 'postgres' / 'server.log'})"
    if needs_valkey() and not Valkey(data, "").is_up():
        return f"Valkey (its log: {data / 'logs' / 'valkey.log'})"
    return ""


def needs_postgres() -> bool:
    return not os.environ.get("DATABASE_URL")


def needs_valkey() -> bool:
    return not os.environ.get("REDIS_URL")


def _database(postgres: Postgres | None, secrets: dict[str, str]) -> dict[str, str]:
    """The URLs of the app's role and the owner's role; with an admin's URL, `prepare_database` makes both roles."""
    if postgres is None and os.environ.get("DATABASE_OWNER_URL"):
        return {name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    admin = os.environ["DATABASE_URL"] if postgres is None else postgres.admin_url(postgres.start())
    server = urlsplit(admin)
    database = "/crm" if postgres else server.path
    place = f"{server.hostname or ''}:{server.port or 5432}"

    def url(role: str) -> str:
        return urlunsplit(("postgres", f"{role}:{secrets[role]}@{place}", database, server.query, ""))

    return {"DATABASE_ADMIN_URL": admin, "DATABASE_URL": url("crm_app"), "DATABASE_OWNER_URL": url("crm_owner")}
