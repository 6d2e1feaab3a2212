"""Shapes of what people type about deals; the rules are in actions."""

from __future__ import annotations

from django import forms

from deals.models import CloseReason, Deal, DealContact, Kind, Stage
from leads.models import Campaign, Segment, Source
from workspaces.custom.fields import field_named, live_fields
from workspaces.custom.forms import add_fields, form_field, take_values
from workspaces.custom.values import Entity
from workspaces.fields import AmountField, DayField, speak
from workspaces.formats import Formats
from workspaces.models import Membership, Workspace


class VersionForm(forms.Form):
    """The version that the page showed."""

    version = forms.IntegerField(min_value=1)


class MoveForm(forms.Form):
    """What a drop, a key or the menu sends."""

    stage = forms.IntegerField()
    version = forms.IntegerField(min_value=1)
    after = forms.IntegerField(required=False)
    before = forms.IntegerField(required=False)
    reason = forms.CharField(max_length=80, required=False)
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    competitor = forms.CharField(max_length=120, required=False)


class DealForm(forms.Form):
    """A new deal: two fields are enough."""

    name = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    company_name = forms.CharField(
        max_length=200,
        required=False,
        label="Company",
        widget=forms.TextInput(attrs={"list": "companies", "autocomplete": "off"}),
    )
    amount = AmountField(required=False)
    stage = forms.ModelChoiceField(queryset=Stage.objects.none(), empty_label=None)
    expected_close_date = DayField(required=False, label="Expected close")
    owner = forms.ModelChoiceField(
        queryset=Membership.objects.none(), to_field_name="user_id", required=False, empty_label=None
    )
    source = forms.ChoiceField(choices=[("", "—"), *Source.choices], required=False)

    def __init__(self, *args, workspace: Workspace, formats: Formats, **kwargs):
        super().__init__(*args, **kwargs)
        stages = Stage.objects.filter(workspace=workspace, kind=Kind.OPEN).select_related("pipeline")
        self.fields["stage"].queryset = stages.order_by("pipeline__position", "pipeline_id", "position")
        if workspace.pipelines.count() > 1:
            self.fields["stage"].label_from_instance = lambda stage: f"{stage.pipeline}: {stage}"
        self.fields["owner"].queryset = workspace.memberships.active().select_related("user")
        self.fields["amount"].label = f"Amount, {workspace.currency}"
        self.asked = [field for field in live_fields(workspace, Entity.DEAL) if field.is_required]
        add_fields(self, self.asked, workspace, {}, asked=True)
        speak(self, formats)

    def custom_fields(self) -> list[forms.BoundField]:
        return [self[field.name] for field in self.asked]


class ConvertForm(DealForm):
    """A lead's deal, filled in; it needs a next step. `attach` names an open deal that the lead is added to instead."""

    next_step = forms.CharField(max_length=200, label="Next step")
    due_on = DayField(required=False, label="Due")
    attach = forms.IntegerField(required=False, widget=forms.HiddenInput)

    field_order = ("name", "company_name", "stage", "owner", "amount", "expected_close_date")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("company_name", "source"):
            del self.fields[name]
        for field in self.asked:
            # The action asks for them, and not where the lead is added to a deal that is there.
            self.fields[field.name].required = False

    def facts(self) -> dict[str, object]:
        """What convert_lead takes, but for the deal to attach to."""
        facts = {name: self.cleaned_data[name] for name in ("name", "stage", "amount", "expected_close_date")}
        facts["custom"] = take_values(dict(self.cleaned_data), self.asked)
        owner = self.cleaned_data["owner"]
        return facts | ({"owner_id": owner.user_id} if owner else {})


class ContactRoleForm(forms.Form):
    contact = forms.CharField(
        max_length=500,
        help_text="The name or email address of a contact.",
        widget=forms.TextInput(attrs={"list": "contacts", "autocomplete": "off"}),
    )
    role = forms.ChoiceField(choices=DealContact.Role.choices, required=False)


def reasons(workspace: Workspace, kind: str) -> list[str]:
    """What is offered to whoever closes a deal, in the workspace's order."""
    return list(CloseReason.objects.filter(workspace=workspace, kind=kind).values_list("label", flat=True))


def reason_choices(workspace: Workspace, kind: str, now: str = "") -> list[tuple[str, str]]:
    """With the one that the deal has, which may have come with a file or been archived since."""
    offered = reasons(workspace, kind)
    return [(label, label) for label in ([now] if now and now not in offered else []) + offered]


def fact_form(field: str, workspace: Workspace, data: dict | None, deal: Deal, formats: Formats) -> forms.Form:
    """The one-field form behind a fact of the deal page, named `value`, with the version it saw."""
    makers = {
        "name": lambda: forms.CharField(max_length=200, initial=deal.name),
        "amount": lambda: AmountField(required=False, initial=deal.amount),
        "probability": lambda: forms.IntegerField(
            min_value=0, max_value=100, required=False, initial=deal.probability, help_text="Empty: as the stage says."
        ),
        "expected_close_date": lambda: DayField(required=False, initial=deal.expected_close_date),
        "owner": lambda: forms.ModelChoiceField(
            workspace.memberships.active().select_related("user"),
            to_field_name="user_id",
            initial=deal.owner_id,
            empty_label=None,
        ),
        "company": lambda: forms.CharField(
            max_length=200,
            required=False,
            initial=str(deal.company or ""),
            widget=forms.TextInput(attrs={"list": "companies"}),
        ),
        "source": lambda: forms.ChoiceField(choices=[("", "—"), *Source.choices], required=False, initial=deal.source),
        "campaign": lambda: forms.ModelChoiceField(
            Campaign.objects.filter(workspace=workspace).order_by("name"), required=False, initial=deal.campaign_id
        ),
        "segment": lambda: forms.ModelChoiceField(
            Segment.objects.filter(workspace=workspace).order_by("name"), required=False, initial=deal.segment_id
        ),
        "product": lambda: forms.CharField(max_length=120, required=False, initial=deal.product),
        "next_step": lambda: forms.CharField(max_length=200, required=False, initial=deal.next_step),
        "won_reason": lambda: forms.ChoiceField(
            choices=[("", "—"), *reason_choices(workspace, Kind.WON, deal.won_reason)],
            required=False,
            initial=deal.won_reason,
        ),
        "lost_reason": lambda: forms.ChoiceField(
            choices=reason_choices(workspace, Kind.LOST, deal.lost_reason), initial=deal.lost_reason
        ),
        "competitor": lambda: forms.CharField(max_length=120, required=False, initial=deal.competitor),
    }
    custom = field_named(workspace, Entity.DEAL, field)
    if field not in makers and custom is None:
        raise KeyError(field)
    form = forms.Form(data)
    form.fields["value"] = (
        form_field(custom, workspace, deal.custom.get(custom.key), asked=True) if custom else makers[field]()
    )
    form.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=deal.version)
    speak(form, formats)
    return form
