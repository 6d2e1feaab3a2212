"""What stands in the address of a next page, and what somebody wrote there."""

from __future__ import annotations

import pytest
from django.http import Http404

from tests.factories import make_deal, url
from workspaces.cursors import older_than, read_moment

JUNK = (
    "2026-01-01T00:00:00+23:00",
    "0001-01-01T00:00:00+05:00",
    "9999-12-31T23:59:59-05:00",
    "20260101T000000.0+2300",
    "x",
    "",
)


@pytest.mark.parametrize("text", JUNK[1:3] + JUNK[4:])
def test_a_time_that_no_row_has_is_no_page(text):
    with pytest.raises(Http404):
        read_moment(text)


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z_", "2026-01-01T00:00:00Z_x", "_1"])
def test_a_cursor_names_a_time_and_a_row(text):
    with pytest.raises(Http404):
        older_than(text)


@pytest.mark.parametrize("moment", JUNK)
def test_every_page_answers_any_cursor(acme, login, moment):
    deal, alice = make_deal(acme.bob, acme.stages["New"]), login(acme.alice)
    paths = [
        (url(acme.workspace, "notification_list"), "before"),
        (url(acme.workspace, "deal_detail", deal.pk), "before"),
        (url(acme.workspace, "timeline", "deal", deal.pk), "before"),
        (url(acme.workspace, "deal_lane", acme.stages["Won"].pk), "after"),
    ]
    for path, name in paths:
        for text in (f"{moment}_1", f"{moment}|1", moment):
            assert alice.get(path, {name: text}).status_code in (200, 404), (path, text)
    if moment:
        assert alice.post(url(acme.workspace, "notification_unread", moment)).status_code in (302, 404)


@pytest.mark.parametrize("query", ["due_from=0001-01-01", "due_to=9999-12-31", "due_from=1900-01-01&due_to=2199-12-31"])
def test_days_at_the_end_of_time_are_told_apart(acme, login, query):
    assert login(acme.alice).get(f"{url(acme.workspace, 'task_list')}?{query}").status_code == 200
    assert login(acme.alice).get(f"{url(acme.workspace, 'task_filter', 'due')}?{query}").status_code == 200


def test_a_goal_for_the_end_of_time_is_refused_where_it_was_typed(acme, login):
    page = url(acme.workspace, "goal_new")
    facts = {"metric": "revenue", "period": "year", "target": "5", "first": "9999-12-31"}
    response = login(acme.alice).post(page, facts)
    assert response.status_code == 422 and "The year must lie" in response.content.decode()
