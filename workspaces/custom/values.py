"""Custom fields and their values (pure): what a field is, what it takes, and how a value is kept and said.

A record keeps its values in one JSON object, {key: value}, always in the same form, so that equal values are equal JSON:

    text, url        the text; a url is http or https
    number, money    the decimal as text, without needless zeros: "12.5" (money with two digits at most, never below 0)
    date             "2026-11-20"
    choice           the choice's key
    multi            the keys of the choices, in the field's order
    checkbox         true; what is not ticked is not there
    user             the id of a member

What is empty is not there. Whoever sets values (a page, the admin, an import, an API) goes through `set_values`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import TextChoices

from workspaces.action import Refused
from workspaces.dates import is_taken
from workspaces.formats import Formats

# Live fields of one kind of record, choices of one field, and characters of a text.
MOST_FIELDS, MOST_CHOICES, LONGEST = 50, 200, 1000
# Digits behind the sign, and what a value stays below.
DIGITS, MONEY_DIGITS = 6, 2
LIMIT, MONEY_LIMIT = Decimal(10) ** 15, Decimal(10) ** 12
# Names of form fields, filters and columns: cf_ and the field's key.
PREFIX = "cf_"
# Of a change in a timeline: custom:number:Team size. With what it takes to say it when the field is long gone.
CHANGE = "custom:"
Value = str | int | bool | list[str]


class Entity(TextChoices):
    """Which records have the field."""

    DEAL = "deal", "Deals"
    LEAD = "lead", "Leads"
    CONTACT = "contact", "Contacts"
    COMPANY = "company", "Companies"


class Type(TextChoices):
    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    MONEY = "money", "Money"
    DATE = "date", "Date"
    CHOICE = "choice", "Choice"
    MULTI = "multi", "Several choices"
    CHECKBOX = "checkbox", "Checkbox"
    URL = "url", "Web address"
    USER = "user", "Member"


CHOSEN = frozenset((Type.CHOICE, Type.MULTI))
RANGED = frozenset((Type.NUMBER, Type.MONEY, Type.DATE))


@dataclass(frozen=True)
class Choice:
    key: str
    label: str
    is_archived: bool = False


@dataclass(frozen=True)
class Field:
    """A custom field as the rest of the product knows it. An archived one keeps its values and takes no new ones."""

    key: str
    label: str
    type: Type
    choices: tuple[Choice, ...] = ()
    help: str = ""
    is_required: bool = False
    is_archived: bool = False

    @property
    def name(self) -> str:
        """Of its form field, filter and column."""
        return PREFIX + self.key

    @property
    def offered(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if not choice.is_archived)

    def label_of(self, key: object) -> str:
        """What a choice is called; one that is wholly gone says its key."""
        return next((choice.label for choice in self.choices if choice.key == key), str(key))

    def read(self, value: object) -> Value | None:
        """The value as it is kept, None for an empty one. Takes what forms clean, and what JSON can say.

        Raises ValueError with a message for people. Whether a choice or a member may still be chosen: see `set_values`.
        """
        if value is None or value == "" or (isinstance(value, (list, tuple, set, frozenset)) and not value):
            return None
        return READERS[self.type](self, value)


def _text(field: Field, value: object) -> str | None:
    if not isinstance(value, str):
        raise ValueError("This must be a text.")
    text = value.strip()
    if len(text) > LONGEST:
        raise ValueError(f"At most {LONGEST:,} characters.")
    return text or None


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, float, str)):
        raise ValueError("This must be a number.")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"“{str(value).strip()[:40]}” is not a number.") from None
    if not number.is_finite() or abs(number) >= LIMIT:
        raise ValueError("This number is too large.")
    return number


def plain(number: Decimal, digits: int) -> str:
    """Rounded to so many digits at most, without needless zeros and exponents.

    >>> plain(Decimal("1E+3"), 6), plain(Decimal("12.50"), 2), plain(Decimal("-0.0000001"), 6)
    ('1000', '12.5', '0')
    """
    text = f"{number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _number(field: Field, value: object) -> str:
    return plain(_decimal(value), DIGITS)


def _money(field: Field, value: object) -> str:
    amount = _decimal(value)
    if not 0 <= amount < MONEY_LIMIT:
        raise ValueError("Between 0 and 999,999,999,999.")
    return plain(amount, MONEY_DIGITS)


def _date(field: Field, value: object) -> str:
    if isinstance(value, datetime) or not isinstance(value, (date, str)):
        raise ValueError("This must be a date.")
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"“{value.strip()[:40]}” is not a date; write it like 2026-11-20.") from None  # type: ignore[union-attr]
    if not is_taken(day):
        raise ValueError("The year must lie between 1900 and 2199.")
    return day.isoformat()


def _choice(field: Field, value: object) -> str:
    """By its key, or as a person would write it."""
    text = str(value).strip()
    for choice in field.choices:
        if choice.key == text:
            return choice.key
    small = text.casefold()
    # A label that was archived and given again is the new one's.
    for choice in sorted(field.choices, key=lambda choice: choice.is_archived):
        if choice.label.casefold() == small:
            return choice.key
    raise ValueError(f"“{text[:60]}” is none of the choices.")


def _multi(field: Field, value: object) -> list[str]:
    values = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
    chosen = {_choice(field, each) for each in values}
    return [choice.key for choice in field.choices if choice.key in chosen]


def _checkbox(field: Field, value: object) -> bool | None:
    if not isinstance(value, bool):
        raise ValueError("This must be true or false.")
    return value or None


_valid_url = URLValidator(schemes=["http", "https"])


def _url(field: Field, value: object) -> str | None:
    text = _text(field, value)
    if text is None:
        return None
    address = text if "://" in text or ":" in text.split("/")[0].split(".")[0] else f"https://{text}"
    try:
        _valid_url(address)
    except ValidationError:
        raise ValueError("This is no web address; write it like https://example.com.") from None
    if "@" in address.split("://")[1].split("/")[0]:
        raise ValueError("A web address with a name or password in it is not kept.")
    return address


def _user(field: Field, value: object) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise ValueError("Choose a member.")
    return int(text)


READERS: dict[Type, Callable[[Field, object], Value | None]] = {
    Type.TEXT: _text, Type.NUMBER: _number, Type.MONEY: _money, Type.DATE: _date, Type.CHOICE: _choice,
    Type.MULTI: _multi, Type.CHECKBOX: _checkbox, Type.URL: _url, Type.USER: _user,
}  # fmt: skip


def set_values(
    fields: Collection[Field],
    before: Mapping[str, Value],
    changes: Mapping[str, object],
    *,
    members: Callable[[], Container[int]],
    is_new: bool = False,
) -> dict[str, Value]:
    """All values of a record after `changes` ({key: value, empty to take it away}); what is not named stays.

    `members` gives the user ids of those who may be chosen, and is asked only when somebody is. A new record needs its
    required fields; an old one may go without, but does not lose them. Raises Refused, `fields` by the names of forms.
    """
    known = {field.key: field for field in fields}
    values, problems = dict(before), {}
    if unknown := [key for key in changes if key not in known]:
        raise Refused(f"There is no field {', '.join(map(str, sorted(unknown)))}.")
    for key, given in changes.items():
        field, old = known[key], before.get(key)
        try:
            value = field.read(given)
            if value == old and type(value) is type(old):
                continue
            _check_new(field, value, old, members)
        except ValueError as error:
            problems[field.name] = str(error)
            continue
        values.pop(key, None)
        if value is not None:
            values[key] = value
    if is_new:
        for field in fields:
            if field.is_required and not field.is_archived and field.key not in values:
                problems.setdefault(field.name, f"{field.label} is needed.")
    if problems:
        labels = {field.name: field.label for field in fields}
        said = [text if labels[name] in text else f"{labels[name]}: {text}" for name, text in problems.items()]
        raise Refused(" ".join(said), fields=problems)
    return values


def _check_new(field: Field, value: Value | None, old: Value | None, members: Callable[[], Container[int]]) -> None:
    """What was archived, or has left, may stay where it is, but is not chosen anew."""
    if field.is_archived:
        raise ValueError(f"{field.label} was archived.")
    if value is None and field.is_required:
        raise ValueError(f"{field.label} is needed.")
    if field.type in CHOSEN and value is not None:
        kept = old if isinstance(old, list) else [old]
        gone = {choice.key for choice in field.choices if choice.is_archived} - set(kept)
        if chosen := [key for key in (value if isinstance(value, list) else [value]) if key in gone]:
            raise ValueError(f"“{field.label_of(chosen[0])}” was archived.")
    if field.type == Type.USER and value is not None and value not in members():
        raise ValueError("Choose a member of this workspace.")


# --- in words -------------------------------------------------------------------------------------------


def say(field: Field, value: object, formats: Formats, names: Mapping[int, str]) -> str:
    """A kept value as its reader reads it, "" for none; `names` of members by user id."""
    return words(field.type, raw(field, value, names), formats)


def raw(field: Field, value: object, names: Mapping[int, str]) -> str:
    """As history and files keep it: choices and members by name, numbers and dates plain. What is no value of this
    field is nothing."""
    if value is None or value is False:
        return ""
    if field.type == Type.CHOICE:
        return field.label_of(value)
    if field.type == Type.MULTI:
        return ", ".join(field.label_of(key) for key in value) if isinstance(value, list) else ""
    if field.type == Type.USER:
        return names.get(value, "Somebody who left") if isinstance(value, int) else ""
    if field.type == Type.CHECKBOX:
        return "yes"
    return value if isinstance(value, str) else ""


def words(type_: str, text: str, formats: Formats) -> str:
    """What `raw` gave, by the reader's formats; as it stands where it cannot be read."""
    try:
        match type_:
            case Type.NUMBER if text:
                number = Decimal(text)
                return formats.number(number, max(0, -int(number.as_tuple().exponent)))
            case Type.MONEY if text:
                return formats.money_exact(Decimal(text))
            case Type.DATE if text:
                return formats.day(date.fromisoformat(text))
    except (ValueError, ArithmeticError):
        return text
    return text


def typed(field: Field, value: object, names: Mapping[int, str]) -> object:
    """For a sheet of a spreadsheet: decimals and dates as such, all else as text; None for nothing."""
    text = raw(field, value, names)
    try:
        match field.type:
            case _ if not text:
                return None
            case Type.NUMBER | Type.MONEY:
                return Decimal(text)
            case Type.DATE:
                return date.fromisoformat(text)
    except (ValueError, ArithmeticError):
        return text
    return text


def told(
    fields: Iterable[Field],
    before: Mapping[str, Value],
    after: Mapping[str, Value],
    names: Callable[[], Mapping[int, str]],
) -> dict[str, list[str]]:
    """{custom:type:label: [old, new]} of the fields that differ: what a timeline keeps. `names` is asked only for members."""
    found = {}
    for field in fields:
        old, new = before.get(field.key), after.get(field.key)
        if old != new:
            of = names() if field.type == Type.USER else {}
            found[f"{CHANGE}{field.type}:{field.label}"] = [raw(field, old, of), raw(field, new, of)]
    return found


def read_change(name: str) -> tuple[str, str] | None:
    """(type, label) of what `told` wrote; None for the change of another field.

    >>> read_change("custom:number:Size: staff"), read_change("amount")
    (('number', 'Size: staff'), None)
    """
    if not name.startswith(CHANGE):
        return None
    type_, _, label = name.removeprefix(CHANGE).partition(":")
    return type_, label
