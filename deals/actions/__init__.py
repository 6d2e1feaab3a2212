"""What people do with deals: one verb each, behind every door (domain.md section 3).

Locks are taken in one order everywhere: deals by id, then stages or tasks by id. The totals' rows come last, by trigger.
"""

from deals.actions.assigning import assign_deal
from deals.actions.binning import delete_deal, purge_deal, restore_deal
from deals.actions.changes import is_as_left
from deals.actions.closing import check_said
from deals.actions.converting import (
    convert_lead,
    create_deal_from_lead,
    lock_lead,
    make_opportunity,
    mark_converted,
    opportunity_name,
    opportunity_stage,
    standing,
    undo_conversion,
)
from deals.actions.copying import duplicate_deal
from deals.actions.events import CLOSING, add_stage_event, before_image
from deals.actions.expecting import expect_in_month
from deals.actions.facts import (
    EDITABLE,
    NAMED,
    check_fields,
    check_owner,
    check_values,
    create_deal,
    said,
    set_facts,
    update_deal,
)
from deals.actions.items import (
    add_item,
    move_item,
    remove_item,
    restore_item,
    set_amount_source,
    update_item,
)
from deals.actions.locking import CHANGES, LINES, hold_all, lock_deal, lock_stages, raise_stale
from deals.actions.many import change_many, step, undo_change, undo_many
from deals.actions.moving import MOVED, may_be_reopened, move_to_stage
from deals.actions.people import add_contact, add_person, remove_contact, restore_contact, update_contact
from deals.actions.products import create_product, update_product
from deals.actions.rates import change_currency, delete_rate, set_rate
from deals.actions.starting import (
    DEFAULT_STAGES,
    TEMPLATES,
    create_default_pipeline,
    create_playbook,
    create_reasons,
    create_stages,
)
from deals.actions.tagging import find_or_create_tags, tag_deal
from deals.actions.undoing import undo_stage_change
from deals.actions.views import change_view, delete_view, like_list, restore_view, save_view

__all__ = [
    "CHANGES",
    "CLOSING",
    "DEFAULT_STAGES",
    "EDITABLE",
    "LINES",
    "MOVED",
    "NAMED",
    "TEMPLATES",
    "add_contact",
    "add_person",
    "add_item",
    "add_stage_event",
    "assign_deal",
    "before_image",
    "change_currency",
    "change_many",
    "change_view",
    "check_fields",
    "check_owner",
    "check_said",
    "check_values",
    "convert_lead",
    "create_deal",
    "create_deal_from_lead",
    "create_default_pipeline",
    "create_playbook",
    "create_product",
    "create_reasons",
    "create_stages",
    "delete_deal",
    "delete_rate",
    "delete_view",
    "duplicate_deal",
    "expect_in_month",
    "find_or_create_tags",
    "hold_all",
    "is_as_left",
    "like_list",
    "lock_deal",
    "lock_lead",
    "lock_stages",
    "make_opportunity",
    "mark_converted",
    "may_be_reopened",
    "move_item",
    "move_to_stage",
    "opportunity_name",
    "opportunity_stage",
    "purge_deal",
    "raise_stale",
    "remove_contact",
    "remove_item",
    "restore_contact",
    "restore_deal",
    "restore_item",
    "restore_view",
    "said",
    "save_view",
    "set_amount_source",
    "set_facts",
    "set_rate",
    "standing",
    "step",
    "tag_deal",
    "undo_change",
    "undo_conversion",
    "undo_many",
    "undo_stage_change",
    "update_contact",
    "update_deal",
    "update_item",
    "update_product",
]
