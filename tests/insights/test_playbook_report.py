"""Win rate with and without playbook tasks done."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from activities.actions import complete_task
from activities.models import Task
from deals.actions import delete_deal, move_to_stage
from deals.models import Deal
from deals.playbooks import follow
from insights.playbooks import playbook_report
from tests.factories import make_deal, url
from tests.pages import read


def play(acme, *, done: bool, ends: str, by=None) -> Deal:
    """A deal that went through Qualified, where the playbook planned one task."""
    by = by or acme.bob
    deal, event = move_to_stage(make_deal(by, acme.stages["New"]), acme.stages["Qualified"], by=by)
    follow(event)
    if done:
        complete_task(Task.objects.get(deal=deal), by=by)
    deal, event = move_to_stage(deal, acme.stages[ends], by=by, reason="Other", note="So")
    follow(event)
    return deal


def line(acme, owners=None):
    [found] = [line for line in playbook_report(acme.workspace, owners) if line.stage.name == "Qualified"]
    return found


def test_deals_with_tasks_done_beside_those_without(acme):
    for done, ends in ((True, "Won"), (True, "Won"), (True, "Lost"), (False, "Won"), (False, "Lost")):
        play(acme, done=done, ends=ends)
    play(acme, done=True, ends="Proposal")  # not closed yet
    found = line(acme)
    assert (found.done.won, found.done.deals, found.not_done.won, found.not_done.deals) == (2, 3, 1, 2)
    assert round(found.difference, 3) == 0.167 and found.is_small
    names = [line.stage.name for line in playbook_report(acme.workspace)]
    assert names == ["New", "Contacted", "Qualified", "Meeting scheduled", "Proposal"]


def test_what_is_deleted_old_or_somebody_elses_does_not_count(acme):
    old, binned = play(acme, done=True, ends="Won"), play(acme, done=True, ends="Won")
    play(acme, done=True, ends="Won", by=acme.alice)
    Deal.objects.filter(pk=old.pk).update(closed_at=timezone.now() - timedelta(days=400))
    delete_deal(binned, by=acme.bob)
    assert line(acme).done.deals == 1 and line(acme, [acme.bob.user_id]).done.deals == 0
    assert line(acme, [acme.bob.user_id]).difference is None


def test_the_page_says_how_few_they_are(acme, login, django_assert_max_num_queries):
    play(acme, done=True, ends="Won")
    client = login(acme.bob)
    path = url(acme.workspace, "playbook_report")
    row = read(client.get(path)).one("table").all("tr")[3].text
    assert row == "Qualified few deals 100% 1 of 1 — 0 of 0 —"
    with django_assert_max_num_queries(13):  # two of its own; the rest is the request's scope and the frame
        client.get(path)
    acme.workspace.visibility = "own"
    acme.workspace.save()
    play(acme, done=True, ends="Won", by=acme.alice)
    assert "1 of 1" in read(client.get(path)).one("table").all("tr")[3].text
