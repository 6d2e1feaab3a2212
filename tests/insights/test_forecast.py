"""The forecast: what stands in which month, what it adds up to, and moving a deal into another one."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals.actions import expect_in_month, move_to_stage, set_rate, update_deal
from deals.forecast import SAID, band, category, month_of
from deals.models import Deal, DealChange, Kind
from insights.actions import adjust_forecast, set_goal
from insights.months import Forecast
from insights.targets import Target, Targets
from tests.factories import make_deal, url
from tests.tenancy.walk import rolled_back
from workspaces.action import NotAllowed, Refused
from workspaces.models import Workspace

SCRIPT = {"HTTP_X_CLIENT_ID": "tab"}


@pytest.fixture
def today() -> date:
    return timezone.now().date()


def due(acme, day: date | None, name: str = "Deal", amount: int = 1000, stage: str = "New", **more) -> Deal:
    owner = more.pop("by", acme.bob)
    return make_deal(owner, acme.stages[stage], name, amount, expected_close_date=day, **more)


def lanes(html: str) -> dict[str, list[str]]:
    """{column: names of its cards}"""
    found = {}
    for lane in re.split(r'<section class="lane"', html)[1:]:
        key = re.search(r'data-stage-id="([^"]+)"', lane)[1]
        found[key] = re.findall(r'class="nm"[^>]*>([^<]+)<', lane)
    return {key: names for key, names in found.items() if names}


def test_each_deal_stands_in_the_month_it_is_expected_in(acme, login, today):
    this, following = month_of(today), month_of(today, 1)
    due(acme, this + timedelta(days=20), "Second")
    due(acme, this, "First")
    due(acme, following, "Next")
    due(acme, this - timedelta(days=1), "Late")
    due(acme, month_of(today, 30), "Far off")
    due(acme, None, "Some day")
    won = due(acme, this, "Done", stage="Proposal")
    move_to_stage(won, acme.stages["Won"], by=acme.bob)
    page = login(acme.bob).get(url(acme.workspace, "deal_forecast")).content.decode()
    assert lanes(page) == {
        "overdue": ["Late"], f"{this:%Y-%m}": ["First", "Second"], f"{following:%Y-%m}": ["Next"], "later": ["Far off"], "none": ["Some day"]
    }  # fmt: skip


def move(client, acme, deal: Deal, month: str, **headers):
    data = {"month": month, "version": deal.version}
    return client.post(url(acme.workspace, "deal_month", deal.pk), data, **headers)


def test_a_drop_changes_the_date_and_is_taken_back(acme, login, today):
    client, here = login(acme.bob), month_of(today)
    deal = due(acme, here.replace(day=28))
    target = month_of(today, 2)
    answer = move(client, acme, deal, f"{target:%Y-%m}", **SCRIPT)
    assert answer.status_code == 200 and f'data-stage="{target:%Y-%m}"' in answer.content.decode()
    deal.refresh_from_db()
    assert (deal.expected_close_date, deal.slips, deal.version) == (target.replace(day=28), 1, 2)
    change = DealChange.objects.get()
    undo = client.post(url(acme.workspace, "deal_month_undo", change.pk), **SCRIPT)
    assert undo.status_code == 200 and "Undone" in undo.content.decode()
    deal.refresh_from_db()
    assert (deal.expected_close_date, deal.slips) == (here.replace(day=28), 0)


def test_a_drop_into_this_month_is_never_a_day_that_is_over(acme, login, today):
    following = month_of(today, 1)
    deal = due(acme, following)  # on a first
    assert move(login(acme.bob), acme, deal, f"{today:%Y-%m}", **SCRIPT).status_code == 200
    deal.refresh_from_db()
    assert deal.expected_close_date == today
    with pytest.raises(Refused, match="That month is over"):
        expect_in_month(deal, month_of(today, -1), by=acme.bob, version=deal.version, today=today)
    there = expect_in_month(deal, following, by=acme.bob, version=deal.version, today=today)
    assert month_of(there.expected_close_date) == following


def test_without_a_script_the_page_comes_again_with_its_undo(acme, login, today):
    client, deal = login(acme.bob), due(acme, today)
    answer = move(client, acme, deal, "none")
    assert answer.status_code == 302
    page = client.get(answer.url).content.decode()
    assert "No close date any more" in page and Deal.objects.get().expected_close_date is None


def test_what_cannot_be_moved_there_stays(acme, login, today):
    client, deal = login(acme.bob), due(acme, today)
    for month in ("overdue", "1999-01", "nonsense"):
        answer = move(client, acme, deal, month, **SCRIPT)
        assert answer.status_code == 422 and "Not saved" in answer.content.decode()
    update_deal(deal, by=acme.alice, version=1, name="Hers")
    assert move(client, acme, deal, "none", **SCRIPT).status_code == 409
    assert login(acme.vera).post(url(acme.workspace, "deal_month", deal.pk)).status_code == 403
    assert Deal.objects.get().expected_close_date == today


def test_only_what_the_reader_may_see(acme, login, today):
    Workspace.objects.update(visibility="own")
    mine, hers = due(acme, today, "Mine"), due(acme, today, "Hers", by=acme.alice)
    page = login(acme.bob).get(url(acme.workspace, "deal_forecast")).content.decode()
    assert "Mine" in page and "Hers" not in page and "€1.0k" in page and "€2.0k" not in page
    assert login(acme.bob).get(url(acme.workspace, "deal_month", hers.pk)).status_code == 404
    assert login(acme.bob).get(url(acme.workspace, "deal_month", mine.pk)).status_code == 200


PLANS = st.lists(
    st.tuples(
        st.integers(-60, 500) | st.none(), st.integers(0, 100), st.sampled_from(["", *SAID]), st.sampled_from(["New", "Proposal"]),
        st.integers(0, 10**6) | st.none(), st.booleans(), st.sampled_from(["", "USD"]),
    ),
    max_size=15,
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=PLANS)
def test_heads_add_up_what_the_cards_say(acme, rf, plans):
    """From the kept totals and by reading, for who sees all and who sees their own."""

    def forecast(member, query=""):
        request = rf.get("/" + query)
        request.user, request.member, request.workspace = member.user, member, acme.workspace
        return Forecast(request)

    with rolled_back():
        set_rate(acme.workspace, currency="USD", rate=Decimal("0.87"), by=acme.alice)
        now = timezone.now().date()
        for ahead, probability, said, stage, amount, is_bobs, currency in plans:
            day = None if ahead is None else now + timedelta(days=ahead)
            owner = acme.bob if is_bobs else acme.alice
            deal = due(acme, day, amount=amount, stage=stage, by=owner, probability=probability, currency=currency)
            if said:
                update_deal(deal, by=acme.alice, version=1, forecast_category=said)
        for member, ids in ((acme.alice, None), (acme.bob, [acme.bob.user_id])):
            acme.workspace.visibility = member.workspace.visibility = "own"
            expected = Counter()
            for deal in Deal.objects.owned_by(ids).filter(status=Kind.OPEN):
                name = category(deal.forecast_category, "", band(deal.probability))
                expected[forecast(member).key_of(deal.expected_close_date), name] += deal.base_amount or 0
            for query in ("", "?amount_min=0") if all(plan[4] is not None for plan in plans) else ("",):
                heads = forecast(member, query).heads()
                sums = {(month.key, name): total.amount for month in heads for name, total in month.sums.items()}
                found = {key: amount for key, amount in sums.items() if amount}
                assert found == {key: amount for key, amount in expected.items() if amount}


# --- goals ----------------------------------------------------------------------------------------------


def test_the_head_of_a_month_measures_by_the_goal_and_what_a_manager_made_of_it(acme, login, today):
    set_goal(acme.workspace, by=acme.alice, metric="revenue", period="quarter", target=Decimal(900_000), first=today)
    adjust_forecast(acme.workspace, by=acme.alice, month=today, amount=Decimal(250_000), note="Norrkraft slips")
    due(acme, today, amount=150_000, stage="Proposal")
    page = login(acme.alice).get(url(acme.workspace, "deal_forecast")).content.decode()
    assert "goal €300k" in page and "Norrkraft slips" in page and "€150k" in page
    assert "goal" not in login(acme.alice).get(url(acme.workspace, "deal_forecast") + "?amount_min=5").content.decode()


def test_goals_are_the_managers_business(acme):
    goal = {"metric": "revenue", "period": "month", "target": Decimal(5), "first": date(2026, 1, 15)}
    with pytest.raises(NotAllowed):
        set_goal(acme.workspace, by=acme.bob, **goal)
    with pytest.raises(NotAllowed):
        adjust_forecast(acme.workspace, by=acme.bob, month=date(2026, 1, 1), amount=Decimal(1), note="So")
    made = set_goal(acme.workspace, by=acme.alice, **goal, member=acme.bob)
    assert (made.first, made.scope, made.member_id) == (date(2026, 1, 1), "member", acme.bob.user_id)
    again = set_goal(acme.workspace, by=acme.alice, **goal | {"target": Decimal(7)}, member=acme.bob)
    assert (again.pk, again.target) == (made.pk, 7)


def test_the_goal_of_a_period_is_its_own_or_follows_from_shorter_and_longer_ones():
    months = Targets([Target("month", date(2026, 1, 1), Decimal(10)), Target("month", date(2026, 3, 1), Decimal(0))])
    assert [months.of("month", date(2026, month, 9)) for month in (1, 2, 3)] == [10, 10, None]
    assert months.of("quarter", date(2026, 2, 1)) == 20 and months.of("year", date(2026, 2, 1)) == 20
    both = Targets([Target("year", date(2026, 1, 1), Decimal(120)), Target("quarter", date(2026, 4, 1), Decimal(50))])
    assert [both.of("month", date(2026, month, 1)) for month in (2, 5)] == [10, Decimal(50) / 3]
    assert both.of("year", date(2025, 1, 1)) is None


def test_a_goal_page_says_how_far_one_is(acme, login, today):
    set_goal(acme.workspace, by=acme.alice, metric="deals", period="year", target=Decimal(2), first=today)
    for name in ("One", "Two"):
        move_to_stage(due(acme, today, name, stage="Proposal"), acme.stages["Won"], by=acme.bob)
    page = login(acme.alice).get(url(acme.workspace, "goal_list")).content.decode()
    assert "On track" in page and "100%" in page
    Workspace.objects.update(visibility="own")
    assert "On track" not in login(acme.bob).get(url(acme.workspace, "goal_list")).content.decode()
