"""Changes of fields in words, by the reader's formats. History keeps them raw: names of people, ISO dates, plain amounts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from activities.models import SUBJECTS, Activity
from workspaces.custom import values as custom
from workspaces.formats import Formats

NAMES = {"expected_close_date": "close date", "estimated_amount": "estimate", "unqualified_reason": "reason"}
PERCENT = ("probability", "discount")
NUMBER = ("quantity",)
# What a record has several of, and the word for it.
PARTS = {"people": "people", "items": "products", "files": "files"}
# The key that names one of them, and the model whose facts then change.
INNER = {"item": "deals.LineItem", "person": "deals.DealContact"}
Change = tuple[str, str, str]  # what, from, to; an empty text where there was, or is, nothing to say


def changes(activity: Activity, formats: Formats) -> list[Change]:
    """What a line of the kind field_change says of facts; of what came or went, see `part`."""
    found = activity.data.get("changes") or {}
    subject = apps.get_model(SUBJECTS[next(name for name in SUBJECTS if getattr(activity, f"{name}_id"))])
    currency = activity.deal.currency if activity.deal else ""
    # Of one line item, or of one person's part, among facts of the deal itself.
    inner, of = next(((model, activity.data[key]) for key, model in INNER.items() if key in activity.data), ("", ""))

    def said(name: str, old: object, new: object) -> Change:
        is_inner = bool(inner) and name in {field.name for field in apps.get_model(inner)._meta.fields}
        model = apps.get_model(inner) if is_inner else subject
        label = f"{what(name)} of {of}" if is_inner else what(name)
        return label, in_words(model, name, old, formats, currency), in_words(model, name, new, formats, currency)

    return [said(name, old, new) for name, (old, new) in found.items() if name not in PARTS]


def part(activity: Activity) -> tuple[str, str, str, str] | None:
    """What came or went: ("added", name, "to", "people"), ("removed", name, "from", "files"). None where nothing did."""
    found = activity.data.get("changes") or {}
    for name, label in PARTS.items():
        gone, came = found.get(name) or ("", "")
        if came:
            return "added", came, "to", label
        if gone:
            return "removed", gone, "from", label
    return None


def what(name: str) -> str:
    if of := custom.read_change(name):
        return of[1]
    return NAMES.get(name, name.removesuffix("_id").replace("_", " "))


def in_words(model: type[models.Model], name: str, value: object, formats: Formats, currency: str = "") -> str:
    """A value as it was kept, in words; as it stands where it cannot be read."""
    if value is None or value == "":
        return ""
    if of := custom.read_change(name):
        return custom.words(of[0], str(value), formats)
    try:
        field = model._meta.get_field(name)
        return _by_field(field, str(value), formats, currency)
    except (FieldDoesNotExist, ValueError, ArithmeticError):
        return str(value)


def _by_field(field: object, text: str, formats: Formats, currency: str) -> str:
    if choices := dict(getattr(field, "flatchoices", ())):
        return str(choices.get(text, text))
    if getattr(field, "name", "") in NUMBER:
        return formats.number(Decimal(text), max(0, -int(Decimal(text).as_tuple().exponent)))
    if getattr(field, "name", "") in PERCENT:
        return formats.percent(Decimal(text) / 100)
    match field:
        case models.ForeignKey() if field.name == "lead":
            return ""  # it may be hidden from who sees its deal; of all others the name was kept
        case models.DecimalField():
            return formats.money_exact(Decimal(text), currency)
        case models.DateTimeField():
            return formats.day(formats.local_day(datetime.fromisoformat(text)))
        case models.DateField():
            return formats.day(date.fromisoformat(text))
        case models.BooleanField():
            return "yes" if text == "True" else "no"
        case models.IntegerField():
            return formats.number(Decimal(text))
    return text
