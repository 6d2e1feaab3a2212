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
PERCENT = "probability"
Change = tuple[str, str, str]  # what, from, to; an empty text where there was, or is, nothing to say


def changes(activity: Activity, formats: Formats) -> list[Change]:
    """What a line of the kind field_change says."""
    found = activity.data.get("changes") or {}
    model = apps.get_model(SUBJECTS[next(name for name in SUBJECTS if getattr(activity, f"{name}_id"))])
    currency = activity.deal.currency if activity.deal else ""

    def words(name: str, value: object) -> str:
        return in_words(model, name, value, formats, currency)

    return [(what(name), words(name, old), words(name, new)) for name, (old, new) in found.items()]


def people(activity: Activity) -> tuple[str, str, str] | None:
    """Who came to a deal or left it: ("added", name, "to") or ("removed", name, "from"). None where a line tells of no person."""
    gone, came = (activity.data.get("changes") or {}).get("people") or ("", "")
    if came:
        return "added", came, "to"
    return ("removed", gone, "from") if gone else None


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
    if getattr(field, "name", "") == PERCENT:
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
