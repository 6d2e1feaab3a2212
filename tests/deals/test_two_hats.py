"""A member of two workspaces, with another role in each, and managers who see only their own team."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.utils import timezone

from deals.actions import change_many, many, move_to_stage, undo_many, update_deal
from deals.models import BulkChange, Deal
from deals.tasks import run_bulk
from insights.actions import adjust_forecast, set_goal
from tests.factories import make_deal, url
from workspaces.models import Membership, Role, Team, Workspace
from workspaces.tenancy import all_workspaces, tenant


@pytest.fixture
def charlie(cast) -> Membership:
    """Owns rival since long ago, and is a rep of acme."""
    with tenant(cast.workspace, cast.alice.user):
        member = Membership.objects.create(workspace=cast.workspace, user=cast.charlie.user, role=Role.REP)
        return Membership.objects.select_related("user", "workspace").get(pk=member.pk)


def test_a_bulk_change_is_done_with_the_role_of_its_workspace(cast, charlie):
    with tenant(cast.workspace, charlie.user, door="web"):
        deal = make_deal(charlie, cast.stages["Qualified"], "Closed")
        move_to_stage(deal, cast.stages["Won"], by=cast.alice, reason="Price")
        chosen = Deal.objects.filter(pk=deal.pk)
        bulk = change_many(cast.workspace, "move", chosen, {"stage": cast.stages["New"].pk}, by=charlie, summary="Back")
        assert [item.state for item in bulk.items.all()] == ["refused"]
        assert Deal.objects.get(pk=deal.pk).status == "won"


def test_ones_own_forecast_is_adjusted_in_one_of_two_workspaces(cast, charlie, login):
    with tenant(cast.workspace, cast.alice.user):
        Membership.objects.filter(pk=charlie.pk).update(role=Role.MANAGER)
    page = url(cast.workspace, "forecast_adjust", f"{timezone.now():%Y-%m}") + f"?owner={charlie.user_id}"
    response = login(charlie).post(page, {"amount": "5", "note": "Sure"})
    assert response.status_code == 302, response.content


def test_the_audit_trail_says_who_undid_it(acme, monkeypatch):
    monkeypatch.setattr(many, "STEP", 1)
    found = Deal.objects.filter(pk__in=[make_deal(acme.bob, acme.stages["New"]).pk for _ in range(2)])
    bulk = change_many(acme.workspace, "edit", found, {"set": {"amount": "5"}}, by=acme.bob, summary="Amount")
    run_bulk(acme.workspace.pk, bulk.pk)
    bulk.refresh_from_db()
    undo_many(bulk, by=acme.alice)
    run_bulk(acme.workspace.pk, bulk.pk)
    lines = apps.get_model("deals", "DealHistory").objects.filter(pgh_label="update").order_by("pgh_id")
    users = [line.pgh_context["user"] for line in lines]
    assert users == [acme.bob.user_id] * 2 + [acme.alice.user_id] * 2


@pytest.fixture
def south(acme, login):
    """A manager of another team, who sees that team's deals alone."""
    with all_workspaces():
        Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="team")
        team = Team.objects.create(workspace=acme.workspace, name="South")
        Membership.objects.filter(pk=acme.vera.pk).update(role=Role.MANAGER, team=team)
    acme.workspace.refresh_from_db()
    return login(acme.vera)


def test_a_manager_sees_and_undoes_the_changes_of_those_whose_deals_they_see(acme, south):
    deal = make_deal(acme.bob, acme.stages["New"])
    found = Deal.objects.filter(pk=deal.pk)
    bulk = change_many(acme.workspace, "edit", found, {"set": {"amount": "5"}}, by=acme.bob, summary="Zq marker")
    assert "Zq marker" not in south.get(url(acme.workspace, "bulk_list")).content.decode()
    assert south.get(url(acme.workspace, "bulk_detail", bulk.pk)).status_code == 404
    assert south.post(url(acme.workspace, "bulk_undo", bulk.pk)).status_code == 404
    assert BulkChange.objects.get().state == "done"


def test_goals_and_notes_of_others_are_not_shown_by_a_filter(acme, south, login):
    month = date(timezone.now().year, timezone.now().month, 1)
    set_goal(acme.workspace, by=acme.alice, metric="revenue", period="month", target=Decimal(777_000), first=month, member=acme.bob)  # fmt: skip
    set_goal(acme.workspace, by=acme.alice, metric="revenue", period="month", target=Decimal(888_000), first=month, team=acme.north)  # fmt: skip
    adjust_forecast(acme.workspace, by=acme.alice, month=month, amount=Decimal(5), note="Zq note", member=acme.bob)
    make_deal(acme.bob, acme.stages["New"], expected_close_date=month)
    for query in (f"?owner={acme.bob.user_id}", f"?team={acme.north.pk}"):
        for name, arguments in (("deal_forecast", []), ("dashboard", []), ("dashboard_panel", ["won"])):
            page = south.get(url(acme.workspace, name, *arguments) + query).content.decode()
            assert "Zq note" not in page and "€777k" not in page and "€888k" not in page, (name, query)
        assert south.get(url(acme.workspace, "forecast_adjust", f"{month:%Y-%m}") + query).status_code == 404
    mine = login(acme.bob).get(url(acme.workspace, "deal_forecast") + f"?owner={acme.bob.user_id}").content.decode()
    assert "€777k" in mine and "Zq note" in mine


def test_whom_the_timeline_does_not_know_is_not_blamed(acme, login):
    first, second = (make_deal(acme.bob, acme.stages["New"], name) for name in ("One", "Two"))
    update_deal(first, by=acme.bob, version=1, amount=Decimal(2))
    Deal.objects.filter(pk=first.pk).update(version=3, updated_at=timezone.now() + timezone.timedelta(minutes=1))
    page = url(acme.workspace, "deal_edit", first.pk, "name")
    response = login(acme.bob).post(page, {"value": "New", "version": 2})
    assert response.status_code == 409 and "Somebody changed this deal meanwhile" in response.content.decode()
    assert second.version == 1
