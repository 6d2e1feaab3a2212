"""Shapes of what people type about companies, contacts and leads; the rules are in actions."""

from __future__ import annotations

from django import forms

from leads.models import Contact, Lead, Source
from workspaces.custom.fields import live_fields
from workspaces.custom.forms import add_fields, take_values
from workspaces.custom.values import Entity
from workspaces.fields import AmountField, CountField, speak
from workspaces.formats import Formats
from workspaces.models import Membership, Workspace


class LinesField(forms.CharField):
    """Several short values, one a line or separated by commas."""

    widget = forms.TextInput

    def prepare_value(self, value):
        return ", ".join(value) if isinstance(value, (list, tuple)) else value

    def to_python(self, value):
        text = super().to_python(value)
        return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]


class RecordForm(forms.Form):
    """A record's facts, its owner, its custom fields (of a new one the required ones) and the version that the page
    showed (for edits)."""

    entity: Entity
    owner = forms.ModelChoiceField(
        queryset=Membership.objects.none(), to_field_name="user_id", required=False, empty_label="Nobody"
    )

    def __init__(self, *args, workspace: Workspace, formats: Formats, edited=None, **kwargs):
        initial = kwargs.pop("initial", {}) | (self.initial_of(edited) if edited else {})
        super().__init__(*args, initial=initial, **kwargs)
        fields = live_fields(workspace, self.entity)
        self.custom = [field for field in fields if edited or field.is_required]
        add_fields(self, self.custom, workspace, edited.custom if edited else {}, asked=edited is None)
        speak(self, formats)
        self.fields["owner"].queryset = workspace.memberships.working(edited and edited.owner_id)
        if edited:
            self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=edited.version)

    def initial_of(self, record) -> dict[str, object]:
        return {name: getattr(record, name) for name in self.base_fields if hasattr(record, name)} | {
            "owner": record.owner_id
        }

    def facts(self) -> dict[str, object]:
        """The cleaned values as the actions take them."""
        facts = {name: value for name, value in self.cleaned_data.items() if name != "owner"}
        facts["custom"] = take_values(facts, self.custom)
        owner = self.cleaned_data["owner"]
        return facts | {"owner_id": owner and owner.user_id}


class CompanyForm(RecordForm):
    entity = Entity.COMPANY
    name = forms.CharField(max_length=200)
    domain = forms.CharField(max_length=253, required=False)
    industry = forms.CharField(max_length=80, required=False)
    size = CountField(required=False, label="Employees")
    country = forms.CharField(max_length=80, required=False)
    annual_revenue = AmountField(required=False)
    phone = forms.CharField(max_length=32, required=False)
    field_order = ["name", "domain", "industry", "size", "country", "annual_revenue", "phone", "owner"]


class ContactForm(RecordForm):
    entity = Entity.CONTACT
    first_name = forms.CharField(max_length=100, required=False)
    last_name = forms.CharField(max_length=100, required=False)
    title = forms.CharField(max_length=120, required=False, label="Job title")
    company_name = forms.CharField(
        max_length=200,
        required=False,
        label="Company",
        widget=forms.TextInput(attrs={"list": "companies", "autocomplete": "off"}),
    )
    emails = LinesField(required=False, label="Email addresses")
    phones = LinesField(required=False, label="Phone numbers", help_text="With country code: +49 30 123456")
    do_not_email = forms.BooleanField(required=False)
    do_not_call = forms.BooleanField(required=False)
    field_order = [
        "first_name",
        "last_name",
        "title",
        "company_name",
        "emails",
        "phones",
        "owner",
        "do_not_email",
        "do_not_call",
    ]

    def initial_of(self, record: Contact) -> dict[str, object]:
        emails = record.emails.order_by("-is_primary", "pk").values_list("email", flat=True)
        return super().initial_of(record) | {
            "company_name": str(record.company or ""),
            "emails": list(emails),
            "phones": list(record.phones.values_list("phone", flat=True)),
        }


class LeadForm(RecordForm):
    """A new lead; its contact and company are found or made."""

    entity = Entity.LEAD

    first_name = forms.CharField(max_length=100, required=False)
    last_name = forms.CharField(max_length=100, required=False)
    email = forms.EmailField(max_length=254, required=False)
    company_name = forms.CharField(
        max_length=200,
        required=False,
        label="Company",
        widget=forms.TextInput(attrs={"list": "companies", "autocomplete": "off"}),
    )
    source = forms.ChoiceField(choices=[("", "—"), *Source.choices], required=False)
    estimated_amount = AmountField(required=False)
    field_order = ["first_name", "last_name", "email", "company_name", "source", "estimated_amount", "owner"]


class LeadEditForm(RecordForm):
    entity = Entity.LEAD
    name = forms.CharField(max_length=201)
    status = forms.ChoiceField(choices=[choice for choice in Lead.Status.choices if choice[0] != Lead.Status.CONVERTED])
    unqualified_reason = forms.CharField(max_length=80, required=False)
    source = forms.ChoiceField(choices=[("", "—"), *Source.choices], required=False)
    estimated_amount = AmountField(required=False)
    field_order = ["name", "status", "unqualified_reason", "source", "estimated_amount", "owner"]

    def __init__(self, *args, edited: Lead, **kwargs):
        super().__init__(*args, edited=edited, **kwargs)
        if edited.status == Lead.Status.CONVERTED:
            del self.fields["status"], self.fields["unqualified_reason"]
