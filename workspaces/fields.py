"""Form fields that are written and read the way their reader does: `speak(form, Formats.of(request))` says who that is.

Without it a field shows and reads what every place understands.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms
from django.utils import timezone

from workspaces.dates import YEARS, is_taken
from workspaces.formats import Formats
from workspaces.numbers import parse_amount

ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class AmountField(forms.Field):
    """An amount of money, typed with or without separators, sign and K/M."""

    widget = forms.TextInput
    formats: Formats | None = None
    example = "48000 or 48,000.50"
    least = Decimal(0)
    limit = Decimal(10**12)
    unit = Decimal("0.01")

    def widget_attrs(self, widget):
        return {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: object) -> object:
        return self.formats.typed(value) if self.formats and isinstance(value, (Decimal, int)) else value

    def to_python(self, value: object) -> Any:
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return value
        try:
            amount = self.read(str(value))
        except ValueError as error:
            raise forms.ValidationError(f"{error}. Write it like {self.say_example()}.") from error
        # Rounded first, or the last cent would step over the limit; but what is far too long cannot be rounded.
        amount = amount.quantize(self.unit, ROUND_HALF_UP) if abs(amount) < 10**16 else amount
        if not self.least <= amount < self.limit:
            raise forms.ValidationError(f"Between {self.least:,} and {self.limit - 1:,}.")
        return amount

    def read(self, text: str) -> Decimal:
        """As the reader writes it; what is no number then may be one of another place."""
        if self.formats:
            try:
                return parse_amount(text, self.formats.decimal_sign)
            except ValueError:
                pass
        return parse_amount(text)

    def say_example(self) -> str:
        return f"{self.formats.typed(Decimal('48000.50'))}" if self.formats else self.example


class CountField(AmountField):
    """A whole number of people or things."""

    limit = Decimal(2**31)
    unit = Decimal(1)
    example = "1200"

    def to_python(self, value: object) -> int | None:
        amount = super().to_python(value)
        return None if amount is None else int(amount)

    def say_example(self) -> str:
        return self.formats.typed(1200) if self.formats else self.example


class DayInput(forms.TextInput):
    """A text field, and beside it the browser's own calendar, which knows no locale but the browser's."""

    template_name = "django/forms/day.html"


class DayField(forms.DateField):
    """A day, typed in its reader's order of day, month and year."""

    widget = DayInput
    formats: Formats | None = None

    def prepare_value(self, value: object) -> object:
        if isinstance(value, str) and ISO_DAY.fullmatch(value):  # out of an address
            with suppress(ValueError):
                value = date.fromisoformat(value)
        if not isinstance(value, date):
            return value
        return self.formats.day_typed(value) if self.formats else value.isoformat()

    def to_python(self, value: object) -> date | None:
        if self.formats is None or value in self.empty_values or isinstance(value, date):
            return super().to_python(value)
        try:
            return self.formats.read_day(str(value))
        except ValueError as error:
            example = self.formats.day_typed(self.formats.today)
            raise forms.ValidationError(f"This is not a date. Write it like {example}.") from error

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value and not is_taken(value):
            raise forms.ValidationError(f"The year must lie between {YEARS.start} and {YEARS.stop - 1}.")


class WholeField(forms.IntegerField):
    """A whole number, typed as text: browsers drop a comma that is not their own, and "2,5" would be 25."""

    widget = forms.TextInput

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"inputmode": "numeric"}


class ClockField(forms.TimeField):
    """A time of day, typed with or without am and pm."""

    widget = forms.TextInput
    formats: Formats | None = None

    def prepare_value(self, value: object) -> object:
        if not isinstance(value, time):
            return value
        return self.formats.clock_typed(value) if self.formats else f"{value:%H:%M}"

    def to_python(self, value: object) -> time | None:
        if self.formats is None or value in self.empty_values or isinstance(value, time):
            return super().to_python(value)
        try:
            return self.formats.read_clock(str(value))
        except ValueError as error:
            example = self.formats.clock_typed(time(14, 30))
            raise forms.ValidationError(f"This is not a time. Write it like {example}.") from error


class MomentField(forms.MultiValueField):
    """A day and a time of it in the reader's zone, as `name_0` and `name_1`. A time alone is one of today, a day alone that
    day at the present time."""

    widget = forms.MultiWidget
    formats: Formats | None = None

    def __init__(self, **kwargs: Any):
        widget = forms.MultiWidget(
            widgets=[DayInput(attrs={"aria-label": "Day"}), forms.TextInput(attrs={"aria-label": "Time"})]
        )
        widget.template_name = "django/forms/moment.html"
        super().__init__(fields=[DayField(), ClockField()], require_all_fields=False, widget=widget, **kwargs)

    def __deepcopy__(self, memo: dict) -> MomentField:
        copied = super().__deepcopy__(memo)
        copied.widget.decompress = lambda value: [None, None]
        return copied

    def prepare_value(self, value: object) -> object:
        if not isinstance(value, datetime):
            return value
        local = timezone.localtime(value)
        return [
            field.prepare_value(part) for field, part in zip(self.fields, (local.date(), local.time()), strict=True)
        ]

    def compress(self, values: list) -> datetime | None:
        day, clock = values or (None, None)
        if day is None and clock is None:
            return None
        now = timezone.localtime()
        return datetime.combine(day or now.date(), clock or now.time(), timezone.get_current_timezone())


SPOKEN = (AmountField, DayField, ClockField, MomentField)


def speak(form: forms.BaseForm, formats: Formats, kinds: tuple[type[forms.Field], ...] = SPOKEN) -> None:
    """Numbers, days and times of this form, or those `kinds` alone, are its reader's."""
    for field in form.fields.values():
        if isinstance(field, kinds):
            _speak(field, formats)


def _speak(field: Any, formats: Formats) -> None:
    field.formats = formats
    for part in getattr(field, "fields", ()):
        _speak(part, formats)
    widgets = getattr(field.widget, "widgets", None)
    if widgets:
        for part, widget in zip(field.fields, widgets, strict=True):
            widget.attrs |= part.widget.attrs
    elif isinstance(field, DayField):
        field.widget.attrs |= {"placeholder": formats.day_pattern, "autocomplete": "off"}
    elif isinstance(field, ClockField):
        field.widget.attrs |= {"placeholder": formats.clock_typed(time(14, 30)), "autocomplete": "off"}
