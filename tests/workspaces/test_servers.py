"""What a server process refuses to start with, and whom it takes for the client."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from allauth.core.internal.httpkit import get_client_ip
from django.db import connection

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
