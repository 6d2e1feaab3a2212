"""Deals are made, changed, thrown away and taken back: what each verb writes, what it refuses, and what the audit keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from activities.actions import add_note
from activities.models import Activity
from deals.actions import (
    add_contact,
    create_deal,
    delete_deal,
    move_to_stage,
    remove_contact,
    restore_deal,
    update_deal,
)
from deals.models import Deal, DealContact, StageEvent
from leads.actions import create_company, create_contact
from tests.factories import make_deal
from workspaces.action import NotAllowed, Refused, Stale
from workspaces.models import Membership
from workspaces.tenancy import tenant

DealHistory = Deal.pgh_event_model


def row(deal: Deal) -> dict[str, object]:
    return Deal.all_objects.filter(pk=deal.pk).values().get()


def lines(deal: Deal) -> list[tuple]:
    found = Activity.objects.filter(deal=deal).order_by("pk")
    return [(line.kind, line.actor_id, line.door, line.body, line.data) for line in found]


def refused(verb, *args, **kwargs) -> Refused:
    """What the verb is refused with; nothing may be written."""
    before = (list(Deal.all_objects.order_by("pk").values()), Activity.objects.count(), StageEvent.objects.count())
    with pytest.raises(Refused) as refusal:
        verb(*args, **kwargs)
    after = (list(Deal.all_objects.order_by("pk").values()), Activity.objects.count(), StageEvent.objects.count())
    assert after == before
    return refusal.value


# --- create -------------------------------------------------------------------------------------------


def test_a_new_deal_stands_on_top_of_its_stage(acme):
    low = make_deal(acme.bob, acme.stages["Proposal"])
    company = create_company(acme.workspace, name="Blue Fish", by=acme.bob)
    deal = create_deal(
        acme.workspace, name="  Harbour ", stage=acme.stages["Proposal"], by=acme.bob, amount=Decimal(5), company=company, door="api"
    )  # fmt: skip
    deal.refresh_from_db()
    assert (deal.name, deal.owner_id, deal.created_by_id, deal.company_id) == (
        "Harbour",
        acme.bob.user_id,
        acme.bob.user_id,
        company.pk,
    )
    assert (deal.status, deal.version, deal.currency) == ("open", 1, "EUR")
    assert (deal.probability, deal.probability_source) == (80, "stage")
    assert deal.rank < low.rank and deal.created_at == deal.stage_entered_at == deal.last_activity_at
    event = StageEvent.objects.get(deal=deal)
    assert (event.from_stage_id, event.to_stage_id, event.by_id, event.door, event.version) == (
        None,
        acme.stages["Proposal"].pk,
        acme.bob.user_id,
        "api",
        1,
    )
    assert (event.amount, event.probability, event.entered_at, event.left_at) == (5, 80, None, deal.created_at)
    assert lines(deal) == [("deal_created", acme.bob.user_id, "api", "", {"stage": "Proposal"})]
    # The company's timeline holds it too.
    assert Activity.objects.get(deal=deal).company_id == company.pk


@pytest.mark.parametrize("probability", [0, 55, 100])
def test_a_probability_given_at_the_start_is_by_hand(acme, probability):
    deal = make_deal(acme.bob, acme.stages["New"], probability=probability)
    assert (deal.probability, deal.probability_source) == (probability, "manual")


def test_the_system_makes_deals_for_an_owner(acme):
    deal = create_deal(acme.workspace, name="A", stage=acme.stages["New"], by=None, owner_id=acme.bob.user_id)
    assert (deal.owner_id, deal.created_by_id) == (acme.bob.user_id, None)
    assert lines(deal)[0][:2] == ("deal_created", None)
    alone = refused(create_deal, acme.workspace, name="A", stage=acme.stages["New"], by=None)
    assert list(alone.fields) == ["owner"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " \t"}, "name"),
        ({"stage": "Won"}, "stage"),
        ({"stage": "Lost"}, "stage"),
        ({"owner": "charlie"}, "owner"),
        ({"amount": Decimal("-0.01")}, "amount"),
        ({"amount": Decimal(10**12)}, "amount"),
        ({"probability": 101}, "probability"),
        ({"probability": -1}, "probability"),
    ],
)
def test_what_no_deal_starts_with(acme, fields, field):
    wanted = {"name": "A", "stage": acme.stages["New"], "by": acme.bob} | fields
    if isinstance(wanted["stage"], str):
        wanted["stage"] = acme.stages[wanted["stage"]]
    if owner := wanted.pop("owner", None):
        wanted["owner_id"] = getattr(acme, owner).user_id
    assert list(refused(create_deal, acme.workspace, **wanted).fields) == [field]


@pytest.mark.parametrize("status", [Membership.Status.SUSPENDED, Membership.Status.LEFT])
def test_who_is_no_active_member_owns_no_new_deal(acme, status):
    Membership.objects.filter(pk=acme.bob.pk).update(status=status)
    deal = {"name": "A", "stage": acme.stages["New"], "by": acme.alice, "owner_id": acme.bob.user_id}
    assert list(refused(create_deal, acme.workspace, **deal).fields) == ["owner"]
    mine = make_deal(acme.alice, acme.stages["New"])
    assert list(refused(update_deal, mine, by=acme.alice, version=1, owner_id=acme.bob.user_id).fields) == ["owner"]


@pytest.mark.parametrize("verb", ["create", "update", "move", "delete", "restore", "add", "remove"])
def test_viewers_change_nothing(acme, verb):
    deal = make_deal(acme.bob, acme.stages["New"])
    uma = create_contact(acme.workspace, by=acme.bob, first_name="Uma")
    link = add_contact(deal, create_contact(acme.workspace, by=acme.bob, first_name="Ida"), by=acme.bob)
    by = acme.vera
    attempt = {
        "create": lambda: make_deal(by, acme.stages["New"]),
        "update": lambda: update_deal(deal, by=by, version=1, name="B"),
        "move": lambda: move_to_stage(deal, acme.stages["Contacted"], by=by),
        "delete": lambda: delete_deal(deal, by=by),
        "restore": lambda: restore_deal(delete_deal(deal, by=acme.bob), by=by),
        "add": lambda: add_contact(deal, uma, by=by),
        "remove": lambda: remove_contact(link, by=by),
    }[verb]
    with pytest.raises(NotAllowed, match="Only a rep or above"):
        attempt()
    assert Deal.all_objects.count() == 1 and DealContact.objects.count() == 1
    assert (Deal.all_objects.get().deleted_at is not None) == (verb == "restore")


# --- update -------------------------------------------------------------------------------------------


def test_a_change_is_written_with_who_when_from_to_and_by_which_door(acme):
    deal = make_deal(acme.bob, acme.stages["New"], amount=1000)
    company = create_company(acme.workspace, name="Blue Fish", by=acme.bob)
    with tenant(acme.workspace, acme.bob.user, door="api"):
        changed = update_deal(
            deal,
            by=acme.bob,
            version=1,
            door="api",
            amount=Decimal("1250.50"),
            expected_close_date=date(2027, 3, 1),
            company_id=company.pk,
            next_step="Call",
            name="Cold-chain monitoring",
        )
    assert changed.version == 2
    deal.refresh_from_db()
    assert (deal.amount, deal.expected_close_date, deal.company_id) == (
        Decimal("1250.50"),
        date(2027, 3, 1),
        company.pk,
    )
    changes = {
        "amount": ["1000.00", "1250.50"],
        "expected_close_date": [None, "2027-03-01"],
        "next_step": ["", "Call"],
    }
    [(kind, actor, door, _, data)] = lines(deal)[1:]
    assert (kind, actor, door) == ("field_change", acme.bob.user_id, "api")
    assert data["changes"].keys() == {*changes, "company_id"} and changes.items() <= data["changes"].items()
    audit = DealHistory.objects.get(pgh_obj_id=deal.pk)
    assert (audit.amount, audit.company_id, audit.next_step) == (1000, None, "")
    assert audit.pgh_context == {"door": "api", "user": acme.bob.user_id}


def test_what_is_so_already_is_no_change(acme):
    deal = make_deal(acme.bob, acme.stages["New"], amount=1000)
    before = row(deal)
    same = {"name": deal.name, "amount": Decimal("1000"), "owner_id": deal.owner_id, "won_reason": ""}
    assert update_deal(deal, by=acme.alice, version=1, **same).version == 1
    assert row(deal) == before and len(lines(deal)) == 1
    assert not DealHistory.objects.filter(pgh_obj_id=deal.pk).exists()


def test_a_stale_change_overwrites_nothing_and_names_who_was_faster(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    update_deal(deal, by=acme.alice, version=1, amount=Decimal(7))
    found = refused(update_deal, deal, by=acme.bob, version=1, next_step="Call")
    assert isinstance(found, Stale) and found.message == "It was not changed: Alice changed this deal meanwhile."
    move_to_stage(deal, acme.stages["Contacted"], by=acme.alice)
    assert "Alice moved this deal to Contacted" in refused(update_deal, deal, by=acme.bob, version=2, name="B").message


def test_whoever_was_faster_than_themselves_is_told_so(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    update_deal(deal, by=acme.bob, version=1, amount=Decimal(7))
    message = refused(update_deal, deal, by=acme.bob, version=1, next_step="Call").message
    assert message == "It was not changed: You changed this deal in another tab."
    # What makes no new version of the deal was not in anybody's way.
    update_deal(deal, by=acme.alice, version=2, amount=Decimal(8))
    add_note(deal, "Approved", by=acme.bob)
    add_contact(deal, create_contact(acme.workspace, by=acme.bob, first_name="Uma"), by=acme.bob)
    message = refused(update_deal, deal, by=acme.bob, version=2, next_step="Call").message
    assert message == "It was not changed: Alice changed this deal meanwhile."


@pytest.mark.parametrize(
    "field",
    ["stage_id", "stage", "pipeline_id", "status", "closed_at", "rank", "rate", "base_amount", "slips", "workspace_id", "deleted_at", "created_by_id", "nonsense"],
)  # fmt: skip
def test_what_has_a_verb_of_its_own_is_no_fact(acme, field):
    deal = make_deal(acme.bob, acme.stages["New"])
    found = refused(update_deal, deal, by=acme.alice, version=1, name="Other", **{field: 1})
    assert found.message == f"These cannot be set: {field}."


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"amount": Decimal(-1)}, "amount"),
        ({"amount": Decimal(10**12)}, "amount"),
        ({"probability": 101}, "probability"),
        ({"owner_id": None}, "owner"),
        ({"owner_id": 10**9}, "owner"),
    ],
)
def test_a_fact_that_cannot_be(acme, changes, field):
    deal = make_deal(acme.bob, acme.stages["New"])
    assert list(refused(update_deal, deal, by=acme.bob, version=1, next_step="Call", **changes).fields) == [field]


def test_the_largest_amount(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    update_deal(deal, by=acme.bob, version=1, amount=Decimal("999999999999.99"))
    deal.refresh_from_db()
    assert deal.amount == Decimal("999999999999.99") and deal.weighted == Decimal("99999999999.999")


def test_a_probability_by_hand_is_kept_and_given_back(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    deal = update_deal(deal, by=acme.bob, version=1, probability=0)
    assert (deal.probability, deal.probability_source) == (0, "manual")
    deal, _ = move_to_stage(deal, acme.stages["Proposal"], by=acme.bob)
    assert (deal.probability, deal.probability_source) == (0, "manual")
    deal = update_deal(deal, by=acme.bob, version=3, probability=None)
    deal.refresh_from_db()
    assert (deal.probability, deal.probability_source) == (80, "stage")
    deal, _ = move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    assert deal.probability == 40


@pytest.mark.parametrize(
    ("stage", "field"),
    [("New", "won_reason"), ("New", "lost_reason"), ("Won", "lost_reason"), ("Lost", "won_reason")],
)
def test_only_a_closed_deal_has_a_reason(acme, stage, field):
    deal = make_deal(acme.bob, acme.stages["Contacted"])
    if stage != "New":
        deal, _ = move_to_stage(deal, acme.stages[stage], by=acme.bob, reason="Other", note="So")
    message = refused(update_deal, deal, by=acme.bob, version=deal.version, **{field: "Speed"}).message
    assert message == f"Only a {field.partition('_')[0]} deal has a reason for it."


def test_the_reason_of_a_closed_deal_can_be_corrected(acme):
    won, _ = move_to_stage(make_deal(acme.bob, acme.stages["Contacted"]), acme.stages["Won"], by=acme.bob)
    lost, _ = move_to_stage(make_deal(acme.bob, acme.stages["New"]), acme.stages["Lost"], by=acme.bob, reason="Other", note="?")  # fmt: skip
    assert update_deal(won, by=acme.bob, version=2, won_reason="Speed").won_reason == "Speed"
    assert update_deal(won, by=acme.bob, version=3, won_reason="").won_reason == ""
    assert update_deal(lost, by=acme.bob, version=2, lost_reason="No budget").lost_reason == "No budget"


# --- bin ----------------------------------------------------------------------------------------------


def test_into_the_bin_and_back(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    before = row(deal)
    delete_deal(deal, by=acme.alice, version=1)
    assert not Deal.objects.exists() and Deal.all_objects.get().version == 2
    restored = restore_deal(deal, by=acme.bob)
    changed = {name for name, value in row(deal).items() if value != before[name]}
    assert changed == {"version", "updated_at"} and restored.version == 3
    assert [line[:2] + line[3:4] for line in lines(deal)[1:]] == [
        ("system", acme.alice.user_id, "Deal deleted"),
        ("system", acme.bob.user_id, "Deal restored"),
    ]
    # Not a contact with the buyer: a deal does not stop rotting because it was thrown away.
    assert row(deal)["last_activity_at"] == before["last_activity_at"]
    # What is restored already stays as it is.
    restore_deal(deal, by=acme.bob)
    assert row(deal)["version"] == 3 and len(lines(deal)) == 3


def test_what_is_in_the_bin_is_not_worked_on(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    delete_deal(deal, by=acme.bob)
    for attempt in (
        lambda: update_deal(deal, by=acme.bob, version=2, name="B"),
        lambda: move_to_stage(deal, acme.stages["Contacted"], by=acme.bob),
        lambda: delete_deal(deal, by=acme.bob),
    ):
        found = refused(attempt)
        assert isinstance(found, Stale) and found.message == "This deal was deleted meanwhile."


def test_a_stale_page_deletes_nothing(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    update_deal(deal, by=acme.alice, version=1, amount=Decimal(7))
    assert isinstance(refused(delete_deal, deal, by=acme.bob, version=1), Stale)


def test_the_audit_has_no_line_for_a_change_of_place(acme):
    deal, other = make_deal(acme.bob, acme.stages["New"]), make_deal(acme.bob, acme.stages["New"], "Other")
    moved, event = move_to_stage(deal, acme.stages["New"], by=acme.bob, before=other.pk)
    assert event is None and moved.version == 2 and len(lines(deal)) == 1
    assert not DealHistory.objects.exists()
    move_to_stage(deal, acme.stages["Contacted"], by=acme.bob)
    assert [audit.stage_id for audit in DealHistory.objects.all()] == [acme.stages["New"].pk]


# --- people -------------------------------------------------------------------------------------------


def test_the_first_person_is_the_primary_one_and_nobody_is_in_twice(acme):
    deal, other = make_deal(acme.bob, acme.stages["New"]), make_deal(acme.bob, acme.stages["New"], "Other")
    uma, ida = (create_contact(acme.workspace, by=acme.bob, first_name=name) for name in ("Uma", "Ida"))
    link = add_contact(deal, uma, by=acme.bob, role="champion")
    second = add_contact(deal, ida, by=acme.bob)
    assert (link.role, link.is_primary, second.role, second.is_primary) == ("champion", True, "", False)
    found = refused(add_contact, deal, uma, by=acme.bob, role="blocker")
    assert list(found.fields) == ["contact"] and "Uma is in this deal already" in found.message
    assert add_contact(other, uma, by=acme.bob).is_primary
    remove_contact(link, by=acme.bob)
    assert list(DealContact.objects.filter(deal=deal).values_list("contact__name", flat=True)) == ["Ida"]


def test_a_deal_at_a_given_time(acme):
    then = datetime(2026, 1, 5, 9, tzinfo=UTC)
    deal = make_deal(acme.bob, acme.stages["New"], at=then)
    deal.refresh_from_db()
    assert deal.created_at == deal.stage_entered_at == deal.last_activity_at == then
    assert Activity.objects.get().at == StageEvent.objects.get().left_at == then
