"""What admins set up: pipelines, their stages and rules (domain.md section 3)."""

from deals.setup.pipelines import add_pipeline, delete_pipeline, edit_pipeline, reorder_pipelines
from deals.setup.stages import CERTAIN, add_stage, delete_stage, edit_stage, reorder_stages, restore_stage

__all__ = [
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
