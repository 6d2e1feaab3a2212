"""Runs of rules: each once, whatever dies, and none for ever; versions, and who may change them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from activities import outbox
from activities.actions import log_call
from activities.models import Notification, Task
from automation.models import Rule, RuleRun, WebhookCall
from automation.rules import editing, guards, matching, running
from automation.rules.editing import Said
from automation.rules.starters import STARTERS
from deals.actions import move_to_stage
from tests.automation.rules import TASK, TELL, Step, again, handed_on, make_rule, one, the_database_refuses, work
from tests.factories import make_deal
from workspaces.action import NotAllowed, Refused, Stale

State = RuleRun.State


# --- once -----------------------------------------------------------------------------------------------------


def test_delivered_twice_it_runs_once(acme):
    make_rule(acme, "deal_created", TASK, TELL, Step("webhook", url="https://hooks.example/in"))
    make_deal(acme.bob, acme.stages["New"])
    work(acme)
    again("deal_created", acme)
    again("deal_created", acme)
    assert [model.objects.count() for model in (RuleRun, Task, WebhookCall)] == [1, 1, 1]
    assert Notification.objects.filter(kind="rule").count() == 1


def its_turn() -> None:
    RuleRun.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())


def the_database_gives_up(table: str):
    """Whatever is written into the table ends as a statement that took too long does: the worker is out of it half-way."""
    return the_database_refuses(OperationalError, lambda sql, _: sql.startswith(f'INSERT INTO "{table}"'))


def test_a_worker_that_dies_between_two_steps_leaves_neither(acme, deal):
    make_rule(acme, "deal_moved", TASK, TELL)
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    pk = handed_on(acme)
    with the_database_gives_up("activities_notification"), pytest.raises(OperationalError):
        running.run(acme.workspace.pk, pk)
    assert not Task.objects.filter(why__contains="rule").exists()
    assert running.waiting(acme.workspace.pk) == []  # not at once again
    its_turn()
    run = one(acme)
    assert run.state == State.DONE and run.steps.count() == 2 and Task.objects.filter(why__contains="rule").count() == 1


def test_a_run_whose_worker_always_dies_is_given_up(acme, deal):
    make_rule(acme, "deal_moved", TELL)
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    pk = handed_on(acme)
    with the_database_gives_up("activities_notification"):
        for _ in range(running.TRIES):
            its_turn()
            with pytest.raises(OperationalError):
                running.run(acme.workspace.pk, pk)
        its_turn()
        running.run(acme.workspace.pk, pk)
    run = RuleRun.objects.get()
    assert (run.state, run.next_try_at) == (State.FAILED, None) and "5 times it stopped" in run.problem
    running.run_again(run, by=acme.alice)
    assert one(acme).state == State.DONE


# --- guards ---------------------------------------------------------------------------------------------------


def test_two_rules_that_answer_each_other_stop(acme, deal):
    a, b = acme.stages["Qualified"], acme.stages["Proposal"]
    make_rule(acme, "deal_moved", Step("move", stage=b), stage=[a.pk], name="There")
    make_rule(acme, "deal_moved", Step("move", stage=a), stage=[b.pk], name="Back")
    move_to_stage(deal, a, by=acme.bob)
    runs = work(acme, rounds=10)
    assert [(run.rule.name, run.state, run.depth) for run in runs] == [
        ("There", "done", 1),
        ("Back", "done", 2),
        ("There", "stopped", 3),
    ]
    assert runs[2].problem == "Stopped: it ran in this chain already (There, Back, then this one again)."
    assert runs[2].cause == runs[1]


def test_no_more_than_three_follow_from_one_another(acme, deal):
    way = ["Qualified", "Meeting scheduled", "Proposal", "Contacted", "New"]
    for here, there in zip(way, way[1:], strict=False):
        make_rule(acme, "deal_moved", Step("move", stage=acme.stages[there]), stage=[acme.stages[here].pk], name=here)
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    runs = work(acme, rounds=10)
    assert [run.state for run in runs] == ["done", "done", "done", "stopped"]
    with pytest.raises(Refused, match="Stopped"):
        running.run_again(runs[-1], by=acme.alice)
    assert "3 rules have followed" in runs[3].problem
    deal.refresh_from_db()
    assert deal.stage.name == "Contacted"


def test_a_rule_that_runs_too_often_switches_itself_off(acme, deal, monkeypatch):
    monkeypatch.setattr(matching, "MOST_OFTEN", 2)
    rule = make_rule(acme, "deal_call", TELL)
    for _ in range(4):
        log_call(deal, by=acme.bob, body="Said")
    assert [run.state for run in work(acme)] == ["stopped"] * 3
    rule.refresh_from_db()
    assert not rule.is_on and "within an hour" in rule.paused
    told = Notification.objects.get(kind="rule_paused")
    assert told.recipient == acme.alice.user and "switched itself off" in told.data["text"]
    assert guards.MOST_OFTEN == 1000 and timedelta(hours=1) == guards.WITHIN


def test_what_waits_when_a_rule_is_switched_off_is_not_done(acme, deal):
    rule = make_rule(acme, "deal_moved", TASK)
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    for pk in outbox.pending(acme.workspace.pk):
        outbox.hand_on(acme.workspace.pk, pk)
    editing.switch_rule(rule, by=acme.alice, on=False)
    run = one(acme)
    assert run.state == State.STOPPED and "switched off" in run.problem and not run.steps.exists()


def test_the_log_goes_back_ninety_days(acme, deal):
    make_rule(acme, "deal_call", TASK)
    for _ in range(3):
        log_call(deal, by=acme.bob, body="Said")
    first, second, third = work(acme)
    RuleRun.objects.filter(pk__in=[first.pk, second.pk]).update(at=timezone.now() - timedelta(days=91))
    RuleRun.objects.filter(pk=second.pk).update(next_try_at=timezone.now())
    running.forget_old(acme.workspace.pk)
    assert list(RuleRun.objects.order_by("pk")) == [second, third]


# --- versions and roles ---------------------------------------------------------------------------------------


def test_a_change_makes_a_version_and_the_log_tells_which_ran(acme, deal):
    rule = make_rule(acme, "deal_moved", TELL, name="Look")
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    work(acme)
    rule.refresh_from_db()
    changed = editing.change_rule(
        rule, by=acme.alice, version=rule.version, name="Look", said=Said("deal_moved", steps=[TASK])
    )
    same = editing.change_rule(
        rule, by=acme.alice, version=changed.version, name="Look", said=editing.said_of(editing.current(rule))
    )
    assert same.version == changed.version
    move_to_stage(deal, acme.stages["Proposal"], by=acme.bob)
    assert [run.version.number for run in work(acme)] == [1, 2]
    assert [step.kind for step in rule.versions.get(number=1).steps.all()] == ["notify"]
    with pytest.raises(Stale):
        editing.change_rule(rule, by=acme.alice, version=1, name="Other", said=Said("deal_moved", steps=[TASK]))


def test_only_admins_change_rules(acme):
    rule = make_rule(acme, "deal_created", on=False)
    new = Said("deal_created", steps=[TASK])
    for verb in (
        lambda by: editing.create_rule(acme.workspace, by=by, name="Mine", said=new),
        lambda by: editing.change_rule(rule, by=by, version=rule.version, name="Mine", said=new),
        lambda by: editing.switch_rule(rule, by=by, on=True),
        lambda by: editing.copy_rule(rule, by=by),
        lambda by: editing.delete_rule(rule, by=by),
        lambda by: editing.reorder_rules(acme.workspace, [rule.pk], seen=[rule.pk], by=by),
    ):
        for member in (acme.bob, acme.vera):
            with pytest.raises(NotAllowed):
                verb(member)
    assert Rule.objects.count() == 1


@pytest.mark.parametrize(
    "step",
    [
        Step("task", text="", type="call", who="owner"), Step("task", text="{x}", type="call", who="owner"),
        Step("task", text="Do", type="call", who="managers"), Step("task", text="Do", type="call", who="member"),
        Step("move"), Step("status", status="nurture"), Step("assign", who="team"), Step("tag"), Step("mail"),
        Step("webhook", url="ftp://a.example"), Step("webhook", url="https://127.0.0.1/"),
        Step("webhook", url="https://a.example", secret="short"),
        Step("webhook", url="https://a.example", secret="whsec_this is no base64"),
    ],
)  # fmt: skip
def test_a_step_that_cannot_work_is_refused(acme, step, settings):
    settings.OUTBOUND_NETWORKS = []
    with pytest.raises(Refused) as refused:
        editing.create_rule(acme.workspace, by=acme.alice, name="Odd", said=Said("deal_created", steps=[step]))
    assert next(iter(refused.value.fields)).startswith("step-0-")


def test_each_ready_made_rule_can_be_kept(acme):
    for starter in STARTERS.values():
        rule = editing.create_rule(acme.workspace, by=acme.alice, name=starter.name, said=starter.said)
        assert editing.switch_rule(rule, by=acme.alice, on=True).is_on
