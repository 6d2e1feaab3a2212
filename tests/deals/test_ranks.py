"""A card's place in its column: whatever is dropped where, the order is the one asked for and no two ranks are equal."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals.actions import delete_deal, move_to_stage, undo_stage_change
from deals.bulk import NewDeal, create_deals
from deals.models import Deal
from deals.ranks import rank_again, rank_at, ranks_on_top
from tests.factories import make_deal
from tests.tenancy.walk import rolled_back

COLUMNS = ("New", "Contacted")
CARDS = 4  # in the first column, and as many in the second
PLACE = st.one_of(st.none(), st.integers(0, 2 * CARDS - 1))
DROPS = st.lists(st.tuples(st.integers(0, 2 * CARDS - 1), st.sampled_from(COLUMNS), PLACE, PLACE), max_size=14)


def column(acme, name: str = "New") -> list[int]:
    """Ids from top to bottom; fails where two cards share a rank."""
    found = Deal.all_objects.filter(stage=acme.stages[name]).order_by("rank", "pk").values_list("pk", "rank")
    ranks = [rank for _, rank in found]
    assert None not in ranks and len(set(ranks)) == len(ranks), ranks
    return [pk for pk, _ in found]


def fill(acme, count: int, name: str = "New") -> list[int]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    new = [NewDeal(f"Deal {number}", acme.stages[name], acme.bob.user_id, at) for number in range(count)]
    return create_deals(acme.workspace, new, by=acme.bob)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drops=DROPS)
def test_any_sequence_of_drops_gives_the_order_asked_for(acme, drops):
    """Beside a list of ids for each column. Neighbours may be of the other column, or the card itself."""
    with rolled_back():
        wanted = {name: fill(acme, CARDS, name) for name in COLUMNS}
        cards = [pk for ids in wanted.values() for pk in ids]
        for card, name, below, above in drops:
            pk, after, before = cards[card], *(None if place is None else cards[place] for place in (below, above))
            move_to_stage(Deal(pk=pk), acme.stages[name], by=acme.bob, after=after, before=before)
            if pk in wanted[name] and not (after or before):
                continue  # dropped where it was
            for ids in wanted.values():
                if pk in ids:
                    ids.remove(pk)
            ids = wanted[name]
            place = ids.index(after) + 1 if after in ids else ids.index(before) if before in ids else 0
            ids.insert(place, pk)
        assert {name: column(acme, name) for name in COLUMNS} == wanted


def test_a_neighbour_that_left_meanwhile_is_passed_over(acme):
    """The page that sends a drop may not know yet: the other neighbour counts, else the top."""
    top, low, gone, moved = (make_deal(acme.bob, acme.stages["New"], name).pk for name in "TLGM")
    move_to_stage(Deal(pk=gone), acme.stages["Contacted"], by=acme.alice)
    assert column(acme) == [moved, low, top]
    move_to_stage(Deal(pk=moved), acme.stages["New"], by=acme.bob, after=gone, before=top)
    assert column(acme) == [low, moved, top]
    move_to_stage(Deal(pk=moved), acme.stages["New"], by=acme.bob, after=gone)
    assert column(acme) == [moved, low, top]
    move_to_stage(Deal(pk=moved), acme.stages["New"], by=acme.bob, after=10**12, before=10**12)
    assert column(acme) == [moved, low, top]


def test_a_neighbour_in_the_bin_keeps_its_place(acme):
    """It may come back: its rank is taken, and what is dropped beside it stays beside it."""
    low, binned, moved = (make_deal(acme.bob, acme.stages["New"], name).pk for name in "LBM")
    delete_deal(Deal(pk=binned), by=acme.bob)
    move_to_stage(Deal(pk=moved), acme.stages["New"], by=acme.bob, after=binned)
    assert column(acme) == [binned, moved, low]


def test_the_same_drop_again_does_not_wear_the_place_out(acme):
    low, top, moved = (make_deal(acme.bob, acme.stages["New"], name).pk for name in "LTM")
    for _ in range(3):
        move_to_stage(Deal(pk=moved), acme.stages["New"], by=acme.bob, after=top)
        assert column(acme) == [top, moved, low]
    assert len(Deal.objects.get(pk=moved).rank) <= 3


def test_a_hundred_cards_below_the_same_one(acme):
    [top], dropped = fill(acme, 1), fill(acme, 100, "Contacted")
    for pk in dropped:
        rank = rank_at(acme.stages["New"], after=top)
        Deal.objects.filter(pk=pk).update(stage=acme.stages["New"], rank=rank)
    assert column(acme) == [top, *reversed(dropped)]


def test_ranks_of_closed_deals_are_given_up_and_taken_again_on_top(acme):
    low, closed = (make_deal(acme.bob, acme.stages["Contacted"], name) for name in "LC")
    won, _ = move_to_stage(closed, acme.stages["Won"], by=acme.bob)
    assert won.rank is None and column(acme, "Contacted") == [low.pk]
    move_to_stage(won, acme.stages["Contacted"], by=acme.bob)
    assert column(acme, "Contacted") == [closed.pk, low.pk]


# --- undo ---------------------------------------------------------------------------------------------


def test_undo_puts_a_card_back_between_its_old_neighbours(acme):
    low, middle, top = (make_deal(acme.bob, acme.stages["New"], name) for name in "LMT")
    _, event = move_to_stage(middle, acme.stages["Contacted"], by=acme.bob)
    undo_stage_change(event, by=acme.bob)
    assert column(acme) == [top.pk, middle.pk, low.pk]
    assert Deal.objects.get(pk=middle.pk).rank == middle.rank


def test_undo_goes_just_above_whoever_took_the_place(acme):
    low, middle, top, first, other = (make_deal(acme.bob, acme.stages["New"], name) for name in "LMTFO")
    _, event = move_to_stage(middle, acme.stages["Contacted"], by=acme.bob)
    # Between the same two neighbours, and so with the same rank.
    move_to_stage(other, acme.stages["New"], by=acme.alice, after=top.pk, before=low.pk)
    Deal.objects.filter(pk=other.pk).update(rank=middle.rank)
    undo_stage_change(event, by=acme.bob)
    assert column(acme) == [first.pk, top.pk, middle.pk, other.pk, low.pk]


def test_rank_again_of_a_free_taken_and_unknown_rank(acme):
    low, top = (make_deal(acme.bob, acme.stages["New"], name) for name in "LT")
    stage = acme.stages["New"]
    assert rank_again(stage, "Zz5") == "Zz5"
    assert top.rank < rank_again(stage, low.rank) < low.rank
    assert rank_again(stage, top.rank) < top.rank
    assert rank_again(stage, None) < top.rank
    empty = rank_again(acme.stages["Proposal"], None)
    assert empty and rank_again(acme.stages["Proposal"], empty) == empty


# --- many ---------------------------------------------------------------------------------------------


def test_many_come_on_top_in_their_own_order(acme):
    first = fill(acme, 3)
    assert column(acme) == first
    second = fill(acme, 70)
    assert column(acme) == second + first
    assert ranks_on_top(acme.stages["New"], 0) == []
