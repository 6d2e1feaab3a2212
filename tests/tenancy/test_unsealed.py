"""The second wall taken down: the walk must find what then leaks, or it proves nothing; the first wall stands alone.

On committed rows, since switching row-level security off is another role's business, on a connection of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from deals.models import Deal, Pipeline, Stage
from leads.models import Campaign, Company, Contact, Lead, Segment
from tests.tenancy.mutations import dropped, probes_of, unsealed
from tests.tenancy.test_mutants import ROUTES
from tests.tenancy.walk import Walker, log_in
from tests.tenancy.world import build, tenant_models
from workspaces.checks import tenant_catalog
from workspaces.models import Invitation, Membership, Team

pytestmark = pytest.mark.django_db(transaction=True)

# Where a leak of each table shows; of the others the pages show nothing without one of these.
SHOWN_BY = {
    Deal: ("deal_delete", "deal_move"),
    Stage: ("deal_list_filter", "deal_lane"),
    Pipeline: ("deal_move",),
    Company: ("company_detail", "company_list"),
    Contact: ("contact_detail", "contact_list"),
    Lead: ("lead_detail", "lead_edit"),
    Campaign: ("lead_filter",),
    Segment: ("deal_filter", "lead_filter"),
    Team: ("member_list", "member_invite"),
    Membership: ("member_list", "member_edit"),
    Invitation: ("member_list", "invitation_link", "invitation_revoke"),
}


@pytest.fixture
def walker() -> Iterator[Walker]:
    log = logging.getLogger("django.request")
    level = log.level
    log.setLevel(logging.CRITICAL)
    world = build()
    log_in(world)
    yield Walker(world)
    log.setLevel(level)


def problems(walker: Walker, *names: str) -> list[str]:
    for route in ROUTES:
        if not names or route.name in names:
            walker.quietly(list(probes_of(walker, route)))
    found, walker.problems = walker.problems, []
    return found


def test_the_walk_finds_a_leak(walker):
    """Filter and policy dropped, one table at a time: each must be found, and is not while either stands."""
    for model, names in SHOWN_BY.items():
        table = model._meta.db_table
        with unsealed(table):
            assert any(table in error.msg for error in tenant_catalog(None, ["default"]))
            assert problems(walker, *names) == [], f"{table}: the filter alone does not hold"
            with dropped(model):
                assert problems(walker, *names), f"{table} leaks, and nobody noticed"
        with dropped(model):
            assert problems(walker, *names) == [], f"{table}: the policy alone does not hold"
    assert tenant_catalog(None, ["default"]) == []


def test_the_first_wall_stands_alone(walker):
    """No row-level security anywhere: the views' own filters still let nothing through."""
    with unsealed(*(model._meta.db_table for model in tenant_models()), "workspaces_workspace"):
        assert problems(walker) == []
    assert tenant_catalog(None, ["default"]) == []
