"""Rules: when, if, then; each once, each told, none for ever."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import product
from urllib.parse import urlencode

import pytest
from django.db import DataError
from django.utils import timezone

from activities.actions import complete_task, log_call, log_meeting, plan_task
from activities.models import Activity, Notification, Task
from automation import actions
from automation.actions import read_message, receive
from automation.actions import sending as sending_actions
from automation.actions.deciding import correct
from automation.intents import Intent
from automation.models import Message, RuleRun, Sending, Suppression
from automation.rules import conditions, editing, running
from automation.tasks import run_missed_rules
from deals.actions import find_or_create_tags, move_to_stage, undo_stage_change, update_deal
from deals.models import StageEvent
from leads.actions import update_lead
from tests.automation.mails import mail, make_lead, read_as
from tests.automation.rules import TASK, TELL, Step, again, handed_on, make_rule, one, said, the_database_refuses, work
from tests.factories import make_deal
from workspaces.action import NotAllowed, Refused
from workspaces.models import Membership, Role

State = RuleRun.State


# --- when -----------------------------------------------------------------------------------------------------


def test_a_rule_answers_what_happens_while_it_is_on(acme):
    rule = make_rule(acme, "deal_created", name="New deals")
    deal = make_deal(acme.bob, acme.stages["New"])
    run = one(acme)
    assert (run.state, run.deal, run.rule) == (State.DONE, deal, rule)
    task = Task.objects.get(deal=deal, why="by the rule “New deals”")
    assert (task.title, task.type, task.assignee) == ("Call Cold-chain monitoring", "call", acme.bob.user)
    assert task.created_by is None
    assert said(run) == [("done", "Planned “Call Cold-chain monitoring” for Bob")]


def test_what_happened_while_it_was_off_is_not_made_up_for(acme):
    rule = make_rule(acme, "deal_created", on=False)
    make_deal(acme.bob, acme.stages["New"])
    assert work(acme) == []
    editing.switch_rule(rule, by=acme.alice, on=True)
    again("deal_created", acme)
    assert RuleRun.objects.count() == 0


def test_every_event_of_deals_is_told_by_its_line(acme, deal):
    stages = acme.stages
    for event in ("moved", "won", "lost", "owner", "amount", "close", "call", "meeting", "task"):
        make_rule(acme, f"deal_{event}", TELL, name=event)
    move_to_stage(deal, stages["Qualified"], by=acme.bob)
    deal.refresh_from_db()
    deal = update_deal(deal, by=acme.bob, version=deal.version, amount=Decimal(7))
    deal = update_deal(deal, by=acme.bob, version=deal.version, owner_id=acme.alice.user_id)
    update_deal(deal, by=acme.bob, version=deal.version, expected_close_date=timezone.localdate())
    log_call(deal, by=acme.bob, outcome="connected")
    log_meeting(deal, by=acme.bob, body="Met")
    complete_task(plan_task(deal, "Do", by=acme.bob), by=acme.bob)
    move_to_stage(deal, stages["Lost"], by=acme.bob, reason="Price too high")
    ran = [run.rule.name for run in work(acme)]
    assert ran == ["moved", "amount", "owner", "close", "call", "meeting", "task", "moved", "lost"]
    won = make_deal(acme.bob, stages["Proposal"])
    move_to_stage(won, stages["Won"], by=acme.bob)
    assert [run.rule.name for run in work(acme)][len(ran) :] == ["moved", "won"]


def test_every_event_of_leads_is_told_by_its_line(acme):
    for event in ("created", "status", "owner", "converted", "call", "meeting", "task"):
        make_rule(acme, f"lead_{event}", Step("notify", text="See {name}", who="owner"), name=event)
    lead = make_lead(acme.bob)
    lead = update_lead(lead, by=acme.bob, version=lead.version, status="connected")
    lead = update_lead(lead, by=acme.bob, version=lead.version, owner_id=acme.alice.user_id)
    log_call(lead, by=acme.bob, outcome="busy")
    log_meeting(lead, by=acme.bob, body="Met")
    complete_task(plan_task(lead, "Do", by=acme.bob), by=acme.bob)
    assert [run.rule.name for run in work(acme)] == ["created", "status", "owner", "call", "meeting", "task"]


@pytest.mark.parametrize(
    ("event", "of", "runs"),
    [
        ("deal_moved", {"stage": ["Qualified"]}, 1),
        ("deal_moved", {"stage": ["Proposal", "Won"]}, 0),
        ("deal_call", {"outcome": ["connected"]}, 1),
        ("deal_call", {"outcome": ["busy", "voicemail"]}, 0),
        ("deal_task", {"type": ["todo"]}, 1),
        ("deal_task", {"type": ["meeting"]}, 0),
    ],
)
def test_an_event_can_be_narrowed_down(acme, deal, event, of, runs):
    of = {name: [acme.stages[value].pk if name == "stage" else value for value in of[name]] for name in of}
    make_rule(acme, event, TELL, **of)
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    log_call(deal, by=acme.bob, outcome="connected")
    complete_task(plan_task(deal, "Do", by=acme.bob, type="todo"), by=acme.bob)
    assert len(work(acme)) == runs


def test_old_mail_that_comes_in_sets_no_rule_off(acme):
    """Of an archive, or what lay in a mailbox before it was connected: nobody waits for an answer to it."""
    make_lead(acme.bob)
    make_rule(acme, "lead_reply", Step("notify", text="!", who="owner"))
    for days, follows in ((40, False), (0, True)):
        written = timezone.now() - timedelta(days=days)
        message, _ = receive(acme.workspace, mail("Yes, I am interested.", date=written))
        read_message(acme.workspace.pk, message.pk)
        assert bool(work(acme)) is follows


def test_a_reply_of_a_certain_meaning(acme, lead):
    make_rule(acme, "lead_reply", Step("notify", text="!", who="owner"), intent=["interested"], name="yes")
    make_rule(acme, "lead_reply", Step("notify", text="!", who="owner"), intent=["not_now"], name="later")
    message, _ = receive(acme.workspace, mail("Yes, I am interested. Let us talk next week."))
    read_message(acme.workspace.pk, message.pk)
    assert [run.rule.name for run in work(acme)] == ["yes"]


def test_a_meaning_that_waits_for_a_person_is_answered_once_it_is_settled(acme, lead):
    make_rule(acme, "lead_reply", Step("notify", text="!", who="owner"), intent=["not_now"])
    message = read_as(Intent.INTERESTED, lead, acme.bob)
    line = Activity.objects.create(
        workspace=acme.workspace, kind="email_in", lead=lead, data={"message": message.pk}, tries_left=5
    )
    Message.objects.filter(pk=message.pk).update(line=line)
    assert work(acme) == []
    correct(Message.objects.get(pk=message.pk), Intent.NOT_NOW, by=acme.bob)
    assert one(acme).state == State.DONE


def test_nothing_follows_from_what_was_imported(acme, deal):
    make_rule(acme, "deal_created")
    Activity.objects.filter(kind="deal_created").update(door="import", tries_left=5)
    assert work(acme) == []


# --- if -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "runs"),
    [
        ("amount_min=4000", 1), ("amount_min=6000", 0), ("status=open&currency=EUR", 1), ("status=won", 0),
        ("owner={bob}", 1), ("owner={alice}", 0), ("stage={stage}", 1), ("pipeline={pipeline}&q=cold", 1),
    ],
)  # fmt: skip
def test_conditions_are_the_filter_of_the_list(acme, deal, query, runs):
    stage = acme.stages["Qualified"]
    who = {"bob": acme.bob.user_id, "alice": acme.alice.user_id}
    make_rule(acme, "deal_moved", TELL, query=query.format(stage=stage.pk, pipeline=stage.pipeline_id, **who))
    move_to_stage(deal, stage, by=acme.bob)
    assert len(work(acme)) == runs


def test_conditions_that_name_what_is_gone_switch_the_rule_off_and_admins_hear(acme, deal):
    tag = find_or_create_tags(acme.workspace, ["Hot"], by=acme.alice)[0]
    rule = make_rule(acme, "deal_moved", TELL, query=f"tag={tag.pk}")
    tag.delete()
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    assert work(acme) == []
    rule.refresh_from_db()
    assert not rule.is_on and "cannot be read" in rule.paused
    assert Notification.objects.get(kind="rule_paused").recipient == acme.alice.user
    with pytest.raises(Refused):
        editing.switch_rule(rule, by=acme.alice, on=True)


ODD = (
    "1", "-1", "9" * 30, "1e400", "NaN", "x", "me", "none", "'", "2026-01-01", "today", "%", "0001-01-01", "9999-12-31",
    "this_month", "a\0b",
)  # fmt: skip


@pytest.mark.parametrize("about", ["deal", "lead"])
def test_every_condition_is_asked_or_refused_whatever_stands_in_it(acme, about):
    chips = conditions.asked(about, "", acme.workspace).chips
    for field, value in product([field for chip in chips for field in chip.fields], ODD):
        query = urlencode({field: value})
        if not conditions.unreadable(about, query, acme.workspace):
            conditions.those_in(about, query, acme.workspace, [1])
        conditions.in_words(about, query, acme.workspace)


def test_nobody_reads_a_rule_so_its_owner_is_never_me(acme):
    with pytest.raises(Refused, match="Owner"):
        make_rule(acme, "deal_created", query="owner=me")


def test_a_rule_that_breaks_keeps_no_other_from_answering(acme):
    """What it says was written behind the form's back, or by an older version of us."""
    broken, other = make_rule(acme, "deal_created", name="Broken"), make_rule(acme, "deal_created", name="Fine")
    stopped = make_rule(acme, "deal_created", name="Last")
    broken.versions.update(query="q=" + "x" * 1990)
    make_deal(acme.bob, acme.stages["New"])
    with the_database_refuses(DataError, lambda sql, params: "crm_deals_like" in sql):
        runs = work(acme)
    assert [run.rule for run in runs] == [other, stopped]
    broken.refresh_from_db()
    assert not broken.is_on and "went wrong" in broken.paused
    assert Notification.objects.get(kind="rule_paused").recipient == acme.alice.user


def test_each_workspace_with_something_due_has_a_task_of_its_own(acme, deal):
    make_rule(acme, "deal_moved", TASK)
    assert running.waited_for() == []
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    handed_on(acme)
    assert running.waited_for() == [acme.workspace.pk]
    run_missed_rules()
    assert one(acme).state == State.DONE


# --- then -----------------------------------------------------------------------------------------------------


def test_a_move_names_the_rule_in_the_timeline_and_can_be_undone(acme, deal):
    step = Step("move", stage=acme.stages["Proposal"])
    make_rule(acme, "deal_moved", step, name="Onwards", stage=[acme.stages["Qualified"].pk])
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    run = one(acme)
    deal.refresh_from_db()
    assert (run.state, deal.stage.name) == (State.DONE, "Proposal"), run.problem
    line = Activity.objects.filter(deal=deal, kind="stage_change").latest("pk")
    assert line.door == "automation" and line.actor is None
    assert line.data["cause"] == {"run": run.pk, "rule": "Onwards"}
    undo_stage_change(StageEvent.objects.filter(deal=deal).latest("pk"), by=acme.alice)
    deal.refresh_from_db()
    assert deal.stage.name == "Qualified"


def test_a_rule_reopens_nothing(acme, deal):
    make_rule(acme, "deal_lost", Step("move", stage=acme.stages["Qualified"]), TELL)
    move_to_stage(deal, acme.stages["Lost"], by=acme.bob, reason="Price too high")
    run = one(acme)
    assert said(run) == [("left_out", "It is lost: rules reopen nothing."), ("done", "Told Bob")]
    assert run.state == State.DONE


def test_a_step_that_is_refused_says_why_and_holds_up_those_after_it(acme, deal):
    make_rule(acme, "deal_moved", Step("move", stage=acme.stages["Lost"], text="Rain"), TELL)
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    run = one(acme)
    assert run.state == State.WAITING and run.attempts == 1 and run.next_try_at > timezone.now()
    [(state, why)] = said(run)
    assert state == "failed" and "reason" in why and run.problem == why
    for _ in range(running.TRIES):
        RuleRun.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
        work(acme)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.next_try_at) == (State.FAILED, running.TRIES, None)
    assert not Notification.objects.filter(kind="rule").exists()


def test_run_again_goes_on_at_the_step_that_failed(acme, deal):
    make_rule(acme, "deal_moved", TASK, Step("assign", who="team", team=acme.north), TELL)
    Membership.objects.filter(team=acme.north).update(team=None)
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    run = one(acme)
    assert [state for state, _ in said(run)] == ["done", "failed"]
    with pytest.raises(NotAllowed):
        running.run_again(run, by=acme.bob)
    Membership.objects.filter(pk=acme.alice.pk).update(team=acme.north)
    running.run_again(run, by=acme.alice)
    run = one(acme)
    assert run.state == State.DONE and [state for state, _ in said(run)] == ["done"] * 3
    deal.refresh_from_db()
    assert deal.owner == acme.alice.user and Task.objects.filter(why__contains="rule").count() == 1
    with pytest.raises(Refused):
        running.run_again(run, by=acme.alice)


def test_a_team_gets_them_in_turn(acme):
    Membership.objects.filter(pk=acme.alice.pk).update(team=acme.north)
    make_rule(acme, "deal_created", Step("assign", who="team", team=acme.north))
    deals = [make_deal(acme.bob, acme.stages["New"], f"Deal {n}") for n in range(4)]
    work(acme)
    owners = []
    for deal in deals:
        deal.refresh_from_db()
        owners.append(deal.owner.name)
    assert sorted(owners) == ["Alice", "Alice", "Bob", "Bob"] and owners[0] == owners[2]


def test_tags_and_statuses(acme, deal, lead):
    [tag] = find_or_create_tags(acme.workspace, ["Hot"], by=acme.alice)
    make_rule(acme, "deal_moved", Step("tag", tag=tag))
    make_rule(acme, "lead_call", Step("status", status="connected"))
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    log_call(lead, by=acme.bob, outcome="connected")
    assert [run.state for run in work(acme)] == [State.DONE, State.DONE]
    lead.refresh_from_db()
    assert lead.status == "connected" and deal.tag_links.get().tag == tag


def test_managers_are_those_of_the_owners_team_else_the_admins(acme, deal):
    make_rule(acme, "deal_moved", Step("notify", text="!", who="managers"))
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    work(acme)
    assert Notification.objects.get(kind="rule").recipient == acme.alice.user
    Membership.objects.filter(pk=acme.vera.pk).update(role=Role.MANAGER, team=acme.north)
    move_to_stage(deal, acme.stages["Proposal"], by=acme.bob)
    work(acme)
    assert Notification.objects.filter(kind="rule").latest("pk").recipient == acme.vera.user


@pytest.fixture
def template(acme):
    facts = {"name": "Hello", "subject": "For {company}", "body": "Dear {first_name}"}
    return actions.create_template(acme.workspace, by=acme.alice, **facts)


def test_a_mail_is_queued_once_in_the_owners_name(acme, lead, template):
    make_rule(acme, "lead_status", Step("mail", template=template), status=["nurture"])
    update_lead(lead, by=acme.alice, version=lead.version, status="nurture")
    assert one(acme).state == State.DONE
    again("field_change", acme)
    [sending] = Sending.objects.all()
    assert sending.by == acme.bob.user and "/opt-out/" in sending.opt_out
    assert (sending.message.subject_line, sending.message.text) == ("For Brightwater", "Dear Ida")


def test_who_wants_no_mail_gets_none(acme, lead, template):
    make_rule(acme, "lead_status", Step("mail", template=template))
    Suppression.objects.create(workspace=acme.workspace, email="ida@brightwater.example", reason="unsubscribed")
    update_lead(lead, by=acme.alice, version=lead.version, status="nurture")
    run = one(acme)
    assert run.state == State.DONE and said(run)[0][0] == "left_out" and not Sending.objects.exists()


def test_a_rule_that_answers_replies_is_no_end_of_mails(acme, lead, template):
    """Two robots would answer each other for ever: it says what it is, and writes once a day."""
    make_rule(acme, "lead_reply", Step("mail", template=template), TELL)
    for number in range(3):
        message, _ = receive(acme.workspace, mail(f"Could you send more details about point {number}, please?"))
        read_message(acme.workspace.pk, message.pk)
        work(acme)
    [sending] = Sending.objects.select_related("message__line")
    assert b"\nAuto-Submitted: auto-replied\n" in bytes(sending.message.raw)
    assert sending_actions.write_mail(sending).extra_headers["Auto-Submitted"] == "auto-replied"
    first, *others = RuleRun.objects.order_by("pk")
    assert said(first)[0][0] == "done" and len(others) == 2
    for run in others:
        assert said(run) == [("left_out", "A rule has written to Ida Berg within a day already."), ("done", "Told Bob")]
    Message.objects.filter(direction="out").update(received_at=timezone.now() - timedelta(hours=25))
    message, _ = receive(acme.workspace, mail("And when could you start?"))
    read_message(acme.workspace.pk, message.pk)
    work(acme)
    assert Sending.objects.count() == 2


def test_each_step_finds_what_the_one_before_it_left(acme, deal):
    """A move, an owner and a tag give the deal a new version each; none of them may stumble over the others."""
    (cold,) = find_or_create_tags(acme.workspace, ["cold"], by=acme.bob)
    steps = [
        Step("move", stage=acme.stages["Proposal"]),
        Step("assign", who="member", member_id=acme.alice.user_id),
        Step("tag", tag=cold),
        Step("task", text="Call", type="call", who="owner"),
    ]
    make_rule(acme, "deal_moved", *steps, stage=[acme.stages["Qualified"].pk])
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    run = work(acme)[0]
    assert (run.state, [state for state, _ in said(run)]) == ("done", ["done"] * 4), run.problem
    deal.refresh_from_db()
    assert (deal.stage.name, deal.owner) == ("Proposal", acme.alice.user)
    assert list(deal.tag_links.values_list("tag__name", flat=True)) == ["cold"]
    assert Task.objects.get(title="Call").assignee == acme.alice.user
