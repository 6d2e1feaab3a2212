"""What a new workspace, and a new pipeline, begin with (domain.md section 3)."""

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
OPPORTUNITY = (
    ("Qualification", 10, "#6B7280", Kind.OPEN, 10),
    ("Discovery", 25, "#3B82F6", Kind.OPEN, 14),
    ("Proposal", 50, "#6366F1", Kind.OPEN, 14),
    ("Negotiation", 75, "#F59E0B", Kind.OPEN, 10),
    ("Closed won", 100, "#10B981", Kind.WON, None),
    ("Closed lost", 0, "#EF4444", Kind.LOST, None),
)
CLASSIC = (("Lead", 10, "#6B7280", Kind.OPEN, 10), ("Qualified", 25, "#3B82F6", Kind.OPEN, 14), *OPPORTUNITY[2:])
# What a new pipeline can be made from: {name: (what it is called, stages)}.
TEMPLATES = {
    "default": ("Default", DEFAULT_STAGES),
    "opportunity": ("Opportunity", OPPORTUNITY),
    "classic": ("Classic", CLASSIC),
}
FACTS = ("name", "probability", "color", "kind", "rotting_days")


def create_default_pipeline(workspace: Workspace) -> Pipeline:
    pipeline = Pipeline.objects.create(workspace=workspace, name="Sales", is_default=True)
    create_stages(pipeline, "default")
    return pipeline


def create_stages(pipeline: Pipeline, template: str) -> None:
    Stage.objects.bulk_create(
        Stage(
            workspace_id=pipeline.workspace_id,
            pipeline=pipeline,
            position=position,
            **dict(zip(FACTS, facts, strict=True)),
        )
        for position, facts in enumerate(TEMPLATES[template][1])
    )
