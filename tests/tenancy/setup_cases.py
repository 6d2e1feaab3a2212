"""How the routes of pipeline settings are called."""

from __future__ import annotations

from tests.tenancy.walk import Case
from tests.tenancy.world import Rows
from workspaces.models import Role


def at(part: str):
    return lambda rows: [{"pk": getattr(rows, part)}]


def turned(part: str):
    """All rows the other way round."""

    def body(rows: Rows, kwargs: dict) -> dict:
        seen = getattr(rows, part)
        order = ",".join(reversed(seen.split(",")))
        return {"seen": seen, "order": order, "undo": "1"}

    return body


def swapped(part: str):
    """The first two the other way round: won and lost stages stay behind the open ones."""

    def body(rows: Rows, kwargs: dict) -> dict:
        seen = getattr(rows, part)
        first, second, *rest = seen.split(",")
        return {"seen": seen, "order": ",".join([second, first, *rest]), "undo": "1"}

    return body


def of_kinds(rows: Rows) -> list[dict]:
    return [{"kind": "won"}, {"kind": "lost"}]


def of_lost(rows: Rows) -> list[dict]:
    return [{"kind": "lost"}]


def task(rows: Rows) -> dict:
    facts = {"title": "Look at it", "type": "call", "due_amount": "2", "due_unit": "days", "is_active": "on"}
    return facts | {"assignee_rule": "member", "assignee": rows.user}


STAGE = {"kind": "open", "color": "#123456", "probability": "33", "rotting_days": "9", "forecast_category": "commit"}

PIPELINE_CASES = {
    "pipeline_list": Case(role=Role.ADMIN),
    "pipeline_new": Case(role=Role.ADMIN, body=lambda *_: {"name": "Renewals", "template": "classic"}),
    "pipeline_order": Case(role=Role.ADMIN, get=False, body=turned("pipelines")),
    "pipeline_edit": Case(at("pipeline"), role=Role.ADMIN),
    "pipeline_rename": Case(
        at("pipeline"), role=Role.ADMIN, body=lambda rows, _: {"name": "Selling", "version": rows.versions["pipeline"]}
    ),
    "pipeline_rules": Case(
        at("pipeline"),
        role=Role.ADMIN,
        get=False,
        body=lambda rows, _: {"win_from": "2", "max_skip": "1", "version": rows.versions["pipeline"]},
    ),
    "pipeline_default": Case(at("spare_pipeline"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "pipeline_delete": Case(
        at("spare_pipeline"),
        role=Role.ADMIN,
        body=lambda rows, _: {"into": rows.pipeline, "version": rows.versions["spare_pipeline"]},
    ),
    "stage_new": Case(at("pipeline"), role=Role.ADMIN, body=lambda *_: STAGE | {"name": "Legal"}),
    "stage_order": Case(at("pipeline"), role=Role.ADMIN, get=False, body=swapped("stages")),
    "stage_edit": Case(
        at("stage"), role=Role.ADMIN, body=lambda rows, _: STAGE | {"name": "Legal", "version": rows.versions["stage"]}
    ),
    "stage_delete": Case(
        at("stage"),
        role=Role.ADMIN,
        body=lambda rows, _: {"into": rows.first_stage, "version": rows.versions["stage"]},
    ),
    "stage_restore": Case(at("archived_stage"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "playbook_task_new": Case(at("stage"), role=Role.ADMIN, body=lambda rows, _: task(rows)),
    "playbook_task_edit": Case(
        at("playbook_task"),
        role=Role.ADMIN,
        body=lambda rows, _: task(rows) | {"version": rows.versions["playbook_task"]},
    ),
    "playbook_task_delete": Case(at("playbook_task"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "playbook_task_restore": Case(at("archived_task"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "playbook_order": Case(at("stage"), role=Role.ADMIN, get=False, body=turned("playbook")),
    "reason_list": Case(role=Role.ADMIN),
    "reason_new": Case(of_kinds, role=Role.ADMIN, body=lambda *_: {"label": "Rain", "needs_note": "on"}),
    "reason_edit": Case(
        at("reason"),
        role=Role.ADMIN,
        body=lambda rows, _: {"label": "Snow", "needs_note": "on", "version": rows.versions["reason"]},
    ),
    "reason_archive": Case(at("reason"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "reason_restore": Case(at("archived_reason"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "step_order": Case(at("sequence"), role=Role.MANAGER, get=False, body=turned("steps")),
    "reason_order": Case(of_lost, role=Role.ADMIN, get=False, body=turned("reasons")),
}
