"""Addresses out of the environment. What cannot be one is refused when the process starts, by the variable's name alone:
the text may hold a password."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env


def database(env: Env, *names: str, default: str) -> dict:
    """Django's settings for the database of the first variable that is set."""
    name = next((name for name in names if env.str(name, default="")), names[0])
    text = env.str(name, default="") or default
    try:
        # Asked first, because environ prints what has another scheme.
        found = env.db_url_config(text) if text.startswith(("postgres://", "postgresql://")) else {}
    except ValueError:
        found = {}
    if not found.get("NAME"):
        # Not within the handler: what was being handled would be printed too, and it quotes the text.
        raise ImproperlyConfigured(
            f"{name} cannot be read: it must look like postgres://role:password@host:5432/database, with signs like "
            "/ : @ and % in the password written as %2F %3A %40 and %25."
        )
    options = found.setdefault("OPTIONS", {})
    if not env.bool("DATABASE_PREPARED", default=True):  # else workers do (workspaces/prepared.py)
        options["prepare_threshold"] = None
    return found


def redis(env: Env, name: str, *, default: str) -> str:
    text = env.str(name, default="") or default
    if not _has_host(text, "redis", "rediss"):
        raise ImproperlyConfigured(f"{name} cannot be read: it must look like redis://:password@host:6379/0.")
    return text


def site(env: Env, name: str, *, default: str) -> str:
    """Without the slash at its end: paths are put behind it."""
    text = (env.str(name, default="") or default).rstrip("/")
    if not _has_host(text, "http", "https"):
        raise ImproperlyConfigured(f"{name} is {text!r}: it must look like https://crm.example.")
    return text


def _has_host(text: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
