"""Which moves of a deal are allowed, and what they ask for (pure; domain.md section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from workspaces.action import NotAllowed, Refused

# Whoever closed a deal may take it back for so long; later it takes a manager.
GRACE = timedelta(minutes=10)

# What a new workspace begins with; its admins change them (models.CloseReason).
LOST_REASONS = (
    "Price too high",
    "Lost to competitor",
    "No budget",
    "Bad timing",
    "No decision",
    "Missing feature",
    "Not the decision maker",
    "Unresponsive",
    "Poor fit",
    "Went in-house",
    "Duplicate",
    "Other",
)
WON_REASONS = ("Product fit", "Price", "Relationship or referral", "Speed", "Expansion", "Other")
OTHER = "Other"
NOT_RECORDED = "Not recorded"


class StageLike(Protocol):
    pk: int
    name: str
    position: int
    kind: str


S = TypeVar("S", bound=StageLike)


@dataclass(frozen=True)
class Policy:
    """A pipeline's own limits."""

    max_skip: int | None = None
    win_from: int | None = None


@dataclass(frozen=True)
class Closing:
    """What was said when closing."""

    reason: str = ""
    note: str = ""
    competitor: str = ""
    needs_note: bool = False  # the workspace asks for one with this reason
    is_known: bool = True  # the workspace offers this reason, or the deal has it


class Missing(Refused):
    """The move is allowed once the named fields are given; the drop dialog asks for just these."""


def check_move(
    source: StageLike,
    target: StageLike,
    stages: Sequence[StageLike],
    policy: Policy,
    closing: Closing,
    *,
    may_reopen: bool,
) -> None:
    """Raise Refused (or Missing, NotAllowed) unless a deal may go from `source` to `target`.

    `stages` are those of the pipeline in order (none where not `needs_order`). `may_reopen`: see `is_reopenable`.
    """
    if source.kind != "open":
        if target.kind != "open":
            if source.pk != target.pk:
                raise Refused(f"This deal is {source.kind}. Reopen it first, then mark it as {target.kind}.")
        elif not may_reopen:
            raise NotAllowed("Only a manager may reopen a closed deal, or whoever closed it within ten minutes.")
        return
    if target.kind == "open":
        check_skip(source, target, stages, policy)
        return
    if target.kind == "won":
        check_win(source, stages, policy)
    check_closing(target.kind, closing)


def needs_order(target: StageLike, policy: Policy) -> bool:
    """Whether `check_move` looks at the order of the stages at all."""
    return target.kind == "won" or policy.max_skip is not None


def earliest_to_win(stages: Sequence[S], win_from: int | None) -> S:
    """The first stage that a deal can be won from, of those of a pipeline in order."""
    open_stages = [stage for stage in stages if stage.kind == "open"]
    if win_from is None:
        # With a single open stage there is nothing to pass through first.
        return open_stages[min(1, len(open_stages) - 1)]
    return next((stage for stage in open_stages if stage.position >= win_from), open_stages[-1])


def check_win(source: StageLike, stages: Sequence[StageLike], policy: Policy) -> None:
    earliest = earliest_to_win(stages, policy.win_from)
    if source.position < earliest.position:
        raise Refused(f"A deal cannot be won from {source.name}. Move it to {earliest.name} or beyond first.")


def check_closing(kind: str, closing: Closing) -> None:
    """Whether enough was said of a deal that is `kind` now (won or lost). Only a won one may go without a reason."""
    if not closing.reason:
        if kind == "lost":
            raise Missing("Why was it lost?", fields={"reason": "Choose a reason."})
        return
    if not closing.is_known:
        raise Missing(f"Choose a reason why it was {kind}.", fields={"reason": "Choose one of these."})
    is_other = kind == "lost" and closing.reason == OTHER
    if (closing.needs_note or is_other) and not closing.note.strip():
        needed = f"With the reason {closing.reason} a note is needed."
        raise Missing(f"Say in a few words why it was {kind}.", fields={"note": needed})


def check_skip(source: StageLike, target: StageLike, stages: Sequence[StageLike], policy: Policy) -> None:
    if policy.max_skip is None:
        return
    skipped = sum(1 for stage in stages if stage.kind == "open" and source.position < stage.position < target.position)
    if skipped > policy.max_skip:
        at_most = f"at most {policy.max_skip} stage{'s' * (policy.max_skip != 1)}" if policy.max_skip else "no stage"
        raise Refused(f"In this pipeline one move may skip {at_most}; {source.name} to {target.name} skips {skipped}.")


def is_reopenable(*, is_manager: bool, closed_by_same_user: bool, closed_at: datetime | None, now: datetime) -> bool:
    return is_manager or (closed_by_same_user and closed_at is not None and now - closed_at <= GRACE)
