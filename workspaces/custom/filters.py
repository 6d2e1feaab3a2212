"""Filters of custom fields: chips among "more filters", with parameters cf_<key>, of ranges cf_<key>__from and __to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

import django_filters as filters
from django.db import connection
from django.db.models import BooleanField, Count, DecimalField, Func, JSONField, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.db.models.lookups import IContains

from workspaces.custom.fields import live_fields, member_names
from workspaces.custom.forms import NumberField
from workspaces.custom.values import CHOSEN, DIGITS, RANGED, Entity, Field, Type, plain
from workspaces.fields import AmountField, DayField
from workspaces.filtering import Chip, ListFilter
from workspaces.formats import Formats

# Asks past row-level security, by the index, for ids of the workspace's own rows (deals/sql/custom.sql).
ANY_OF = {
    Entity.DEAL: "SELECT crm_custom_deals(%s::jsonb[])",
    Entity.LEAD: "SELECT crm_custom_leads(%s::jsonb[])",
    Entity.CONTACT: "SELECT crm_custom_contacts(%s::jsonb[])",
    Entity.COMPANY: "SELECT crm_custom_companies(%s::jsonb[])",
}
ICONS = {Type.DATE: "calendar", Type.MONEY: "banknote", Type.USER: "user-round", Type.URL: "globe"}
YES, NO = "yes", "no"


class AnyOf(filters.MultipleChoiceFilter):
    """Rows that hold any of the chosen choices or members."""

    def __init__(self, field: Field, entity: str, **kwargs):
        super().__init__(label=field.label, **kwargs)
        self.custom, self.entity = field, entity

    def filter(self, qs: QuerySet, value: Iterable[str]) -> QuerySet:
        wanted = [{self.custom.key: self.kept(each)} for each in value or ()]
        return holding(qs, self.entity, wanted) if wanted else qs

    def kept(self, text: str) -> object:
        """The value as rows hold it; of several choices one that they hold among others."""
        if self.custom.type == Type.USER:
            return int(text)
        return [text] if self.custom.type == Type.MULTI else text


class Ticked(filters.MultipleChoiceFilter):
    """Ticked, or not; both is everything."""

    def __init__(self, field: Field, entity: str):
        super().__init__(label=field.label, choices=[(YES, "Yes"), (NO, "No")])
        self.custom, self.entity = field, entity

    def filter(self, qs: QuerySet, value: Iterable[str]) -> QuerySet:
        wanted, ticked = set(value or ()), {self.custom.key: True}
        if wanted == {YES}:
            return holding(qs, self.entity, [ticked])
        return qs.exclude(custom__contains=ticked) if wanted == {NO} else qs


class Contains(filters.CharFilter):
    def __init__(self, field: Field):
        super().__init__(label=field.label)
        self.custom = field

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        return narrowed(qs, Q(IContains(text_of(self.custom), Value(value)))) if value else qs


class Bound(filters.Filter):
    """One end of a range. Days are compared as text, which 2026-11-20 may be."""

    def __init__(self, field: Field, *, low: bool):
        super().__init__(label="From" if low else "To")
        self.custom, self.by = field, "ge" if low else "le"
        self.field_class = {Type.DATE: DayField, Type.MONEY: AmountField}.get(field.type, NumberField)

    def filter(self, qs: QuerySet, value: date | Decimal | None) -> QuerySet:
        if value is None:
            return qs
        kept = text_of(self.custom)
        if isinstance(value, date):
            return narrowed(qs, called(f"text_{self.by}", kept, Value(value.isoformat())))
        number = DecimalField(max_digits=15 + DIGITS, decimal_places=DIGITS)
        return narrowed(qs, called(f"numeric_{self.by}", Cast(kept, number), Value(value, output_field=number)))


# The planner knows nothing of what is inside of JSON, and guesses wrong by a hundred times either way. So it is told: up
# to so many rows are looked for first, and named by their ids where there are no more.
FEW = 2000


def text_of(field: Field) -> KeyTextTransform:
    return KeyTextTransform(field.key, "custom", output_field=TextField())


def called(function: str, *arguments: object) -> Q:
    """An operator by its function. Of a function the planner expects that it lets a third of the rows through, and then
    walks the list's index until a page is full: right for what is not few."""
    return Q(Func(*arguments, function=function, output_field=BooleanField()))


def narrowed(qs: QuerySet, condition: Q) -> QuerySet:
    """By a condition that no index answers."""
    few = list(qs.order_by().filter(condition).values_list("pk", flat=True)[: FEW + 1])
    return qs.filter(pk__in=few) if len(few) <= FEW else qs.filter(condition)


def holding(qs: QuerySet, entity: str, wanted: list[dict[str, object]]) -> QuerySet:
    """Rows whose values contain one of the `wanted` objects: by the index where they are few."""
    texts = [json.dumps(each) for each in wanted]
    with connection.cursor() as cursor:
        found = cursor.execute(f"{ANY_OF[Entity(entity)]} LIMIT {FEW + 1}", [texts]).fetchall()
    if len(found) <= FEW:
        return qs.filter(pk__in=[pk for (pk,) in found])
    condition = Q()
    for each in wanted:
        condition |= called("jsonb_contains", "custom", Value(each, output_field=JSONField()))
    return narrowed(qs, condition)


def chip_of(field: Field) -> Chip:
    if field.type in RANGED:
        parameters: tuple[str, ...] = (f"{field.name}__from", f"{field.name}__to")
    else:
        parameters = (field.name,)
    return Chip(field.name, field.label, ICONS.get(field.type, "list"), parameters, primary=False)


def filters_of(field: Field, entity: str, members: Callable[[], list[tuple[str, str]]]) -> dict[str, filters.Filter]:
    """{parameter: its filter}; `members` gives (user id, name), and is asked only if the field is."""
    match field.type:
        case Type.NUMBER | Type.MONEY | Type.DATE:
            return {f"{field.name}__from": Bound(field, low=True), f"{field.name}__to": Bound(field, low=False)}
        case Type.CHECKBOX:
            return {field.name: Ticked(field, entity)}
        case Type.CHOICE | Type.MULTI:
            # Archived ones may still be asked for by an address of before; `options` leaves them out.
            return {field.name: AnyOf(field, entity, choices=[(each.key, each.label) for each in field.choices])}
        case Type.USER:
            return {field.name: AnyOf(field, entity, choices=members)}
    return {field.name: Contains(field)}


def say(field: Field, active: dict[str, object], formats: Formats) -> str:
    """What a chip of a range is set to."""
    low, high = active.get(f"{field.name}__from"), active.get(f"{field.name}__to")

    def word(value: object) -> str:
        if isinstance(value, date):
            return formats.day(value)
        text = plain(Decimal(str(value)), DIGITS)
        return (
            formats.money_short(Decimal(text))
            if field.type == Type.MONEY
            else formats.number(Decimal(text), len(text.partition(".")[2]))
        )

    if low is None or high is None:
        return f"≥ {word(low)}" if high is None else f"≤ {word(high)}"
    return f"{word(low)}–{word(high)}"


class CustomFilter(ListFilter):
    """A list's filter that has those of the workspace's custom fields too."""

    entity: Entity

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        workspace = self.request.workspace
        self.custom = {field.name: field for field in live_fields(workspace, self.entity)}

        def members() -> list[tuple[str, str]]:
            return [(str(pk), name) for pk, name in member_names(workspace.pk).items()]

        for field in self.custom.values():
            for name, each in filters_of(field, self.entity, members).items():
                each.parent, each.model, each.field_name = self, self._meta.model, name
                self.filters[name] = each
        self.chips = (*type(self).chips, *map(chip_of, self.custom.values()))

    def options(self, name: str) -> list[tuple[str, str]]:
        offered = super().options(name)
        field = self.custom.get(name)
        if field is None or field.type not in CHOSEN:
            return offered
        gone = {choice.key for choice in field.choices if choice.is_archived} - set(self.active.get(name) or ())
        return [(key, label) for key, label in offered if key not in gone]

    def counts(self, name: str, queryset: QuerySet) -> dict[str, int]:
        field = self.custom.get(name)
        if field is None:
            return super().counts(name, queryset)
        rows = queryset.order_by()
        if field.type == Type.MULTI:
            each = Func(
                KeyTransform(field.key, "custom"), function="jsonb_array_elements_text", output_field=TextField()
            )
            found = (
                rows.filter(custom__contains={field.key: []}).annotate(cf=each).values_list("cf").annotate(Count("pk"))
            )
        else:
            found = rows.annotate(cf=text_of(field)).values_list("cf").annotate(Count("pk"))
        counted = {str(key): count for key, count in found}
        if field.type == Type.CHECKBOX:
            return {YES: counted.pop("true", 0), NO: sum(counted.values())}
        return counted

    def say(self, chip: Chip, active: dict[str, object]) -> str:
        field = self.custom.get(chip.name)
        return say(field, active, self.formats) if field and field.type in RANGED else super().say(chip, active)
