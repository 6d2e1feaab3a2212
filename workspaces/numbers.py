"""Amounts as people write them (pure): "$1,117.10K", "48.000,50 €", "CHF 1'200", "(300)"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from django import forms

FACTORS = {"k": 10**3, "m": 10**6, "mm": 10**6, "mn": 10**6, "mio": 10**6, "b": 10**9, "bn": 10**9, "mrd": 10**9}
SIGN = r"[-+]"
AMOUNT = re.compile(
    rf"(?P<open>\()?(?P<sign>{SIGN})?(?:[A-Za-z]{{1,4}}\.|[A-Za-z]{{0,3}}[^\w\s.,'()+-]{{0,3}})(?P<sign2>{SIGN})?"
    r"(?P<digits>\d[\d.,']*|[.,]\d+)"
    r"(?P<factor>mrd|mio|mm|mn|bn|k|m|b)?\.?"
    rf"(?:[A-Za-z]{{0,3}}[^\w\s.,'()+-]{{0,3}})(?P<sign3>{SIGN})?(?P<close>\))?",
    re.IGNORECASE,
)
GROUPED = {sign: re.compile(rf"\d{{1,3}}(?:{re.escape(sign)}\d{{2,3}})*{re.escape(sign)}\d{{3}}") for sign in ".,"}


def parse_amount(text: str, decimal: str = "") -> Decimal:
    """The number that `text` says. `decimal` is the decimal sign ("." or ","); "" works it out from the text alone.

    A lone separator before exactly three digits then groups thousands ("1,117" is 1117).
    Raises ValueError with a message for people.
    """
    problem = f"“{text.strip()[:40]}” is not an amount"
    squeezed = re.sub(r"[\s_]", "", unicodedata.normalize("NFKC", text)).translate({0x2019: "'", 0x2212: "-"})
    found = AMOUNT.fullmatch(squeezed)
    signs = [found[name] for name in ("sign", "sign2", "sign3", "open") if found[name]] if found else []
    if not found or bool(found["open"]) != bool(found["close"]) or len(signs) > 1:
        raise ValueError(problem)
    digits = found["digits"].replace("'", "")
    # Where nothing tells, a separator groups thousands.
    sign = decimal or decimal_sign([digits]) or ("," if "." in digits else ".")
    group = "," if sign == "." else "."
    whole, _, fraction = digits.partition(sign)
    if sign in fraction or group in fraction or (group in whole and not GROUPED[group].fullmatch(whole)):
        raise ValueError(problem)
    value = Decimal(f"{whole.replace(group, '') or '0'}.{fraction or '0'}") * FACTORS.get(
        (found["factor"] or "").lower(), 1
    )
    return -value if signs and signs[0] in "-(" else value


def decimal_sign(values: Iterable[str]) -> str:
    """The decimal sign that a column of amounts uses, "" when no value tells: 1.234,5 and 12,50 do, 1,234 does not."""
    for value in values:
        digits = re.sub(r"[^\d.,]", "", value)
        last = max(digits.rfind("."), digits.rfind(","))
        if last < 0:
            continue
        sign, other = digits[last], "," if digits[last] == "." else "."
        if digits.count(sign) > 1:
            return other
        if other in digits or len(digits) - last - 1 != 3 or last > 3 or digits[:last].strip("0") == "":
            return sign
    return ""


class AmountField(forms.Field):
    """An amount of money, typed with or without separators, sign and K/M."""

    widget = forms.TextInput

    def __init__(self, *, currency: str = "", **kwargs):
        super().__init__(**kwargs)
        self.currency = currency

    def widget_attrs(self, widget):
        return {"inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value: object) -> Decimal | None:
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return value
        try:
            amount = parse_amount(str(value)).quantize(Decimal("0.01"))
        except ValueError as error:
            raise forms.ValidationError(f"{error}. Write it like 48000 or 48,000.50.") from error
        if not 0 <= amount < 10**12:
            raise forms.ValidationError("Between 0 and 999,999,999,999.")
        return amount
