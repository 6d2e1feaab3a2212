"""The pipeline that a new workspace starts with."""

from __future__ import annotations

from deals.models import Kind, Pipeline, Stage
from workspaces.models import Workspace

DEFAULT_STAGES = (
    ("New", 10, "#6B7280", Kind.OPEN, 7),
    ("Contacted", 20, "#3B82F6", Kind.OPEN, 10),
    ("Qualified", 40, "#6366F1", Kind.OPEN, 14),
    ("Meeting scheduled", 60, "#8B5CF6", Kind.OPEN, 10),
    ("Proposal", 80, "#F59E0B", Kind.OPEN, 10),
    ("Won", 100, "#10B981", Kind.WON, None),
    ("Lost", 0, "#EF4444", Kind.LOST, None),
)


def create_default_pipeline(workspace: Workspace) -> Pipeline:
    pipeline = Pipeline.objects.create(workspace=workspace, name="Sales", is_default=True)
    Stage.objects.bulk_create(
        Stage(
            workspace=workspace,
            pipeline=pipeline,
            name=name,
            position=position,
            probability=probability,
            color=color,
            kind=kind,
            rotting_days=rotting,
        )
        for position, (name, probability, color, kind, rotting) in enumerate(DEFAULT_STAGES)
    )
    return pipeline
