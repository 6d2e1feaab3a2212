"""What admins set up: pipelines, their stages and rules (domain.md section 3)."""

from deals.setup.pipelines import add_pipeline, delete_pipeline, edit_pipeline, reorder_pipelines
from deals.setup.playbooks import (
    add_playbook_task,
    delete_playbook_task,
    edit_playbook_task,
    reorder_playbook,
    restore_playbook_task,
)
from deals.setup.reasons import add_reason, archive_reason, edit_reason, reorder_reasons, restore_reason
from deals.setup.stages import CERTAIN, add_stage, delete_stage, edit_stage, reorder_stages, restore_stage

__all__ = [
    "add_playbook_task",
    "add_reason",
    "archive_reason",
    "delete_playbook_task",
    "edit_playbook_task",
    "edit_reason",
    "reorder_playbook",
    "reorder_reasons",
    "restore_playbook_task",
    "restore_reason",
    "CERTAIN",
    "add_pipeline",
    "add_stage",
    "delete_pipeline",
    "delete_stage",
    "edit_pipeline",
    "edit_stage",
    "reorder_pipelines",
    "reorder_stages",
    "restore_stage",
]
