"""A day is the same day for every reader; a time keeps its clock through summer and winter time; series and reminders."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from activities.actions import (
    cancel_task,
    complete_task,
    plan_next,
    plan_task,
    reopen_task,
    undo_task_change,
    update_task,
)  # fmt: skip
from activities.actions.settling import unsettled
from activities.context import glance
from activities.due import due_by, end_of_day, how_due, reminder
from activities.models import Activity, Task
from activities.repeat import first_of_series, next_of_series
from activities.tasks import settle_days
from deals.actions import delete_deal
from tests.factories import make_deal
from workspaces.action import Refused
from workspaces.actions import change_settings
from workspaces.formats import Formats, locale_of

ZONES = ("Pacific/Auckland", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Pacific/Honolulu")
FRIDAY = date(2031, 2, 7)
DAY = timedelta(days=1)


@pytest.fixture
def deal(acme):
    return make_deal(acme.bob, acme.stages["New"])


def live_in(member, zone: str) -> None:
    member.user.time_zone = zone
    member.user.save()


def read_in(zone: str, today: date) -> Formats:
    return Formats(locale_of("en"), ZoneInfo(zone), "EUR", today)


# --- days ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ZONES)
@pytest.mark.parametrize("assignee", ZONES)
def test_a_day_is_that_day_for_every_reader(assignee, reader):
    due_at = end_of_day(FRIDAY, ZoneInfo(assignee))
    tones = {}
    for today in (FRIDAY - DAY, FRIDAY, FRIDAY + DAY):
        # At noon of the reader's own day.
        now = datetime.combine(today, time(12), ZoneInfo(reader))
        tones[today] = how_due(due_at, FRIDAY, read_in(reader, today), now)
    assert [tone for tone, _, _ in tones.values()] == ["green", "amber", "red"]
    assert tones[FRIDAY][2] == "today" and tones[FRIDAY + DAY][2] == "1 d late"


@pytest.mark.parametrize("zone", ZONES)
def test_the_database_knows_when_the_day_is_over_for_its_assignee(acme, deal, zone):
    live_in(acme.bob, zone)
    task = plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY)
    deal.refresh_from_db()
    assert task.due_at == deal.next_activity_at == datetime.combine(FRIDAY, time(23, 59, 59), ZoneInfo(zone))


def test_who_takes_it_over_has_until_the_end_of_their_own_day(acme, deal):
    live_in(acme.bob, "Pacific/Auckland")
    live_in(acme.alice, "America/New_York")
    task = plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY)
    task = update_task(task, by=acme.bob, assignee_id=acme.alice.user_id)
    assert task.due_on == FRIDAY
    assert task.due_at == datetime(2031, 2, 7, 23, 59, 59, tzinfo=ZoneInfo("America/New_York"))


def test_a_day_and_a_time_give_way_to_each_other(acme, deal):
    noon = datetime(2031, 2, 8, 12, tzinfo=UTC)
    task = plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY)
    assert (update_task(task, by=acme.bob, due_at=noon).due_on, Task.objects.get().due_at) == (None, noon)
    task = update_task(task, by=acme.bob, due_on=FRIDAY)
    assert task.due_on == FRIDAY and task.due_at != noon
    task = update_task(task, by=acme.bob, due_on=None)
    assert task.due_on is None and task.due_at is None


def test_a_form_that_says_the_same_again_changes_nothing(acme, deal):
    task = plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY, remind="1d", repeat="weekly")
    facts = {"due_on": FRIDAY, "due_at": None, "remind": "1d", "repeat": "weekly", "title": "Call"}
    assert update_task(task, by=acme.bob, **facts).version == 1


def test_the_database_keeps_no_day_without_its_end(acme, deal):
    plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.update(due_at=None)


# --- series -------------------------------------------------------------------------------------------


def series(repeat: str, first: datetime, number: int) -> list[datetime]:
    found = [first]
    for _ in range(number):
        found.append(next_of_series(repeat, first, found[-1].date(), date(2000, 1, 1)))
    return found


def test_a_month_without_the_day_has_it_on_its_last():
    days = [f"{moment:%m-%d}" for moment in series("monthly", datetime(2028, 1, 31, tzinfo=UTC), 5)]
    assert days == ["01-31", "02-29", "03-31", "04-30", "05-31", "06-30"]


def test_weekdays_leave_out_weekends():
    days = series("weekdays", datetime(2031, 2, 6, tzinfo=UTC), 3)  # a Thursday
    assert [f"{day:%a}" for day in days] == ["Thu", "Fri", "Mon", "Tue"]


@given(
    repeat=st.sampled_from(["daily", "weekdays", "weekly", "monthly"]),
    first=st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)),
    gap=st.integers(0, 400),
)
def test_the_next_is_always_later_and_never_over(repeat, first, gap):
    first = first.replace(tzinfo=UTC)
    today = first.date() + gap * DAY
    found = next_of_series(repeat, first, first.date(), today)
    assert found.date() > first.date() and found.date() >= today
    assert (found.hour, found.minute) == (first.hour, first.minute)
    assert found.date() - max(today, first.date()) <= timedelta(days=31)


def test_nine_o_clock_stays_nine_o_clock_through_summer_time(acme, deal):
    live_in(acme.bob, "Europe/Berlin")
    berlin = ZoneInfo("Europe/Berlin")
    task = plan_task(deal, "Call", by=acme.bob, due_at=datetime(2031, 3, 29, 2, 30, tzinfo=berlin), repeat="daily")
    clocks = []
    for _ in range(3):
        complete_task(task, by=acme.bob)
        task = Task.objects.get(follows=task)
        clocks.append(f"{task.due_at.astimezone(berlin):%d %H:%M}")
    # There is no half past two on the 30th: the clock goes from two to three.
    assert clocks == ["30 03:30", "31 02:30", "01 02:30"]


def test_the_next_is_planned_once_however_often_it_is_done_and_undone(acme, as_bob, deal):
    task = plan_task(deal, "Report", by=acme.bob, due_on=FRIDAY, repeat="weekly", priority=2, remind="9am")
    for _ in range(2):
        task = complete_task(task, by=acme.bob)
        complete_task(task, by=acme.bob)
        plan_next(task)
        following = Task.objects.get(status="open")
        assert (following.due_on, following.title, following.priority) == (FRIDAY + 7 * DAY, "Report", 2)
        assert following.remind_at.date() == FRIDAY + 7 * DAY
        task = reopen_task(task, by=acme.bob)
        assert Task.objects.get().pk == task.pk
    done = complete_task(task, by=acme.bob)
    undo_task_change(done, by=acme.bob, version=done.version)
    assert Task.objects.get().status == "open"


def test_the_next_stays_once_somebody_has_touched_it(acme, deal):
    task = complete_task(plan_task(deal, "Report", by=acme.bob, due_on=FRIDAY, repeat="weekly"), by=acme.bob)
    following = update_task(Task.objects.get(follows=task), by=acme.bob, title="The report")
    task = reopen_task(task, by=acme.bob)
    complete_task(task, by=acme.bob)
    assert set(Task.objects.values_list("pk", flat=True)) == {task.pk, following.pk}


def test_one_that_was_moved_changes_no_other(acme, deal):
    task = plan_task(deal, "Report", by=acme.bob, due_on=FRIDAY, repeat="weekly")
    for moved in (FRIDAY - 2 * DAY, FRIDAY + 3 * DAY):
        update_task(task, by=acme.bob, due_on=moved)
        complete_task(task, by=acme.bob)
        assert Task.objects.get(follows=task).due_on == FRIDAY + 7 * DAY
        task = reopen_task(task, by=acme.bob)


def test_a_series_is_skipped_once_or_ended(acme, deal):
    task = plan_task(deal, "Report", by=acme.bob, due_on=FRIDAY, repeat="weekly")
    cancel_task(task, by=acme.bob, series=False)
    following = Task.objects.get(status="open")
    assert following.due_on == FRIDAY + 7 * DAY
    cancel_task(following, by=acme.bob)
    assert not Task.objects.filter(status="open").exists()


def test_what_is_done_late_is_not_made_up_for(acme, deal):
    today = timezone.now().astimezone(ZoneInfo("UTC")).date()
    live_in(acme.bob, "UTC")
    task = plan_task(deal, "Report", by=acme.bob, due_on=today - 30 * DAY, repeat="daily")
    complete_task(task, by=acme.bob)
    assert Task.objects.get(follows=task).due_on == today


# --- reminders ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remind", "of_day", "of_time"),
    [
        ("", None, None),
        ("at", "07 09:00", "07 14:30"),
        ("10m", "07 08:50", "07 14:20"),
        ("1h", "07 08:00", "07 13:30"),
        ("1d", "06 09:00", "06 14:30"),
        ("9am", "07 09:00", "07 09:00"),
    ],
)
@pytest.mark.parametrize("zone", ZONES)
def test_when_one_is_reminded(zone, remind, of_day, of_time):
    here = ZoneInfo(zone)

    def said(due_on: date | None, due_at: datetime) -> str | None:
        found = reminder(remind, due_on, due_at.astimezone(UTC), here)
        return found and f"{found.astimezone(here):%d %H:%M}"

    assert said(FRIDAY, end_of_day(FRIDAY, here)) == of_day
    assert said(None, datetime(2031, 2, 7, 14, 30, tzinfo=here)) == of_time


def test_a_day_before_is_the_same_clock_though_the_night_was_short():
    berlin = ZoneInfo("Europe/Berlin")
    due = datetime(2031, 3, 30, 12, tzinfo=berlin)
    assert reminder("1d", None, due, berlin) == datetime(2031, 3, 29, 12, tzinfo=berlin)


def test_a_reminder_moves_with_its_task(acme, deal):
    live_in(acme.bob, "UTC")
    task = plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY, remind="9am")
    Task.objects.update(reminded_at=timezone.now())
    task = update_task(task, by=acme.bob, due_on=FRIDAY + DAY)
    assert (task.remind_at, task.reminded_at) == (datetime(2031, 2, 8, 9, tzinfo=UTC), None)
    task = update_task(task, by=acme.bob, due_on=None)
    assert (task.remind, task.remind_at) == ("", None)


@pytest.mark.parametrize("what", ["remind", "repeat"])
def test_neither_goes_without_a_day(acme, deal, what):
    with pytest.raises(Refused) as refused:
        plan_task(deal, "Call", by=acme.bob, **{what: {"remind": "1h", "repeat": "daily"}[what]})
    assert "due_on" in refused.value.fields and not Task.objects.exists()


# --- who moves ------------------------------------------------------------------------------------------


def rung(callbacks) -> set[int]:
    """The workspaces whose days are settled, as the worker does it."""
    found = {ring.args[0] for ring in callbacks if ring.task == "activities.tasks.settle_days"}
    for workspace_id in found:
        settle_days(workspace_id)
    return found


def test_days_move_with_who_moves(acme, login, deal, django_capture_on_commit_callbacks):
    """Away from the zone in which they were planned; the deal's next activity, and reminders, come along."""
    live_in(acme.bob, "Europe/Berlin")
    moment = datetime(2031, 2, 7, 15, tzinfo=UTC)
    day = plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY, remind="9am")
    timed = plan_task(deal, "Demo", by=acme.bob, due_at=moment, remind="9am")
    hers = plan_task(deal, "Hers", by=acme.bob, assignee_id=acme.alice.user_id, due_on=FRIDAY)
    done = complete_task(plan_task(deal, "Done", by=acme.bob, due_on=FRIDAY), by=acme.bob)
    form = {"name": "Bob", "time_zone": "America/New_York", "locale": "en", "theme": "", "single_keys": "on"}
    with django_capture_on_commit_callbacks() as callbacks:
        assert login(acme.bob).post("/profile/", form).status_code == 302
    assert rung(callbacks) == {acme.workspace.pk}
    there = ZoneInfo("America/New_York")
    found = {task.pk: task for task in Task.objects.all()}
    assert (found[day.pk].due_at, found[day.pk].remind_at) == (
        end_of_day(FRIDAY, there),
        datetime.combine(FRIDAY, time(9), there),
    )
    assert (found[timed.pk].due_at, found[timed.pk].remind_at) == (moment, datetime.combine(FRIDAY, time(9), there))
    assert (found[hers.pk].due_at, found[done.pk].due_at) == (hers.due_at, done.due_at)
    assert {task.version for task in found.values()} == {1, 2} and found[day.pk].version == 1
    with django_capture_on_commit_callbacks() as callbacks:
        login(acme.bob).post("/profile/", form | {"name": "Robert"})
    assert rung(callbacks) == set()


def test_days_move_with_the_workspace(acme, deal, django_capture_on_commit_callbacks):
    live_in(acme.bob, "")
    live_in(acme.alice, "Asia/Kolkata")
    task = plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY)
    hers = plan_task(deal, "Hers", by=acme.bob, assignee_id=acme.alice.user_id, due_on=FRIDAY)
    with django_capture_on_commit_callbacks() as callbacks:
        change_settings(acme.workspace, by=acme.alice, time_zone="Pacific/Honolulu")
    assert rung(callbacks) == {acme.workspace.pk}
    task.refresh_from_db()
    assert task.due_at == end_of_day(FRIDAY, ZoneInfo("Pacific/Honolulu"))
    assert Task.objects.get(pk=hers.pk).due_at == end_of_day(FRIDAY, ZoneInfo("Asia/Kolkata"))
    assert not unsettled(acme.workspace.pk).exists()


# --- about nothing; meetings ---------------------------------------------------------------------------


def test_a_task_of_ones_own_about_nothing(acme, as_bob):
    task = plan_task(acme.workspace, "Tidy up", by=acme.bob)
    assert task.subject is None and task.workspace_id == acme.workspace.pk
    task = reopen_task(complete_task(task, by=acme.bob), by=acme.bob)
    undo_task_change(complete_task(task, by=acme.bob), by=acme.bob, version=4)
    assert Task.objects.get().status == "open" and not Activity.objects.exists()


def test_a_task_is_somebodys(acme):
    task = plan_task(acme.workspace, "Tidy up", by=acme.bob)
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(assignee=None, created_by=None)


def test_a_meeting_that_was_held_is_a_meeting(acme, deal):
    task = plan_task(deal, "Demo", by=acme.bob, type="meeting", due_at=timezone.now(), minutes=45, place="Room 1")
    task = complete_task(task, by=acme.bob)
    line = Activity.objects.get(task=task)
    assert (line.kind, line.minutes, line.body) == ("meeting", 45, "Demo")
    reopen_task(task, by=acme.bob)
    line.refresh_from_db()
    assert line.undone_at


def test_first_of_series_reads_the_clock_of_the_place():
    at = datetime(2031, 2, 7, 23, 30, tzinfo=UTC)
    assert first_of_series(None, at, ZoneInfo("Asia/Kolkata")) == datetime(2031, 2, 8, 5, 0, tzinfo=UTC)
    assert first_of_series(FRIDAY, at, ZoneInfo("Asia/Kolkata")) == datetime(2031, 2, 7, tzinfo=UTC)


# --- the frame ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_the_frame_counts_what_a_query_of_what_is_due_finds(acme, deal, zone):
    """It is written out in SQL: days and times around today's end in the reader's zone, done ones, binned deals, others'."""
    formats = read_in(zone, FRIDAY)
    live_in(acme.bob, zone)
    binned = make_deal(acme.bob, acme.stages["New"], "Binned")
    for about in (deal, binned, acme.workspace):
        for days in (-400, -1, 0, 1):
            plan_task(about, "A day", by=acme.bob, due_on=FRIDAY + days * DAY)
        for hours in (-30, -1, 1, 23, 25, 30):
            at = datetime.combine(FRIDAY, time(), ZoneInfo(zone)) + timedelta(hours=hours)
            plan_task(about, "A time", by=acme.bob, due_at=at)
        plan_task(about, "Some day", by=acme.bob)
        complete_task(plan_task(about, "Done", by=acme.bob, due_on=FRIDAY), by=acme.bob)
    plan_task(deal, "Hers", by=acme.bob, due_on=FRIDAY, assignee_id=acme.alice.user_id)
    delete_deal(binned, by=acme.bob)
    found = Task.objects.of(acme.bob).open().filter(due_by(FRIDAY, formats.zone))
    assert glance(acme.bob, formats)[0] == found.count() == 14  # of the deal and of nothing: 3 days and 4 times each
