"""Rules: when, if, then; each once, each told, none for ever."""

from __future__ import annotations

import pytest

from activities.models import Activity, Notification, Task
from automation.models import RuleRun
from deals.actions import move_to_stage
from tests.automation.rules import TASK, Step, again, make_rule, said, work
from tests.factories import make_deal

State = RuleRun.State


@pytest.fixture
def deal(acme):
    return make_deal(acme.bob, acme.stages["Contacted"], "Cold chain", 5000)


def test_a_rule_answers_what_happens_while_it_is_on(acme):
    rule = make_rule(acme, "deal_created", name="New deals")
    deal = make_deal(acme.bob, acme.stages["New"])
    [run] = work(acme)
    assert (run.state, run.deal, run.rule) == (State.DONE, deal, rule)
    task = Task.objects.get(deal=deal, why="by the rule “New deals”")
    assert (task.title, task.type, task.assignee) == ("Call Cold-chain monitoring", "call", acme.bob.user)
    assert task.created_by is None
    assert said(run) == [("done", "Planned “Call Cold-chain monitoring” for Bob")]


def test_delivered_twice_it_runs_once(acme):
    make_rule(acme, "deal_created")
    make_deal(acme.bob, acme.stages["New"])
    work(acme)
    again("deal_created", acme)
    assert RuleRun.objects.count() == 1 and Task.objects.count() == 1


def test_a_move_by_a_rule_names_it_in_the_timeline_and_can_be_undone(acme, deal):
    make_rule(acme, "deal_moved", Step("move", stage=acme.stages["Proposal"]), name="Onwards", stage=[acme.stages["Qualified"].pk])  # fmt: skip
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    [run] = work(acme)
    deal.refresh_from_db()
    assert (run.state, deal.stage.name) == (State.DONE, "Proposal"), run.problem
    line = Activity.objects.filter(deal=deal, kind="stage_change").latest("pk")
    assert line.door == "automation" and line.actor is None
    assert line.data["cause"] == {"run": run.pk, "rule": "Onwards"}


def test_a_notification_is_told_once_to_the_owner(acme, deal):
    make_rule(acme, "deal_moved", Step("notify", text="Look at {deal}", who="owner"))
    move_to_stage(deal, acme.stages["Qualified"], by=acme.alice)
    work(acme)
    again("stage_change", acme)
    [told] = Notification.objects.filter(kind=Notification.Kind.RULE)
    assert told.recipient == acme.bob.user and told.data["text"] == "Look at Cold chain"


@pytest.mark.parametrize(("query", "runs"), [("amount_min=4000", 1), ("amount_min=6000", 0), ("stage={stage}", 1)])
def test_conditions_are_the_filter_of_the_list(acme, deal, query, runs):
    make_rule(acme, "deal_moved", TASK, query=query.format(stage=acme.stages["Qualified"].pk))
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    assert len(work(acme)) == runs
