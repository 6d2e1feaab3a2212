"""What a new workspace, and a new pipeline, begin with (domain.md section 3)."""

from __future__ import annotations

from activities.models import Task
from deals.models import CloseReason, Kind, Pipeline, PlaybookTask, Stage
from deals.transitions import LOST_REASONS, OTHER, WON_REASONS
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
DISCOVERY_CALL = "Schedule discovery call"
# By stage: (title, type, due after, unit).
PLAYBOOK = {
    "Contacted": [("Follow up", Task.Type.CALL, 3, "working_days")],
    "Qualified": [(DISCOVERY_CALL, Task.Type.CALL, 4, "working_hours")],
    "Meeting scheduled": [
        ("Prepare meeting", Task.Type.TODO, 1, "working_days"),
        ("Send agenda", Task.Type.EMAIL, 1, "working_days"),
    ],
    "Proposal": [
        ("Send proposal", Task.Type.EMAIL, 1, "working_days"),
        ("Follow up on proposal", Task.Type.CALL, 3, "working_days"),
    ],
    "Won": [
        ("Hand over to customer success", Task.Type.TODO, 1, "working_days"),
        ("Ask for referral", Task.Type.EMAIL, 30, "days"),
    ],
    "Lost": [("Ask for feedback", Task.Type.EMAIL, 2, "working_days")],
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


def create_playbook(workspace: Workspace) -> None:
    """For the stages of the default pipeline that are called as in PLAYBOOK."""
    stages = Stage.objects.filter(workspace=workspace, pipeline__is_default=True, name__in=PLAYBOOK)
    PlaybookTask.objects.bulk_create(
        PlaybookTask(
            workspace=workspace,
            stage=stage,
            title=title,
            type=type,
            due_amount=amount,
            due_unit=unit,
            position=position,
        )
        for stage in stages
        for position, (title, type, amount, unit) in enumerate(PLAYBOOK[stage.name])
    )


def create_reasons(workspace: Workspace) -> None:
    CloseReason.objects.bulk_create(
        CloseReason(
            workspace=workspace,
            kind=kind,
            label=label,
            position=position,
            needs_note=(kind, label) == (Kind.LOST, OTHER),
        )
        for kind, labels in ((Kind.WON, WON_REASONS), (Kind.LOST, LOST_REASONS))
        for position, label in enumerate(labels)
    )
