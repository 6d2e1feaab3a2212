"""./run makes the demo where there is nothing yet, and never in the database of another machine."""

from __future__ import annotations

import os

import pytest
from django.core.management import call_command
from django.db import connection

from launcher.files import State
from launcher.site import _is_on_this_machine, _make_demo
from tests.factories import make_cast
from workspaces.models import User


def here() -> str:
    """The URL of this test's database."""
    conf = connection.settings_dict
    return f"postgres://{conf['USER']}:{conf['PASSWORD']}@{conf['HOST']}:{conf['PORT']}/{conf['NAME']}"


@pytest.fixture
def variables(monkeypatch) -> dict[str, str]:
    monkeypatch.setenv("DATABASE_URL", here())
    return dict(os.environ)


def test_a_database_in_use_gets_no_demo_and_starts(transactional_db, tmp_path, variables):
    make_cast()
    assert not _make_demo(tmp_path, variables)
    assert not User.objects.filter(email="alice@demo.example").exists()


def test_the_mark_is_of_one_database(transactional_db, tmp_path, variables, monkeypatch):
    make_cast()
    State(tmp_path).mark("demo", here().rpartition("@")[2])
    assert _make_demo(tmp_path, variables)
    monkeypatch.setenv("DATABASE_URL", "postgres://crm_app:x@db.example/crm")
    assert not _make_demo(tmp_path, variables)


def test_another_machine_is_not_even_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://crm_app:x@db.example/crm")
    assert not _make_demo(tmp_path, {})


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("postgres://a:b@127.0.0.1:5433/crm", True),
        ("postgres://a:b@localhost/crm", True),
        ("postgres://a:b@[::1]/crm", True),
        ("postgres://a:b@127.0.0.1.evil.example/crm", False),
        ("postgres://a:b@10.0.0.7/crm", False),
        ("postgres://a:127.0.0.1@db/crm", False),
        ("postgres://a:b@127.0.0.1/crm?hostaddr=10.0.0.7", False),
        ("postgres:///crm", False),
    ],
)
def test_which_databases_are_on_this_machine(url, here):
    assert _is_on_this_machine(url) == here


def test_if_empty_makes_nothing_beside_others(cast, capsys):
    call_command("create_demo", "--if-empty")
    assert "so no demo" in capsys.readouterr().out
    assert not User.objects.filter(email="alice@demo.example").exists()
