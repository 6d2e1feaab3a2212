"""Many deals at once keep to what one deal has to (deals/bulk.py beside deals/actions)."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from activities.models import Activity
from deals.actions import create_deal, move_to_stage
from deals.bulk import NewDeal, add_open_stages, create_deals, update_deals
from deals.models import Deal, Stage, StageEvent
from tests.factories import make_deal
from workspaces.action import NotAllowed, Refused

THEN, LATER = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def new(acme, stage: str = "New", **fields) -> NewDeal:
    return NewDeal(
        **{"name": "A", "stage": acme.stages[stage], "owner_id": acme.bob.user_id, "created_at": THEN} | fields
    )


def test_one_of_many_is_like_one_alone(acme):
    """Every column, event and line that create_deal writes, but for ids, ranks and the door."""
    create_deal(
        acme.workspace, name="A", stage=acme.stages["New"], by=acme.alice, owner_id=acme.bob.user_id, at=THEN, amount=Decimal(5), product="GTX"
    )  # fmt: skip
    create_deals(acme.workspace, [new(acme, amount=Decimal(5), product="GTX")], by=acme.alice)
    for model in (Deal, StageEvent, Activity):
        alone, of_many = model.objects.order_by("pk").values()
        differ = {name for name in alone if alone[name] != of_many[name]} - {"updated_at"}
        assert differ <= {"id", "rank", "deal_id", "door", "tries_left"}  # an import rings for nobody


def test_a_closed_one_is_like_one_that_was_moved(acme):
    deal = make_deal(acme.alice, acme.stages["New"], "A", owner_id=acme.bob.user_id, at=THEN)
    move_to_stage(deal, acme.stages["Lost"], by=acme.alice, reason="Other", note="Moved to Mars", at=LATER)
    create_deals(
        acme.workspace,
        [new(acme, "Lost", amount=Decimal(1000), closed_at=LATER, reason="Other", close_note="Moved to Mars")],
        by=acme.alice,
    )
    for model, same in ((Deal, ()), (StageEvent, ("before",)), (Activity, ("data",))):
        rows = list(model.objects.order_by("pk").values())
        half = len(rows) // 2
        for alone, of_many in zip(rows[:half], rows[half:], strict=True):
            differ = {name for name in alone if alone[name] != of_many[name]} - {"updated_at"}
            assert differ <= {"id", "deal_id", "door", "tries_left", *same}, model
    # The image of the moved deal has its rank; the other one never had a place in the column.
    before = [event.before for event in StageEvent.objects.filter(to_stage=acme.stages["Lost"]).order_by("pk")]
    assert before[0] | {"rank": None} == before[1]


@pytest.mark.parametrize(
    ("stage", "fields", "message"),
    [
        ("New", {"name": "  "}, "needs a name"),
        ("New", {"amount": Decimal(-1)}, "between 0 and"),
        ("New", {"amount": Decimal(10**12)}, "between 0 and"),
        ("New", {"probability": 101}, "between 0 and 100"),
        ("New", {"owner_id": 0}, "must be a member"),
        ("Won", {}, "has a time at which it was closed"),
        ("Won", {"closed_at": datetime(2025, 1, 1, tzinfo=UTC)}, "closed before it was created"),
        ("Lost", {"closed_at": LATER}, "Why was it lost"),
        ("Lost", {"closed_at": LATER, "reason": "Other"}, "why it was lost"),
    ],
)
def test_a_refused_one_is_answered_and_the_others_made(acme, stage, fields, message):
    one, refused, other = create_deals(
        acme.workspace, [new(acme), new(acme, stage, **fields), new(acme, name="B")], by=acme.alice
    )
    assert isinstance(refused, Refused) and message in refused.message
    assert [Deal.objects.get(pk=pk).name for pk in (one, other)] == ["A", "B"] and Deal.objects.count() == 2
    assert StageEvent.objects.count() == Activity.objects.count() == 2


def test_the_rival_s_owner_is_refused(acme):
    assert isinstance(
        create_deals(acme.workspace, [new(acme, owner_id=acme.charlie.user_id)], by=acme.alice)[0], Refused
    )


def test_viewers_make_and_change_nothing(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    with pytest.raises(NotAllowed):
        create_deals(acme.workspace, [new(acme)], by=acme.vera)
    with pytest.raises(NotAllowed):
        update_deals(acme.workspace, {deal.pk: {"name": "B"}}, by=acme.vera)
    with pytest.raises(NotAllowed):
        add_open_stages(deal.pipeline, ["Signed"], by=acme.bob)


def test_ranks_go_on_above_the_column(acme):
    make_deal(acme.bob, acme.stages["New"], "Old")
    create_deals(acme.workspace, [new(acme, name=name) for name in "AB"], by=acme.alice)
    create_deals(acme.workspace, [new(acme, name=name) for name in "CD"], by=acme.alice)
    assert list(Deal.objects.order_by("rank").values_list("name", flat=True)) == ["C", "D", "A", "B", "Old"]


def test_updates_are_of_what_differs_and_refusals_of_their_deal(acme):
    one, other, same = (make_deal(acme.bob, acme.stages["New"], name) for name in "ABC")
    found = update_deals(
        acme.workspace,
        {
            one.pk: {"name": "X", "amount": Decimal(1000)},
            other.pk: {"amount": Decimal(-5)},
            same.pk: {"name": "C"},
            0: {"name": "?"},
        },
        by=acme.alice,
    )
    assert (found[one.pk], found[same.pk]) == (True, False) and isinstance(found[other.pk], Refused) and 0 not in found
    assert {deal.name: deal.version for deal in Deal.objects.all()} == {"X": 2, "B": 1, "C": 1}
    line = Activity.objects.get(kind="field_change")
    assert (line.deal_id, line.door, line.data) == (one.pk, "import", {"changes": {"name": ["A", "X"]}})


def test_only_facts_are_set(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    found = update_deals(acme.workspace, {deal.pk: {"stage_id": acme.stages["Won"].pk}}, by=acme.alice)
    assert "cannot be set" in found[deal.pk].message


def test_stages_stand_before_the_closed_ones(acme):
    add_open_stages(acme.stages["New"].pipeline, ["Signed", "Demo"], by=acme.alice)
    stages = Stage.objects.filter(pipeline=acme.stages["New"].pipeline).order_by("position")
    assert [(stage.name, stage.position) for stage in stages][5:] == [
        ("Demo", 5),
        ("Signed", 6),
        ("Won", 7),
        ("Lost", 8),
    ]
