"""Working hours and days, over weekends and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.working_time import Week, after_days, after_hours, worked

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Week(BERLIN)
FRIDAY = date(2026, 11, 20)
# Zones whose clocks change by an hour, by half an hour, at midnight, and one that lost a whole day.
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia")
zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.datetimes(datetime(2009, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
clocks = st.tuples(st.times(), st.times()).filter(lambda pair: minutes(*pair) >= 120).map(sorted)
days = st.sets(st.integers(0, 6))


def minutes(one: time, other: time) -> int:
    return abs((other.hour - one.hour) * 60 + other.minute - one.minute)


@st.composite
def weeks(draw) -> Week:
    start, end = draw(clocks)
    return Week(draw(zones), start.replace(microsecond=0), end.replace(microsecond=0), frozenset(draw(days)))


def berlin(*args: int) -> datetime:
    return datetime(*args, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("at", "hours", "due"),
    [
        (berlin(2026, 11, 18, 10), 4, berlin(2026, 11, 18, 14)),
        (berlin(2026, 11, 18, 16), 4, berlin(2026, 11, 19, 11)),  # into the next day
        (berlin(2026, 11, 20, 16), 4, berlin(2026, 11, 23, 11)),  # over the weekend
        (berlin(2026, 11, 21, 12), 4, berlin(2026, 11, 23, 13)),  # on a Saturday
        (berlin(2026, 11, 18, 7), 1, berlin(2026, 11, 18, 10)),  # before work
        (berlin(2026, 11, 18, 9), 9, berlin(2026, 11, 18, 18)),  # the whole day is done as it ends
        (berlin(2026, 11, 18, 20), 0, berlin(2026, 11, 19, 9)),
        (berlin(2026, 10, 23, 17), 2, berlin(2026, 10, 26, 10)),  # the clocks went back on Sunday
        (berlin(2026, 3, 27, 17), 2, berlin(2026, 3, 30, 10)),  # and forward
    ],
)
def test_hours(at, hours, due):
    assert after_hours(at, hours, OFFICE) == due


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 5), (date(2026, 10, 25), 7)])
def test_a_night_shift_over_a_change_of_the_clock_has_the_hours_that_pass(day, hours):
    night = Week(BERLIN, time(0), time(6), frozenset(range(7)))
    begins, ends = night.shift(day)
    assert ends - begins == timedelta(hours=hours)
    assert after_hours(begins, hours, night) == ends


@pytest.mark.parametrize(
    ("days", "due"), [(0, FRIDAY), (1, date(2026, 11, 23)), (3, date(2026, 11, 25)), (6, date(2026, 11, 30))]
)
def test_days(days, due):
    assert after_days(FRIDAY, days, OFFICE) == due


def test_on_a_day_off_the_next_working_day_is_the_first():
    saturday = FRIDAY + timedelta(days=1)
    assert after_days(saturday, 0, OFFICE) == date(2026, 11, 23) == after_days(saturday, 1, OFFICE)


def test_a_day_that_never_was_has_no_work():
    apia = Week(ZoneInfo("Pacific/Apia"))
    thursday = datetime(2011, 12, 29, 17, tzinfo=apia.zone)
    assert after_hours(thursday, 2, apia) == datetime(2012, 1, 2, 10, tzinfo=apia.zone)


def test_no_day_named_means_monday_to_friday():
    nobody = Week(BERLIN, days=())
    assert after_days(FRIDAY, 1, nobody) == date(2026, 11, 23)
    assert after_hours(berlin(2026, 11, 20, 17), 2, nobody) == berlin(2026, 11, 23, 10)


@given(moments, st.integers(1, 60), weeks())
def test_just_so_many_hours_of_work_lie_before_it(at, hours, week):
    due = after_hours(at, hours, week)
    assert due >= at and worked(at, due, week) == timedelta(hours=hours)
    # It is due in work time, and not a moment later than needed.
    local = due.astimezone(week.zone)
    begins, ends = week.shift(local.date())
    assert week.works_on(local.date()) and begins <= due <= ends
    assert worked(at, due - timedelta(seconds=1), week) < timedelta(hours=hours)


@given(moments, st.integers(0, 40), st.integers(0, 40), weeks())
def test_more_hours_are_never_due_sooner_and_they_add_up(at, first, more, week):
    due = after_hours(at, first, week)
    assert after_hours(at, first + more, week) == after_hours(due, more, week) or more == 0


@given(st.dates(date(2009, 1, 1), date(2035, 1, 1)), st.integers(0, 60), weeks())
def test_just_so_many_working_days_lie_before_it(day, number, week):
    due = after_days(day, number, week)
    assert week.works_on(due) and due >= day
    between = [day + timedelta(days=step) for step in range(1, (due - day).days + 1)]
    works = sum(map(week.works_on, between))
    assert works == (number if week.works_on(day) or number else 1)
