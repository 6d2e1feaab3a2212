"""Shapes of what people type about deals; the rules are in actions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from django import forms

from deals.actions.tagging import MOST
from deals.exchange import LIMIT, SMALLEST
from deals.forecast import SAID
from deals.models import CloseReason, CurrencyRate, Deal, DealContact, Kind, LineItem, Product, Stage
from leads.models import Campaign, Segment, Source
from workspaces.custom.fields import field_named, live_fields
from workspaces.custom.forms import add_fields, form_field, take_values
from workspaces.custom.values import Entity
from workspaces.fields import AmountField, DayField, WholeField, speak
from workspaces.formats import Formats
from workspaces.forms import currency_choices
from workspaces.models import Membership, Workspace


class RateField(AmountField):
    """What a unit is worth: up to twelve digits behind the point."""

    limit, unit, example = LIMIT, SMALLEST, "0.87"

    def prepare_value(self, value: object) -> object:
        return self.formats.rate(value) if self.formats and isinstance(value, Decimal) else value

    def say_example(self) -> str:
        return self.formats.rate(Decimal("0.87")) if self.formats else self.example


class CurrencyField(forms.CharField):
    """Three letters; `offer` puts forward those that have a rate."""

    widget = forms.TextInput(attrs={"list": "currencies", "autocomplete": "off", "size": 4, "spellcheck": "false"})
    offered: tuple[str, ...] = ()

    def __init__(self, **kwargs):
        super().__init__(**{"max_length": 3} | kwargs)

    def to_python(self, value: object) -> str:
        return super().to_python(value).upper()


def offer(field: forms.Field, workspace: Workspace) -> None:
    known = CurrencyRate.objects.filter(workspace=workspace).order_by("currency").values_list("currency", flat=True)
    field.offered = (workspace.currency, *known.distinct())


class RateForm(forms.Form):
    currency = CurrencyField(help_text="Three letters, such as USD.")
    rate = RateField()
    day = DayField(label="From", help_text="The day, in UTC, from which it holds.")

    def __init__(self, *args, formats: Formats, own: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["rate"].label = f"{own} for one unit"
        speak(self, formats)


class CurrencyForm(forms.Form):
    currency = CurrencyField(help_text="Three letters, such as EUR.")


class VersionForm(forms.Form):
    """The version that the page showed."""

    version = forms.IntegerField(min_value=1)


class ClosingForm(forms.Form):
    """What is said when deals are closed."""

    reason = forms.CharField(max_length=80, required=False)
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    competitor = forms.CharField(max_length=120, required=False)


class MoveForm(ClosingForm):
    """What a drop, a key or the menu sends."""

    stage = forms.IntegerField()
    version = forms.IntegerField(min_value=1)
    after = forms.IntegerField(required=False)
    before = forms.IntegerField(required=False)


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
    currency = CurrencyField(required=False)
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
        self.fields["owner"].queryset = workspace.memberships.working()
        self.initial.setdefault("currency", workspace.currency)
        offer(self.fields["currency"], workspace)
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
        for name in ("company_name", "source", "currency"):
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


class ViewForm(forms.Form):
    name = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    shared = forms.BooleanField(required=False, label="Shared with everybody")


class ContactRoleForm(forms.Form):
    contact = forms.CharField(
        max_length=500,
        help_text="The name or email address of a contact. Somebody new: Ada Lovelace <ada@acme.com>",
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


# The field behind each fact of a deal.
LABELS = {
    "owner": "Owner",
    "next_step": "Note of the next step",
    "product": "About",
    "expected_close_date": "Expected close",
    "forecast_category": "Forecast category",
    "won_reason": "Why it was won",
    "lost_reason": "Why it was lost",
}


def label_of(field: str) -> str:
    return LABELS.get(field, field.replace("_", " ").capitalize())


FACTS: dict[str, Callable[[Workspace, Deal], forms.Field]] = {
    "name": lambda workspace, deal: forms.CharField(max_length=200, initial=deal.name),
    "amount": lambda workspace, deal: AmountField(required=False, initial=deal.amount),
    "forecast_category": lambda workspace, deal: forms.ChoiceField(
        choices=[("", "As the stage says"), *SAID.items()],
        required=False,
        initial=deal.forecast_category,
        help_text="How sure it is, for the forecast.",
    ),
    "currency": lambda workspace, deal: CurrencyField(initial=deal.currency),
    "probability": lambda workspace, deal: WholeField(
        min_value=0, max_value=100, required=False, initial=deal.probability, help_text="Empty: as the stage says."
    ),
    "expected_close_date": lambda workspace, deal: DayField(required=False, initial=deal.expected_close_date),
    "owner": lambda workspace, deal: forms.ModelChoiceField(
        workspace.memberships.working(deal.owner_id),
        to_field_name="user_id",
        initial=deal.owner_id,
        empty_label=None,
    ),
    "company": lambda workspace, deal: forms.CharField(
        max_length=200,
        required=False,
        initial=str(deal.company or ""),
        widget=forms.TextInput(attrs={"list": "companies"}),
    ),
    "source": lambda workspace, deal: forms.ChoiceField(
        choices=[("", "—"), *Source.choices], required=False, initial=deal.source
    ),
    "campaign": lambda workspace, deal: forms.ModelChoiceField(
        Campaign.objects.filter(workspace=workspace).order_by("name"), required=False, initial=deal.campaign_id
    ),
    "segment": lambda workspace, deal: forms.ModelChoiceField(
        Segment.objects.filter(workspace=workspace).order_by("name"), required=False, initial=deal.segment_id
    ),
    "tags": lambda workspace, deal: forms.CharField(
        max_length=MOST * 42,
        required=False,
        initial=", ".join(deal.tag_names),
        help_text="Commas between them. A new name makes a new tag.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    ),
    "product": lambda workspace, deal: forms.CharField(max_length=120, required=False, initial=deal.product),
    "next_step": lambda workspace, deal: forms.CharField(max_length=200, required=False, initial=deal.next_step),
    "won_reason": lambda workspace, deal: forms.ChoiceField(
        choices=[("", "—"), *reason_choices(workspace, Kind.WON, deal.won_reason)],
        required=False,
        initial=deal.won_reason,
    ),
    "lost_reason": lambda workspace, deal: forms.ChoiceField(
        choices=reason_choices(workspace, Kind.LOST, deal.lost_reason), initial=deal.lost_reason
    ),
    "competitor": lambda workspace, deal: forms.CharField(max_length=120, required=False, initial=deal.competitor),
}


REASONS = ("won_reason", "lost_reason")


def fact_form(field: str, workspace: Workspace, data: dict | None, deal: Deal, formats: Formats) -> forms.Form:
    """The one-field form behind a fact of the deal page, named `value`, with the version it saw."""
    custom = field_named(workspace, Entity.DEAL, field)
    if field not in FACTS and custom is None:
        raise KeyError(field)
    form = forms.Form(data)
    form.fields["value"] = (
        form_field(custom, workspace, deal.custom.get(custom.key), asked=True)
        if custom
        else FACTS[field](workspace, deal)
    )
    if field in REASONS:
        form.fields["note"] = forms.CharField(
            required=False, label="What happened?", initial=deal.close_note, widget=forms.Textarea(attrs={"rows": 2})
        )
    if field == "amount":
        form.fields["currency"] = CurrencyField(required=False, initial=deal.currency)
    for name in ("currency", "value"):
        if isinstance(form.fields.get(name), CurrencyField):
            offer(form.fields[name], workspace)
    form.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=deal.version)
    speak(form, formats)
    return form


class QuantityField(AmountField):
    """How many, to three places after the sign."""

    limit = Decimal(10**9)
    unit = Decimal("0.001")
    example = "24 or 1.5"

    def prepare_value(self, value: object) -> object:
        """With all its places: what is not touched is sent back as it was."""
        if self.formats and isinstance(value, Decimal):
            return self.formats.number(value, max(0, -int(value.normalize().as_tuple().exponent)))
        return value

    def say_example(self) -> str:
        return self.formats.typed(Decimal("1.5")) if self.formats else self.example


class ItemForm(forms.Form):
    """A line item. A product gives its name and price where they are left empty."""

    product = forms.ModelChoiceField(queryset=Product.objects.none(), required=False, empty_label="None of the list")
    name = forms.CharField(max_length=200, required=False, help_text="Empty: the product's.")
    quantity = QuantityField(initial=Decimal(1))
    unit_price = AmountField(required=False, help_text="Empty: the product's.")
    discount = QuantityField(required=False, label="Discount, %", initial=Decimal(0))
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, deal: Deal, formats: Formats, edited: LineItem | None = None, **kwargs):
        initial = {"version": deal.version}
        if edited:
            initial |= {name: getattr(edited, name) for name in ("name", "quantity", "unit_price", "discount")}
        super().__init__(*args, initial=initial, **kwargs)
        if edited:
            del self.fields["product"]
            self.fields["name"].required = self.fields["unit_price"].required = True
            self.fields["name"].help_text = self.fields["unit_price"].help_text = ""
        else:
            offered = Product.objects.filter(workspace_id=deal.workspace_id, is_active=True).order_by("name")
            self.fields["product"].queryset = offered
            self.fields["product"].label_from_instance = lambda product: priced(product, formats)
        self.fields["unit_price"].label = f"Price of one, {deal.currency}"
        speak(self, formats, (AmountField,))

    def clean_discount(self) -> Decimal:
        return self.cleaned_data["discount"] or Decimal(0)


def priced(product: Product, formats: Formats) -> str:
    """As a choice says it: "G-1 Gateway, €780"."""
    price = "" if product.unit_price is None else f", {formats.money_exact(product.unit_price, product.currency)}"
    return f"{product.code} {product.name}{price}".strip()


class ProductForm(forms.Form):
    name = forms.CharField(max_length=120)
    code = forms.CharField(max_length=40, required=False)
    unit_price = AmountField(required=False, label="Price of one")
    currency = forms.ChoiceField(choices=currency_choices)
    is_active = forms.BooleanField(required=False, label="Offered in new lines", initial=True)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, workspace: Workspace, formats: Formats, edited: Product | None = None, **kwargs):
        names = ("name", "code", "unit_price", "currency", "is_active", "version")
        initial = {name: getattr(edited, name) for name in names} if edited else {"currency": workspace.currency}
        super().__init__(*args, initial=initial, **kwargs)
        speak(self, formats)

    def facts(self) -> dict[str, object]:
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class PartForm(forms.Form):
    """The part of a person in a deal."""

    role = forms.ChoiceField(choices=DealContact.Role.choices, required=False)
    is_primary = forms.BooleanField(required=False, label="Primary contact")
