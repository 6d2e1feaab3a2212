"""What leads, companies and contacts can be narrowed down by. Only these names are read from a URL."""

from __future__ import annotations

import django_filters as filters
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from leads.models import Campaign, Company, Contact, Lead, Segment, Source
from workspaces.custom.filters import CustomFilter
from workspaces.custom.values import Entity
from workspaces.filtering import Chip, MemberFilter, ValuesFilter


class RecordFilter(CustomFilter):
    """Text, owner and custom fields, which all three have."""

    like = ""  # the search function of the table, as a query

    q = filters.CharFilter(method="search", label="Name")
    owner = MemberFilter("owner")

    def search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(pk__in=RawSQL(self.like, [value]))  # noqa: S611 - `like` is a constant


OWNER = Chip("owner", "Owner", "user-round", ("owner",))
TEXT = Chip("q", "Text", "search", ("q",))


class LeadFilter(RecordFilter):
    entity = Entity.LEAD
    like = "SELECT crm_leads_like(%s)"
    chips = (
        TEXT,
        Chip("status", "Status", "circle-dot", ("status",)),
        OWNER,
        Chip("source", "Source", "globe", ("source",)),
        Chip("campaign", "Campaign", "megaphone", ("campaign",)),
        Chip("segment", "Segment", "layers", ("segment",)),
    )
    status = filters.MultipleChoiceFilter(choices=Lead.Status.choices)
    source = filters.MultipleChoiceFilter(choices=Source.choices)
    campaign = filters.ModelMultipleChoiceFilter(
        queryset=lambda request: Campaign.objects.filter(workspace=request.workspace)
    )
    segment = filters.ModelMultipleChoiceFilter(
        field_name="segments__segment", queryset=lambda request: Segment.objects.filter(workspace=request.workspace)
    )

    class Meta:
        model = Lead
        fields: list[str] = []


class CompanyFilter(RecordFilter):
    entity = Entity.COMPANY
    like = "SELECT crm_companies_like(%s)"
    chips = (
        TEXT,
        OWNER,
        Chip("industry", "Industry", "factory", ("industry",)),
        Chip("country", "Country", "map-pin", ("country",)),
    )
    industry = ValuesFilter()
    country = ValuesFilter()

    class Meta:
        model = Company
        fields: list[str] = []


class ContactFilter(RecordFilter):
    entity = Entity.CONTACT
    like = "SELECT crm_contacts_like(%s)"
    chips = (TEXT, OWNER)

    class Meta:
        model = Contact
        fields: list[str] = []
