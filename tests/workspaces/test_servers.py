"""What a server process refuses to start with, and whom it takes for the client."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from allauth.core.internal.httpkit import get_client_ip
from django.conf import settings
from django.db import connection

from workspaces.checks import unsafe_role

PRODUCTION = {"CRM_ENV": "production", "SECRET_KEY": "x" * 50}


def start(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], env=os.environ | variables, capture_output=True, text=True, timeout=60
    )


@pytest.mark.skipif("DATABASE_ADMIN_URL" not in os.environ, reason="needs the URL of a superuser")
@pytest.mark.parametrize("kind", [["worker", "-P", "solo"], ["beat", "-s", os.devnull]], ids=["worker", "beat"])
def test_background_work_does_not_run_as_superuser(transactional_db, kind):
    database = urlsplit(os.environ["DATABASE_ADMIN_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    done = start("-m", "celery", "-A", "crm_project", *kind, **PRODUCTION, DATABASE_URL=database.geturl())
    assert done.returncode and "is a superuser" in done.stderr


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set. Make one: python -c"),
        ({"DEBUG": "1"}, "DEBUG is for development"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL cannot be read: it must look like postgres://"),
        ({"DATABASE_URL": "mysql://crm_app:hush@db/crm"}, "DATABASE_URL cannot be read"),
        ({"DATABASE_URL": "postgres://crm_app:hush@db/"}, "DATABASE_URL cannot be read"),
        ({"DATABASE_URL": "postgres://crm_app:hush/hush@db/crm"}, "%2F"),
        ({"DATABASE_OWNER_URL": "sqlite:///hush"}, "DATABASE_OWNER_URL cannot be read"),
        ({"REDIS_URL": "hush:6379"}, "REDIS_URL cannot be read"),
        ({"SITE_URL": "crm.example"}, "SITE_URL is 'crm.example': it must look like https://crm.example."),
    ],
)
def test_production_does_not_start_with_what_cannot_be_right(variables, why):
    """It says which variable and what to do, and repeats no password."""
    done = start("-c", "import crm_project.settings", **PRODUCTION | variables)
    assert done.returncode and done.stderr.splitlines()[-1].startswith("django.core.exceptions.ImproperlyConfigured: ")
    assert why in done.stderr and "hush" not in done.stderr


def test_pages_are_not_served_by_the_owner(transactional_db):
    """Nor by a superuser: the question is that of test_background_work_does_not_run_as_superuser."""
    conf, owner = connection.settings_dict, settings.DATABASE_OWNER
    place = f"{conf['HOST']}:{conf['PORT']}/{conf['NAME']}"
    url = f"postgres://{owner['USER']}:{owner['PASSWORD']}@{place}"
    for door in ("wsgi", "asgi"):
        refused = start("-c", f"import crm_project.{door}", **PRODUCTION, DATABASE_URL=url)
        assert refused.returncode and "crm_owner, which bypasses row-level security and owns tables" in refused.stderr
    url = f"postgres://{conf['USER']}:{conf['PASSWORD']}@{place}"
    assert start("-c", "import crm_project.asgi", **PRODUCTION, DATABASE_URL=url).returncode == 0


@pytest.fixture
def admin(transactional_db) -> Iterator[psycopg.Connection]:
    """A superuser's connection to this test's database."""
    if "DATABASE_ADMIN_URL" not in os.environ:
        pytest.skip("needs the URL of a superuser")
    database = urlsplit(os.environ["DATABASE_ADMIN_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    with psycopg.connect(database.geturl(), autocommit=True) as admin:
        yield admin


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ("CREATE ROLE {0}", ""),
        ("CREATE ROLE {0} BYPASSRLS", "which bypasses row-level security:"),
        ("CREATE ROLE {0}; CREATE TABLE {0} (); ALTER TABLE {0} OWNER TO {0}", "which owns tables:"),
        ("CREATE ROLE {0}; GRANT crm_owner TO {0}", "which owns tables:"),  # it could turn the security off
        ("CREATE ROLE {0} SUPERUSER", "which is a superuser"),
    ],
)
def test_roles_that_are_not_bound_are_known(admin, made, why):
    name = f"trial_{os.getpid()}"
    admin.execute(made.format(name))
    try:
        admin.execute(f"SET SESSION AUTHORIZATION {name}")
        assert why in unsafe_role(admin.cursor()) if why else unsafe_role(admin.cursor()) == ""
    finally:
        admin.execute("RESET SESSION AUTHORIZATION")
        admin.execute(f"DROP TABLE IF EXISTS {name}")
        admin.execute(f"DROP ROLE {name}")


def test_a_superuser_in_disguise_is_known(admin):
    """What SET ROLE took, RESET ROLE gives back."""
    admin.execute("SET ROLE crm_app")
    assert "which is a superuser" in unsafe_role(admin.cursor())


def test_cookies_are_safe_where_the_site_is(db):
    names = ("SESSION_COOKIE", "CSRF_COOKIE")
    code = (
        "from crm_project.settings import *; print(SITE_URL, SECURE_SSL_REDIRECT, SECURE_HSTS_SECONDS, ALLOWED_HOSTS, "
        + ", ".join(f"{name}_{what}" for name in names for what in ("NAME", "SECURE", "HTTPONLY", "SAMESITE"))
        + ")"
    )

    def said(**variables: str) -> list[str]:
        return start("-c", code, **PRODUCTION | variables).stdout.split()

    assert said(SITE_URL="https://crm.example/", ALLOWED_HOSTS="crm.example") == [
        "https://crm.example", "True", "31536000", "['crm.example']", "__Host-session", "True", "True", "Lax", "__Host-csrf", "True", "True", "Lax"
    ]  # fmt: skip
    assert said(SITE_URL="http://localhost:8000", ALLOWED_HOSTS="") == [
        "http://localhost:8000", "False", "0", "[]", "session", "False", "True", "Lax", "csrf", "False", "True", "Lax"
    ]  # fmt: skip


def test_an_unknown_environment_is_refused():
    done = start("-c", "import crm_project.settings", CRM_ENV="prod")
    assert done.returncode and "it must be production, development or test" in done.stderr


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "0 False"),
        ({"BEHIND_PROXY": "1"}, "1 False"),
        ({"BEHIND_PROXY": "1", "TRUSTED_PROXY_COUNT": "2", "HSTS_WHOLE_DOMAIN": "1"}, "2 True"),
    ],
)
def test_what_the_proxy_says_counts_where_there_is_one(variables, expected):
    code = "from crm_project.settings import *; print(ALLAUTH_TRUSTED_PROXY_COUNT, SECURE_HSTS_PRELOAD)"
    assert start("-c", code, SITE_URL="https://crm.example", **variables).stdout.strip() == expected


@pytest.mark.parametrize(("proxies", "client"), [(0, "10.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.5")])
def test_attempts_are_counted_by_the_address_behind_the_proxies(rf, settings, proxies, client):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = rf.get("/", headers={"X-Forwarded-For": "203.0.113.5, 198.51.100.7"}, REMOTE_ADDR="10.0.0.1")
    assert get_client_ip(request) == client
