"""What the server's log says: a refusal is a line, a fault has its traceback."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from django.test import Client


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the console would show."""
    [console] = [handler for handler in logging.getLogger().handlers if handler.get_name() == "console"]
    shown = io.StringIO()
    before = console.setStream(shown)
    yield shown
    console.setStream(before)


@pytest.mark.parametrize(
    ("path", "status"),
    [("settings/", 403), ("deals/new/", 403), ("deals/999999/", 404), ("nowhere/", 404), ("deals/?q=%00", 400)],
)
def test_a_refusal_is_one_line(cast, login, log, path, status):
    assert login(cast.vera).get(f"/w/acme/{path}").status_code == status
    [line] = log.getvalue().splitlines()
    assert "WARNING" in line and f"/w/acme/{path.partition('?')[0]}" in line


@pytest.mark.parametrize(
    "path", ["calendars/T0KEN.ics", "invitations/T0KEN/", "inbound/ses/T0KEN", "inbound/ses/T0KEN/mime"]
)
def test_the_secret_of_an_address_is_in_no_line(db, log, path):
    assert Client().post(f"/{path}", headers={"Host": "localhost"}).status_code >= 400
    assert log.getvalue() and "T0KEN" not in log.getvalue()


def test_a_host_that_is_not_ours_is_one_line(db, log):
    assert Client().get("/", headers={"Host": "evil.example"}).status_code == 400
    assert "evil.example" in log.getvalue() and "Traceback" not in log.getvalue()


def test_a_fault_has_its_traceback(cast, login, log, settings):
    settings.ROOT_URLCONF = "tests.workspaces.trial_urls"
    client = login(cast.alice)
    client.raise_request_exception = False
    assert client.get("/trial/crash/").status_code == 500
    assert "Traceback" in log.getvalue()
