"""What a rule would have done over the last days: it is asked of the lines of the timeline, and writes nothing.

What was so then is not known any more: conditions are asked of the deals and leads as they are now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from activities.models import Activity
from automation.models import RuleStep
from automation.rules import conditions
from automation.rules.editing import Said
from automation.rules.events import EVENTS, IN_BULK, happened
from deals.models import Deal, Kind
from leads.models import Lead
from workspaces.models import Workspace

DAYS = 30
MOST = 5000  # lines that are looked at, the newest


@dataclass(frozen=True)
class Trial:
    """`lines`: those that it would have answered, the newest first; `happened`: those that were it but for the conditions."""

    lines: Sequence[Activity]
    happened: int
    is_cut: bool
    about: str

    @property
    def subjects(self) -> int:
        return len({getattr(line, f"{self.about}_id") for line in self.lines})


def try_out(workspace: Workspace, said: Said, now: datetime) -> Trial:
    event = EVENTS[said.event]
    found = Activity.objects.filter(
        workspace=workspace, kind=event.kind, at__gt=now - timedelta(days=DAYS), at__lte=now, undone_at=None,
        **{f"{event.about}__isnull": False},
    )  # fmt: skip
    if event.about == "deal":
        found = found.filter(deal__deleted_at=None)
    found = found.exclude(door__in=IN_BULK).select_related("task").defer("body").order_by("-at", "-pk")
    lines = list(found[: MOST + 1])
    fit = happened(event, said.of, lines[:MOST])
    key = f"{event.about}_id"
    inside = conditions.those_in(event.about, said.query, workspace, {getattr(line, key) for line in fit})
    return Trial([line for line in fit if getattr(line, key) in inside], len(fit), len(lines) > MOST, event.about)


def subjects_of(about: str, workspace: Workspace, lines: Sequence[Activity]) -> dict[int, Deal | Lead]:
    rows = conditions.rows_of(about, workspace.pk).select_related(
        *(("stage", "owner") if about == "deal" else ("owner",))
    )
    return rows.in_bulk([getattr(line, f"{about}_id") for line in lines])


def nothing_to_do(step: RuleStep, subject: Deal | Lead) -> str:
    """Why a step would be left out, as far as that is seen at a glance."""
    if isinstance(subject, Deal) and step.kind == RuleStep.Kind.MOVE:
        if subject.stage_id == step.stage_id:
            return f"it is in {subject.stage} now"
        return f"it is {subject.status} now" if subject.status != Kind.OPEN else ""
    if isinstance(subject, Lead) and step.kind == RuleStep.Kind.STATUS and subject.status == step.status:
        return f"it is {subject.get_status_display().lower()} now"
    if step.kind == RuleStep.Kind.ASSIGN and step.member_id and step.member_id == subject.owner_id:
        return f"{subject.owner} is the owner now"
    return ""
