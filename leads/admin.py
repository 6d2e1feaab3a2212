"""Companies, contacts, leads, campaigns and segments in the admin; what may be done with them is said by leads.actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from activities.models import Door
from leads import actions
from leads.forms import LinesField
from leads.models import (
    Campaign,
    CampaignMember,
    Company,
    Contact,
    ContactEmail,
    ContactPhone,
    Lead,
    Segment,
    SegmentMember,
)
from workspaces.action import Refused
from workspaces.admin_base import ReadOnlyAdmin, TenantAdmin
from workspaces.admin_bulk import BulkForm, OwnerForm
from workspaces.admin_filters import ChooseFilter
from workspaces.admin_forms import CustomisedForm, TenantForm
from workspaces.admin_site import site

STATUSES = [choice for choice in Lead.Status.choices if choice[0] != Lead.Status.CONVERTED]


class RecordAdmin(TenantAdmin):
    """Companies, contacts and leads: made and changed by actions, with the version that the page showed."""

    form = CustomisedForm
    # No verb deletes them: what hangs on them, such as the activities of a company's deals, would go with them.
    can_delete = False
    create: Callable
    update: Callable
    readonly_fields: tuple[str, ...] = ("created_at", "updated_at")
    actions = ("assign",)

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None):
        where = () if request.workspace else ("workspace",)
        if obj is None:
            return [(None, {"fields": [*where, *self.get_add_fields(), "custom_values"]})]
        return [
            (None, {"fields": [*where, *self.fields, "custom_values", "seen"]}),
            ("Kept by the system", {"fields": list(self.readonly_fields)}),
        ]

    def get_add_fields(self) -> tuple[str, ...]:
        return self.fields

    def add_row(self, request: HttpRequest, obj: models.Model, form: CustomisedForm) -> models.Model:
        create = type(self).create
        return create(obj.workspace, by=self.actor(request), door=Door.ADMIN, **form.facts())

    def change_row(self, request: HttpRequest, obj: models.Model, form: CustomisedForm) -> models.Model:
        facts = form.facts()
        if facts.keys() == {"version"}:
            return obj
        return self.change(request, obj, **facts)

    def change(self, request: HttpRequest, row: models.Model, **facts: object) -> models.Model:
        update = type(self).update
        return update(row, by=self.actor(request), door=Door.ADMIN, **facts)

    @admin.action(description="Change the owner…")
    def assign(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        def verb(row: models.Model, data: dict) -> None:
            self.change(request, row, version=row.version, owner_id=data["owner"].user_id)

        return self.ask(request, queryset, title="Change the owner…", form=OwnerForm, verb=verb, done="handed over")


@admin.register(Company, site=site)
class CompanyAdmin(RecordAdmin):
    menu = ("People", 10, "apartment")
    create, update = staticmethod(actions.create_company), staticmethod(actions.update_company)
    like = "crm_companies_like"
    list_display = ("name", "domain", "industry", "country", "owner", "created_at")
    list_filter = (("owner", ChooseFilter), "created_at")
    search_fields = ("name", "domain")
    ordering = ("name", "pk")
    fields = ("name", "domain", "industry", "size", "country", "annual_revenue", "phone", "parent", "owner")


class ContactForm(CustomisedForm):
    emails = LinesField(required=False, label="Email addresses", widget=UnfoldAdminTextInputWidget)
    phones = LinesField(
        required=False,
        label="Phone numbers",
        widget=UnfoldAdminTextInputWidget,
        help_text="With country code: +49 30 123456",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if contact := self.instance.pk and self.instance:
            emails = contact.emails.order_by("-is_primary", "pk")
            self.fields["emails"].initial = list(emails.values_list("email", flat=True))
            self.fields["phones"].initial = list(contact.phones.order_by("pk").values_list("phone", flat=True))


@admin.register(Contact, site=site)
class ContactAdmin(RecordAdmin):
    menu = ("People", 11, "person")
    form = ContactForm
    create, update = staticmethod(actions.create_contact), staticmethod(actions.update_contact)
    like = "crm_contacts_like"
    list_display = ("name", "title", "company", "owner", "do_not_email", "do_not_call", "created_at")
    list_filter = (("owner", ChooseFilter), "consent", "do_not_email", "do_not_call")
    search_fields = ("name", "emails__email")
    ordering = ("name", "pk")
    fields = (
        "first_name", "last_name", "emails", "phones", "title", "company", "time_zone", "owner", "do_not_email",
        "do_not_call", "consent", "consent_at",
    )  # fmt: skip


@admin.register(ContactEmail, site=site)
class ContactEmailAdmin(ReadOnlyAdmin):
    """Addresses are changed at their contact."""

    menu = ("People", 12, "alternate_email")
    list_display = ("email", "contact", "is_primary")
    search_fields = ("email", "contact__name")


@admin.register(ContactPhone, site=site)
class ContactPhoneAdmin(ReadOnlyAdmin):
    menu = ("People", 13, "call")
    list_display = ("phone", "contact", "label")
    search_fields = ("phone", "contact__name")


class LeadForm(CustomisedForm):
    """A lead that was made; `converted` is set by conversion alone."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "status" in self.fields:
            self.fields["status"].choices = STATUSES


class NewLeadForm(CustomisedForm):
    """A new lead; its contact and company are found or made."""

    first_name = forms.CharField(max_length=100, required=False, widget=UnfoldAdminTextInputWidget)
    last_name = forms.CharField(max_length=100, required=False, widget=UnfoldAdminTextInputWidget)
    email = forms.EmailField(required=False, widget=UnfoldAdminEmailInputWidget)
    company_name = forms.CharField(max_length=200, required=False, label="Company", widget=UnfoldAdminTextInputWidget)


class StatusForm(BulkForm):
    status = forms.ChoiceField(choices=STATUSES, widget=UnfoldAdminSelectWidget)
    unqualified_reason = forms.CharField(
        max_length=80, required=False, label="Reason", help_text="When unqualified.", widget=UnfoldAdminTextInputWidget
    )


@admin.register(Lead, site=site)
class LeadAdmin(RecordAdmin):
    menu = ("Sales", 20, "filter_alt")
    form = LeadForm
    create, update = staticmethod(actions.capture), staticmethod(actions.update_lead)
    like = "crm_leads_like"
    list_display = ("name", "status", "contact", "company", "owner", "source", "score", "created_at")
    list_filter = (("owner", ChooseFilter), "status", "source", ("campaign", ChooseFilter), "created_at")
    search_fields = ("name", "company__name")
    ordering = ("-created_at", "-pk")
    fields = (
        "name", "status", "unqualified_reason", "contact", "company", "source", "campaign", "estimated_amount", "owner",
    )  # fmt: skip
    readonly_fields = (
        "score", "contacted_at", "qualified_at", "converted_at", "created_at", "updated_at",
    )  # fmt: skip
    actions = ("change_status", "assign")

    def get_add_fields(self) -> tuple[str, ...]:
        names = ("first_name", "last_name", "email", "company_name")
        return (*names, "source", "campaign", "estimated_amount", "owner")

    def get_readonly_fields(self, request: HttpRequest, obj: Lead | None = None):
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, "status"] if obj and obj.status == Lead.Status.CONVERTED else fixed

    def get_form(self, request: HttpRequest, obj: Lead | None = None, change: bool = False, **kwargs):
        return super().get_form(request, obj, change=change, **({} if obj else {"form": NewLeadForm}) | kwargs)

    @admin.action(description="Change the status…")
    def change_status(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        def verb(lead: Lead, data: dict) -> None:
            self.change(request, lead, version=lead.version, **data)

        return self.ask(request, queryset, title="Change the status…", form=StatusForm, verb=verb, done="changed")


@admin.register(Campaign, site=site)
class CampaignAdmin(TenantAdmin):
    menu = ("Sales", 30, "campaign")
    list_display = ("name", "channel", "status", "start", "end", "budget", "cost")
    list_filter = ("channel", "status")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name", "channel", "status", "start", "end", "budget", "cost")


@admin.register(CampaignMember, site=site)
class CampaignMemberAdmin(TenantAdmin):
    menu = ("Sales", 31, "group_add")
    list_display = ("campaign", "lead", "state", "state_at")
    list_filter = (("campaign", ChooseFilter), "state")
    search_fields = ("lead__name", "campaign__name")
    fields = ("campaign", "lead", "state", "state_at")


class SegmentForm(TenantForm):
    """A filter that could not be read later is refused now."""

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        workspace = self.instance.workspace if self.instance.workspace_id else None
        if workspace and data.get("filter") is not None:
            try:
                actions.leads_of(Segment(workspace=workspace, name=data.get("name", ""), filter=data["filter"]))
            except Refused as refusal:
                self.add_error("filter", refusal.message)
        return data


@admin.register(Segment, site=site)
class SegmentAdmin(TenantAdmin):
    form = SegmentForm
    menu = ("Sales", 40, "layers")
    list_display = ("name", "filter", "refreshed_at", "created_at")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name", "filter", "refreshed_at")
    readonly_fields = ("refreshed_at",)
    actions = ("refresh",)

    @admin.action(description="Refresh by the filter")
    def refresh(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        by_filter = queryset.exclude(filter=None).select_related("workspace")
        self.each(request, by_filter, actions.refresh_segment, "refreshed")


@admin.register(SegmentMember, site=site)
class SegmentMemberAdmin(TenantAdmin):
    menu = ("Sales", 41, "group_add")
    list_display = ("segment", "lead", "added_at")
    list_filter = (("segment", ChooseFilter),)
    search_fields = ("lead__name", "segment__name")
    fields = ("segment", "lead")
    can_change = False
