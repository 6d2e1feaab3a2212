"""Do playbooks help? The win rate of deals whose playbook tasks were done, beside that of those whose were not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from deals.models import Kind, Stage
from workspaces.models import Workspace

DAYS = 365  # closed within so many days
FEW = 20  # closed deals; a rate of fewer says little


@dataclass
class Share:
    """Closed deals and how many of them were won."""

    deals: int = 0
    won: int = 0

    @property
    def rate(self) -> float | None:
        return self.won / self.deals if self.deals else None

    @property
    def is_small(self) -> bool:
        return self.deals < FEW


@dataclass
class StageReport:
    """`done`: at least one task that the playbook planned for the stage was done; `not_done`: none was."""

    stage: Stage
    done: Share = field(default_factory=Share)
    not_done: Share = field(default_factory=Share)

    @property
    def difference(self) -> float | None:
        """In shares: 0.1 is ten points more with tasks done."""
        if self.done.rate is None or self.not_done.rate is None:
            return None
        return self.done.rate - self.not_done.rate

    @property
    def is_small(self) -> bool:
        return self.done.is_small or self.not_done.is_small


def playbook_report(workspace: Workspace, owners: list[int] | None = None) -> list[StageReport]:
    """Open stages in order, over the deals of these owners (None: everybody's) closed in the last DAYS days."""
    stages = Stage.objects.filter(workspace=workspace, kind=Kind.OPEN, pipeline__archived_at=None)
    ordered = stages.select_related("pipeline").order_by("pipeline__position", "pipeline_id", "position")
    found = {stage.pk: StageReport(stage) for stage in ordered}
    values = {"workspace": workspace.pk, "since": timezone.now() - timedelta(days=DAYS), "owners": owners}
    with connection.cursor() as cursor:
        cursor.execute(SQL.format(only="" if owners is None else "AND d.owner_id = ANY(%(owners)s)"), values)
        for stage_id, is_done, deals, won in cursor.fetchall():
            if stage_id in found:
                setattr(found[stage_id], "done" if is_done else "not_done", Share(deals, won))
    return list(found.values())


SQL = """
    SELECT stage_id, is_done, count(*), count(*) FILTER (WHERE status = 'won')
    FROM (
        SELECT r.stage_id, d.id, d.status, coalesce(bool_or(t.status = 'done'), false) AS is_done
        FROM deals_deal d
        JOIN deals_playbookrun r ON r.workspace_id = d.workspace_id AND r.deal_id = d.id AND r.outcome = 'created'
        LEFT JOIN activities_task t ON t.workspace_id = r.workspace_id AND t.id = r.task_id
        WHERE d.workspace_id = %(workspace)s AND d.closed_at >= %(since)s AND d.deleted_at IS NULL {only}
        GROUP BY r.stage_id, d.id, d.status
    ) played
    GROUP BY stage_id, is_done
"""
