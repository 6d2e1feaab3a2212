"""Workers have statements prepared, unless the settings say that they may not (workspaces/prepared.py)."""

from __future__ import annotations

import pytest
from django.db import connection, connections

from leads.models import Lead
from tests.automation.mails import make_lead
from workspaces.prepared import AFTER, prepare_statements, written_cursor


@pytest.mark.parametrize(("said", "found"), [({}, AFTER), ({"prepare_threshold": None}, None)])
def test_the_settings_have_the_last_word(monkeypatch, said, found):
    monkeypatch.setitem(connections.settings["default"], "OPTIONS", dict(said))
    prepare_statements()
    assert connections.settings["default"]["OPTIONS"] == {"prepare_threshold": found}


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements WHERE statement LIKE %s", ['%UPDATE "leads_lead"%']
        )
        return [statement for (statement,) in cursor.fetchall()]


def test_only_what_is_written_once_is_prepared(acme, monkeypatch):
    monkeypatch.setattr(connection.connection, "prepare_threshold", 1)
    lead = make_lead(acme.alice)
    for _ in range(3):
        lead.save(update_fields=["status"])
        Lead.objects.filter(pk=lead.pk).update(version=1)
    assert len(prepared()) == 1 and "status" in prepared()[0]


def test_a_page_prepares_nothing(acme):
    lead = make_lead(acme.alice)
    for _ in range(10):
        lead.save(update_fields=["wait_until"])
    assert not any("wait_until" in statement for statement in prepared())
    with written_cursor(connection) as cursor:
        assert cursor.execute("SELECT %s", ["x"]).fetchone() == ("x",)
