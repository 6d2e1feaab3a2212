"""What the cells of one column say: text -> value by the type of its field (pure).

A converter returns the value (None: the cell says that there is none), or a `Doubt`: a value with something to report.
It raises ValueError, with a message for people, where the row had better not be imported at all.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from babel import Locale
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from connectors.dates import local_day, parse_moment
from connectors.fields import BLANK, INDUSTRIES, NOTHING, SOURCE_WORDS, STATUS_WORDS, Field
from leads.models import Lead, Source
from leads.names import domain_of, normalise_email, normalise_phone, squash
from workspaces.custom.values import Field as Custom
from workspaces.numbers import parse_amount

CENT = Decimal("0.01")
PLAIN_NUMBER = re.compile(r"\d{1,12}")
PLAIN_AMOUNT = re.compile(r"\d{1,12}(\.\d\d?)?")
CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
SIGN = re.compile(r"[^\w\s.,'’()+\-−]")
SEPARATORS, STRONG_SEPARATORS = re.compile(r"[;,|\n]"), re.compile(r"[;|\n]")
YES, NO = frozenset(("yes", "true", "1", "y", "x", "ja", "oui")), frozenset(("no", "false", "0", "n", "nein", "non"))
# Of these "none" may be a name.
WORDS = frozenset(("text", "industry", "choice", "choices", "url"))
# Cells repeat: stages, owners, dates, round amounts.
MEMORY = 1 << 14


class Doubt(NamedTuple):
    """A value, and what the person who owns the file should know about it."""

    value: object
    reason: str


@dataclass(frozen=True)
class Context:
    """What the column as a whole told, and where it is read."""

    zone: tzinfo
    currency: str
    rated: frozenset[str] = frozenset()  # others that the workspace keeps rates of
    is_told: bool = False  # another column names the currency of each row
    region: str = ""
    order: str = ""  # of day and month; dates.py
    decimal: str = ""
    is_fraction: bool = False  # probabilities from 0 to 1


Converter = Callable[[str], object]


def converter(field: Field, context: Context, values: Mapping[str, str], factor: Decimal) -> Converter:
    """For the cells of a column that fills `field`; `values` replaces cells, `factor` multiplies amounts."""
    kind, size = field.type, field.size
    make: dict[str, Converter] = {
        "text": lambda text: _text(text, size),
        "amount": lambda text: _amount(text, context, factor, field.limit),
        "integer": lambda text: _integer(text, context),
        "percent": lambda text: _percent(text, context),
        "moment": lambda text: _moment(text, context),
        "emails": _emails,
        "phones": lambda text: _phones(text, context.region),
        "flag": _flag,
        "domain": _domain,
        "currency": lambda text: _currency(text, context),
        "source": _source,
        "status": _status,
        "industry": lambda text: _industry(_text(text, size)),
        "number": lambda text: parse_amount(text, context.decimal),
        "day": lambda text: local_day(_moment(text, context), context.zone),
        "choice": lambda text: field.custom and field.custom.read(text),
        "choices": lambda text: field.custom and _choices(field.custom, text),
        "url": lambda text: field.custom and field.custom.read(text),
    }
    plain, nothing = make[kind], NOTHING if kind in WORDS else BLANK

    @functools.lru_cache(MEMORY)
    def convert(text: str) -> object:
        text = values.get(text.casefold(), text) if values else text
        return None if text.casefold() in nothing else plain(text)

    return convert


def _text(text: str, size: int) -> str:
    text = " ".join(text.split()) if size <= 200 else text
    if len(text) > size:
        raise ValueError(f"longer than {size} characters")
    return text


def _amount(text: str, context: Context, factor: Decimal, limit: int) -> Decimal | Doubt:
    plain = PLAIN_AMOUNT.fullmatch(text)
    if plain and (not plain[1] or context.decimal == "."):
        return _limited(text, Decimal(text) * factor, limit)
    code = CODE.search(text)
    if code and code[0] != context.currency and not context.is_told:
        raise ValueError(f"in {code[0]}, but the currency of the workspace is {context.currency}")
    amount = _limited(text, parse_amount(text, context.decimal) * factor, limit)
    sign = SIGN.search(text)
    if sign and not code and not context.is_told and not _may_mean(sign[0], context.currency):
        if sign[0] in "€₹₽₺₩₴":
            raise ValueError(f"in {sign[0]}, but the currency of the workspace is {context.currency}")
        return Doubt(amount, f"“{sign[0]}” is not the sign of {context.currency}; taken as {context.currency}")
    return amount


def disagrees(text: str, currency: str) -> str:
    """The code or sign of an amount that means another currency; "" where there is none, or it may mean this one."""
    if code := CODE.search(text):
        return "" if code[0] == currency else code[0]
    sign = SIGN.search(text)
    return "" if sign is None or _may_mean(sign[0], currency) else sign[0]


def _limited(text: str, amount: Decimal, limit: int) -> Decimal:
    if not 0 <= amount < limit or (rounded := amount.quantize(CENT, ROUND_HALF_UP)) >= limit:
        raise ValueError(f"“{text[:40]}” is not between 0 and {limit - 1:,}")
    return rounded


@functools.cache
def _may_mean(sign: str, currency: str) -> bool:
    """Is it the sign of this currency, in its own country or elsewhere? $ is that of many."""
    symbols = Locale("en").currency_symbols.get(currency, currency)
    return sign in symbols or sign in SIGNS.get(currency, "")


# Signs that differ from the one CLDR has for English readers.
SIGNS = {
    "MXN": "$", "ARS": "$", "CLP": "$", "COP": "$", "SGD": "$", "HKD": "$", "TWD": "$", "BRL": "$", "JPY": "¥￥", "CNY": "¥￥", "EGP": "£",
    "RUB": "₽", "TRY": "₺", "UAH": "₴", "INR": "₹", "KRW": "₩",
}  # fmt: skip


def _integer(text: str, context: Context) -> int:
    number = Decimal(text) if PLAIN_NUMBER.fullmatch(text) else parse_amount(text, context.decimal)
    if number != number.to_integral_value() or not 0 <= number < 2**31:
        raise ValueError(f"“{text[:40]}” is not a whole number")
    return int(number)


def _percent(text: str, context: Context) -> int:
    number = parse_amount(text.replace("%", ""), context.decimal)
    percent = number * 100 if context.is_fraction and "%" not in text else number
    if not 0 <= percent <= 100:
        raise ValueError(f"“{text[:40]}” is not between 0 and 100 %")
    return int(percent.to_integral_value(ROUND_HALF_UP))


def _moment(text: str, context: Context) -> datetime:
    return parse_moment(text, context.order, context.zone)


def _emails(text: str) -> list[str]:
    found = [normalise_email(part) for part in SEPARATORS.split(text) if part.strip()]
    for email in found:
        try:
            validate_email(email)
        except ValidationError:
            raise ValueError(f"“{email[:60]}” is not an email address") from None
        if len(email) > 254:
            raise ValueError(f"“{email[:60]}…” is longer than an address can be")
    return list(dict.fromkeys(found))


def _phones(text: str, region: str) -> list[str] | Doubt:
    """In E.164; what cannot be read is left out and reported."""
    parts = [part.strip() for part in SEPARATORS.split(text) if part.strip()]
    read = {part: normalise_phone(part, region or None) for part in parts}
    found = list(dict.fromkeys(filter(None, read.values())))
    unread = [part for part, number in read.items() if not number]
    if not unread:
        return found
    hint = "" if region else "; numbers without country code need a region"
    return Doubt(found, f"left out “{', '.join(unread)[:60]}”: not a telephone number{hint}")


def _choices(field: Custom, text: str) -> object:
    """One choice, or several with something between; a choice may have a comma in its name."""
    for separators in (None, STRONG_SEPARATORS, SEPARATORS):
        parts = [part.strip() for part in separators.split(text) if part.strip()] if separators else [text]
        with suppress(ValueError):
            return field.read(parts)
    return field.read([part.strip() for part in SEPARATORS.split(text) if part.strip()])


def _flag(text: str) -> bool:
    key = text.casefold()
    if key not in YES | NO:
        raise ValueError(f"“{text[:40]}” is neither yes nor no")
    return key in YES


def _domain(text: str) -> str | Doubt:
    try:
        domain = domain_of(text)
    except ValueError:
        domain = ""
    if domain and len(domain) <= 253:
        return domain
    return Doubt("", f"left out: “{text[:60]}” is not a website")


def _currency(text: str, context: Context) -> str:
    currency = text.upper()
    if currency != context.currency and currency not in context.rated:
        said = f"in {text[:20]}, but the currency of the workspace is {context.currency}"
        raise ValueError(f"{said}, and no rate of it is kept (Settings, Currencies)")
    return currency


def _source(text: str) -> str | Doubt:
    found = SOURCE_WORDS.get(squash(text))
    return found or Doubt(Source.OTHER.value, "not a source that is known; taken as Other")


def _status(text: str) -> str | Doubt:
    found = STATUS_WORDS.get(squash(text))
    return found or Doubt(Lead.Status.NEW.value, "not a status that is known; taken as New")


def _industry(text: str) -> str | Doubt:
    """Free text, but a slip in a common word is put right, and reported."""
    small = text.casefold()
    if small in INDUSTRIES:
        return text
    near = difflib.get_close_matches(small, INDUSTRIES, 1, 0.92)
    return Doubt(near[0], f"read as “{near[0]}”") if near else text
