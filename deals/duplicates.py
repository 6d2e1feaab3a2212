"""Open deals that a new one may repeat, and companies that it would; see leads/duplicates.py."""

from __future__ import annotations

from django.db.models import Model, Q

from deals.models import Deal
from leads.actions import find_company
from leads.duplicates import like_named_company, similar, unique
from workspaces.models import Membership


def like_deal(member: Membership, facts: dict[str, object]) -> list[Model]:
    """Two companies may well have a deal of the same name."""
    name = str(facts["company_name"] or "")
    deals = similar(Deal, str(facts["name"]), member)
    if name.strip():
        deals = deals.filter(Q(company=None) | Q(company=find_company(member.workspace, name)))
    return unique(deals, like_named_company(member, name))
