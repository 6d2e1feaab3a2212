"""Dates as files write them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.dates import DAY_FIRST, MONTH_FIRST, DateOrder, parse_moment

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2016-10-20", "", datetime(2016, 10, 20)),
        ("2016/1/5", "", datetime(2016, 1, 5)),
        ("20140102", "", datetime(2014, 1, 2)),
        ("31/12/2020", DAY_FIRST, datetime(2020, 12, 31)),
        ("1.2.2021", DAY_FIRST, datetime(2021, 2, 1)),
        ("1/2/2021", MONTH_FIRST, datetime(2021, 1, 2)),
        ("12-31-99", MONTH_FIRST, datetime(1999, 12, 31)),
        ("1.2.21 14:30", DAY_FIRST, datetime(2021, 2, 1, 14, 30)),
        ("4/15/2021 2:30 PM", MONTH_FIRST, datetime(2021, 4, 15, 14, 30)),
        ("15 Apr, 2021 00:03:00", "", datetime(2021, 4, 15, 0, 3)),
        ("Apr 15, 2021", "", datetime(2021, 4, 15)),
        ("15-Apr-21", "", datetime(2021, 4, 15)),
        ("1 January 2021", "", datetime(2021, 1, 1)),
        ("15. März 2021", "", datetime(2021, 3, 15)),
        ("15 août 2021", "", datetime(2021, 8, 15)),
        ("15 de abril de 2021", "", datetime(2021, 4, 15)),
        ("2021-04-15 10:00:00.123", "", datetime(2021, 4, 15, 10, 0, 0, 123000)),
    ],
)
def test_what_dates_say(text, order, expected):
    assert parse_moment(text, order, BERLIN) == expected.replace(tzinfo=BERLIN)


def test_a_zone_of_its_own_is_kept():
    assert parse_moment("2021-04-15T10:00:00Z", "", BERLIN) == datetime(2021, 4, 15, 10, tzinfo=UTC)
    assert parse_moment("2021-04-15T10:00:00+02:00", "", BERLIN) == datetime(2021, 4, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("12/31/2020", DAY_FIRST),
        ("31/12/2020", MONTH_FIRST),
        ("2021-13-01", ""),
        ("30.02.2021", DAY_FIRST),
        ("April 2021", ""),
        ("15 April", ""),
        ("10:30", ""),
        ("hello", ""),
        ("45631.0", ""),
        ("2021", ""),
        ("0021-01-01", ""),
        ("4/15/2021 25:00", MONTH_FIRST),
        ("1" * 100_000, ""),
        ("Apr " * 50_000, ""),
    ],
)
def test_what_is_no_date_is_never_read_as_one(text, order):
    with pytest.raises(ValueError, match="is not a date|lies in the year"):
        parse_moment(text, order, BERLIN)


@pytest.mark.parametrize(
    ("values", "known", "is_ambiguous"),
    [
        (["1/2/2021", "31/12/2020"], DAY_FIRST, False),
        (["1/2/2021", "12/31/2020"], MONTH_FIRST, False),
        (["1/2/2021", "3/4/2021"], "", True),
        (["5/5/2021"], "", False),
        (["2021-02-01", "3 Apr 2021"], "", False),
        (["31/12/2020", "30/12/2020", "12/31/2020"], DAY_FIRST, False),
        (["31/12/2020", "12/31/2020"], "", True),
    ],
)
def test_one_value_decides_for_its_column(values, known, is_ambiguous):
    order = DateOrder()
    order.see(values)
    assert (order.known, order.is_ambiguous) == (known, is_ambiguous)


def test_a_question_shows_both_readings():
    order = DateOrder()
    order.see(["03/04/2021"])
    assert order.readings() == "“03/04/2021” is 3 April 2021 or 4 March 2021"


FORMATS = [
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d %b %Y",
    "%B %d, %Y",
    "%d-%b-%y",
    "%Y%m%d",
]


@given(
    days=st.lists(st.dates(date(1970, 1, 1), date(2060, 1, 1)), min_size=1, max_size=30),
    style=st.sampled_from(FORMATS),
)
def test_a_column_in_any_style_says_its_dates(days, style):
    """Either the order is found out and every date is right, or the column is called ambiguous; never a wrong date."""
    texts = [day.strftime(style) for day in days]
    order = DateOrder()
    order.see(texts)
    if order.is_ambiguous:
        assert all(day.day <= 12 for day in days) and any(day.day != day.month for day in days)
        return
    wanted = days if "%y" not in style else [day for day in days if 1970 <= day.year <= 2050]
    read = {text: parse_moment(text, order.known, UTC).date() for text in texts}
    assert all(read[day.strftime(style)] == day for day in wanted)
