"""The rules of stage change alone (domain.md section 3): no database, one line of a table per rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from deals.transitions import (
    GRACE,
    LOST_REASONS,
    Closing,
    Missing,
    Policy,
    check_move,
    is_reopenable,
    needs_order,
)
from workspaces.action import NotAllowed, Refused


@dataclass(frozen=True)
class Stage:
    pk: int
    name: str
    position: int
    kind: str = "open"


NEW, CONTACTED, QUALIFIED, PROPOSAL = (
    Stage(number, name, number * 10) for number, name in enumerate(("New", "Contacted", "Qualified", "Proposal"), 1)
)
WON, LOST, RENEWED, SPAM = Stage(5, "Won", 50, "won"), Stage(6, "Lost", 60, "lost"), Stage(7, "Renewed", 70, "won"), Stage(8, "Spam", 80, "lost")  # fmt: skip
ORDER = (NEW, CONTACTED, QUALIFIED, PROPOSAL, WON, LOST, RENEWED, SPAM)
WHY = Closing("No budget")


def outcome(
    source: Stage,
    target: Stage,
    policy: Policy = Policy(),  # noqa: B008 - frozen
    closing: Closing = Closing(),  # noqa: B008
    may_reopen: bool = False,
    stages: tuple[Stage, ...] = ORDER,
) -> str:
    """What comes of a move: "ok", "refused", "not allowed", or the fields it asks for."""
    try:
        check_move(source, target, stages, policy, closing, may_reopen=may_reopen)
    except Missing as missing:
        return "asks " + ", ".join(missing.fields)
    except NotAllowed:
        return "not allowed"
    except Refused:
        return "refused"
    return "ok"


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        # open to open: any direction, any distance
        (NEW, CONTACTED, "ok"),
        (NEW, PROPOSAL, "ok"),
        (PROPOSAL, NEW, "ok"),
        # to won: past the first stage only
        (NEW, WON, "refused"),
        (CONTACTED, WON, "ok"),
        (PROPOSAL, RENEWED, "ok"),
        # to lost: from any open stage, with a reason
        (NEW, LOST, "asks reason"),
        (PROPOSAL, SPAM, "asks reason"),
        # closed stays closed, but for those who may reopen it
        (WON, NEW, "not allowed"),
        (LOST, PROPOSAL, "not allowed"),
        (WON, WON, "ok"),
        (WON, LOST, "refused"),
        (LOST, WON, "refused"),
        (WON, RENEWED, "refused"),
        (LOST, SPAM, "refused"),
    ],
)
def test_from_stage_to_stage(source, target, expected):
    assert outcome(source, target) == expected


@pytest.mark.parametrize(("source", "target"), [(WON, NEW), (LOST, NEW), (WON, PROPOSAL), (SPAM, QUALIFIED)])
def test_who_may_reopen_reopens_into_any_open_stage(source, target):
    """However far: the limits of a move are for deals on their way."""
    assert outcome(source, target, Policy(max_skip=0), may_reopen=True) == "ok"


@pytest.mark.parametrize(("source", "target"), [(WON, LOST), (LOST, WON), (WON, RENEWED)])
def test_not_even_a_manager_turns_won_into_lost(source, target):
    assert outcome(source, target, closing=WHY, may_reopen=True) == "refused"


@pytest.mark.parametrize(
    ("closing", "expected"),
    [
        (Closing(), "asks reason"),
        (Closing(note="They went elsewhere", competitor="Them"), "asks reason"),
        (Closing("No budget"), "ok"),
        (Closing("Said on the phone"), "ok"),
        (Closing("Other"), "asks note"),
        (Closing("Other", "  \n"), "asks note"),
        (Closing("Other", "Moved to Mars"), "ok"),
    ],
)
def test_losing_says_why(closing, expected):
    assert outcome(QUALIFIED, LOST, closing=closing) == expected


def test_the_offered_reasons_end_with_other():
    assert LOST_REASONS[-1] == "Other" and len(set(LOST_REASONS)) == len(LOST_REASONS)


def test_winning_needs_no_reason():
    assert outcome(QUALIFIED, WON, closing=Closing()) == "ok"


@pytest.mark.parametrize(
    ("max_skip", "source", "target", "expected"),
    [
        (0, NEW, CONTACTED, "ok"),
        (0, NEW, QUALIFIED, "refused"),
        (1, NEW, QUALIFIED, "ok"),
        (1, NEW, PROPOSAL, "refused"),
        (2, NEW, PROPOSAL, "ok"),
        # going back skips nothing, and closing is not limited
        (0, PROPOSAL, NEW, "ok"),
        (0, CONTACTED, WON, "ok"),
    ],
)
def test_a_pipeline_may_limit_what_a_move_skips(max_skip, source, target, expected):
    assert outcome(source, target, Policy(max_skip=max_skip)) == expected


def test_a_skip_limit_leaves_losing_alone_and_counts_no_closed_stage():
    assert outcome(NEW, LOST, Policy(max_skip=0), WHY) == "ok"
    lost_between = (NEW, Stage(9, "Bin", 15, "lost"), CONTACTED)
    assert outcome(NEW, CONTACTED, Policy(max_skip=0), stages=lost_between) == "ok"


def test_the_refusal_counts_for_people():
    with pytest.raises(Refused, match="may skip no stage; New to Qualified skips 1"):
        check_move(NEW, QUALIFIED, ORDER, Policy(max_skip=0), Closing(), may_reopen=False)
    with pytest.raises(Refused, match="at most 1 stage; New to Proposal skips 2"):
        check_move(NEW, PROPOSAL, ORDER, Policy(max_skip=1), Closing(), may_reopen=False)


@pytest.mark.parametrize(
    ("win_from", "source", "expected"),
    [
        (20, NEW, "refused"),
        (20, CONTACTED, "ok"),
        (30, CONTACTED, "refused"),
        (30, QUALIFIED, "ok"),
        # between two stages: from the next one on
        (25, CONTACTED, "refused"),
        (25, QUALIFIED, "ok"),
        # behind all of them: the last one wins, or nothing ever could
        (99, QUALIFIED, "refused"),
        (99, PROPOSAL, "ok"),
    ],
)
def test_a_pipeline_may_name_the_earliest_stage_to_win_from(win_from, source, expected):
    assert outcome(source, WON, Policy(win_from=win_from)) == expected


def test_the_refusal_names_the_stage_to_reach():
    with pytest.raises(Refused, match="cannot be won from New. Move it to Qualified or beyond first"):
        check_move(NEW, WON, ORDER, Policy(win_from=30), Closing(), may_reopen=False)


def test_with_one_open_stage_there_is_nothing_to_pass_through():
    assert outcome(NEW, WON, stages=(NEW, WON, LOST)) == "ok"


def test_the_order_is_looked_at_only_where_it_is_said_to_be_needed():
    """Actions do not read the stages where `needs_order` says no: the outcome must be the same without them."""
    tried = 0
    for policy, source, target in product((Policy(), Policy(max_skip=1), Policy(win_from=30)), ORDER, ORDER):
        if not needs_order(target, policy):
            assert outcome(source, target, policy, stages=()) == outcome(source, target, policy), (source, target)
            tried += 1
    assert tried > 50


CLOSED = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("is_manager", "same_user", "closed_at", "after", "expected"),
    [
        (True, False, CLOSED, timedelta(days=400), True),
        (True, False, None, timedelta(0), True),
        (False, True, CLOSED, timedelta(0), True),
        (False, True, CLOSED, GRACE, True),
        (False, True, CLOSED, GRACE + timedelta(microseconds=1), False),
        (False, False, CLOSED, timedelta(0), False),
        (False, True, None, timedelta(0), False),
    ],
)
def test_who_closed_it_may_take_it_back_for_ten_minutes(is_manager, same_user, closed_at, after, expected):
    assert timedelta(minutes=10) == GRACE
    found = is_reopenable(is_manager=is_manager, closed_by_same_user=same_user, closed_at=closed_at, now=CLOSED + after)
    assert found is expected
