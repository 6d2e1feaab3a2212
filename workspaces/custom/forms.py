"""Form fields of custom fields. What they clean goes to the actions, which check it as they do for every other door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from workspaces.custom.values import DIGITS, LIMIT, LONGEST, PREFIX, Field, Type, plain
from workspaces.fields import AmountField, DayField
from workspaces.models import Membership, Workspace


class NumberField(AmountField):
    """A number of any sign, with up to six digits behind it."""

    least = -LIMIT + 1
    limit = LIMIT
    unit = Decimal(1).scaleb(-DIGITS)
    example = "1200 or 0.75"

    def prepare_value(self, value: object) -> object:
        if self.formats and isinstance(value, (Decimal, int)):
            text = plain(Decimal(value), DIGITS)
            return self.formats.number(value, len(text.partition(".")[2]))
        return value


def form_field(field: Field, workspace: Workspace, value: Any = None, *, asked: bool = False) -> forms.Field:
    """For one custom field that holds `value`; `asked`: it must be filled in if the field is a required one."""
    common: dict[str, Any] = {
        "label": field.label, "required": asked and field.is_required, "help_text": field.help, "initial": _initial(field, value),
    }  # fmt: skip
    match field.type:
        case Type.NUMBER:
            return NumberField(**common)
        case Type.MONEY:
            return AmountField(**common | {"label": f"{field.label}, {workspace.currency}"})
        case Type.DATE:
            return DayField(**common)
        case Type.CHOICE:
            return forms.ChoiceField(choices=[("", "—"), *_offered(field, value)], **common)
        case Type.MULTI:
            return forms.MultipleChoiceField(
                choices=_offered(field, value), widget=forms.CheckboxSelectMultiple, **common
            )
        case Type.CHECKBOX:
            return forms.BooleanField(**common | {"required": False})
        case Type.URL:
            widget = forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "placeholder": "https://"})
            return forms.CharField(max_length=LONGEST, widget=widget, **common)
        case Type.USER:
            return forms.ChoiceField(choices=[("", "Nobody"), *_members(workspace, value)], **common)
    return forms.CharField(max_length=LONGEST, **common)


def add_fields(
    form: forms.BaseForm,
    fields: Iterable[Field],
    workspace: Workspace,
    values: Mapping[str, Any],
    *,
    asked: bool = False,
) -> None:
    """To a form, in their order, under the names that refusals use."""
    for field in fields:
        form.fields[field.name] = form_field(field, workspace, values.get(field.key), asked=asked)


def take_values(facts: dict[str, Any], fields: Iterable[Field]) -> dict[str, Any]:
    """The cleaned custom values, {key: value}, out of a form's facts."""
    return {field.key: facts.pop(field.name) for field in fields if field.name in facts}


def is_custom(name: str) -> bool:
    return name.startswith(PREFIX)


def _initial(field: Field, value: Any) -> Any:
    if field.type in (Type.NUMBER, Type.MONEY) and isinstance(value, str):
        return Decimal(value)
    if field.type == Type.DATE and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def _offered(field: Field, value: Any) -> list[tuple[str, str]]:
    """The live choices, and the archived ones that the record has."""
    has = value if isinstance(value, list) else [value]
    return [(each.key, each.label) for each in field.choices if not each.is_archived or each.key in has]


def _members(workspace: Workspace, value: Any) -> list[tuple[str, str]]:
    """The active ones, and whoever it is now."""
    members = Membership.objects.filter(workspace=workspace).select_related("user")
    return [
        (str(member.user_id), str(member.user))
        for member in members
        if member.status == Membership.Status.ACTIVE or member.user_id == value
    ]
