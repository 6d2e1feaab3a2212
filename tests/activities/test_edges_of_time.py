"""No date that a person can type may break a page: what no calendar of ours holds is refused, at the field it is about."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from activities.actions import add_note, complete_task, log_call, plan_task
from activities.due import end_of_day
from activities.models import Activity, Task
from leads.actions import create_contact
from leads.models import Campaign
from tests.factories import make_deal, url
from workspaces.action import Refused
from workspaces.dates import YEARS, is_taken

ZONES = ("America/New_York", "Europe/Berlin", "Pacific/Auckland")
OUTCOMES = {"call": "connected", "meeting": "held"}
FAR = (date(9999, 12, 31), date(1, 1, 1), date(2200, 1, 2), date(1899, 12, 30))


@pytest.fixture
def deal(acme):
    return make_deal(acme.bob, acme.stages["New"])


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", FAR)
def test_a_task_out_of_all_years_is_refused_in_every_zone(acme, deal, zone, day):
    with pytest.raises(Refused, match="between 1900 and 2199") as refused:
        plan_task(deal, "Call", by=acme.bob, due_at=end_of_day(day, ZoneInfo(zone)))
    assert "due_on" in refused.value.fields
    with pytest.raises(Refused, match="between 1900 and 2199") as refused:
        plan_task(deal, "Call", by=acme.bob, due_on=day)
    assert "due_on" in refused.value.fields and not Task.objects.exists()


@pytest.mark.parametrize("day", [date(1900, 1, 2), date(2199, 12, 30)])
def test_the_first_and_the_last_year_are_taken(acme, deal, day):
    zone = "America/New_York"
    task = plan_task(deal, "Call", by=acme.bob, due_at=end_of_day(day, ZoneInfo(zone)))
    task.refresh_from_db()
    assert task.due_at.astimezone(ZoneInfo(zone)).date() == day
    assert plan_task(deal, "Call", by=acme.bob, due_on=day).due_on == day


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", [d for d in FAR if d.year < 2000])
def test_nothing_happened_before_all_years(acme, deal, zone, day):
    at = datetime.combine(day, time(), ZoneInfo(zone))
    task = plan_task(deal, "Call", by=acme.bob)
    before = Activity.objects.count()
    for deed in (
        lambda: log_call(deal, by=acme.bob, outcome="connected", at=at),
        lambda: add_note(deal, "Long ago", by=acme.bob, at=at),
        lambda: complete_task(task, by=acme.bob, at=at),
    ):
        with pytest.raises(Refused) as refused:
            deed()
        assert "at" in refused.value.fields
    assert Activity.objects.count() == before


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", FAR)
def test_the_task_form_says_so_at_the_day_and_the_pages_stay(acme, deal, login, zone, day):
    acme.bob.user.time_zone = zone
    acme.bob.user.save()
    client = login(acme.bob)
    page = url(acme.workspace, "task_new", "deal", deal.pk)
    for at in ("", "23:59", "00:00"):
        data = {
            "title": "Call",
            "due_on": day.isoformat(),
            "due_time": at,
            "assignee": acme.bob.user_id,
        }
        answer = client.post(page, data)
        assert answer.status_code == 422, answer.status_code
        assert "due_on" in answer.context["form"].errors
    for name, args in (("deal_board", ()), ("deal_list", ()), ("deal_detail", (deal.pk,))):
        assert client.get(url(acme.workspace, name, *args)).status_code == 200


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("mode", ["call", "meeting", "email"])
def test_the_composer_says_so_at_the_time(acme, deal, login, zone, mode):
    acme.bob.user.time_zone = zone
    acme.bob.user.save()
    for at in ("0001-01-01T00:00", "0001-01-02T23:59", "1899-12-30T12:00", "9999-12-31T23:59"):
        day, _, clock = at.partition("T")
        answer = login(acme.bob).post(
            url(acme.workspace, "compose", "deal", deal.pk, mode),
            {"outcome": OUTCOMES.get(mode, ""), "body": "Hello", "at_0": day, "at_1": clock},
        )
        assert answer.status_code == 422 and "at" in answer.context["form"].errors, at


@pytest.mark.parametrize("column", ["due_at", "remind_at"])
@pytest.mark.parametrize("year", [1899, 2200])
def test_the_database_refuses_them_at_tasks(acme, deal, column, year):
    task = plan_task(deal, "Call", by=acme.bob)
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(**{column: datetime(year, 6, 1, tzinfo=UTC)})


@pytest.mark.parametrize("year", [1899, 2200])
def test_the_database_refuses_them_at_activities(acme, deal, year):
    with pytest.raises(IntegrityError), transaction.atomic():
        Activity.objects.create(workspace=acme.workspace, deal=deal, kind="call", at=datetime(year, 6, 1, tzinfo=UTC))


def test_people_and_campaigns_too(acme):
    with pytest.raises(Refused) as refused:
        create_contact(acme.workspace, by=acme.bob, first_name="Ada", consent_at=datetime(1, 1, 1, tzinfo=UTC))
    assert "consent_at" in refused.value.fields
    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.create(workspace=acme.workspace, name="Ever", end=date(9999, 12, 31))


def test_the_edges_themselves():
    edge = datetime(YEARS.stop, 1, 1, tzinfo=UTC)
    assert not is_taken(edge) and is_taken(edge.replace(year=2199))
    # One day, two years: what counts is what is kept.
    assert not is_taken(datetime(2199, 12, 31, 23, 0, tzinfo=ZoneInfo("America/New_York")))
    assert is_taken(date(2199, 12, 31)) and not is_taken(date(2200, 1, 1))
