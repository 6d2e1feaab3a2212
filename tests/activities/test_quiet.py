"""When mails go out: quiet hours and the daily mail, where the reader lives, over changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.quiet import after_quiet, next_digest

BERLIN, NEW_YORK, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")
NIGHT = (time(22), time(7))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "hours", "zone", "out"),
    [
        ("2026-11-20 12:00", NIGHT, BERLIN, "2026-11-20 12:00"),
        ("2026-11-20 21:30", NIGHT, BERLIN, "2026-11-21 06:00"),  # 22:30 there
        ("2026-11-21 03:00", NIGHT, BERLIN, "2026-11-21 06:00"),
        ("2026-11-21 06:00", NIGHT, BERLIN, "2026-11-21 06:00"),  # just over
        ("2026-11-20 21:30", NIGHT, NEW_YORK, "2026-11-20 21:30"),
        ("2026-11-21 03:00", NIGHT, NEW_YORK, "2026-11-21 12:00"),
        ("2026-11-20 16:15", NIGHT, KATHMANDU, "2026-11-21 01:15"),  # 22:00 there, a quarter of an hour off
        ("2026-11-20 12:30", (time(13), time(14)), BERLIN, "2026-11-20 13:00"),
        ("2026-11-20 13:30", (time(13), time(14)), BERLIN, "2026-11-20 13:30"),
        ("2026-11-20 12:30", (None, None), BERLIN, "2026-11-20 12:30"),
        # The night that the clock goes forward is an hour shorter, the one that it goes back an hour longer.
        ("2026-03-28 22:00", NIGHT, BERLIN, "2026-03-29 05:00"),
        ("2026-10-24 21:00", NIGHT, BERLIN, "2026-10-25 06:00"),
        # An end that the clock skips, and one that it shows twice, in the first hour of it and in the second.
        ("2026-03-28 22:00", (time(22), time(2, 30)), BERLIN, "2026-03-29 01:30"),
        ("2026-10-24 23:00", (time(22), time(2, 30)), BERLIN, "2026-10-25 00:30"),
        ("2026-10-25 01:15", (time(22), time(2, 30)), BERLIN, "2026-10-25 01:30"),
    ],
)
def test_quiet_hours_end_where_the_reader_lives(at, hours, zone, out):
    assert after_quiet(utc(at), *hours, zone) == utc(out)


@pytest.mark.parametrize(
    ("now", "zone", "out"),
    [
        ("2026-11-20 06:59", BERLIN, "2026-11-20 07:00"),
        ("2026-11-20 07:00", BERLIN, "2026-11-21 07:00"),
        ("2026-03-28 12:00", BERLIN, "2026-03-29 06:00"),
        ("2026-10-24 12:00", BERLIN, "2026-10-25 07:00"),
        ("2026-11-20 07:00", NEW_YORK, "2026-11-20 13:00"),
        ("2026-11-20 03:00", KATHMANDU, "2026-11-21 02:15"),
    ],
)
def test_the_daily_mail_comes_at_eight_in_the_morning(now, zone, out):
    assert next_digest(utc(now), zone) == utc(out)


ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"]
)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


@given(MOMENTS, CLOCKS, CLOCKS, ZONES)
def test_a_mail_waits_at_most_a_day_and_then_it_is_not_quiet(at, start, end, name):
    if start == end:
        return
    zone = ZoneInfo(name)
    out = after_quiet(at, start, end, zone)
    assert at <= out <= at + timedelta(hours=25)
    assert after_quiet(out, start, end, zone) <= out + timedelta(hours=1), "at most what the clock shows twice"
    assert at < next_digest(at, zone) <= at + timedelta(hours=25)
