"""Questions that the ORM writes once (workspaces/asking.py) are answered as the ORM answers them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from deals.models import Deal
from leads.models import Lead
from tests.automation.mails import make_lead
from tests.factories import make_deal
from workspaces.asking import asked_often
from workspaces.tenancy import tenant


@pytest.fixture(autouse=True, params=[None, 0], ids=["by pages", "by workers"])
def prepared(request, db, monkeypatch):
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", request.param)


@asked_often
def named(name: str, workspace: int) -> QuerySet[Deal]:
    return Deal.objects.filter(name=name, workspace_id=workspace).select_related("stage", "lead").order_by("pk")


@asked_often
def ids_and_facts(workspace: int) -> QuerySet:
    return Deal.objects.filter(workspace_id=workspace).order_by("pk").values_list("pk", "custom")


def test_rows_are_those_of_the_orm_with_all_they_were_loaded_with(acme):
    deals = [make_deal(acme.alice, acme.stages["Qualified"], name) for name in ("%s", "it's", "it's")]
    for name in ("%s", "it's", "nobody"):
        asked, orm = named(name=name, workspace=acme.workspace.pk), Deal.objects.filter(name=name).order_by("pk")
        assert [vars_of(deal) for deal in asked] == [vars_of(deal) for deal in orm]
    [first] = named(name="%s", workspace=acme.workspace.pk)
    with CaptureQueriesContext(connection) as queries:
        assert first.stage.name == "Qualified" and first.lead is None
    assert not queries
    first.next_step = "Call"
    first.save(update_fields=["next_step"])
    assert Deal.objects.get(pk=deals[0].pk).next_step == "Call"


def vars_of(deal: Deal) -> dict:
    return {name: value for name, value in vars(deal).items() if name != "_state"}


def test_values_come_as_values(acme):
    deal = make_deal(acme.alice, acme.stages["Qualified"], custom={})
    assert ids_and_facts(workspace=acme.workspace.pk) == [(deal.pk, {})]
    assert ids_and_facts.first(workspace=acme.workspace.pk + 1) is None


def test_row_level_security_binds_them_too(acme):
    make_deal(acme.alice, acme.stages["Qualified"], "Secret")
    with tenant(acme.rival):
        assert named(name="Secret", workspace=acme.workspace.pk) == []


def test_what_depends_on_more_than_what_is_compared_is_refused(acme):
    @asked_often
    def wrong(lead: int, many: int) -> QuerySet[Lead]:
        return Lead.objects.filter(pk=lead)

    with pytest.raises(TypeError, match="written once"):
        wrong(lead=make_lead(acme.alice).pk, many=2)
