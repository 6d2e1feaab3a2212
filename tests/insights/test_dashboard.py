"""The dashboard's figures are those of a recount, of the pipeline's summary and of the lists that they link to."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals.actions import create_deal, move_to_stage, set_rate, update_deal
from deals.models import Deal, Kind
from insights.actions import set_goal
from insights.attention import at_risk
from insights.charts import columns, round_up
from insights.dashboard import Dashboard
from insights.goals import span
from insights.kpis import Kpis
from insights.metrics import summary
from insights.panels import funnel
from insights.views.dashboard import PANELS
from tests.factories import make_deal, url
from tests.tenancy.walk import rolled_back
from workspaces.access import visible_owners
from workspaces.models import Workspace
from workspaces.mounting import in_workspace

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def inside(acme):
    """Addresses are those of the workspace, as in a request to it."""
    with in_workspace(acme.workspace):
        yield


def board(rf, acme, member, query: str = "") -> Dashboard:
    request = rf.get(f"/{query}")
    request.user, request.member, request.workspace = member.user, member, acme.workspace
    return Dashboard(request)


PLANS = st.lists(
    st.tuples(
        st.integers(0, 400), st.integers(0, 200), st.sampled_from(["open", "won", "lost"]), st.integers(0, 10**6) | st.none(),
        st.booleans(), st.sampled_from(["", "USD"]),
    ),
    max_size=14,
)  # fmt: skip


def live(acme, plans) -> None:
    """Deals made so many days ago, open or closed some time after."""
    now = timezone.now()
    for ago, took, status, amount, is_bobs, currency in plans:
        owner = (acme.bob if is_bobs else acme.alice).user_id
        deal = create_deal(
            acme.workspace, name="Deal", stage=acme.stages["Proposal"], by=acme.alice, owner_id=owner, at=now - ago * DAY, currency=currency,
            amount=None if amount is None else Decimal(amount),
        )  # fmt: skip
        if status != "open":
            at = now - ago * DAY + min(took, ago) * DAY
            move_to_stage(deal, acme.stages[status.title()], by=acme.alice, reason="Other", note="So", at=at)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=PLANS)
def test_figures_are_those_of_a_recount_for_every_role_and_visibility(acme, rf, plans):
    with rolled_back():
        set_rate(acme.workspace, currency="USD", rate=Decimal("0.87"), by=acme.alice)
        live(acme, plans)
        today = timezone.now().astimezone(UTC).date()
        for visibility in Workspace.Visibility.values:
            acme.workspace.visibility = visibility
            for member in (acme.alice, acme.bob, acme.vera):
                member.workspace.visibility = visibility
                seen = visible_owners(member)
                deals = list(Deal.objects.owned_by(seen))
                found, whole = Kpis(board(rf, acme, member)), summary(acme.workspace, seen)
                value = sum(deal.base_amount or 0 for deal in deals if deal.status == Kind.OPEN)
                assert found.in_progress(0) == value == whole.in_progress.amount
                for days in (30, 90):
                    closed = [
                        d for d in deals if d.closed_at and d.closed_at.astimezone(UTC).date() > today - days * DAY
                    ]
                    won = [deal for deal in closed if deal.status == Kind.WON]
                    over = found.over(days)
                    assert (over.won, over.won + over.lost) == (len(won), len(closed))
                    assert over.won_amount == sum(deal.base_amount or 0 for deal in won)
                    assert over.rate == (Decimal(len(won)) / len(closed) if closed else None)
                then = today - 30 * DAY
                assert found.in_progress(30) == sum(
                    deal.base_amount or 0
                    for deal in deals
                    if deal.created_at.astimezone(UTC).date() <= then
                    and (deal.closed_at is None or deal.closed_at.astimezone(UTC).date() > then)
                )


def test_each_figure_leads_to_exactly_its_deals(acme, login, rf):
    live(acme, [(50, 40, "won", 1000, True, ""), (200, 100, "won", 500, True, ""), (80, 20, "lost", 70, False, ""), (5, 0, "open", 300, True, "")])  # fmt: skip
    client = login(acme.alice)
    shown = {}
    for kpi in Kpis(board(rf, acme, acme.alice)).all():
        page = client.get(kpi.url).content.decode()
        shown[kpi.name] = (kpi.value, re.search(r"(\d+) deals? match", page)[1])
    assert shown == {
        "In progress": ("€300", "1"), "Won, 30 days": ("€1.0k", "1"), "Win rate, 90 days": ("50.0%", "2"),
        "Days to close": ("40 d", "1"), "Average deal": ("€1.0k", "1"),
    }  # fmt: skip


@pytest.mark.parametrize("name", PANELS)
def test_every_panel_is_a_page_too_and_has_an_empty_state(acme, login, name):
    client, path = login(acme.vera), url(acme.workspace, "dashboard_panel", name)
    for headers in ({}, {"HTTP_HX_REQUEST": "true"}):
        answer = client.get(path, **headers)
        assert answer.status_code == 200 and "<h2>" in answer.content.decode()
    live(acme, [(40, 10, "won", 1000, True, ""), (5, 0, "open", 300, True, ""), (2, 1, "won", 10, False, "")])
    set_goal(
        acme.workspace, by=acme.alice, metric="revenue", period="month", target=Decimal(5), first=timezone.now().date()
    )
    for query in ("", "?period=quarter", "?period=year", f"?owner={acme.bob.user_id}", "?owner=nobody"):
        assert client.get(path + query).status_code == 200
    assert client.get(url(acme.workspace, "dashboard_panel", "nonsense")).status_code == 404


def test_a_rep_sees_figures_of_what_they_may_see(acme, login):
    Workspace.objects.update(visibility="own")
    make_deal(acme.bob, acme.stages["New"], "Mine", 1000)
    make_deal(acme.alice, acme.stages["New"], "Hers", 70_000)
    page = login(acme.bob).get(url(acme.workspace, "dashboard")).content.decode()
    assert "€1.0k" in page and "€71k" not in page and "€70k" not in page
    for name in PANELS:
        assert "Hers" not in login(acme.bob).get(url(acme.workspace, "dashboard_panel", name)).content.decode()


def test_what_cannot_be_read_finds_nobody(acme, login):
    make_deal(acme.alice, acme.stages["New"], amount=70_000)
    assert "€70k" not in login(acme.alice).get(url(acme.workspace, "dashboard") + "?owner=x").content.decode()


def test_the_funnel_counts_who_reached_a_stage_or_went_beyond(acme, rf):
    for last, won in (("New", False), ("Qualified", False), ("Qualified", True), ("Proposal", True)):
        deal = make_deal(acme.bob, acme.stages["New"], amount=10)
        if last != "New":
            move_to_stage(deal, acme.stages[last], by=acme.bob)
        if won:
            move_to_stage(deal, acme.stages["Won"], by=acme.bob)
    steps = funnel(board(rf, acme, acme.alice))["steps"]
    said = [(step["name"], step["deals"], step.get("rate", "")) for step in steps]
    assert said == [
        ("New", "4", ""), ("Contacted", "3", "75%"), ("Qualified", "3", "100%"), ("Meeting scheduled", "2", "67%"),
        ("Proposal", "2", "100%"), ("Won", "2", "100%"),
    ]  # fmt: skip


def test_deals_at_risk_say_why(acme, rf):
    today = timezone.now().date()
    late = make_deal(acme.bob, acme.stages["New"], "Late", 10, expected_close_date=today - 3 * DAY)
    make_deal(acme.bob, acme.stages["New"], "Quiet", 30, at=timezone.now() - 20 * DAY)
    put_off = make_deal(acme.bob, acme.stages["New"], "Put off", 20, expected_close_date=today + DAY)
    for days in (5, 9):
        put_off = update_deal(put_off, by=acme.bob, version=put_off.version, expected_close_date=today + days * DAY)
    found = {line["name"]: line["why"] for line in at_risk(board(rf, acme, acme.alice))}
    assert list(found) == ["Quiet", "Put off", "Late"]
    assert found["Quiet"] == "Quiet for 20 d in New (limit 7), no next step"
    assert found["Put off"] == "Put off 2 times, +8 d, no next step"
    assert "lose date passed 3 d ago" in found["Late"] and late.pk


def test_a_manager_begins_on_the_dashboard_and_a_rep_elsewhere(acme, login):
    home = url(acme.workspace, "workspace_home")
    assert login(acme.alice).get(home).url.endswith("/dashboard/")
    assert not login(acme.bob).get(home).url.endswith("/dashboard/")


def test_queries_are_few_whatever_the_number_of_deals(acme, login, django_assert_max_num_queries):
    live(acme, [(ago, 3, kind, 1000, ago % 2 == 0, "") for ago in range(9) for kind in ("open", "won", "lost")])
    client = login(acme.alice)
    for name, args in (("dashboard", ()), ("deal_forecast", ()), ("goal_list", ()), ("currency_list", ()), *(("dashboard_panel", (panel,)) for panel in PANELS)):  # fmt: skip
        client.get(url(acme.workspace, name, *args))
        # With those of the scope around every request and what the frame asks for: news, and tasks that are due.
        with django_assert_max_num_queries(19):
            assert client.get(url(acme.workspace, name, *args)).status_code == 200


@given(st.lists(st.decimals(0, 10**9, places=2), min_size=12, max_size=12))
def test_columns_stand_within_their_chart(values):
    chart = columns(values, [None] * 12, [Decimal(0)] * 12)
    assert all(0 <= float(column["y"]) <= 200 and float(column["height"]) >= 0 for column in chart["columns"])
    assert round_up(max(values)) >= max(values)


def test_spans_follow_each_other():
    for period in ("month", "quarter", "year"):
        now, before = (span(period, datetime(2026, 3, 31, tzinfo=UTC).date(), ago) for ago in (0, 1))
        assert before.end == now.first
