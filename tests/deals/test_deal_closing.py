"""Won, lost, reopened, undone: what each writes on the deal and in its history, and who may (domain.md section 3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from activities.models import Activity
from deals.actions import change_many, delete_deal, move_to_stage, undo_stage_change, update_deal
from deals.bulk import NewDeal, create_deals
from deals.models import Deal, Stage, StageEvent
from deals.setup import add_pipeline
from deals.transitions import Missing
from tests.deals.test_deal_actions import refused, row
from tests.factories import make_deal
from workspaces.action import NotAllowed, Refused, Stale
from workspaces.models import Membership, Role, User

THEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
# What a stage change does not put back: it happened, and others may have seen it.
NEWER = {"version", "updated_at"}


@pytest.fixture
def rita(acme) -> Membership:
    """Another rep."""
    user = User.objects.create_user("rita@acme.example", name="Rita")
    return Membership.objects.create(workspace=acme.workspace, user=user, role=Role.REP)


def closed(acme, stage: str, by: Membership | None = None, at: datetime | None = None, **fields) -> Deal:
    """A deal that was closed from Qualified; its last event is the closing."""
    deal = make_deal(acme.bob, acme.stages["Qualified"], at=at and at - timedelta(days=3), **fields)
    reason = "No budget" if stage == "Lost" else "Speed"
    return move_to_stage(deal, acme.stages[stage], by=by or acme.bob, at=at, reason=reason)[0]


def last_event(deal: Deal) -> StageEvent:
    return StageEvent.objects.filter(deal=deal).order_by("pk").last()


# --- closing ------------------------------------------------------------------------------------------


def test_losing(acme):
    deal = make_deal(acme.bob, acme.stages["Proposal"], at=THEN, expected_close_date=date(2027, 1, 1), competitor="Us")
    at = THEN + timedelta(days=4, hours=3)
    move_to_stage(deal, acme.stages["Lost"], by=acme.alice, door="api", reason="Price too high", note="Twice ours", competitor="Them", at=at)  # fmt: skip
    lost = Deal.objects.get(pk=deal.pk)
    assert (lost.status, lost.stage.name, lost.probability, lost.rank) == ("lost", "Lost", 0, None)
    assert lost.closed_at == lost.stage_entered_at == lost.last_activity_at == at
    assert (lost.lost_reason, lost.won_reason, lost.close_note, lost.competitor) == ("Price too high", "", "Twice ours", "Them")  # fmt: skip
    # The day that was hoped for and the day it happened are two fields.
    assert lost.expected_close_date == date(2027, 1, 1)
    event = last_event(lost)
    assert (event.from_stage.name, event.to_stage.name, event.by_id, event.door) == (
        "Proposal",
        "Lost",
        acme.alice.user_id,
        "api",
    )
    assert (event.amount, event.probability, event.entered_at, event.left_at, event.version) == (1000, 0, THEN, at, 2)
    line = Activity.objects.get(deal=deal, kind="stage_change")
    assert (line.actor_id, line.door, line.at, line.body) == (acme.alice.user_id, "api", at, "Twice ours")
    assert line.data == {"from": "Proposal", "to": "Lost", "days": 4, "event": event.pk, "reason": "Price too high"}


def test_winning(acme):
    deal = make_deal(acme.bob, acme.stages["Contacted"], expected_close_date=date(2027, 1, 1))
    won, event = move_to_stage(deal, acme.stages["Won"], by=acme.bob)
    won.refresh_from_db()
    assert (won.status, won.probability, won.rank, won.won_reason, won.lost_reason) == ("won", 100, None, "", "")
    assert won.closed_at == event.left_at and won.expected_close_date == date(2027, 1, 1)
    assert "reason" not in Activity.objects.get(deal=deal, kind="stage_change").data
    other, _ = move_to_stage(make_deal(acme.bob, acme.stages["Contacted"]), acme.stages["Won"], by=acme.bob, reason="Speed", note="In May")  # fmt: skip
    assert (other.won_reason, other.lost_reason, other.close_note) == ("Speed", "", "In May")


def test_a_word_about_a_move_between_open_stages_is_no_closing_note(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    moved, _ = move_to_stage(deal, acme.stages["Contacted"], by=acme.bob, note="Called", competitor="Them", reason="?")
    assert (moved.close_note, moved.competitor, moved.won_reason, moved.lost_reason) == ("", "", "", "")
    assert Activity.objects.get(deal=deal, kind="stage_change").body == "Called"


def test_a_probability_by_hand_ends_with_the_deal(acme):
    deal = make_deal(acme.bob, acme.stages["Qualified"], probability=55)
    won, _ = move_to_stage(deal, acme.stages["Won"], by=acme.bob)
    assert won.probability == 100
    lost = make_deal(acme.bob, acme.stages["Qualified"], probability=55)
    assert move_to_stage(lost, acme.stages["Lost"], by=acme.bob, reason="No budget")[0].probability == 0


def test_a_refused_closing_writes_nothing(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    assert isinstance(refused(move_to_stage, deal, acme.stages["Lost"], by=acme.bob, note="?"), Missing)
    assert "cannot be won from New" in refused(move_to_stage, deal, acme.stages["Won"], by=acme.bob).message
    won = closed(acme, "Won")
    assert "Reopen it first" in refused(move_to_stage, won, acme.stages["Lost"], by=acme.alice, reason="No budget").message  # fmt: skip


def test_a_pipelines_own_limits(acme):
    pipeline = acme.stages["New"].pipeline
    pipeline.max_skip, pipeline.win_from = 1, 3
    pipeline.save()
    deal = make_deal(acme.bob, acme.stages["New"])
    assert "skips 2" in refused(move_to_stage, deal, acme.stages["Meeting scheduled"], by=acme.bob).message
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    assert "Move it to Meeting scheduled" in refused(move_to_stage, deal, acme.stages["Won"], by=acme.bob).message
    move_to_stage(deal, acme.stages["Meeting scheduled"], by=acme.bob)
    assert move_to_stage(deal, acme.stages["Won"], by=acme.bob)[0].status == "won"


def test_another_pipeline_is_entered_through_its_open_stages(acme):
    other = {stage.name: stage for stage in add_pipeline(acme.workspace, name="Renewals", by=acme.alice).stages.all()}
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    for stage in ("Won", "Lost"):
        found = refused(move_to_stage, deal, other[stage], by=acme.alice, reason="No budget")
        assert "Only an open deal moves to another pipeline" in found.message
    moved, event = move_to_stage(deal, other["Proposal"], by=acme.bob)
    assert (moved.pipeline_id, moved.stage_id, moved.probability) == (
        other["New"].pipeline_id,
        other["Proposal"].pk,
        80,
    )
    assert event.from_stage_id == acme.stages["Qualified"].pk
    won = closed(acme, "Won")
    assert isinstance(refused(move_to_stage, won, other["New"], by=acme.alice), Refused)
    undo_stage_change(event, by=acme.bob)
    assert Deal.objects.get(pk=deal.pk).pipeline_id == acme.stages["New"].pipeline_id


@pytest.mark.parametrize("door", ["single", "many"])
def test_the_way_through_another_pipeline_skips_no_more_stages(acme, door):
    other = add_pipeline(acme.workspace, name="Renewals", by=acme.alice).stages.first()
    acme.stages["New"].pipeline.max_skip = 0
    acme.stages["New"].pipeline.save()
    make_deal(acme.bob, acme.stages["New"])

    def move(stage: Stage) -> str:
        facts = {"stage": stage.pk}
        bulk = change_many(acme.workspace, "move", Deal.objects.all(), facts, by=acme.bob, summary="Moved")
        return bulk.items.get().reason

    for there, problem in ((other, ""), (acme.stages["Proposal"], "skips 3"), (acme.stages["Contacted"], "")):
        if door == "many":
            found = move(there)
            assert problem in found if problem else not found
        elif problem:
            assert problem in refused(move_to_stage, Deal.objects.get(), there, by=acme.bob).message
        else:
            move_to_stage(Deal.objects.get(), there, by=acme.bob)
    assert Deal.objects.get().stage.name == "Contacted"


# --- reopening ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["Won", "Lost"])
def test_reopening_forgets_the_closing_and_keeps_the_history(acme, stage):
    deal = closed(acme, stage, expected_close_date=date(2027, 1, 1))
    update_deal(deal, by=acme.bob, version=2, competitor="Them")
    back, _ = move_to_stage(deal, acme.stages["Contacted"], by=acme.alice)
    back.refresh_from_db()
    assert (back.status, back.closed_at, back.probability, back.expected_close_date) == ("open", None, 20, date(2027, 1, 1))  # fmt: skip
    assert (back.won_reason, back.lost_reason, back.close_note, back.competitor) == ("", "", "", "Them")
    assert back.rank is not None
    ways = StageEvent.objects.filter(deal=deal).order_by("pk").values_list("from_stage__name", "to_stage__name")
    assert list(ways) == [(None, "Qualified"), ("Qualified", stage), (stage, "Contacted")]
    before = last_event(deal).before
    assert (before["won_reason"], before["lost_reason"]) == (("Speed", "") if stage == "Won" else ("", "No budget"))


@pytest.mark.parametrize(
    ("who", "minutes", "allowed"),
    [("bob", 0, True), ("bob", 10, True), ("bob", 11, False), ("rita", 0, False), ("alice", 60 * 24 * 90, True)],
)
def test_who_may_reopen(acme, rita, who, minutes, allowed):
    by = rita if who == "rita" else getattr(acme, who)
    deal = closed(acme, "Lost", at=THEN)
    moment = THEN + timedelta(minutes=minutes)
    if allowed:
        assert move_to_stage(deal, acme.stages["New"], by=by, at=moment)[0].status == "open"
    else:
        found = refused(move_to_stage, deal, acme.stages["New"], by=by, at=moment)
        assert isinstance(found, NotAllowed) and "Only a manager may reopen" in found.message


def test_who_closed_it_counts_and_not_who_made_it(acme, rita):
    deal = closed(acme, "Lost", by=rita, at=THEN)
    assert isinstance(refused(move_to_stage, deal, acme.stages["New"], by=acme.bob, at=THEN), NotAllowed)
    assert move_to_stage(deal, acme.stages["New"], by=rita, at=THEN)[0].status == "open"


def test_a_manager_reopens_and_so_does_the_system(acme, rita):
    Membership.objects.filter(pk=rita.pk).update(role=Role.MANAGER)
    rita.refresh_from_db()
    for by in (rita, None):
        deal = closed(acme, "Won", at=THEN)
        assert move_to_stage(deal, acme.stages["New"], by=by)[0].status == "open"


# --- undo ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "fields"),
    [
        ("Qualified", "Proposal", {}),
        ("Qualified", "New", {"probability": 55}),
        ("Qualified", "Won", {}),
        ("Qualified", "Lost", {"probability": 55, "competitor": "Us"}),
    ],
)
def test_undo_of_a_move_leaves_the_deal_as_it_was(acme, source, target, fields):
    deal = make_deal(acme.bob, acme.stages[source], at=THEN, **fields)
    before = row(deal)
    _, event = move_to_stage(deal, acme.stages[target], by=acme.bob, reason="Other", note="?", competitor="Them")
    undo_stage_change(event, by=acme.bob, door="api")
    after = row(deal)
    assert {name for name in before if before[name] != after[name]} <= NEWER and after["version"] == 3
    undo = last_event(deal)
    assert (undo.undoes_id, undo.from_stage.name, undo.to_stage.name, undo.by_id, undo.door) == (event.pk, target, source, acme.bob.user_id, "api")  # fmt: skip
    assert undo.entered_at == event.left_at
    line = Activity.objects.filter(deal=deal).order_by("pk").last()
    assert (line.kind, line.door, line.data) == ("undo", "api", {"from": target, "to": source, "event": undo.pk})  # fmt: skip


@pytest.mark.parametrize("stage", ["Won", "Lost"])
def test_undo_of_a_reopening_closes_again_as_it_was(acme, stage):
    deal = closed(acme, stage, at=THEN)
    before = row(deal)
    _, event = move_to_stage(deal, acme.stages["Contacted"], by=acme.alice)
    undo_stage_change(event, by=acme.alice)
    after = row(deal)
    assert {name for name in before if before[name] != after[name]} <= NEWER
    assert after["closed_at"] == THEN and after["status"] == stage.lower()


def test_undo_once(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    _, event = move_to_stage(deal, acme.stages["Contacted"], by=acme.bob)
    undo_stage_change(event, by=acme.bob)
    found = refused(undo_stage_change, event, by=acme.bob)
    assert (
        isinstance(found, Stale) and "cannot be undone any more: Bob moved this deal to New meanwhile" in found.message
    )


def test_undo_is_refused_once_anybody_changed_the_deal(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    _, event = move_to_stage(deal, acme.stages["Contacted"], by=acme.bob)
    update_deal(deal, by=acme.alice, version=2, next_step="Call")
    assert isinstance(refused(undo_stage_change, event, by=acme.bob), Stale)
    _, event = move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    delete_deal(deal, by=acme.alice)
    assert "deleted meanwhile" in refused(undo_stage_change, event, by=acme.bob).message


def test_undo_by_another(acme, rita):
    deal = make_deal(acme.bob, acme.stages["New"])
    _, event = move_to_stage(deal, acme.stages["Contacted"], by=acme.bob)
    for by in (rita, acme.vera):
        assert isinstance(refused(undo_stage_change, event, by=by), NotAllowed)
    assert undo_stage_change(event, by=acme.alice).stage.name == "New"


def test_undo_of_a_closing_keeps_to_the_grace_of_reopening(acme):
    now = timezone.now()
    late = closed(acme, "Lost", at=now - timedelta(minutes=11))
    assert isinstance(refused(undo_stage_change, last_event(late), by=acme.bob), NotAllowed)
    assert undo_stage_change(last_event(late), by=acme.alice).status == "open"
    fresh = closed(acme, "Lost", at=now - timedelta(minutes=9))
    assert undo_stage_change(last_event(fresh), by=acme.bob).status == "open"


def test_the_creation_of_a_deal_is_not_undone(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    assert "undone by deleting it" in refused(undo_stage_change, last_event(deal), by=acme.bob).message


def test_undo_of_an_imported_closing(acme):
    """A deal that came closed never stood in a column: it comes on top of the first one."""
    make_deal(acme.bob, acme.stages["New"])
    new = NewDeal("A", acme.stages["Lost"], acme.bob.user_id, THEN, closed_at=THEN + timedelta(days=2), reason="Price")
    [pk] = create_deals(acme.workspace, [new], by=acme.alice)
    back = undo_stage_change(last_event(Deal(pk=pk)), by=acme.alice)
    assert (back.status, back.stage.name, back.probability, back.closed_at, back.lost_reason) == ("open", "New", 10, None, "")  # fmt: skip
    assert Deal.objects.filter(stage=acme.stages["New"]).order_by("rank").first().pk == pk
