"""The one filter: chips above a board or list, each with a panel of choices and their counts.

A FilterSet says what can be filtered; its `chips` say how that is shown. Everything stands in the URL, so a
filtered page can be shared, and works without JavaScript: a chip is a link to its panel, a panel is a GET form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import django_filters as filters
from django import forms
from django.core.validators import EMPTY_VALUES
from django.db.models import Count, Q, QuerySet
from django.forms.utils import ErrorDict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import cached_property

from workspaces.dialogs import frame
from workspaces.fields import AmountField, DayField, speak
from workspaces.formats import Formats
from workspaces.models import Membership

# Never part of a filter's own parameters, kept or dropped when one changes.
DROPPED = ("after", "undo")


@dataclass(frozen=True)
class Chip:
    """One filter as it is shown. `fields` are its parameters; a `primary` one is there before it is used."""

    name: str
    label: str
    icon: str
    fields: tuple[str, ...]
    primary: bool = True


def members(request: HttpRequest) -> QuerySet[Membership]:
    """Whom one may look for. Those who left come last: what is still theirs is to be found, and handed over."""
    found = Membership.objects.filter(workspace=request.workspace).select_related("user")
    return found.annotate(has_left=Q(status=Membership.Status.LEFT)).order_by("has_left", *Membership._meta.ordering)


class MembersField(filters.fields.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Membership) -> str:
        return f"{obj} (left)" if obj.status == Membership.Status.LEFT else str(obj)


class MemberFilter(filters.ModelMultipleChoiceFilter):
    """Rows whose column of a user is one of these members."""

    field_class = MembersField

    def __init__(self, field_name: str):
        super().__init__(field_name, queryset=members, to_field_name="user_id")

    def filter(self, qs: QuerySet, value: QuerySet[Membership]) -> QuerySet:
        return qs.filter(**{f"{self.field_name}_id__in": [member.user_id for member in value]}) if value else qs


class AmountFilter(filters.Filter):
    field_class = AmountField


class DayFilter(filters.Filter):
    """A day, typed as its reader writes it; `ListFilter.plain` gives the address that everybody reads alike."""

    field_class = DayField


class AnyValues(forms.MultipleChoiceField):
    """No column holds a NUL, and the database refuses to be asked for it."""

    def to_python(self, value: object) -> list[str]:
        return [text for text in super().to_python(value) if text.strip()]

    def valid_value(self, value: object) -> bool:
        return "\0" not in str(value)


class ValuesFilter(filters.MultipleChoiceFilter):
    """Any of the values that a text column holds; its panel offers those that are there."""

    field_class = AnyValues


class ListFilter(filters.FilterSet):
    """Base of all: knows its chips, what is set, and how many rows each choice would find."""

    chips: tuple[Chip, ...] = ()

    @property
    def formats(self) -> Formats:
        return Formats.of(self.request)

    @property
    def form(self) -> forms.Form:
        """Its days are the reader's. Amounts are not: an address is shared, and says amounts as they were typed."""
        form = super().form
        # A segment is filled without anybody who reads.
        if any(isinstance(field, DayField) for field in form.fields.values()):
            speak(form, self.formats, (DayField,))
        return form

    def plain(self) -> str | None:
        """The query with each day as 2026-11-20, if it was typed otherwise."""
        days = {name: value.isoformat() for name, value in self.active.items() if isinstance(value, date)}
        if all(self.data[name] == text for name, text in days.items()):
            return None
        query = self.data.copy()
        for name, text in days.items():
            query[name] = text
        return query.urlencode()

    @cached_property
    def is_asked(self) -> bool:
        """Whether any of its parameters is there. Most pages come without: no form need then be made and cleaned."""
        return any(name in self.data for name in self.filters)

    def is_valid(self) -> bool:
        return not self.is_asked or super().is_valid()

    @property
    def errors(self) -> ErrorDict:
        return super().errors if self.is_asked else ErrorDict()

    def problems(self) -> list[str]:
        """What cannot be read, in words."""
        labels = {name: chip.label for chip in self.chips for name in chip.fields}
        return [f"{labels.get(name, name)}: {' '.join(found)}" for name, found in self.errors.items()]

    @property
    def qs(self) -> QuerySet:
        """No rows where a parameter cannot be read: not everything, as if it had been applied."""
        if not self.is_asked:
            return self.queryset.all()
        return super().qs if self.is_valid() else self.queryset.none()

    @cached_property
    def active(self) -> dict[str, object]:
        """The parameters that are set and valid, with their cleaned values."""
        if not self.is_asked or not self.is_valid():
            return {}
        cleaned = self.form.cleaned_data
        return {name: cleaned[name] for name in self.filters if not _is_empty(cleaned.get(name))}

    @cached_property
    def bar(self) -> list[dict[str, object]]:
        """The chips in order, each with the words for what it is set to."""
        set_ = {chip: any(field in self.active for field in chip.fields) for chip in self.chips}
        return [
            {"chip": chip, "summary": self.say(chip, self.active) if is_set else "", "is_set": is_set}
            for chip, is_set in set_.items()
        ]

    def say(self, chip: Chip, active: dict[str, object]) -> str:
        if chip.name == "amount":
            return self.say_range(active.get("amount_min"), active.get("amount_max"))
        value = active.get(chip.name)
        if isinstance(value, (str, Decimal)):
            return str(value)
        labels = self.labels(chip.name, value) if value is not None else []
        return f"{labels[0]} + {len(labels) - 1}" if len(labels) > 2 else " + ".join(labels) or "set"

    def say_range(self, low: Decimal | None, high: Decimal | None) -> str:
        if low is None or high is None:
            return f"≥ {self.formats.money_short(low)}" if high is None else f"≤ {self.formats.money_short(high)}"
        return f"{self.formats.money_short(low)}–{self.formats.money_short(high)}"

    def labels(self, name: str, value: object) -> list[str]:
        choices = {} if isinstance(self.filters[name], filters.ModelMultipleChoiceFilter) else dict(self.choices(name))
        return [choices.get(key, key) if isinstance(key, str) else str(key) for key in value]

    def choices(self, name: str) -> list[tuple[str, str]]:
        """What a parameter can be set to; subclasses may say it better."""
        field = self.filters[name].field
        if isinstance(field, AnyValues):
            column = self.filters[name].field_name
            return [
                (value, value)
                for value in self.queryset.order_by(column).values_list(column, flat=True).distinct()[:200]
                if value
            ]
        if isinstance(field, forms.ModelMultipleChoiceField):
            key = field.to_field_name or "pk"
            offered = self.form.fields[name]
            return [(str(getattr(row, key)), offered.label_from_instance(row)) for row in offered.queryset[:200]]
        return [(str(key), str(label)) for key, label in field.choices] if hasattr(field, "choices") else []

    def options(self, name: str) -> list[tuple[str, str]]:
        """What a panel offers: the first choices and, or applying it would take them back, those that are chosen."""
        offered = dict(self.choices(name))
        key = getattr(self.filters[name].field, "to_field_name", None) or "pk"
        for value in self.active.get(name) or ():
            known = value if isinstance(value, str) else str(getattr(value, key))
            offered.setdefault(known, str(value))
        return list(offered.items())

    def counts(self, name: str, queryset: QuerySet) -> dict[str, int]:
        """How many rows each choice would find; subclasses add what is no plain column."""
        found = queryset.order_by().values_list(self.filters[name].field_name).annotate(Count("pk"))
        return {str(key): count for key, count in found}


def _is_empty(value: object) -> bool:
    return value in EMPTY_VALUES if not isinstance(value, QuerySet) else not value


def filter_panel(request: HttpRequest, filterset: ListFilter, name: str, action: str) -> HttpResponse:
    """One chip's form; it is sent to `action`, the page that it filters, with all other parameters kept."""
    chip = next((chip for chip in filterset.chips if chip.name == name), None)
    if chip is None:
        raise Http404("No such filter")
    without = request.GET.copy()
    for field in (*chip.fields, *DROPPED):
        without.pop(field, None)
    kept = [(key, value) for key, values in without.lists() for value in values]
    options = filterset.options(chip.fields[0]) if _is_choice(filterset, chip.fields[0]) else []
    others = type(filterset)(without, queryset=filterset.queryset, request=request)
    counts = filterset.counts(chip.fields[0], others.qs) if options and others.is_valid() else {}
    chosen = filterset.data.getlist(chip.fields[0])
    context = {
        "chip": chip,
        "action": action,
        "kept": kept,
        "cleared": f"{action}?{without.urlencode()}" if without else action,
        "options": [
            {"value": value, "label": label, "count": counts.get(value, 0), "checked": value in chosen}
            for value, label in options
        ],
        "inputs": [filterset.form[field] for field in (chip.fields[1:] if options else chip.fields)],
        "frame": frame(request, "popover"),
    }
    return render(request, "components/filter_panel.html", context)


def _is_choice(filterset: ListFilter, name: str) -> bool:
    return isinstance(filterset.filters[name], (filters.MultipleChoiceFilter, filters.ModelMultipleChoiceFilter))
